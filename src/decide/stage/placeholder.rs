//! A message that would have a gap (`Dear ,`) is not sent. Before arbitration and caps: what is not sent
//! takes nobody's place.

use crate::record::Skip;

use super::{Subject, World};

/// Takes out for whom a placeholder is unknown.
pub(super) fn judge(subject: &Subject<'_>, world: &World<'_>) -> Option<Skip> {
    (world.gap)(subject.customer).map(|_| Skip::Placeholder)
}
