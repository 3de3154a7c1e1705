//! What rules set: seen from the tick after the decision on, once, and nothing else.

use std::collections::BTreeMap;

use super::world::World;
use super::{Findings, Seen, about};
use crate::year::script::Ms;

/// What was set, from which tick on, by customer.
pub fn applied<'a>(world: &World<'a>, seen: &Seen<'a>) -> BTreeMap<&'a str, Vec<(Ms, &'a str, &'a str)>> {
    let mut applied: BTreeMap<&str, Vec<(Ms, &str, &str)>> = BTreeMap::new();
    let mut all = seen.set.clone();
    all.sort_by_key(|set| (set.decided, set.occurrence));
    for set in all {
        let after = seen.ticks.partition_point(|at| *at <= set.decided);
        let runs = |at: &&Ms| !world.paused(&set.rule, "set", **at);
        let Some(at) = seen.ticks[after..].iter().find(runs) else { continue };
        if !world.dropped(&set.rule, set.decided, *at) && world.rule(&set.rule, *at).is_some() {
            applied.entry(&set.customer).or_default().push((*at, &set.message, &set.address));
        }
    }
    for of in applied.values_mut() {
        of.sort_by_key(|(at, ..)| *at);
    }
    applied
}

pub fn check(world: &World<'_>, seen: &Seen<'_>, findings: &mut Findings) {
    for set in &seen.set {
        let means = |rule: &super::reader::Rule| {
            rule.sets.iter().any(|(field, value)| *field == set.message && *value == set.address)
        };
        let agrees = world.rule(&set.rule, set.decided).is_some_and(means);
        findings.hold("it sets what its rule says", agrees, || format!("{} to {}", about(set), set.address));
    }
    *findings.bound.entry("set: a value".into()).or_default() += world.set.values().flatten().count() as u64;
    let ends: BTreeMap<&str, &str> =
        seen.ends.iter().map(|(customer, _, value)| (*customer, *value)).collect();
    let last_tick = seen.ticks.last().copied().unwrap_or(world.end);
    for customer in world.customers() {
        let of = world.set.get(customer).map_or(&[][..], Vec::as_slice);
        let expected = of.iter().rfind(|(at, ..)| *at <= last_tick).map(|(_, _, value)| *value);
        findings.hold(
            "in the end it holds what was set last",
            ends.get(customer).copied() == expected,
            || format!("{customer}: {:?}, not {expected:?}", ends.get(customer)),
        );
    }
}
