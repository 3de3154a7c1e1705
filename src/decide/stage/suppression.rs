//! A suppressed or missing address stops every message, receipts included.

use crate::record::Skip;

use super::{Subject, World};

/// Takes out who cannot or must not be reached.
pub(super) fn judge(subject: &Subject<'_>, world: &World<'_>) -> Option<Skip> {
    let channels = || subject.messages(world.rules).map(|message| &message.channel);
    // One of them is enough: the messages of a decision share one fate.
    if channels().any(|channel| world.people.suppressed(subject.customer, channel)) {
        return Some(Skip::Suppression);
    }
    let unreachable = channels().any(|channel| !world.people.reachable(subject.customer, channel));
    unreachable.then_some(Skip::NoAddress)
}
