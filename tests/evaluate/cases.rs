//! The law's letters one by one, each with its answer.

use cvmd::compile::Program;
use cvmd::evaluate;
use cvmd::model::{Currency, CustomerNumber, Duration, Instant};
use cvmd::population::Population;
use cvmd::record::Order;
use cvmd::ruleset::{
    AggregateFunction::{self, Average, Count, Max, Min, Sum},
    Comparison, EventFieldId, EventId, Expr, ExprKind, Schema, Type, Window,
};
use jiff::tz::TimeZone;

use super::shop::{
    Happened, compare, condition, days_before, expr, field, instant, line, money, number, order, orders,
    owned, population, profile, rules,
};

fn now() -> Instant {
    instant("2026-04-01T08:00:00Z")
}

fn value(orders: &[Order], expr: &Expr) -> Option<String> {
    let set = rules(Vec::new(), Vec::new(), Vec::new());
    let people = [(CustomerNumber(1), profile(1, &[]), orders.to_vec(), false, Happened::default())];
    let (program, nodes) = Program::of(&set, &[expr]);
    let zone = TimeZone::get("Europe/Madrid").unwrap();
    let population = population(&people);
    let values = evaluate::values(&program, &population, CustomerNumber(1), now(), &zone, &nodes);
    values[0].as_ref().map(|value| set.schema.write(value))
}

fn total(function: AggregateFunction, window: Window) -> Expr {
    orders(function, Some(EventFieldId::TOTAL), window, None, "total")
}

#[test]
fn refunds_lower_revenue_and_are_no_orders() {
    let bought = [
        order("a", days_before(now(), 9), "100"),
        order("b", days_before(now(), 5), "0"),
        order("c", days_before(now(), 3), "-30.50"),
    ];
    let count = orders(Count, None, Window::All, None, "orders");
    for (expr, expected) in [
        (count, "2"),
        (total(Sum, Window::All), "69.50"),
        (total(Average, Window::All), "50.00"),
        (total(Min, Window::All), "0.00"),
        (total(Max, Window::All), "100.00"),
        (expr(ExprKind::Frequency, Type::Number, "frequency"), "1"),
    ] {
        assert_eq!(value(&bought, &expr).as_deref(), Some(expected), "{:?}", expr.kind);
    }
}

#[test]
fn of_nothing_counts_and_sums_are_zero_and_the_rest_unknown() {
    let yet_to_come = [order("a", Instant(now().0 + 1), "100")];
    for (expr, expected) in [
        (orders(Count, None, Window::All, None, "orders"), Some("0")),
        (total(Sum, Window::All), Some("0.00")),
        (total(Average, Window::All), None),
        (total(Min, Window::All), None),
        (total(Max, Window::All), None),
        (expr(ExprKind::Frequency, Type::Number, "frequency"), Some("0")),
    ] {
        assert_eq!(value(&[], &expr).as_deref(), expected);
        assert_eq!(value(&yet_to_come, &expr).as_deref(), expected, "what is after now is not seen");
    }
}

#[test]
fn computed_money_is_rounded_once_to_the_cent_half_to_even() {
    let bought = |totals: &[&str]| -> Vec<Order> {
        totals.iter().enumerate().map(|(id, total)| order(&format!("{id}"), now(), total)).collect()
    };
    for (function, totals, expected) in [
        (Sum, &["0.0049", "0.0001"][..], "0.00"),
        (Sum, &["0.0149", "0.0001"], "0.02"),
        (Average, &["10.00", "10.01"], "10.00"),
        (Average, &["10.01", "10.02"], "10.02"),
        (Max, &["0.0151"], "0.02"),
    ] {
        let found = value(&bought(totals), &total(function, Window::All));
        assert_eq!(found.as_deref(), Some(expected), "{totals:?}");
    }
    let huge = bought(&["922337203685477.58", "922337203685477.58"]);
    assert_eq!(value(&huge, &total(Sum, Window::All)), None, "too large is unknown, not wrapped");
    assert_eq!(value(&huge, &total(Average, Window::All)).as_deref(), Some("922337203685477.58"));
}

#[test]
fn windows_are_exact_to_the_millisecond() {
    let at = |ms: i64| [order("a", Instant(now().0 + ms), "1")];
    let day = 86_400_000;
    let ninety = Window::Last(Duration::days(90));
    let between = Window::Between { far: Duration::days(2), near: Duration::days(1) };
    // 08:00 UTC is 10:00 in Madrid: today began ten hours ago.
    for (window, ms, expected) in [
        (ninety, -90 * day, "1"),
        (ninety, -90 * day - 1, "0"),
        (ninety, 0, "1"),
        (ninety, 1, "0"),
        (between, -2 * day, "1"),
        (between, -2 * day - 1, "0"),
        (between, -day, "1"),
        (between, -day + 1, "0"),
        (Window::Today, -10 * 3_600_000, "1"),
        (Window::Today, -10 * 3_600_000 - 1, "0"),
    ] {
        let count = orders(Count, None, window, None, "count");
        assert_eq!(value(&at(ms), &count).as_deref(), Some(expected), "{window:?} {ms}");
    }
}

#[test]
fn an_order_in_another_currency_makes_money_unknown_once_it_is_seen() {
    let foreign = |time| Order { currency: Currency::parse("USD"), ..order("b", time, "5") };
    let ours = Order { currency: Currency::parse("EUR"), ..order("a", days_before(now(), 2), "10") };
    let seen = [ours.clone(), foreign(days_before(now(), 400))];
    let coming = [ours, foreign(Instant(now().0 + 1))];
    let last_week = Window::Last(Duration::days(7));
    for function in [Sum, Average, Min, Max] {
        assert_eq!(value(&seen, &total(function, last_week)), None, "not even in a window without it");
        assert_eq!(value(&coming, &total(function, last_week)).as_deref(), Some("10.00"));
    }
    let of_total = expr(ExprKind::EventField(EventId::ORDER, EventFieldId::TOTAL), Type::Money, "total");
    let filter = compare(Comparison::Greater, of_total, money("1"));
    let count = |filter| orders(Count, None, Window::All, filter, "count");
    assert_eq!(value(&seen, &count(None)).as_deref(), Some("2"), "an order it is all the same");
    assert_eq!(value(&seen, &count(Some(filter))).as_deref(), Some("1"), "but worth we cannot say what");
}

#[test]
fn lines_of_an_order_are_lists() {
    let mut basket = order("a", days_before(now(), 1), "10");
    basket.lines =
        vec![line(Some(2), "shoe", "web"), line(Some(1), "sock", "web"), line(Some(1), "shoe", "")];
    let test = |kind: fn(Box<Expr>) -> ExprKind| {
        let product =
            expr(ExprKind::EventField(EventId::ORDER, EventFieldId::PRODUCT), Type::ListOfText, "product");
        let filter = condition(kind(product.into()), "filter");
        value(std::slice::from_ref(&basket), &orders(Count, None, Window::All, Some(filter), "count"))
    };
    assert_eq!(test(|p| ExprKind::Contains(p, "OCK".into())).as_deref(), Some("1"));
    assert_eq!(test(|p| ExprKind::StartsWith(p, "sh".into())).as_deref(), Some("1"));
    assert_eq!(test(|p| ExprKind::StartsWith(p, "x".into())).as_deref(), Some("0"));
    let pieces = orders(Sum, Some(EventFieldId::QUANTITY), Window::All, None, "pieces");
    assert_eq!(value(std::slice::from_ref(&basket), &pieces).as_deref(), Some("4"));
}

#[test]
fn equal_conditions_of_many_rules_are_one_node() {
    let x = || compare(Comparison::Greater, field("clv"), money("500"));
    let y = || compare(Comparison::Equal, field("score"), number("1"));
    let both = |a, b| condition(ExprKind::And(vec![a, b]), "both");
    let one = rules(Vec::new(), Vec::new(), vec![both(x(), y())]);
    let flipped = compare(Comparison::Less, money("500"), field("clv"));
    let many = rules(Vec::new(), Vec::new(), vec![both(x(), y()), both(y(), x()), both(flipped, y())]);
    let (one, many) = (Program::new(&one), Program::new(&many));
    assert_eq!(one.len(), many.len());
    assert_eq!(many.rules()[0], many.rules()[1]);
}

#[test]
fn a_population_of_another_schema_matches_nobody() {
    let set = rules(Vec::new(), Vec::new(), vec![condition(ExprKind::IsKnown(field("clv").into()), "known")]);
    let program = Program::new(&set);
    let mut other = Schema::built_in();
    other.fields.reverse();
    let people =
        [(CustomerNumber(0), profile(0, &[("clv", "1.00")]), Vec::new(), false, Happened::default())];
    let wrong = Population::build(other.into(), None, people.iter().map(owned));
    let found = evaluate::evaluate(&program, &wrong, now(), &TimeZone::UTC, program.rules());
    assert!(found[0].truth.is_empty() && found[0].falsity.is_empty());
    let right = evaluate::evaluate(&program, &population(&people), now(), &TimeZone::UTC, program.rules());
    assert_eq!(right[0].truth.iter().collect::<Vec<_>>(), [0]);
}
