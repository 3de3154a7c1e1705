//! `keep highest priority`: one marketing decision per person and tick. Rules are taken by priority,
//! then name, so whoever has this tick's decision already had it from a rule that comes first.

use crate::record::Skip;

use super::{Subject, World};

/// Takes out, for now, whom another rule of this tick has, and for whom something waits for the very
/// instant at which this would become due.
pub(super) fn judge(subject: &Subject<'_>, world: &World<'_>) -> Option<Skip> {
    let keeps_one = world.rules.policies.iter().any(|policy| policy.arbitration.is_some());
    if !keeps_one || subject.marketing(world.rules).next().is_none() {
        return None;
    }
    let this_tick = |at| world.since.is_some_and(|since| at > since) && at <= world.now;
    let mut contacts = world.of_person(subject.customer);
    let taken = world.taken.contains(subject.customer.0)
        || contacts.any(|contact| contact.at == subject.at || this_tick(contact.at));
    taken.then_some(Skip::Arbitration)
}
