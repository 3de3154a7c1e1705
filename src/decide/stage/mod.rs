//! The stages a match goes through, a file each, in the fixed order of the language's table.

mod arbitration;
mod at_most;
pub(super) mod cap;
mod consent;
mod expired;
mod in_all;
mod pause;
mod placeholder;
pub(super) mod quiet_hours;
mod same_address;
mod suppression;

pub use at_most::at_most_of;
pub use cap::full_cap;

use crate::failpoint;
use crate::record::Skip;

use super::{Subject, World};

/// The channel name of a `call`: nobody consents to it, but it can be paused.
pub const CALLS: &str = "webhook";

/// The channel name of a `set`, which goes nowhere.
pub const SETS: &str = "set";

/// The stage that judges the occurrence itself, not the instant to which it is moved.
pub(super) const SAME_ADDRESS: &str = "same_address";

/// A stage: takes somebody out with a reason, or lets them pass.
pub type Stage = fn(&Subject<'_>, &World<'_>) -> Option<Skip>;

/// All stages in their order, with their names. The rule's own `at most` comes first: it belongs to the match, not
/// to the policies. The subject's instant is the one at which its messages become due, at the end of
/// quiet hours (`quiet_hours`, which [`super::settle`] asks first).
pub const STAGES: [(&str, Stage); 10] = [
    ("at_most", at_most::judge),
    ("pause", pause::judge),
    ("consent", consent::judge),
    ("suppression", suppression::judge),
    ("placeholder", placeholder::judge),
    (SAME_ADDRESS, same_address::judge),
    ("arbitration", arbitration::judge),
    ("cap", cap::judge),
    ("expired", expired::judge),
    ("in_all", in_all::judge),
];

/// Whether a stage is switched off: only in a process that a test breaks on purpose
/// (`CVMD_SABOTAGE=stage_off:cap`), to see that somebody notices.
#[must_use]
pub fn is_off(stage: &str) -> bool {
    failpoint::is_off(stage)
}
