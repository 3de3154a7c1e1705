//! A few customers that fit any schema: values of each type, some unknown, some not readable.

use cvmd::model::{
    Channel, Currency, CustomerId, CustomerNumber, DAY_MS, Date, Duration, HOUR_MS, Instant, Money, Number,
    Share,
};
use cvmd::record::{Consent, Deed, DeedKind, Event, Line, Order, Profile};
use cvmd::ruleset::{Schema, Type, Value};

use crate::evaluate::random::Random;
use crate::evaluate::shop::{Happened, Person};

const COUNT: u32 = 12;
const WORDS: [&str; 6] = ["es", "books", "C-1", "Málaga", "25-34", "/cart"];
const AGES: [i64; 8] = [0, HOUR_MS, DAY_MS, 7 * DAY_MS, 30 * DAY_MS, 90 * DAY_MS, 200 * DAY_MS, 800 * DAY_MS];

fn time(r: &mut Random, now: Instant) -> Instant {
    Instant(now.0 - r.of(&AGES) + r.of(&[-1, 0, 1]))
}

/// The canonical text of a value of a type; for a choice of one of its places.
fn text(r: &mut Random, schema: &Schema, ty: Type, now: Instant) -> String {
    let value = match ty {
        Type::Money => Value::Money(Money(r.of(&[0, 1, 400_000, 5_000_000, 5_000_001, -100, i64::MAX]))),
        Type::Number => Value::Number(Number(r.of(&[0, 1, 1_000_000, 3_000_000, -1_000_000, i64::MIN]))),
        Type::Percent => Value::Percent(Share(r.of(&[0, 250_000, 500_000, 1_000_000]))),
        Type::Duration => Value::Duration(Duration(r.of(&AGES))),
        Type::Date => {
            let today = i32::try_from(now.0.div_euclid(DAY_MS)).unwrap();
            Value::Date(Date(today + r.of(&[0, 1, -1, 7, -30, -365, -10_957, -11_000])))
        }
        Type::Time => Value::Time(time(r, now)),
        Type::Text | Type::ListOfText | Type::Condition => Value::Text(r.of(&WORDS).into()),
        Type::YesNo => Value::YesNo(r.chance(50)),
        Type::Choice(id) => {
            let places = schema.choices(id).names.len();
            Value::Choice(id, u32::try_from(r.index(places.max(1))).unwrap())
        }
    };
    if r.chance(3) { "no longer readable".into() } else { schema.write(&value) }
}

fn order(r: &mut Random, id: usize, now: Instant) -> Order {
    let time = time(r, now);
    let line = |r: &mut Random| Line {
        quantity: r.chance(80).then(|| Number(r.of(&[1_000_000, 2_000_000]))),
        product: r.chance(80).then(|| r.of(&WORDS).to_owned()),
        category: r.chance(80).then(|| r.of(&WORDS).to_owned()),
        channel: r.chance(80).then(|| r.of(&["web", "store"]).to_owned()),
    };
    let lines = (0..r.of(&[0, 1, 2])).map(|_| line(r)).collect();
    let total = Money(r.of(&[0, 400_000, 1_000_000, -400_000, 9_000_000]));
    let currency = r.of(&[None, None, None, Currency::parse("EUR"), Currency::parse("USD")]);
    Order { id: format!("o{id}"), time, learnt: time, total, currency, lines }
}

/// Customers whose fields and events are those of the schema.
pub(super) fn of(schema: &Schema, now: Instant) -> Vec<Person> {
    let mut random = Random(7);
    let r = &mut random;
    (0..COUNT).map(|number| person(r, schema, number, now)).collect()
}

fn person(r: &mut Random, schema: &Schema, number: u32, now: Instant) -> Person {
    let mut values: Vec<(String, String)> = Vec::new();
    for (key, field) in schema.keys().zip(&schema.fields) {
        if r.chance(75) {
            values.push((key.to_owned(), text(r, schema, field.ty, now)));
        }
    }
    values.sort();
    let consent = Consent { given: r.chance(50), at: None, by_person: false };
    let profile = Profile {
        id: CustomerId(format!("c{number}")),
        values,
        consents: vec![(Channel::email(), consent)],
        by_http: false,
        learnt: now,
    };
    let orders = (0..r.of(&[0, 1, 2, 5])).map(|id| order(r, id, now)).collect();
    let mut events = Vec::new();
    for kind in schema.events.iter().filter(|kind| kind.name != "order") {
        for id in 0..r.of(&[0, 0, 1, 2]) {
            let time = time(r, now);
            let mut fields: Vec<(String, String)> = Vec::new();
            for field in &kind.fields {
                if r.chance(80) {
                    fields.push((field.name.clone(), text(r, schema, field.ty, now)));
                }
            }
            fields.sort();
            events.push(Event { id: format!("e{id}"), name: kind.name.clone(), time, learnt: time, fields });
        }
    }
    let deed = Deed {
        kind: r.of(&[DeedKind::Sent, DeedKind::Bounced]),
        key: "d1-1-1-80".parse().unwrap(),
        customer: CustomerNumber(number),
        at: time(r, now),
        learnt: now,
        message: "offer".into(),
        rule: "winback".into(),
        channel: Channel::email(),
        marketing: true,
    };
    let deeds = if r.chance(50) { vec![deed] } else { Vec::new() };
    (CustomerNumber(number), profile, orders, false, Happened { events, deeds })
}
