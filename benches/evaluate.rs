//! How long everybody takes: `cargo bench --bench evaluate [-- CUSTOMERS]`, a million unless told.
//!
//! Prints milliseconds: the build, a hundred rules of one equality and three comparisons each, a
//! hundred rules over order aggregates, one customer's values, one customer's order coming in.

#![allow(clippy::disallowed_methods, reason = "what is measured is time as it passes")]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant as Stopwatch;

use cvmd::compile::Program;
use cvmd::evaluate::Moment;
use cvmd::model::{
    CustomerId, CustomerNumber, DAY_MS, Date, Duration, Instant, Money, Number, RuleSetHash, Share,
};
use cvmd::population::{Customer, Population};
use cvmd::record::{Line, Order, Profile};
use cvmd::ruleset::{
    AggregateFunction, ChoiceId, Choices, Comparison, EventFieldId, EventId, Expr, ExprKind, Field,
    FirstNames, Place, Rule, RuleSet, Schema, Season, Trigger, Type, Value, Window, Workspace,
};
use jiff::tz::TimeZone;

const NOW: Instant = Instant(1_790_000_000_000);
const RULES: u64 = 100;
const GROUPS: u64 = 8;
const GROUP: ChoiceId = ChoiceId(0);

/// `SplitMix64` (Steele, Lea, Flood 2014).
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> i64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        i64::try_from((z ^ (z >> 31)) % limit).unwrap_or(0)
    }
}

fn schema() -> Arc<Schema> {
    let mut schema = Schema::built_in();
    let fields = [
        ("birthday", Type::Date),
        ("points", Type::Number),
        ("rate", Type::Percent),
        ("region", Type::Choice(GROUP)),
    ];
    schema.fields.extend(fields.map(|(name, ty)| Field { name: name.into(), ty }));
    schema.choices.push(Choices { names: (0..GROUPS).map(|n| format!("g{n}")).collect(), ordered: false });
    Arc::new(schema)
}

fn person(number: u32) -> (CustomerNumber, Profile, Vec<Order>, bool) {
    let mut r = Random(u64::from(number));
    let schema = schema_text(&mut r, number);
    let orders = (0..r.below(9))
        .map(|id| Order {
            id: id.to_string(),
            time: NOW.minus(Duration(r.below(720) * DAY_MS + r.below(86_400_000))),
            learnt: NOW,
            total: Money(r.below(20_000) * 100),
            currency: None,
            lines: vec![Line {
                quantity: Some(Number::whole(1 + r.below(3))),
                channel: Some(if r.below(2) == 0 { "web".into() } else { "store".into() }),
                ..Line::default()
            }],
        })
        .collect();
    let profile = Profile {
        id: CustomerId(format!("customer-{number}")),
        values: schema,
        consents: Vec::new(),
        learnt: NOW,
        by_http: false,
    };
    (CustomerNumber(number), profile, orders, false)
}

/// Canonical texts, sorted by name; one in twenty unknown.
fn schema_text(r: &mut Random, number: u32) -> Vec<(String, String)> {
    let values = [
        ("birthday", Date(i32::try_from(r.below(20_000)).unwrap_or(0)).to_string()),
        ("clv", Money(r.below(1_000_000) * 100).to_string()),
        ("country", ["ES", "FR", "DE", "IT"][usize::try_from(r.below(4)).unwrap_or(0)].into()),
        ("email", format!("c{number}@shop.example")),
        ("points", Number::whole(r.below(10_000)).to_string()),
        ("rate", Share(r.below(1_000_000)).fraction()),
        ("region", format!("g{}", r.below(GROUPS))),
    ];
    values.into_iter().filter(|_| r.below(20) > 0).map(|(name, text)| (name.into(), text)).collect()
}

fn expr(kind: ExprKind, ty: Type) -> Expr {
    Expr { kind, ty, text: "".into(), place: Place { file: "bench".into(), line: 1 } }
}

fn test(schema: &Schema, comparison: Comparison, field: &str, value: Value) -> Expr {
    let id = schema.find(field).expect("a field of this file's schema");
    let ty = schema.field(id).ty;
    let (field, value) = (expr(ExprKind::Field(id), ty), expr(ExprKind::Constant(value), ty));
    expr(ExprKind::Compare(comparison, field.into(), value.into()), Type::Condition)
}

/// One equality and three comparisons, all constants different.
fn comparisons(schema: &Schema, rule: u64) -> Expr {
    let mut r = Random(rule * 7 + 1);
    let group = u32::try_from(rule % GROUPS).unwrap_or(0);
    expr(
        ExprKind::And(vec![
            test(schema, Comparison::Equal, "region", Value::Choice(GROUP, group)),
            test(schema, Comparison::Greater, "clv", Value::Money(Money(r.below(1_000_000) * 100))),
            test(schema, Comparison::LessOrEqual, "points", Value::Number(Number(r.below(10_000_000_000)))),
            test(schema, Comparison::GreaterOrEqual, "rate", Value::Percent(Share(r.below(1_000_000)))),
        ]),
        Type::Condition,
    )
}

/// One equality and two aggregates, one with a condition over the orders.
fn aggregates(schema: &Schema, rule: u64) -> Expr {
    let mut r = Random(rule * 11 + 1);
    let group = u32::try_from(rule % GROUPS).unwrap_or(0);
    let aggregate = |function, field, window, filter, ty| {
        expr(ExprKind::Aggregate { function, event: EventId::ORDER, field, window, filter }, ty)
    };
    let window = Window::Last(Duration::days(30 + r.below(300)));
    let channel = expr(ExprKind::EventField(EventId::ORDER, EventFieldId::CHANNEL), Type::ListOfText);
    let web = expr(ExprKind::Constant(Value::Text("web".into())), Type::Text);
    let on_web = expr(ExprKind::Compare(Comparison::Equal, channel.into(), web.into()), Type::Condition);
    let count = aggregate(AggregateFunction::Count, None, window, Some(on_web.into()), Type::Number);
    let field = Some(EventFieldId::TOTAL);
    let sum = aggregate(AggregateFunction::Sum, field, window, None, Type::Money);
    let two = expr(ExprKind::Constant(Value::Number(Number::whole(2))), Type::Number);
    let amount = Value::Money(Money(r.below(20_000) * 100));
    let amount = expr(ExprKind::Constant(amount), Type::Money);
    let compare = |left: Expr, right: Expr| {
        let kind = ExprKind::Compare(Comparison::GreaterOrEqual, left.into(), right.into());
        expr(kind, Type::Condition)
    };
    let region = test(schema, Comparison::Equal, "region", Value::Choice(GROUP, group));
    expr(ExprKind::And(vec![region, compare(count, two), compare(sum, amount)]), Type::Condition)
}

fn rules(schema: &Arc<Schema>, when: fn(&Schema, u64) -> Expr) -> RuleSet {
    let rule = |position: u64| Rule {
        name: format!("r{position}"),
        title: None,
        owner: None,
        place: Place { file: "bench".into(), line: 1 },
        trigger: Trigger::Continuous,
        season: Season::default(),
        when: when(schema, position),
        give_up_after: None,
        at_most: None,
        priority: 50,
        actions: Vec::new(),
        draft: false,
        new_matches_only: false,
        in_all: None,
    };
    RuleSet {
        hash: RuleSetHash::default(),
        commit: "unknown".into(),
        workspace: Workspace::default(),
        schema: Arc::clone(schema),
        segments: Vec::new(),
        audiences: Vec::new(),
        messages: Vec::new(),
        webhooks: Vec::new(),
        policies: Vec::new(),
        rules: (0..RULES).map(rule).collect(),
        first_names: FirstNames::default(),
        sources: BTreeMap::new(),
    }
}

fn report(what: &str, started: Stopwatch, times: u32) {
    println!("{what:44} {:10.3} ms", started.elapsed().as_secs_f64() * 1_000.0 / f64::from(times));
}

fn measure(what: &str, schema: &Arc<Schema>, population: &Population, when: fn(&Schema, u64) -> Expr) {
    let program = Program::new(&rules(schema, when));
    let mut matched = 0;
    for round in 0..4 {
        let started = Stopwatch::now();
        let moment = Moment::new(&program, NOW, &TimeZone::UTC);
        let found = moment.evaluate(population, program.rules());
        if round > 0 {
            report(what, started, 1);
        }
        matched = found.iter().map(|found| found.truth.len()).sum();
    }
    println!("  {} nodes, {matched} matches", program.len());
    let moment = Moment::new(&program, NOW, &TimeZone::UTC);
    let customers = u32::try_from(population.len()).unwrap_or(u32::MAX);
    let started = Stopwatch::now();
    for turn in 0..1_000_u32 {
        let customer = CustomerNumber(turn.wrapping_mul(7_919) % customers);
        std::hint::black_box(moment.values(population, customer, program.rules()));
    }
    report("  one customer, all of these rules", started, 1_000);
}

fn main() {
    let asked = std::env::args().skip(1).find_map(|word| word.parse().ok());
    let customers: u32 = asked.unwrap_or(1_000_000);
    let schema = schema();
    let started = Stopwatch::now();
    (0..customers).map(person).for_each(|person| drop(std::hint::black_box(person)));
    report("making customers and orders", started, 1);
    let started = Stopwatch::now();
    let mut population = Population::build(Arc::clone(&schema), None, (0..customers).map(person));
    report("making them and building the columns", started, 1);
    println!("  {customers} customers");
    measure("100 rules, an equality, three comparisons", &schema, &population, comparisons);
    measure("100 rules over order aggregates", &schema, &population, aggregates);
    let people: Vec<_> = (0..100).map(|turn| person(turn * 7_919 % customers)).collect();
    let started = Stopwatch::now();
    for (number, profile, orders, suppressed) in &people {
        let more: Vec<Order> = orders.iter().chain(orders.first()).cloned().collect();
        let customer = Customer {
            number: *number,
            profile,
            orders: &more,
            events: &[],
            suppressed: (*suppressed).into(),
        };
        population.upsert(vec![customer]);
    }
    report("one customer's order comes in", started, 100);
}
