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

    /// Hears that these are over, durably.
    fn ended(&self, _: &[MessageKey]) {}
}

/// Leaves messages in the store.
#[derive(Debug, Default)]
pub struct LeftInStore;

impl Outgoing for LeftInStore {
    fn add(&self, _: Vec<OpenMessage>) {}
}
