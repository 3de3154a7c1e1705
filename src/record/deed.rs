//! What we did to customers, as conditions read it: `sent`, `bounced`.

use serde::{Deserialize, Serialize};

use crate::model::{Channel, CustomerNumber, Instant};

/// Something that the outbox did, or met while doing it. Written in the commit of the result itself.
/// No personal data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deed {
    /// What.
    pub kind: DeedKind,
    /// To whom.
    pub customer: CustomerNumber,
    /// When it counts: what was sent counts at the instant it became due, as under caps.
    pub at: Instant,
    /// When it happened here.
    pub learnt: Instant,
    /// The message's name.
    pub message: String,
    /// The rule's name.
    pub rule: String,
    /// By which channel.
    pub channel: Channel,
}

/// What we did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum DeedKind {
    /// Handed over.
    Sent,
    /// The mail server said that the address does not exist.
    Bounced,
}
