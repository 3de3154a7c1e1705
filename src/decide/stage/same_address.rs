//! Two records of one person: the older one gets the occurrence, the other is passed over.

use crate::model::Instant;
use crate::record::Skip;
use crate::ruleset::Trigger;
use crate::schedule::window_start;

use super::{Subject, World, at_most_of};

/// Takes out whose address this occurrence went to already, under another record.
pub(super) fn judge(subject: &Subject<'_>, world: &World<'_>) -> Option<Skip> {
    let mut messages = subject.messages(world.rules);
    let had = messages.any(|message| {
        let mut others = world.addresses.others(subject.customer, &message.channel);
        others.any(|other| {
            world.served.contains(other.0)
                || world.fresh.is_some_and(|fresh| fresh.of_rule(other, subject.number) > 0)
                || since_own(subject, world, other)
        })
    });
    had.then_some(Skip::SameAddress)
}

/// Whether another record had a continuous rule since this one had it, within the span of the rule's
/// `at most`: that was the match that both share.
fn since_own(subject: &Subject<'_>, world: &World<'_>, other: crate::model::CustomerNumber) -> bool {
    match subject.rule.trigger {
        Trigger::Continuous => {}
        // Each occurrence is one run, and whom it served is known; each event is its own occurrence.
        Trigger::Scheduled(_) | Trigger::Event(_) => return false,
    }
    let Some(limit) = at_most_of(subject.rule) else { return false };
    let start = window_start(limit.period, subject.at, &world.zone_of(subject.customer));
    let own = world.decisions(subject.customer, subject.number).max().unwrap_or(Instant(i64::MIN));
    world.decisions(other, subject.number).any(|at| at > own && at >= start)
}
