//! Nobody is lost: who matches is sent, or it is on record why not.

use std::collections::{BTreeMap, BTreeSet};

use super::calendar::{occurrences, zone};
use super::reader::{Every, Rule};
use super::timetable::{clock, in_season};
use super::world::World;
use super::{Findings, Seen, day};
use crate::year::script::{DAY, HOUR, Ms};

/// A rule and a customer.
type Pair<'a> = (&'a str, &'a str);

/// What is on record, by rule and customer.
#[derive(Default)]
struct Record<'a> {
    /// When something was decided, and its occurrence.
    decided: BTreeMap<Pair<'a>, Vec<(Ms, i64)>>,
    /// Occurrences, or days, at which they were passed over.
    passed: BTreeMap<Pair<'a>, BTreeSet<Ms>>,
}

pub fn check(world: &World<'_>, seen: &Seen<'_>, findings: &mut Findings) {
    let mut record = Record::default();
    for sent in seen.decided() {
        let pair = (world.root(&sent.rule), &*sent.customer);
        record.decided.entry(pair).or_default().push((sent.decided, sent.occurrence));
    }
    for (rule, at, customer, _) in &seen.passed {
        record.passed.entry((world.root(rule), customer)).or_default().insert(*at);
    }
    // The end is left out: what was decided there may wait still.
    let end = world.end - 2 * DAY;
    let names: BTreeSet<&str> =
        world.books.iter().flat_map(|(_, book)| book.rules.keys()).map(|name| world.root(name)).collect();
    for name in names {
        scheduled(world, seen, &record, (name, end), findings);
        for customer in world.customers() {
            continuous(world, seen, &record, (name, customer, end), findings);
        }
    }
}

/// Each occurrence of a scheduled rule, each customer who matched then.
fn scheduled(
    world: &World<'_>,
    seen: &Seen<'_>,
    record: &Record<'_>,
    (name, end): (&str, Ms),
    findings: &mut Findings,
) {
    for (position, (since, book)) in world.books.iter().enumerate() {
        let from = (*since).max(world.start);
        let until = world.books.get(position + 1).map_or(end, |(at, _)| (*at).min(end));
        let Some((_, rule)) = book.rules.iter().find(|(one, _)| world.root(one) == name) else { continue };
        let Some(every) = &rule.every else { continue };
        // By the clocks of the customers; all by one where the rule goes by one.
        let mut clocks: BTreeMap<String, Vec<&str>> = BTreeMap::new();
        for customer in world.customers() {
            let clock = clock(world, rule, customer, until);
            clocks.entry(clock.iana_name().unwrap_or_default().to_owned()).or_default().push(customer);
        }
        for (clock, customers) in clocks {
            for at in occurrences(every, &zone(&clock), from + 1, until - 1) {
                let grace = rule.grace.unwrap_or(HOUR);
                if !settled(world, name, rule, at) || !in_season(rule, at, &zone(&clock)) {
                    continue;
                }
                // The tick that served it; none when nobody looked in time.
                let tick = seen.ticks[seen.ticks.partition_point(|tick| *tick < at)..].first();
                let Some(tick) = tick.filter(|tick| **tick < (at + grace).min(until)) else { continue };
                let overtaken = matches!(every, Every::Step(step) if tick - at >= *step);
                let held = seen.held.iter().any(|(one, when)| world.root(one) == name && when == tick);
                if overtaken || held {
                    continue;
                }
                let matching =
                    customers.iter().filter(|customer| world.holds(rule, customer, *tick) == Some(true));
                for customer in matching {
                    let decided = record.decided.get(&(name, customer)).into_iter().flatten();
                    let on_record = decided.map(|(_, occurrence)| *occurrence).any(|one| one == at)
                        || record.passed.get(&(name, customer)).is_some_and(|passed| passed.contains(&at));
                    findings.hold("nobody is lost on a schedule", on_record, || {
                        format!("{name} at {}: {customer}", day(at))
                    });
                }
            }
        }
    }
}

/// Whether the rule's schedule was the same for so long that no period served under another one
/// matters.
fn settled(world: &World<'_>, name: &str, rule: &Rule, at: Ms) -> bool {
    let long = match &rule.every {
        Some(Every::Days(days, _)) if days.starts_with("month") => 32 * DAY,
        Some(Every::Days(..)) => 8 * DAY,
        Some(Every::Step(_)) | None => DAY,
    };
    let books = world.books.iter().filter(|(since, _)| *since > at - long && *since <= at);
    let same = |one: &Rule| (&one.every, &one.clock) == (&rule.every, &rule.clock);
    books.clone().all(|(since, _)| world.rule(name, *since).is_some_and(same))
        && world.rule(name, at - long).is_none_or(same)
}

/// Each time somebody came to match a continuous rule and stayed.
fn continuous(
    world: &World<'_>,
    seen: &Seen<'_>,
    record: &Record<'_>,
    (name, customer, end): (&str, &str, Ms),
    findings: &mut Findings,
) {
    let nothing = Vec::new();
    let decided = record.decided.get(&(name, customer)).unwrap_or(&nothing);
    let nobody = BTreeSet::new();
    let passed = record.passed.get(&(name, customer)).unwrap_or(&nobody);
    let mut news: Vec<Ms> =
        world.news(customer).into_iter().chain(world.books.iter().map(|(at, _)| *at)).collect();
    news.sort_unstable();
    // Since when it holds: the last look at which it did not, and the first at which it did.
    let mut began: Option<(Ms, Ms)> = None;
    // The last time that it was yes or no; unknown changes nothing.
    let mut last: Option<bool> = None;
    let mut looked = 0;
    for tick in seen.ticks.iter().filter(|tick| **tick < end) {
        let Some(rule) = world.rule(name, *tick).filter(|rule| rule.is_continuous() && rule.from.is_none())
        else {
            (began, last) = (None, None);
            continue;
        };
        let ages = rule.when.iter().any(super::truth::Atom::ages);
        let changed = news.partition_point(|at| *at <= looked) < news.partition_point(|at| *at <= *tick);
        // What only ages is looked at now and then.
        if !(changed || ages && tick - looked > 3 * HOUR) {
            continue;
        }
        let before = std::mem::replace(&mut looked, *tick);
        let holds = world.holds(rule, customer, *tick);
        match holds {
            Some(true) if last == Some(false) => began = Some((before, *tick)),
            Some(true) => {}
            Some(false) | None => began = None,
        }
        if let Some((from, since)) = began
            && tick - since > HOUR
        {
            let on_record = decided.iter().any(|(at, _)| (from..=*tick).contains(at))
                || passed.iter().any(|at| *at + DAY > from && *at <= *tick);
            findings.hold("nobody is lost who comes to match", on_record, || {
                format!("{name}: {customer} since {}", day(since))
            });
            began = None;
        }
        if holds.is_some() {
            last = holds;
        }
    }
}
