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
    // Decided together, and perhaps due at another instant: two records' nights end by their own clocks.
    let beside = world.fresh.is_some_and(|fresh| {
        let slice = World { ledger: fresh, fresh: None, ..*world };
        slice.of_person(subject.customer).next().is_some()
    });
    let mut contacts = world.of_person(subject.customer);
    let taken = world.taken.contains(subject.customer.0)
        || beside
        || contacts.any(|contact| contact.at == subject.at || this_tick(contact.at));
    taken.then_some(Skip::Arbitration)
}
