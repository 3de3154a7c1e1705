//! A scheduled rule fires at its occurrences and at no other time, and once a period.

use std::collections::{BTreeMap, BTreeSet};

use jiff::tz::TimeZone;

use super::calendar::{occurrences, wall, zone};
use super::reader::{Clock, Every, Rule};
use super::world::World;
use super::{Findings, Seen, about, day};
use crate::year::script::{DAY, HOUR, Ms};

pub fn check(world: &World<'_>, seen: &Seen<'_>, findings: &mut Findings) {
    // By rule and customer: in customer time each has their own.
    let mut served: BTreeMap<(&str, &str), BTreeSet<(Ms, Ms)>> = BTreeMap::new();
    for sent in seen.decided() {
        let Some(rule) = world.rule(&sent.rule, sent.decided) else { continue };
        if rule.on.is_some() {
            continue;
        }
        let clock = clock(world, rule, &sent.customer, sent.decided);
        let Some(every) = &rule.every else {
            findings.hold("in season", in_season(rule, sent.decided, &clock), || about(sent));
            continue;
        };
        let at = sent.occurrence;
        // Who has just come from another zone meets what those there have met a moment ago.
        let came = rule.clock == Clock::Customer && !world.stays(&sent.customer, at - 2 * DAY, sent.decided);
        if !came {
            let is_one = occurrences(every, &clock, at, at) == [at];
            findings.hold("an occurrence", is_one, || about(sent));
        }
        findings.hold("in season", in_season(rule, at, &clock), || about(sent));
        let late = world.found_at(&sent.rule, sent.decided) - at;
        findings.hold("in time", (0..rule.grace.unwrap_or(HOUR)).contains(&late), || about(sent));
        served.entry((world.root(&sent.rule), &sent.customer)).or_default().insert((at, sent.decided));
    }
    for ((rule, customer), served) in served {
        let served: Vec<(Ms, Ms)> = served.into_iter().collect();
        for pair in served.windows(2) {
            one_a_period(world, (rule, customer), (pair[0], pair[1]), findings);
        }
    }
}

/// By which clock a rule goes for a customer.
pub fn clock(world: &World<'_>, rule: &Rule, customer: &str, at: Ms) -> TimeZone {
    match &rule.clock {
        Clock::Workspace => zone(&world.book(at).zone),
        Clock::Customer => world.zone(customer, at).clone(),
        Clock::Zone(name) => zone(name),
    }
}

/// Whether an instant lies on one of the days from the first to the last.
pub fn in_season(rule: &Rule, at: Ms, clock: &TimeZone) -> bool {
    let date = wall(at, clock).date();
    rule.from.is_none_or(|from| from <= date) && rule.until.is_none_or(|until| date <= until)
}

/// No two occurrences in one period of a schedule of days, however it was edited.
fn one_a_period(
    world: &World<'_>,
    (name, customer): (&str, &str),
    ((first, then), (second, now)): ((Ms, Ms), (Ms, Ms)),
    findings: &mut Findings,
) {
    let (Some(before), Some(rule)) = (world.rule(name, first), world.rule(name, second)) else { return };
    let (Some(Every::Days(..)), Some(Every::Days(days, _))) = (&before.every, &rule.every) else { return };
    // Each by the clock by which the customer lived then: a date is met once, wherever one goes.
    let clock = |rule: &Rule, at: Ms| clock(world, rule, customer, at);
    let (before, now) = match rule.clock {
        Clock::Customer => (wall(first, &clock(before, then)).date(), wall(second, &clock(rule, now)).date()),
        Clock::Workspace | Clock::Zone(_) => {
            let clock = clock(rule, second);
            (wall(first, &clock).date(), wall(second, &clock).date())
        }
    };
    let same = if days.starts_with("month") {
        (before.year(), before.month()) == (now.year(), now.month())
    } else {
        before == now
    };
    findings
        .hold("once a period", !same, || format!("{name} to {customer}: {} and {}", day(first), day(second)));
}
