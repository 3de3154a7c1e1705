//! A pause holds decisions back; nobody is used up by it.

use crate::model::Channel;
use crate::record::Skip;
use crate::ruleset::Action;

use super::{CALLS, Subject, World};

/// Takes out, for now, whoever a paused rule or channel would reach.
pub(super) fn judge(subject: &Subject<'_>, world: &World<'_>) -> Option<Skip> {
    if world.pauses.0.is_empty() {
        return None;
    }
    let calls = Channel(CALLS.into());
    let stopped = subject.rule.actions.iter().any(|action| {
        let channel = match action {
            Action::Send(message) => world.rules.messages.get(*message).map_or(&calls, |m| &m.channel),
            Action::Call { .. } => &calls,
        };
        world.pauses.stops(&subject.rule.name, channel).is_some()
    });
    stopped.then_some(Skip::Paused)
}
