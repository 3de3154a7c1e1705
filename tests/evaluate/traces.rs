//! What `explain` says, to the letter.

use cvmd::evaluate::{Trace, Verdict, trace};
use cvmd::model::{Currency, CustomerNumber, Duration, Instant};
use cvmd::record::Order;
use cvmd::ruleset::{
    AggregateFunction, Choices, Comparison, EventFieldId, EventId, Expr, ExprKind, RuleSet, Type, Value,
    Which, Window,
};
use jiff::tz::TimeZone;

use super::shop::{
    Happened, PLACES, compare, condition, days_before, expr, field, instant, line, money, number, order,
    orders, population, profile, rules,
};

fn now() -> Instant {
    instant("2026-11-26T08:00:00Z")
}

fn days(days: i64) -> Expr {
    let value = Value::Duration(Duration::days(days));
    expr(ExprKind::Constant(value), Type::Duration, &format!("{days} days"))
}

fn recency() -> Expr {
    expr(ExprKind::TimeSince { event: EventId::ORDER, which: Which::Last }, Type::Duration, "recency")
}

/// `segment`: new when orders = 0, active when recency <= 60 days, lapsing when recency <= 180 days, else lost.
fn shop() -> RuleSet {
    let count = orders(AggregateFunction::Count, None, Window::All, None, "orders");
    let lines = vec![
        compare(Comparison::Equal, count, number("0")),
        compare(Comparison::LessOrEqual, recency(), days(60)),
        compare(Comparison::LessOrEqual, recency(), days(180)),
    ];
    let vip = compare(Comparison::Greater, field("clv"), money("900"));
    let mut set = rules(vec![lines], vec![vip], Vec::new());
    let names = ["new", "active", "lapsing", "lost"].map(String::from).to_vec();
    let mut schema = (*set.schema).clone();
    schema.choices[usize::from(PLACES[0].0)] = Choices { names, ordered: false };
    set.schema = schema.into();
    set
}

fn segment_is(code: u32, name: &str) -> Expr {
    let ty = Type::Choice(PLACES[0]);
    let segment = expr(ExprKind::Segment(0), ty, "segment");
    compare(Comparison::Equal, segment, expr(ExprKind::Constant(Value::Choice(PLACES[0], code)), ty, name))
}

fn told(values: &[(&str, &str)], orders: Vec<Order>, expr: &Expr) -> Trace {
    let people = [(CustomerNumber(3), profile(3, values), orders, false, Happened::default())];
    let set = shop();
    trace(&set, &population(&people), CustomerNumber(3), expr, (now(), None), &TimeZone::UTC).unwrap()
}

fn winback() -> Expr {
    let parts = vec![segment_is(2, "lapsing"), compare(Comparison::Greater, field("clv"), money("500"))];
    condition(ExprKind::And(parts), "segment = lapsing and clv > 500 EUR")
}

#[test]
fn a_tree_with_values_and_the_first_clause_that_failed() {
    let bought = vec![order("a", days_before(now(), 90), "20")];
    let trace = told(&[("clv", "320.00")], bought, &winback());
    assert_eq!(trace.result, Verdict::False);
    assert_eq!(trace.first_failed().map(|clause| &*clause.text), Some("clv > 500 EUR"));
    let values: Vec<_> = trace.values().into_iter().map(|(text, value)| format!("{text}: {value}")).collect();
    assert_eq!(values, ["segment: lapsing", "orders: 1", "recency: 90 days", "clv: 320.00 EUR"]);
    let expected = "\
✗ all of                                                          shop.rules:1
  ✓ segment = lapsing       segment is lapsing                    shop.rules:1
    ✗ orders = 0            orders is 1                           shop.rules:1
    ✗ recency <= 60 days    recency is 90 days                    shop.rules:1
    ✓ recency <= 180 days   recency is 90 days                    shop.rules:1
  ✗ clv > 500 EUR           clv is 320.00 EUR                     shop.rules:1
                            clv is what the import delivered
";
    let squeeze = |text: &str| {
        text.lines().map(|l| l.split_whitespace().collect::<Vec<_>>().join(" ")).collect::<Vec<_>>()
    };
    assert_eq!(squeeze(&trace.to_string()), squeeze(expected), "{trace}");
    let columns: Vec<usize> = trace
        .to_string()
        .lines()
        .filter_map(|l| l.find("shop.rules").map(|at| l[..at].chars().count()))
        .collect();
    assert!(columns.windows(2).all(|pair| pair[0] == pair[1]), "aligned:\n{trace}");
}

#[test]
fn an_unknown_says_why() {
    let foreign = Order { currency: Currency::parse("USD"), ..order("a", days_before(now(), 90), "20") };
    let revenue = || orders(AggregateFunction::Sum, Some(EventFieldId::TOTAL), Window::All, None, "revenue");
    let average =
        |window| orders(AggregateFunction::Average, Some(EventFieldId::TOTAL), window, None, "average");
    let pieces = orders(AggregateFunction::Sum, Some(EventFieldId::QUANTITY), Window::All, None, "pieces");
    let last = Window::Last(Duration::days(7));
    for (orders, side, why) in [
        (vec![], recency(), "no order yet"),
        (vec![], average(Window::All), "no order yet"),
        (vec![order("a", days_before(now(), 90), "20")], average(last), "no such order"),
        (vec![foreign], revenue(), "orders in USD"),
        (vec![order("a", days_before(now(), 1), "20")], pieces, "an order does not say how many pieces"),
        (vec![], field("amount"), "never delivered"),
    ] {
        let ty = side.ty;
        let zero = match ty {
            Type::Duration => days(0),
            Type::Money => money("0"),
            _ => number("0"),
        };
        let trace = told(&[], orders, &compare(Comparison::Greater, side, zero));
        assert_eq!(trace.result, Verdict::Unknown);
        assert_eq!(trace.values[0].unknown.as_deref(), Some(why));
        assert_eq!(trace.values[0].value, None);
        assert!(trace.to_string().starts_with('?'), "{trace}");
        assert!(trace.to_string().contains(&format!("is unknown: {why}")), "{trace}");
    }
}

#[test]
fn orders_that_where_cannot_judge_are_counted_aloud() {
    let mut half = order("b", days_before(now(), 2), "20");
    half.lines = vec![line(None, "shoe", "web")];
    let mut whole = order("c", days_before(now(), 3), "20");
    whole.lines = vec![line(Some(2), "shoe", "web")];
    let quantity =
        expr(ExprKind::EventField(EventId::ORDER, EventFieldId::QUANTITY), Type::Number, "quantity");
    let filter = compare(Comparison::Greater, quantity, number("1"));
    let text = "count(order where quantity > 1)";
    let count = orders(AggregateFunction::Count, None, Window::All, Some(filter), text);
    let trace = told(&[], vec![half, whole], &compare(Comparison::GreaterOrEqual, count, number("1")));
    assert_eq!(trace.result, Verdict::True);
    assert_eq!(trace.values[0].value.as_deref(), Some("1"));
    assert_eq!(trace.notes, ["1 order is not counted, for `quantity > 1` is unknown"]);
}

#[test]
fn json_has_a_stable_shape() {
    let vip = condition(ExprKind::InAudience(0), "in audience vip");
    let trace = told(&[], vec![], &vip);
    let expected = serde_json::json!({
        "text": "in audience vip", "place": "shop.rules:1", "step": "audience", "result": "unknown",
        "values": [], "notes": [],
        "parts": [{
            "text": "clv > 900 EUR", "place": "shop.rules:1", "step": "clause", "result": "unknown",
            "values": [
                {"text": "clv", "value": null, "shown": null, "unknown": "never delivered", "constant": false},
                {"text": "900 EUR", "value": "900.00", "shown": "900.00 EUR", "unknown": null, "constant": true},
            ],
            "notes": ["clv is what the import delivered"], "parts": [],
        }],
    });
    assert_eq!(serde_json::to_value(&trace).unwrap(), expected);
}
