//! A pause holds decisions back; nobody is used up by it.

use crate::record::Skip;

use super::{Subject, World};

/// Takes out, for now, whoever a paused rule or channel would reach.
pub(super) fn judge(subject: &Subject<'_>, world: &World<'_>) -> Option<Skip> {
    if world.pauses.0.is_empty() {
        return None;
    }
    world.pauses.stops_rule(subject.rule, world.rules).map(|_| Skip::Paused)
}
