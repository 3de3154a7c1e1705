//! Messages on their way, and what became of them.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Cost, Event};
use crate::model::{Channel, CustomerNumber, DecisionKey, Instant};

/// A message's identity: its decision and which of its actions; also the left side of its Message-ID.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct MessageKey {
    /// The decision.
    pub decision: DecisionKey,
    /// Calls count from 0; what is sent has its position in the rule above [`MessageKey::SENT`], what
    /// is set above [`MessageKey::SET`].
    pub action: u8,
}

impl MessageKey {
    /// What is sent begins here, so that a decision's first call is its action 0.
    pub const SENT: u8 = 0x80;

    /// What is set begins here.
    pub const SET: u8 = 0xc0;

    /// The `webhook-id`: the decision's id for its first call, that with the action for others.
    #[must_use]
    pub fn webhook_id(self) -> String {
        if self.action == 0 { self.decision.to_string() } else { self.to_string() }
    }
}

impl fmt::Display for MessageKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{:x}", self.decision, self.action)
    }
}

impl std::str::FromStr for MessageKey {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (decision, action) = text.rsplit_once('-').ok_or(())?;
        Ok(Self { decision: decision.parse()?, action: u8::from_str_radix(action, 16).map_err(|_| ())? })
    }
}

/// Where a message stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum MessageState {
    /// Waiting for its time (`next_attempt`).
    Pending,
    /// Taken by a worker; durable before the first byte goes out.
    Claimed,
    /// Failed for now; tried again at `next_attempt`.
    Retry,
    /// A crash left open whether it went out: held for a person, or sent again, as configured.
    InDoubt,
    /// Handed over.
    Sent,
    /// Refused for good, or out of attempts.
    Dead,
    /// Taken back before it went out.
    Withdrawn,
}

impl MessageState {
    /// The fixed word of tables and JSON.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Claimed => "claimed",
            Self::Retry => "retry",
            Self::InDoubt => "in doubt",
            Self::Sent => "sent",
            Self::Dead => "dead",
            Self::Withdrawn => "withdrawn",
        }
    }
}

/// What a decision's messages wait for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Wait {
    /// The end of quiet hours.
    QuietHours,
    /// Room under a cap that says `or wait`.
    Cap,
}

impl Wait {
    /// The fixed words of tests, tables and JSON.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::QuietHours => "quiet hours",
            Self::Cap => "cap",
        }
    }
}

/// What the first claim froze, so that a retry has the same bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Frozen {
    /// The instant of the first claim: the Date of the e-mail.
    pub at: Instant,
    /// The address it goes to, or the URL.
    pub to: String,
    /// Hash of the message's content (e-mail); its text is kept once in the store.
    pub content: String,
    /// Placeholder and canonical value (JSON), sorted; an unknown has no entry. Empty for a webhook.
    pub values: Vec<(String, String)>,
    /// The body (webhook), as it is signed and sent.
    pub body: Option<String>,
}

/// The last attempt's result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// When.
    pub at: Instant,
    /// What the other side said, or what went wrong; without personal data.
    pub result: String,
}

/// A message that is not finished.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenMessage {
    /// Its identity.
    pub key: MessageKey,
    /// The rule's name.
    pub rule: String,
    /// The message's or the webhook's name.
    pub target: String,
    /// Whether it follows what the decision sends: `target` is a webhook called by the rule, or an
    /// attribute that it sets.
    pub is_call: bool,
    /// Whether `target` is an attribute: the engine sets it, no worker.
    pub is_set: bool,
    /// Marketing mail is never sent twice.
    pub marketing: bool,
    /// Its channel; a call has `webhook`.
    pub channel: Channel,
    /// To whom.
    pub customer: CustomerNumber,
    /// When it was decided.
    pub decided: Instant,
    /// When it became due, which is when caps count it: the occurrence, or the end of its wait.
    pub due: Instant,
    /// What it waits for, or waited for, until then.
    pub waits: Option<Wait>,
    /// Where it stands.
    pub state: MessageState,
    /// Not before this.
    pub next_attempt: Instant,
    /// Not after this.
    pub expires: Option<Instant>,
    /// Attempts so far.
    pub attempts: u32,
    /// The last one.
    pub last: Option<Attempt>,
    /// What the first claim froze.
    pub frozen: Option<Frozen>,
    /// The rule set that decided, its commit and the rule's place: `d41… winback.rules:1`.
    pub provenance: (String, String),
    /// What a call sends: name and JSON value at the decision, in the rule's order. What is set: the
    /// attribute's first name and its canonical text.
    pub call_fields: Vec<(String, String)>,
    /// The event on which it was decided, where it was on one; an order as such.
    pub event: Option<Event>,
    /// What it costs to hand it over, where the message said so when it was decided.
    pub cost: Option<Cost>,
}

/// The mark of a message that ended before anything of it went out: its entry in the ledger is to be
/// taken back, so that it holds no room under caps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TakenBack {
    /// Its identity.
    pub key: MessageKey,
    /// When it was due: the instant of its entry.
    pub due: Instant,
    /// Its channel; none for a call.
    pub channel: Option<Channel>,
}

/// What is kept of a message that ended: no personal data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FinishedMessage {
    /// Its identity.
    pub key: MessageKey,
    /// The rule's name.
    pub rule: String,
    /// The message's or the webhook's name.
    pub target: String,
    /// Its channel.
    pub channel: Channel,
    /// Sent, dead or withdrawn.
    pub state: MessageState,
    /// When it ended.
    pub at: Instant,
    /// Attempts it took.
    pub attempts: u32,
    /// What the other side said, or why it ended.
    pub result: String,
    /// What handing it over cost, where it was sent; what it would have cost, where not.
    pub cost: Option<Cost>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Occurrence, RuleNumber};

    #[test]
    fn a_message_key_reads_back_what_it_wrote() {
        let decision =
            DecisionKey { rule: RuleNumber(3), occurrence: Occurrence(1), customer: CustomerNumber(9) };
        let key = MessageKey { decision, action: 2 };
        assert_eq!(key.to_string().parse(), Ok(key));
        assert_eq!("d1-2-3".parse::<MessageKey>(), Err(()));
        assert_eq!(key.webhook_id(), "d3-1-9-2");
        assert_eq!(MessageKey { action: 0, ..key }.webhook_id(), "d3-1-9");
    }
}
