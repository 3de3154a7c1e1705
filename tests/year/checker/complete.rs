//! Nobody is lost: who matches is sent, or it is on record why not.

use std::collections::{BTreeMap, BTreeSet};

use jiff::tz::TimeZone;

use super::calendar::occurrences;
use super::reader::{Clock, Every, Rule};
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
    for name in super::roots(world) {
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
        let Some(every) = rule.every.as_ref().filter(|_| !rule.moves() && !rule.draft) else { continue };
        // By the clocks of the customers; all by one where the rule goes by one.
        let mut clocks: BTreeMap<String, TimeZone> = BTreeMap::new();
        for customer in world.customers() {
            for at in [from, until] {
                let clock = clock(world, rule, customer, at);
                clocks.insert(clock.iana_name().unwrap_or_default().to_owned(), clock);
            }
        }
        for clock in clocks.values() {
            for at in occurrences(every, clock, from + 1, until - 1) {
                let grace = rule.grace.unwrap_or(HOUR);
                if !settled(world, name, rule, at) || !in_season(rule, at, clock) {
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
                // Those who have come from elsewhere may have met it there.
                let theirs = |customer: &&str| {
                    world.zone(customer, *tick) == clock && world.stays(customer, at - 2 * DAY, *tick)
                };
                let matching: Vec<&str> = if rule.clock == Clock::Customer {
                    let own = world.customers().filter(theirs);
                    own.filter(|one| world.holds(rule, one, *tick) == Some(true)).collect()
                } else {
                    world.audience(name, rule, *tick).to_vec()
                };
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
pub fn settled(world: &World<'_>, name: &str, rule: &Rule, at: Ms) -> bool {
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
    let edits = world.edited.get(name).map_or(&[][..], Vec::as_slice);
    let looks = world.looks(customer, world.atoms(name), edits, &seen.ticks);
    // Since when it holds, having been false before: unknown changes nothing.
    let mut began: Option<Ms> = None;
    let mut last: Option<bool> = None;
    for look in looks.into_iter().chain([end]) {
        let asks = |rule: &&Rule| rule.is_continuous() && rule.from.is_none() && !rule.moves();
        let rule = world.rule(name, look).filter(asks);
        let holds = rule.and_then(|rule| world.holds(rule, customer, look));
        // The look before the end of the record, or one at which it no longer holds, ends the match.
        if look >= end || holds != Some(true) {
            if let Some(since) = began.take()
                && look.min(end) - since > HOUR
            {
                let on_record = decided.iter().any(|(at, _)| (since..=look).contains(at))
                    || passed.iter().any(|at| *at + DAY > since && *at <= look);
                findings.hold("nobody is lost who comes to match", on_record, || {
                    format!("{name}: {customer} since {}", day(since))
                });
            }
        } else if last == Some(false) {
            began = Some(look);
        }
        if look >= end {
            break;
        }
        if rule.is_none() {
            last = None;
        } else if holds.is_some() {
            last = holds;
        }
    }
}
