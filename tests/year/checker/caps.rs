//! Every cap in every window.

use std::collections::BTreeMap;

use super::calendar::{counts, zone};
use super::reader::Cap;
use super::world::World;
use super::{Findings, Seen, about};
use crate::year::log::Sent;

pub fn check(world: &World<'_>, seen: &Seen<'_>, findings: &mut Findings) {
    let mut of: BTreeMap<&str, Vec<&Sent>> = BTreeMap::new();
    for sent in seen.sent.iter().filter(|sent| !sent.call) {
        let marketing = world.book(sent.decided).messages.get(&sent.message).is_some_and(|one| one.marketing);
        if marketing {
            of.entry(&sent.customer).or_default().push(sent);
        }
    }
    for (customer, sends) in of {
        let zone = zone(&world.zone(customer, world.end));
        for last in &sends {
            for cap in &world.book(last.decided).caps {
                if !concerns(cap, last) {
                    continue;
                }
                let within = |one: &&&Sent| concerns(cap, one) && counts(one.due, last.due, cap.span, &zone);
                // What was decided before it, or in the same tick.
                let known = sends.iter().filter(within).filter(|one| one.decided <= last.decided);
                let used = known.count();
                findings.hold("cap", used <= cap.count, || {
                    format!("{}: {used} under `{}` of {}", about(last), cap.text, cap.policy)
                });
                // And whatever was decided in whatever order: the loosest of the limits meanwhile.
                let all: Vec<_> = sends.iter().filter(within).collect();
                let loosest = all.iter().map(|one| limit(world, cap, one)).max().unwrap_or(0);
                findings.hold("cap in any window", all.len() <= loosest, || {
                    format!("{}: {} in a window of `{}`", about(last), all.len(), cap.text)
                });
            }
        }
    }
}

fn concerns(cap: &Cap, sent: &Sent) -> bool {
    cap.channel.as_ref().is_none_or(|channel| *channel == sent.channel)
}

/// What a cap of the same kind allowed when that was decided.
fn limit(world: &World<'_>, cap: &Cap, sent: &Sent) -> usize {
    let same = |one: &&Cap| one.policy == cap.policy && one.channel == cap.channel && one.span == cap.span;
    world.book(sent.decided).caps.iter().find(same).map_or(usize::MAX, |cap| cap.count)
}
