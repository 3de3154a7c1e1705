//! A scheduled rule fires at its occurrences and at no other time, and once a period.

use std::collections::{BTreeMap, BTreeSet};

use super::calendar::{occurrences, wall, zone};
use super::reader::Every;
use super::world::World;
use super::{Findings, Seen, about, day};
use crate::year::script::{HOUR, Ms};

pub fn check(world: &World<'_>, seen: &Seen<'_>, findings: &mut Findings) {
    let mut served: BTreeMap<&str, BTreeSet<Ms>> = BTreeMap::new();
    for sent in seen.decided() {
        let Some(rule) = world.rule(&sent.rule, sent.decided) else { continue };
        let Some(every) = &rule.every else { continue };
        let zone = zone(&world.book(sent.decided).zone);
        let at = sent.occurrence;
        let is_one = occurrences(every, &zone, at, at) == [at];
        findings.hold("an occurrence", is_one, || about(sent));
        let late = sent.decided - at;
        findings.hold("in time", (0..HOUR).contains(&late), || about(sent));
        served.entry(world.root(&sent.rule)).or_default().insert(at);
    }
    for (rule, served) in served {
        let served: Vec<Ms> = served.into_iter().collect();
        for pair in served.windows(2) {
            one_a_period(world, rule, (pair[0], pair[1]), findings);
        }
    }
}

/// No two occurrences in one period of a schedule of days, however it was edited.
fn one_a_period(world: &World<'_>, name: &str, (first, second): (Ms, Ms), findings: &mut Findings) {
    let schedule = |at: Ms| world.rule(name, at).and_then(|rule| rule.every.clone());
    let (Some(Every::Days(..)), Some(Every::Days(days, _))) = (schedule(first), schedule(second)) else {
        return;
    };
    let zone = zone(&world.book(second).zone);
    let (before, now) = (wall(first, &zone).date(), wall(second, &zone).date());
    let same = if days.starts_with("month") {
        (before.year(), before.month()) == (now.year(), now.month())
    } else {
        before == now
    };
    findings.hold("once a period", !same, || format!("{name}: {} and {}", day(first), day(second)));
}
