//! Where decided messages go. The outbox of the daemon, or nowhere: a command without a daemon
//! leaves them in the store, and the next daemon finds them there.

use crate::record::{MessageKey, OpenMessage};

/// Takes messages whose decisions are durable.
pub trait Outgoing: Send + Sync {
    /// New messages, in the order in which they were decided.
    fn add(&self, messages: Vec<OpenMessage>);

    /// Whether what a rule sets may be set now: no message that it follows is still under way.
    /// Without an outbox none is.
    fn is_due(&self, _: MessageKey) -> bool {
        true
    }

    /// Takes what is to be set out of everybody else's hands; false where somebody has it.
    fn take(&self, _: MessageKey) -> bool {
        true
    }

    /// Takes an open message out of everybody else's hands, for a person's wish; false where it is
    /// just being sent. Without an outbox nobody has it.
    fn seize(&self, _: MessageKey) -> bool {
        true
    }

    /// Hears that these are as they are now, durably: seized ones, or such as had ended before.
    fn reopened(&self, _: &[OpenMessage]) {}

    /// Hears that these are over, durably.
    fn ended(&self, _: &[MessageKey]) {}
}

/// Leaves messages in the store.
#[derive(Debug, Default)]
pub struct LeftInStore;

impl Outgoing for LeftInStore {
    fn add(&self, _: Vec<OpenMessage>) {}
}
