//! The clauses of `webhook`.

use super::Name;
use crate::model::Duration;

/// A clause of `webhook` besides its address and what signs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WebhookClause {
    /// `header "X-Api-Key" from secret NAME`.
    Header {
        /// The header's name, in quotes.
        name: Name,
        /// The secret that is its value.
        secret: Name,
    },
    /// `at most N calls at once`.
    AtOnce(u32),
    /// `at most N calls per second`, or minute.
    Rate {
        /// So many.
        calls: u32,
        /// In any span of this length.
        per: Duration,
    },
    /// `answer within N seconds`.
    AnswerWithin(Duration),
}
