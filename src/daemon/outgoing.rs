//! Where decided messages go. The outbox of the daemon, or nowhere: a command without a daemon
//! leaves them in the store, and the next daemon finds them there.

use crate::record::OpenMessage;

/// Takes messages whose decisions are durable.
pub trait Outgoing: Send + Sync {
    /// New messages, in the order in which they were decided.
    fn add(&self, messages: Vec<OpenMessage>);
}

/// Leaves messages in the store.
#[derive(Debug, Default)]
pub struct LeftInStore;

impl Outgoing for LeftInStore {
    fn add(&self, _: Vec<OpenMessage>) {}
}
