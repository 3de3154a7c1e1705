//! Movement in conditions: who moved comes from outside, and columns, rows and traces agree on it.

use cvmd::compile::Program;
use cvmd::evaluate::{Moment, MoveSeen, Verdict, trace_moved};
use cvmd::model::{Bitmap, CustomerNumber};
use cvmd::ruleset::{Change, Comparison, Expr, ExprKind, Movement, Track};
use jiff::tz::TimeZone;

use super::random::{Random, people};
use super::shop::{compare, condition, field, instant, money, population, rules};

const MOVEMENT: Movement = Movement { track: Track::Segments(0), change: Change::Becomes(2) };

fn moved() -> Expr {
    condition(ExprKind::Moved(MOVEMENT), "segments0 becomes lapsing")
}

fn rich() -> Expr {
    compare(Comparison::Greater, field("amount"), money("20"))
}

#[test]
fn columns_rows_and_traces_agree_on_who_moved() {
    let now = instant("2026-04-01T08:00:00Z");
    let mut r = Random(7);
    let people = people(&mut r, 60, now);
    let everybody = population(&people);
    let who: Bitmap = people.iter().map(|person| person.0.0).filter(|_| r.chance(40)).collect();
    assert!(who.iter().any(|number| number > 4_096), "in more than one chunk");
    let conditions = vec![
        moved(),
        condition(ExprKind::And(vec![moved(), rich()]), "and"),
        condition(ExprKind::Or(vec![moved(), rich()]), "or"),
    ];
    let rules = rules(vec![vec![rich(), rich(), rich()]], Vec::new(), conditions);
    let program = Program::new(&rules);
    assert_eq!(program.leaves().len(), 3, "since when moves count is each rule's own matter");
    for known in [true, false] {
        let leaf = || known.then(|| who.clone());
        let moment = Moment::new(&program, now, &TimeZone::UTC).with_moved(vec![leaf(), leaf(), leaf()]);
        let found = moment.evaluate(&everybody, program.rules());
        for person in &people {
            let number = person.0;
            let moved = known.then(|| who.contains(number.0));
            let rich = rich_of(&everybody, number);
            let expected = [moved, and(moved, rich), and(moved.map(|m| !m), rich.map(|r| !r)).map(|t| !t)];
            for (position, expected) in expected.into_iter().enumerate() {
                let (yes, no) = (&found[position].truth, &found[position].falsity);
                let columns = match (yes.contains(number.0), no.contains(number.0)) {
                    (false, false) => None,
                    (yes, _) => Some(yes),
                };
                assert_eq!(columns, expected, "{number} {position}");
                assert_eq!(moment.truth(&everybody, number, program.rules()[position]), expected);
                let seen = MoveSeen { movement: MOVEMENT, holds: moved, note: "moved".into() };
                let when = &rules.rules[position].when;
                let told =
                    trace_moved(&rules, &everybody, number, when, (now, None), &TimeZone::UTC, &[seen]);
                assert_eq!(told.unwrap().result, Verdict::of(expected));
            }
        }
    }
}

/// Whether the amount of the customer is above 20 EUR.
fn rich_of(population: &cvmd::population::Population, number: CustomerNumber) -> Option<bool> {
    let field = population.schema().find("amount").unwrap();
    let value = population.value(number, field)?;
    Some(value.scalar().unwrap() > 200_000)
}

fn and(a: Option<bool>, b: Option<bool>) -> Option<bool> {
    if a == Some(false) || b == Some(false) { Some(false) } else { Some(a? && b?) }
}
