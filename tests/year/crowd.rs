//! Those who come to the fairs of the year: many at once, some with addresses that are gone, some who
//! complain. Nothing else is known of them, so only rules of the fairs mean them.

use std::collections::BTreeMap;

use super::random::Random;
use super::script::{DAY, Event, HOUR, Happening, MINUTE, Ms, Person};
use super::world::{Size, ZONES};

/// So many come to each fair, whatever is on.
const REGULARS: usize = 6;

/// From one fair to the next, and from the start to the first.
const EACH: Ms = 12 * DAY;
const FIRST: Ms = 3 * DAY;

/// How long a fair lasts: two runs.
const LENGTH: Ms = 2 * DAY;

/// So many in a thousand say what they think of its mail, in each four hours.
const SAY: i64 = 20;

/// What goes wrong with a fair's mail, in turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Trouble {
    Gone,
    Says(&'static str),
}

const TROUBLES: [Trouble; 3] = [Trouble::Gone, Trouble::Says("complained"), Trouble::Says("unsubscribed")];

/// All that happens to them.
pub fn happenings(size: Size) -> Vec<(Ms, Happening)> {
    let mut all = Vec::new();
    if size.crowd == 0 {
        return all;
    }
    let mut random = Random::new(size.seed ^ 0xFA12);
    let end = size.start + size.days * DAY;
    all.push((size.start + 3, Happening::Customers(rows(size, false, None, size.start))));
    let fairs = (0..).map(|number| size.start + FIRST + number * EACH).take_while(|begin| *begin < end);
    for (begin, trouble) in fairs.zip(TROUBLES.into_iter().cycle()) {
        let begin = begin + 3 * HOUR + 23_000;
        // By then they have other addresses, and who wanted no more thinks better of it.
        all.push((begin, Happening::Customers(rows(size, true, None, begin))));
        let over = begin + LENGTH;
        let gone = (trouble == Trouble::Gone).then_some(&mut random);
        all.push((over, Happening::Customers(rows(size, false, gone, over))));
        if let Trouble::Says(what) = trouble {
            words(size, what, over, &mut random, &mut all);
        }
    }
    // Who looks after the policies does so on every second day or so.
    for day in (0..size.days).map(|day| size.start + day * DAY) {
        if random.per_mille(550) {
            all.push((day + random.between(6 * 60, 21 * 60) * MINUTE + 29_000, Happening::Look));
        }
    }
    all
}

/// The crowd as a file has it: at a fair or not, some of them with addresses that are gone.
fn rows(size: Size, at_fair: bool, mut gone: Option<&mut Random>, now: Ms) -> Vec<Person> {
    let of = |number: usize| {
        let is_gone = gone.as_mut().is_some_and(|random| random.per_mille(300));
        // A new address each time.
        let email = if is_gone {
            format!("gone{number}.{now}@shop.example")
        } else {
            format!("g{number}@shop.example")
        };
        let there = at_fair || number < REGULARS;
        let fields = BTreeMap::from([
            ("email", email),
            ("phone", format!("+3470000{number:04}")),
            ("time_zone", ZONES[number % ZONES.len()].to_owned()),
            ("fair", if there { "1" } else { "0" }.to_owned()),
        ]);
        Person { id: format!("g{number}"), fields, consents: vec![("email", true, now)] }
    };
    (0..size.crowd).map(of).collect()
}

/// What they say of its mail in the two days after a fair; now and then twice.
fn words(size: Size, name: &'static str, over: Ms, random: &mut Random, all: &mut Vec<(Ms, Happening)>) {
    let slots = (0..12).map(|slot| over + HOUR + slot * 4 * HOUR);
    for now in slots {
        let mut events = Vec::new();
        for number in 0..size.crowd {
            if random.per_mille(SAY) {
                events.push(Event {
                    id: format!("{name}-{number}-{now}"),
                    customer: format!("g{number}"),
                    time: now - random.below(40 * MINUTE),
                    name,
                    value: None,
                    message: random.per_mille(800).then_some("fair_news"),
                    channel: Some("email"),
                });
            }
        }
        if !events.is_empty() {
            all.push((now, Happening::Events(events, None)));
        }
    }
}
