//! Two records of one person: the older one gets the occurrence, the other is passed over.

use crate::model::{CustomerNumber, Instant};
use crate::record::Skip;
use crate::ruleset::{Frame, Timetable, Trigger};
use crate::schedule::{civil_of, previous_at_or_before, window_start};

use super::{Subject, World, at_most_of};

/// Takes out whose address this occurrence went to already, under another record.
pub(super) fn judge(subject: &Subject<'_>, world: &World<'_>) -> Option<Skip> {
    let mut messages = subject.messages(world.rules);
    let had = messages.any(|message| {
        let mut others = world.addresses.others(subject.customer, &message.channel);
        others.any(|other| match &subject.rule.trigger {
            Trigger::Continuous => in_this_run(subject, world, other) || since_own(subject, world, other),
            Trigger::Scheduled(timetable) => {
                in_this_run(subject, world, other)
                    || timetable.frame == Frame::Customer
                        && met_by_own_clock(subject, world, (timetable, other))
            }
            // Each event is its own occurrence, whether it comes alone or with another.
            Trigger::Event(_) => false,
        })
    });
    had.then_some(Skip::SameAddress)
}

/// Whether another record has this very occurrence.
fn in_this_run(subject: &Subject<'_>, world: &World<'_>, other: CustomerNumber) -> bool {
    world.served.contains(other.0)
        || world.fresh.is_some_and(|fresh| fresh.of_rule(other, subject.number) > 0)
}

/// Whether another record met this civil date and time of a rule in customer time already, by its
/// own clock: each zone is a run of its own. What it got counts when it became due, which is then or
/// later.
fn met_by_own_clock(
    subject: &Subject<'_>,
    world: &World<'_>,
    (timetable, other): (&Timetable, CustomerNumber),
) -> bool {
    // Who is served late, after a move to another zone, meets the occurrence that was before.
    let own = world.zone_of(subject.customer);
    let occurrence = previous_at_or_before(&timetable.schedule, &own, subject.at).unwrap_or(subject.at);
    let Some(own) = civil_of(occurrence, &own) else { return false };
    let zone = world.zone_of(other);
    let met = |at: Instant| civil_of(at, &zone).is_some_and(|civil| civil >= own);
    world.decisions(other, subject.number).any(met)
}

/// Whether another record had a continuous rule since this one had it, within the span of the rule's
/// `at most`: that was the match that both share.
fn since_own(subject: &Subject<'_>, world: &World<'_>, other: CustomerNumber) -> bool {
    let Some(limit) = at_most_of(subject.rule) else { return false };
    let start = window_start(limit.period, subject.at, &world.zone_of(subject.customer));
    let own = world.decisions(subject.customer, subject.number).max().unwrap_or(Instant(i64::MIN));
    world.decisions(other, subject.number).any(|at| at > own && at >= start)
}
