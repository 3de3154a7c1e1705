//! What is under way, for people.

use super::shared::Shared;
use crate::model::{Channel, CustomerNumber, Instant};
use crate::record::{Attempt, MessageKey, MessageState, OpenMessage};
use crate::store::StoreError;
use crate::store::tables::messages;

/// Which messages to list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filter {
    /// Only in this state.
    pub state: Option<MessageState>,
    /// Only of this rule.
    pub rule: Option<String>,
    /// No more than so many.
    pub limit: usize,
}

impl Default for Filter {
    /// The first thousand of all.
    fn default() -> Self {
        Self { state: None, rule: None, limit: 1_000 }
    }
}

/// One open message, without personal data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Its identity.
    pub key: MessageKey,
    /// The rule's name.
    pub rule: String,
    /// The message's or the webhook's name.
    pub target: String,
    /// Its channel.
    pub channel: Channel,
    /// To whom.
    pub customer: CustomerNumber,
    /// Where it stands.
    pub state: MessageState,
    /// When it was decided.
    pub decided: Instant,
    /// Not before this.
    pub next_attempt: Instant,
    /// Attempts so far.
    pub attempts: u32,
    /// The last one.
    pub last: Option<Attempt>,
    /// What it waits for, where that is not its time: a pause, a message that it follows.
    pub waiting: Option<String>,
}

/// Oldest decision first.
pub(super) fn list(shared: &Shared, filter: &Filter) -> Result<Vec<Row>, StoreError> {
    let mut rows = Vec::new();
    for message in messages::open_messages(&*shared.store) {
        let message = match message {
            Ok(message) => message,
            // Reported at the start already.
            Err(StoreError::Corrupt(_)) => continue,
            Err(error) => return Err(error),
        };
        if rows.len() == filter.limit {
            break;
        }
        if filter.state.is_none_or(|state| state == message.state)
            && filter.rule.as_ref().is_none_or(|rule| *rule == message.rule)
        {
            let waiting = shared.index().why_waiting(message.key, shared.clock.now());
            rows.push(row(message, waiting));
        }
    }
    Ok(rows)
}

fn row(message: OpenMessage, waiting: Option<String>) -> Row {
    Row {
        key: message.key,
        rule: message.rule,
        target: message.target,
        channel: message.channel,
        customer: message.customer,
        state: message.state,
        decided: message.decided,
        next_attempt: message.next_attempt,
        attempts: message.attempts,
        last: message.last,
        waiting,
    }
}
