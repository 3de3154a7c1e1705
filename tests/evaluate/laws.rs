//! What holds for every rule and every customer.

use cvmd::compile::{Leaf, Program};
use cvmd::evaluate::{self, Fired, Match, Moment, Verdict};
use cvmd::model::{Bitmap, Channel, Currency, CustomerNumber, Date, Duration, Instant, Money, Number, Share};
use cvmd::population::{Customer, Population};
use cvmd::ruleset::{Action, EventFieldId, EventId, Expr, ExprKind, Field, RuleSet, Type, Value};
use jiff::tz::TimeZone;
use proptest::prelude::*;

use super::random::{Conditions, Random, people};
use super::reference::{Happening, Known, Subject, World};
use super::shop::{CARTS, FIELDS, Person, VISITS, condition, instant, population, rules, schema, told};

const NOWS: [&str; 4] = [
    "2026-04-01T08:00:00Z",
    "2026-03-29T22:00:00Z", // Monday, midnight in Madrid, the day after the clocks went forward
    "2025-12-31T23:00:00Z", // New Year's midnight in Madrid
    "2026-10-25T00:30:00Z", // inside the hour that comes twice
];

struct Case {
    rules: RuleSet,
    people: Vec<Person>,
    now: Instant,
    zone: TimeZone,
}

fn case(seed: u64, customers: usize, count: usize) -> Case {
    case_on(seed, customers, count, (None, false))
}

/// With conditions of rules on an event, or that ask for movement.
fn case_on(seed: u64, customers: usize, count: usize, (fired, movement): (Option<EventId>, bool)) -> Case {
    let mut r = Random(seed);
    let now = instant(r.of(&NOWS));
    let people = people(&mut r, customers, now);
    let mut make = Conditions { r: &mut r, now, segments: 0, audiences: 0, fired: None, movement: false };
    let mut segments = Vec::new();
    for _ in 0..2 {
        segments.push((0..3).map(|_| make.condition(1)).collect());
        make.segments += 1;
    }
    let mut audiences = Vec::new();
    for _ in 0..3 {
        audiences.push(make.condition(2));
        make.audiences += 1;
    }
    (make.fired, make.movement) = (fired, movement);
    let conditions = (0..count).map(|_| make.condition(3)).collect();
    let fields = FIELDS.iter().map(|&(name, ty)| (name.to_owned(), make.value(ty, 2))).collect();
    let mut rules = rules(segments, audiences, conditions);
    rules.rules[0].actions = vec![Action::Call { webhook: 0, fields }];
    Case { rules, people, now, zone: TimeZone::get("Europe/Madrid").unwrap() }
}

impl Case {
    fn evaluate(&self, population: &Population) -> Vec<Match> {
        let program = Program::new(&self.rules);
        evaluate::evaluate(&program, population, self.now, &self.zone, program.rules())
    }

    fn expected(&self, person: &Person, expr: &Expr) -> Option<bool> {
        let world = World { rules: &self.rules, now: self.now, zone: &self.zone };
        world.truth(subject(person), expr)
    }
}

fn subject(person: &Person) -> Subject<'_> {
    let happened = &person.4;
    Subject {
        profile: &person.1,
        orders: &person.2,
        events: &happened.events,
        deeds: &happened.deeds,
        event: None,
        fired: None,
        moved: None,
    }
}

/// An event as the engine is told of what fired: its fields' values.
fn fired(world: &World<'_>, kind: EventId, event: Happening<'_>) -> Fired {
    let fields = &world.rules.schema.event(kind).fields;
    let value = |(at, field): (usize, &Field)| {
        let known = world.event_field(event, kind, EventFieldId(u16::try_from(at).unwrap()))?;
        Some(match known {
            Known::Texts(texts) => Value::Text(texts.join("\u{1f}")),
            Known::Number(number) => value_of(field.ty, i64::try_from(number).unwrap()),
        })
    };
    Fired { event: kind, time: event.time(), values: fields.iter().enumerate().map(value).collect() }
}

/// A number in its type's smallest unit as a value.
fn value_of(ty: Type, number: i64) -> Value {
    match ty {
        Type::Money => Value::Money(Money(number)),
        Type::Number => Value::Number(Number(number)),
        Type::Percent => Value::Percent(Share(number)),
        Type::Duration => Value::Duration(Duration(number)),
        Type::Date => Value::Date(Date(i32::try_from(number).unwrap())),
        Type::Time => Value::Time(Instant(number)),
        Type::YesNo => Value::YesNo(number == 1),
        Type::Choice(id) => Value::Choice(id, u32::try_from(number).unwrap()),
        Type::Text | Type::ListOfText | Type::Condition => panic!("no number"),
    }
}

fn answer(found: &Match, number: CustomerNumber) -> Option<bool> {
    match (found.truth.contains(number.0), found.falsity.contains(number.0)) {
        (true, false) => Some(true),
        (false, true) => Some(false),
        (false, false) => None,
        (true, true) => panic!("true and false at once"),
    }
}

fn known(ty: Type, value: Value) -> Known {
    match (ty, value) {
        (Type::ListOfText, Value::Text(text)) => {
            Known::Texts(text.split('\u{1f}').map(String::from).collect())
        }
        (_, Value::Text(text)) => Known::Texts(vec![text]),
        (_, value) => Known::Number(i128::from(value.scalar().unwrap())),
    }
}

fn borrow(people: &[Person]) -> Vec<Customer<'_>> {
    people.iter().map(told).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn columns_rows_traces_and_reference_agree(seed: u64, customers in 1_usize..40, count in 1_usize..24) {
        let case = case(seed, customers, count);
        let population = population(&case.people);
        let program = Program::new(&case.rules);
        let found = case.evaluate(&population);
        for (position, rule) in case.rules.rules.iter().enumerate() {
            let mut answered = 0;
            for person in &case.people {
                let expected = case.expected(person, &rule.when);
                let columns = answer(&found[position], person.0);
                prop_assert_eq!(columns, expected, "{:?}\n{:?}", rule.when.kind, person);
                let root = program.rules()[position];
                let row = evaluate::truth(&program, &population, person.0, case.now, &case.zone, root);
                prop_assert_eq!(row, expected, "{:?}\n{:?}", rule.when.kind, person);
                answered += u64::from(expected.is_some());
            }
            let bits = found[position].truth.len() + found[position].falsity.len();
            prop_assert_eq!(bits, answered, "rows without a customer are in no bitmap");
            let person = &case.people[position % case.people.len()];
            let trace =
                evaluate::trace(&case.rules, &population, person.0, &rule.when, (case.now, None), &case.zone).unwrap();
            let expected = Verdict::of(case.expected(person, &rule.when));
            prop_assert_eq!(trace.result, expected, "{}", trace);
            prop_assert_eq!(trace.first_failed().is_some(), expected != Verdict::True);
        }
    }

    #[test]
    fn rules_on_events_agree_with_the_reference(seed: u64, customers in 1_usize..20, count in 1_usize..12) {
        let kind = Random(seed).of(&[CARTS, CARTS, EventId::ORDER, VISITS]);
        let case = case_on(seed, customers, count, (Some(kind), false));
        let population = population(&case.people);
        let program = Program::new(&case.rules);
        let world = World { rules: &case.rules, now: case.now, zone: &case.zone };
        for person in &case.people {
            // Also with nothing that fired: its fields are unknown then.
            let events = world.seen(subject(person), kind, false).into_iter().map(Some).chain([None]);
            for event in events {
                let fired = event.map(|event| fired(&world, kind, event));
                let subject = Subject { fired: event.map(|event| (kind, event)), ..subject(person) };
                let moment = Moment::new(&program, case.now, &case.zone).on(fired.clone());
                for (rule, root) in case.rules.rules.iter().zip(program.rules()) {
                    let expected = world.truth(subject, &rule.when);
                    let row = moment.truth(&population, person.0, *root);
                    prop_assert_eq!(row, expected, "{:?}\n{:?}\n{:?}", rule.when.kind, event, person);
                    let at = (case.now, fired.clone());
                    let trace =
                        evaluate::trace(&case.rules, &population, person.0, &rule.when, at, &case.zone).unwrap();
                    prop_assert_eq!(trace.result, Verdict::of(expected), "{}", trace);
                }
            }
        }
    }

    #[test]
    fn rules_on_movement_agree_with_the_reference(seed: u64, customers in 1_usize..40, count in 1_usize..12) {
        let case = case_on(seed, customers, count, (None, true));
        let population = population(&case.people);
        let program = Program::new(&case.rules);
        // Who moved comes from outside, rule by rule; of some leaves nobody knows.
        let mut r = Random(seed ^ 2);
        let mut members = || -> Option<Bitmap> {
            let all = case.people.iter().map(|person| person.0.0).collect::<Vec<_>>();
            r.chance(80).then(|| all.into_iter().filter(|_| r.chance(40)).collect())
        };
        let moved: Vec<Option<Bitmap>> = program.leaves().iter().map(|_| members()).collect();
        let moment = Moment::new(&program, case.now, &case.zone).with_moved(moved.clone());
        let found = moment.evaluate(&population, program.rules());
        let world = World { rules: &case.rules, now: case.now, zone: &case.zone };
        for (position, rule) in case.rules.rules.iter().enumerate() {
            for person in &case.people {
                let says = |movement| {
                    let of_rule = |leaf: &Leaf| leaf.rule == Some(position) && leaf.movement == movement;
                    let leaf = program.leaves().iter().position(of_rule)?;
                    Some(moved[leaf].as_ref()?.contains(person.0.0))
                };
                let subject = Subject { moved: Some(&says), ..subject(person) };
                let expected = world.truth(subject, &rule.when);
                prop_assert_eq!(answer(&found[position], person.0), expected, "{:?}", rule.when.kind);
                let row = moment.truth(&population, person.0, program.rules()[position]);
                prop_assert_eq!(row, expected, "{:?}", rule.when.kind);
            }
        }
    }

    #[test]
    fn values_of_one_customer_agree_with_the_reference(seed: u64, customers in 1_usize..20) {
        let case = case(seed, customers, 1);
        let population = population(&case.people);
        let program = Program::new(&case.rules);
        let Action::Call { fields, .. } = &case.rules.rules[0].actions[0] else { unreachable!() };
        let roots: Vec<_> = program.call_fields(0, 0).iter().map(|(_, node)| *node).collect();
        let world = World { rules: &case.rules, now: case.now, zone: &case.zone };
        for person in &case.people {
            let values = evaluate::values(&program, &population, person.0, case.now, &case.zone, &roots);
            for ((_, expr), value) in fields.iter().zip(values) {
                let expected = world.value(subject(person), expr);
                prop_assert_eq!(value.map(|v| known(expr.ty, v)), expected, "{:?}\n{:?}", expr.kind, person);
            }
        }
        let nobody = CustomerNumber(40_000);
        let values = evaluate::values(&program, &population, nobody, case.now, &case.zone, &roots);
        prop_assert!(values.iter().all(Option::is_none));
    }

    #[test]
    fn the_order_of_arrival_does_not_matter(seed: u64, customers in 1_usize..40) {
        let case = case(seed, customers, 4);
        let at_once = population(&case.people);
        let mut r = Random(seed ^ 1);
        let mut arriving = Population::new(schema(), Currency::parse("EUR"));
        // First what is outdated, for some of them; and somebody who is erased in the end.
        let outdated: Vec<Person> =
            case.people.iter().filter(|_| r.chance(50)).map(|p| super::random::person(&mut Random(7), p.0.0, case.now)).collect();
        arriving.upsert(borrow(&outdated));
        let gone = super::random::person(&mut Random(9), 20, case.now);
        arriving.upsert(borrow(std::slice::from_ref(&gone)));
        let mut shuffled = case.people.clone();
        shuffled.sort_by_cached_key(|_| r.next());
        for person in &mut shuffled {
            person.2.sort_by_cached_key(|_| r.next());
            person.4.events.sort_by_cached_key(|_| r.next());
            person.4.deeds.sort_by_cached_key(|_| r.next());
        }
        let snapshot = arriving.clone();
        let before = case.evaluate(&snapshot);
        let mut rest = &shuffled[..];
        while !rest.is_empty() {
            let (now, later) = rest.split_at(1 + r.index(rest.len()));
            arriving.upsert(borrow(now));
            // What we did stays when what was told is told anew.
            for person in now {
                let (some, more) = person.4.deeds.split_at(r.index(person.4.deeds.len() + 1));
                arriving.record(some);
                if r.chance(50) {
                    arriving.upsert(vec![told(person)]);
                }
                arriving.record(more);
            }
            rest = later;
        }
        arriving.remove(&[gone.0, CustomerNumber(99_999)]);
        prop_assert!(arriving == at_once, "the columns are those of a build at once");
        prop_assert_eq!(
            arriving.everybody().iter().collect::<Vec<_>>(),
            case.people.iter().map(|p| p.0.0).collect::<Vec<_>>()
        );
        for (a, b) in case.evaluate(&arriving).iter().zip(case.evaluate(&at_once)) {
            prop_assert_eq!(a.truth.iter().collect::<Vec<_>>(), b.truth.iter().collect::<Vec<_>>());
            prop_assert_eq!(a.falsity.iter().collect::<Vec<_>>(), b.falsity.iter().collect::<Vec<_>>());
        }
        prop_assert_eq!(case.evaluate(&snapshot), before, "a snapshot does not see later writes");
    }

    #[test]
    fn what_is_stored_is_what_was_given(seed: u64, customers in 1_usize..40) {
        let case = case(seed, customers, 1);
        let population = population(&case.people);
        prop_assert_eq!(population.len(), case.people.len() as u64);
        let (email, by_email) = (schema().find("email").unwrap(), Channel::email());
        for (number, profile, _, suppressed, _) in &case.people {
            prop_assert_eq!(population.id(*number), Some(&*profile.id.0));
            let text = profile.values.iter().find(|(name, _)| name == "email").map(|(_, text)| &**text);
            prop_assert_eq!(population.text(*number, email), text);
            prop_assert_eq!(population.known(email).contains(number.0), text.is_some());
            let given = profile.consents.iter().any(|(_, consent)| consent.given);
            prop_assert_eq!(population.consents(*number, &by_email), given);
            prop_assert_eq!(population.consenting(&by_email).contains(number.0), given);
            prop_assert_eq!(population.is_suppressed(*number), *suppressed);
        }
    }

    #[test]
    fn a_condition_and_its_opposite_are_never_both_true(seed: u64, customers in 1_usize..40) {
        let mut case = case(seed, customers, 12);
        let whens: Vec<Expr> = case.rules.rules.iter().map(|rule| rule.when.clone()).collect();
        let not = |expr: &Expr| condition(ExprKind::Not(expr.clone().into()), "not");
        let both = |parts: Vec<Expr>| condition(ExprKind::And(parts), "and");
        let any = |parts: Vec<Expr>| condition(ExprKind::Or(parts), "or");
        let mut laws = Vec::new();
        for pair in whens.chunks_exact(2) {
            let (x, y) = (&pair[0], &pair[1]);
            laws.push(both(vec![x.clone(), not(x)]));
            laws.push(not(&both(vec![x.clone(), y.clone()])));
            laws.push(any(vec![not(x), not(y)]));
            laws.push(not(&any(vec![x.clone(), y.clone()])));
            laws.push(both(vec![not(x), not(y)]));
        }
        let rule = case.rules.rules[0].clone();
        case.rules.rules =
            laws.into_iter().map(|when| cvmd::ruleset::Rule { when, ..rule.clone() }).collect();
        let found = case.evaluate(&population(&case.people));
        for law in found.chunks_exact(5) {
            prop_assert!(law[0].truth.is_empty(), "x and not x");
            prop_assert_eq!(&law[1], &law[2], "De Morgan, and");
            prop_assert_eq!(&law[3], &law[4], "De Morgan, or");
        }
    }
}

/// Whole chunks: the paths that look at all rows at once.
#[test]
fn full_chunks_agree_with_the_reference() {
    for seed in 0..3 {
        let mut case = case(seed, 1, 10);
        let mut r = Random(seed);
        case.people = (0..5_000).map(|number| super::random::person(&mut r, number, case.now)).collect();
        let found = case.evaluate(&population(&case.people));
        for (rule, found) in case.rules.rules.iter().zip(&found) {
            for person in &case.people {
                let expected = case.expected(person, &rule.when);
                assert_eq!(answer(found, person.0), expected, "{:?}\n{person:?}", rule.when.kind);
            }
        }
    }
}
