//! Who unsubscribed by the link in a message.

use serde::{Deserialize, Serialize};

use super::MessageKey;
use crate::model::Instant;

/// A person's wish to get no more marketing on a channel, as it was acknowledged; until the engine has
/// written it into the profile and among the events.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unsubscribe {
    /// When the person said it.
    pub at: Instant,
    /// Until when consents are older than it: `at`, or later where a consent that was known then bears a
    /// later time, by another machine's clock.
    pub over: Instant,
    /// The message whose link it was, as far as the link says.
    pub message: Option<MessageKey>,
}
