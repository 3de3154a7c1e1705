//! The stages a match goes through, a file each, in the fixed order of the language's table.

mod at_most;
mod cap;
mod consent;
mod pause;
mod suppression;

pub use at_most::at_most_of;
pub use cap::full_cap;

use crate::record::Skip;

use super::{Subject, World};

/// The channel name of a `call`: nobody consents to it, but it can be paused.
pub const CALLS: &str = "webhook";

/// A stage: takes somebody out with a reason, or lets them pass.
pub type Stage = fn(&Subject<'_>, &World<'_>) -> Option<Skip>;

/// All stages in their order. The rule's own `at most` comes first: it belongs to the match, not
/// to the policies.
pub const STAGES: [Stage; 5] = [at_most::judge, pause::judge, consent::judge, suppression::judge, cap::judge];

/// The first stage that takes the subject out, if any.
#[must_use]
pub fn judge(subject: &Subject<'_>, world: &World<'_>) -> Option<Skip> {
    STAGES.iter().find_map(|stage| stage(subject, world))
}
