//! Every cap in every window.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;

use super::calendar::{counts, zone};
use super::reader::Cap;
use super::world::World;
use super::{Findings, Seen, about};
use crate::year::log::Sent;
use crate::year::script::{DAY, Ms};

pub fn check(world: &World<'_>, seen: &Seen<'_>, findings: &mut Findings) {
    let mut of: BTreeMap<String, Vec<&Sent>> = BTreeMap::new();
    let mut all: Vec<&Sent> = Vec::new();
    for sent in seen.sent.iter().filter(|sent| !sent.call) {
        let marketing = world.book(sent.decided).messages.get(&sent.message).is_some_and(|one| one.marketing);
        if marketing {
            of.entry(world.person_of(&sent.customer)).or_default().push(sent);
            all.push(sent);
        }
    }
    for sends in of.values() {
        each(world, sends, None, findings);
    }
    all.sort_by_key(|sent| sent.due);
    let own = zone(&world.book(world.end).zone);
    each(world, &all, Some(&own), findings);
}

/// The longest span of a cap in total.
const LONGEST: Ms = 2 * DAY;

/// The caps per customer over the sends of one, each in the zone in which they lived when it was
/// decided; or the caps in total over all, in the workspace's.
fn each(world: &World<'_>, sends: &[&Sent], total: Option<&TimeZone>, findings: &mut Findings) {
    let in_total = total.is_some();
    for (position, last) in sends.iter().enumerate() {
        let zone = total.unwrap_or_else(|| world.zone(&last.customer, last.decided));
        for cap in world.book(last.decided).caps.iter().filter(|cap| cap.in_total == in_total) {
            if !concerns(cap, last) {
                continue;
            }
            // All of them at once are many: only those near enough are looked at.
            let near = if in_total {
                let first = sends[..position].partition_point(|one| one.due < last.due - LONGEST);
                let after = sends.partition_point(|one| one.due <= last.due);
                &sends[first..after]
            } else {
                sends
            };
            let within = |one: &&&Sent| concerns(cap, one) && counts(one.due, last.due, cap.span, zone);
            // What was decided before it, or in the same tick.
            let used = near.iter().filter(within).filter(|one| one.decided <= last.decided).count();
            findings.hold(if in_total { "cap in total" } else { "cap" }, used <= cap.count, || {
                format!("{}: {used} under `{}` of {}", about(last), cap.text, cap.policy)
            });
            // Full: the next one in this window met it.
            if used == cap.count {
                *findings.bound.entry(format!("full: {}", kind(cap))).or_default() += 1;
            }
            // And whatever was decided in whatever order: the loosest of the limits meanwhile. Who
            // moved to another zone has other days since.
            let there = |one: &&&Sent| in_total || world.zone(&one.customer, one.decided) == zone;
            let all: Vec<_> = near.iter().filter(within).filter(there).collect();
            let loosest = all.iter().map(|one| limit(world, cap, one)).max().unwrap_or(0);
            findings.hold("cap in any window", all.len() <= loosest, || {
                format!("{}: {} in a window of `{}`", about(last), all.len(), cap.text)
            });
        }
    }
}

/// What a cap limits; its number may be edited.
fn kind(cap: &Cap) -> String {
    let of = if cap.in_total { "in total" } else { "per customer" };
    format!("{} {of}, {:?}", cap.channel.as_deref().unwrap_or("messages"), cap.span)
}

fn concerns(cap: &Cap, sent: &Sent) -> bool {
    cap.channel.as_ref().is_none_or(|channel| *channel == sent.channel)
}

/// What a cap of the same kind allowed when that was decided.
fn limit(world: &World<'_>, cap: &Cap, sent: &Sent) -> usize {
    let same = |one: &&Cap| one.policy == cap.policy && one.channel == cap.channel && one.span == cap.span;
    world.book(sent.decided).caps.iter().find(same).map_or(usize::MAX, |cap| cap.count)
}
