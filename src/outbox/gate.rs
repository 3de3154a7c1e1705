//! What the outbox asks of the daemon, and what it tells it.

use crate::deliver::email::Email;
use crate::deliver::webhook::Call;
use crate::model::{CustomerNumber, Instant};
use crate::record::{
    Deed, DeedKind, FinishedMessage, Frozen, KeyedHash, MessageKey, OpenMessage, Outage, SuppressionReason,
};
use crate::ruleset::CallLimits;
use crate::store::StoreError;

/// Which queue a message waits in. Endpoints have one each, so that a failing one delays no other.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Route {
    /// The mail server.
    Email,
    /// The webhook of this name.
    Endpoint(String),
    /// Nowhere: what rules set. The engine takes it when it is due; there are no workers.
    Attributes,
}

impl std::fmt::Display for Route {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Email => f.write_str("email"),
            Self::Endpoint(name) => write!(f, "webhook `{name}`"),
            Self::Attributes => f.write_str("attributes"),
        }
    }
}

/// Whether a message may go now.
#[derive(Debug)]
pub enum Claim {
    /// It may, with this.
    Go(Box<Prepared>),
    /// Not before this instant, for this reason: a pause, a hold, quiet hours. Asked again then, or
    /// at [`super::Outbox::recheck`].
    Wait(Instant, String),
    /// Never: consent, suppression, a rule or message that is gone.
    Withdraw(String),
    /// It cannot be made or came too late: a template that does not render, expiry.
    Dead(String),
}

/// What is handed over, and what is frozen of it.
#[derive(Debug)]
pub struct Prepared {
    /// Kept at the first claim; at later ones what the message has stays.
    pub frozen: Frozen,
    /// What goes out.
    pub payload: Payload,
}

/// What goes out.
#[derive(Debug)]
pub enum Payload {
    /// An e-mail; its date is the first claim's.
    Email(Email),
    /// A call.
    Call(Call),
}

/// What happened, for the daemon's population, counters and log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Report {
    /// Sent, dead or withdrawn, durably.
    Finished(FinishedMessage),
    /// What was done, durably: what conditions read as `sent` and `bounced`.
    Did {
        /// The number of its pack in the store.
        sequence: u64,
        /// What.
        deeds: Vec<Deed>,
    },
    /// The address was refused for good; the suppression is durable.
    Suppressed {
        /// Whose address on this channel.
        customer: CustomerNumber,
        /// Position of the channel among the store's channels.
        channel: u8,
        /// Why.
        reason: SuppressionReason,
    },
    /// Nobody knows whether it went out; it is held for a person.
    InDoubt {
        /// Which message.
        key: MessageKey,
        /// Of which rule.
        rule: String,
        /// What happened.
        reason: String,
    },
    /// An endpoint is not called for now: it answered 410, or too many calls in a row failed.
    Outage(Outage),
    /// The webhook of this name is called again.
    OutageOver(String),
    /// The other side cannot be reached: its messages wait.
    Unreachable {
        /// The queue.
        route: Route,
        /// What is wrong, and what to look at.
        reason: String,
        /// When the next one tries.
        until: Instant,
    },
    /// A mail server is left alone for a while; others take its mail.
    RelaySetAside {
        /// `smtps://mail.example:465`.
        relay: String,
        /// What is wrong, and what to look at.
        reason: String,
        /// When it is tried again.
        until: Instant,
    },
    /// A recipient's domain asked for less of us: messages to it wait.
    SlowedDown {
        /// What it said.
        reason: String,
        /// When the next one goes there.
        until: Instant,
    },
    /// A record in the store does not read back; it was skipped.
    Skipped(StoreError),
    /// The store or the workers' files failed: nothing goes out any more, the daemon must end.
    Failed(String),
}

/// The domain of an e-mail address, in lower case; empty where there is none.
#[must_use]
pub fn domain_of(address: &str) -> String {
    address.rsplit_once('@').map_or("", |(_, domain)| domain).trim_end_matches('.').to_lowercase()
}

/// Where a webhook stands, and how much it bears.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// The name that it has now; it may have been asked for by an earlier one.
    pub name: String,
    /// Its address.
    pub url: String,
    /// Its limits; what is none there is [`super::Options`]'.
    pub limits: CallLimits,
}

/// What the daemon implements: it alone knows rules, customers and switches. Called from workers at
/// any time; must be quick.
pub trait Gate: Send + Sync + 'static {
    /// Which queue a message belongs to.
    fn route(&self, message: &OpenMessage) -> Route;

    /// The domain of an e-mail's recipient in lower case, as far as it is known before the claim; empty
    /// where it is not.
    fn domain(&self, message: &OpenMessage) -> String {
        message.frozen.as_ref().map(|frozen| domain_of(&frozen.to)).unwrap_or_default()
    }

    /// What the rules say of the webhook of this name; none where there is none.
    fn endpoint(&self, name: &str) -> Option<Endpoint>;

    /// Whether a message may go now, and with what. Meets consent, suppression, pause, quiet hours,
    /// expiry and sandbox anew at every claim, first or retry.
    fn claim(&self, message: &OpenMessage, now: Instant) -> Claim;

    /// Whether a pause or a hold forbids its first byte this instant. Asked before the claim, and
    /// again right before each message, so that a pause acts between two messages of a claim. After
    /// a resume the daemon calls [`super::Outbox::recheck`].
    fn is_paused(&self, message: &OpenMessage) -> bool;

    /// Whether a rule fires on what was done: then the store notes, in the commit of the result, that
    /// the rule has still to be asked.
    fn fires_on(&self, kind: DeedKind) -> bool;

    /// The keyed hash of an e-mail address, for the record that it must not be written to; none where
    /// there is no key.
    fn hashed(&self, _: &str) -> Option<KeyedHash> {
        None
    }

    /// Hears what happened.
    fn report(&self, report: Report);
}
