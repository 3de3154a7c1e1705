//! What became of one attempt.

use crate::model::Duration;
use crate::record::SuppressionReason;

/// What became of one attempt to hand a message over. Texts carry no personal data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Handed over; the other side took responsibility.
    Sent {
        /// What it said: `250 queued as 4F2`.
        reply: String,
    },
    /// Refused for now, or failed before anything could have been taken.
    Retry {
        /// What went wrong.
        reason: String,
        /// Not before this long from now, where the other side asked for it.
        after: Option<Duration>,
    },
    /// The recipient's server takes mail of strangers only at a second try, some minutes later.
    Greylisted {
        /// What it said.
        reason: String,
    },
    /// The recipient's domain wants less of us, or is too slow: the message is tried again as after
    /// [`Outcome::Retry`], and others to that domain wait.
    SlowDown {
        /// What it said.
        reason: String,
    },
    /// The other side could not be reached, or refuses us as a whole: this says nothing about the
    /// message, and the next one would fare the same.
    Unreachable {
        /// What went wrong, and what to look at.
        reason: String,
    },
    /// Refused for good.
    Dead {
        /// What the other side said.
        reason: String,
        /// Set where the address itself is bad and must not be written to again.
        suppress: Option<SuppressionReason>,
        /// The endpoint asked to be called no more (410).
        endpoint_gone: bool,
    },
    /// The last byte went out and no answer came back: it may or may not have been taken.
    InDoubt {
        /// What happened.
        reason: String,
    },
}

impl Outcome {
    /// Refused for now, with no wish as to when.
    pub(crate) fn retry(reason: impl Into<String>) -> Self {
        Self::Retry { reason: reason.into(), after: None }
    }

    /// Refused for good, the address left as it is.
    pub(crate) fn dead(reason: impl Into<String>) -> Self {
        Self::Dead { reason: reason.into(), suppress: None, endpoint_gone: false }
    }

    /// What was said, whatever it was.
    #[must_use]
    pub fn reason(&self) -> &str {
        match self {
            Self::Sent { reply } => reply,
            Self::Retry { reason, .. }
            | Self::Greylisted { reason }
            | Self::SlowDown { reason }
            | Self::Unreachable { reason }
            | Self::Dead { reason, .. }
            | Self::InDoubt { reason } => reason,
        }
    }
}
