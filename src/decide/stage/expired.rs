//! A message is never sent later than `expires after` its decision: one that would wait for longer is
//! not decided at all.

use crate::record::Skip;

use super::{Subject, World};

/// Takes out, for now, for whom a message would expire before it became due.
pub(super) fn judge(subject: &Subject<'_>, world: &World<'_>) -> Option<Skip> {
    let mut messages = subject.messages(world.rules);
    let expires =
        messages.any(|message| message.expires_after.is_some_and(|after| subject.at > world.now.plus(after)));
    expires.then_some(Skip::Expired)
}
