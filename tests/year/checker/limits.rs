//! A rule's limit over all customers together, in every window.

use std::collections::{BTreeMap, BTreeSet};

use super::calendar::{counts, zone};
use super::world::World;
use super::{Findings, Seen, about};
use crate::year::log::Sent;

pub fn check(world: &World<'_>, seen: &Seen<'_>, findings: &mut Findings) {
    // One decision may send and call; what was taken back left its room to others.
    let mut once: BTreeSet<(&str, i64, &str, Option<&str>)> = BTreeSet::new();
    let mut of: BTreeMap<&str, Vec<&Sent>> = BTreeMap::new();
    for sent in &seen.sent {
        let root = world.root(&sent.rule);
        if once.insert((root, sent.occurrence, &sent.customer, sent.event.as_deref())) {
            of.entry(root).or_default().push(sent);
        }
    }
    for sends in of.values() {
        for last in sends {
            let Some(rule) = world.rule(&last.rule, last.decided) else { continue };
            let Some((count, span)) = rule.in_all else { continue };
            let zone = zone(&world.book(last.decided).zone);
            // What was decided before it may become due after it.
            let within = |one: &&&Sent| {
                let (older, younger) = (one.due.min(last.due), one.due.max(last.due));
                one.decided <= last.decided && counts(older, younger, span, &zone)
            };
            let used = sends.iter().filter(within).count();
            findings.hold("limit over all", used <= count, || format!("{}: {used}", about(last)));
        }
    }
}
