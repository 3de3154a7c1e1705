//! What we did to customers, as conditions read it: `sent`, `bounced`.

use serde::{Deserialize, Serialize};

use super::{EventRef, MessageKey};
use crate::model::{Channel, CustomerNumber, Instant};

/// Something that the outbox did, or met while doing it. Written in the commit of the result itself.
/// No personal data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deed {
    /// What.
    pub kind: DeedKind,
    /// Of which message on its way.
    pub key: MessageKey,
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
    /// Whether it was marketing.
    pub marketing: bool,
}

impl Deed {
    /// As an event that a rule fires on, with all that is known of it.
    #[must_use]
    pub fn reference(&self) -> EventRef {
        let did = [("channel", &self.channel.0), ("message", &self.message), ("rule", &self.rule)];
        EventRef {
            time: self.at,
            name: self.kind.label().to_owned(),
            id: self.key.to_string(),
            did: did.map(|(name, text)| (name.to_owned(), text.clone())).to_vec(),
        }
    }
}

/// What we did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum DeedKind {
    /// Handed over.
    Sent,
    /// The mail server said that the address does not exist.
    Bounced,
}

impl DeedKind {
    /// The event's name.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::Bounced => "bounced",
        }
    }
}
