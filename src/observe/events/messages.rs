//! What becomes of messages and calls.

use tracing::{debug, info, warn};

use super::super::Metrics;
use super::super::metrics::{ByState, Delivery};
use crate::record::{FinishedMessage, MessageState};

/// A message or a call ended.
#[derive(Debug)]
pub struct Delivered<'a>(pub &'a FinishedMessage);

impl Delivered<'_> {
    /// Says so. What was sent is for `debug`: there may be millions; what was not, somebody may want to know.
    pub fn happened(&self, metrics: &Metrics) {
        let FinishedMessage { key, rule, channel, state, attempts, result, .. } = self.0;
        let (id, word) = (key.to_string(), state.label());
        let channel = channel.to_string();
        metrics.deliveries.get_or_create(&Delivery { channel, result: word }).inc();
        if *state == MessageState::Sent {
            debug!(message_id = id, rule, attempts, result, "{word}");
        } else {
            warn!(message_id = id, rule, attempts, result, "{word}");
        }
    }
}

/// Nobody knows whether a message went out.
#[derive(Debug)]
#[expect(missing_docs, reason = "the message's identity and rule, and why")]
pub struct InDoubt<'a> {
    pub message: String,
    pub rule: &'a str,
    pub reason: &'a str,
}

impl InDoubt<'_> {
    /// Says so.
    pub fn happened(&self, metrics: &Metrics) {
        let Self { message, rule, reason } = self;
        let result = MessageState::InDoubt.label();
        metrics.deliveries.get_or_create(&Delivery { channel: "email".into(), result }).inc();
        warn!(message, rule, reason, "a message is in doubt: see `cvmd outbox list`");
    }
}

/// The outbox is open after a start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "messages, as in the recovery that found them")]
pub struct OutboxOpened {
    pub open: u64,
    pub untouched: u64,
    pub sent: u64,
    pub failed: u64,
    pub again: u64,
    pub held: u64,
}

impl OutboxOpened {
    /// Says so.
    pub fn happened(&self, metrics: &Metrics) {
        let Self { open, untouched, sent, failed, again, held } = *self;
        let found = [
            ("untouched", untouched),
            ("sent", sent),
            ("failed", failed),
            ("again", again),
            ("in doubt", held),
        ];
        for (state, messages) in found {
            metrics.recovered.get_or_create(&ByState { state }).inc_by(messages);
        }
        info!(open, untouched, sent, failed, again, held, "the outbox is open");
    }
}
