//! Customers and their orders.

use serde::{Deserialize, Serialize};

use super::KeyedHash;
use crate::model::{Channel, Currency, CustomerId, Instant, Money, Number};

/// A customer as an import left them. Values are canonical texts by field name (the types of
/// attributes may be edited later; the text stays readable).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profile {
    /// The shop's id.
    pub id: CustomerId,
    /// Field name and canonical text, sorted by name; an unknown value has no entry.
    pub values: Vec<(String, String)>,
    /// By channel, sorted; no entry means that nobody said anything, which is no.
    pub consents: Vec<(Channel, Consent)>,
    /// When this customer was first seen here.
    pub learnt: Instant,
    /// Whether they came by HTTP, which is news, and not in a file, which may be history: who came so
    /// and of whom nobody says more was created then.
    pub by_http: bool,
}

/// What was last said about marketing on a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Consent {
    /// Given or withdrawn.
    pub given: bool,
    /// When it was said; none (a file without a time) is older than anything the person did.
    pub at: Option<Instant>,
    /// Whether the person did it here (an unsubscribe, a complaint), not a file.
    pub by_person: bool,
}

/// An address that must not be written to, whatever the purpose, as the outbox met it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suppression {
    /// Why.
    pub reason: SuppressionReason,
    /// Since when.
    pub at: Instant,
    /// Which address, by its keyed hash; none: whatever addresses the customer has.
    pub address: Option<KeyedHash>,
}

/// Why an address is suppressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum SuppressionReason {
    /// The mail server said that the address does not exist.
    HardBounce,
    /// The reader complained.
    Complaint,
    /// An operator asked for it.
    Asked,
    /// Its customer was erased.
    Erased,
}

impl SuppressionReason {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::HardBounce, Self::Complaint, Self::Asked, Self::Erased];

    /// The fixed word of files, tables and JSON.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::HardBounce => "bounced",
            Self::Complaint => "complained",
            Self::Asked => "asked",
            Self::Erased => "erased",
        }
    }
}

/// One order, its lines together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// Unique within the customer.
    pub id: String,
    /// When it happened.
    pub time: Instant,
    /// When we learnt of it; a bulk import of history counts as learnt when it happened.
    pub learnt: Instant,
    /// What it came to; negative is a refund.
    pub total: Money,
    /// Its currency, where the data names one.
    pub currency: Option<Currency>,
    /// What was bought; empty where the data says nothing.
    pub lines: Vec<Line>,
}

/// A line of an order.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Line {
    /// Pieces.
    pub quantity: Option<Number>,
    /// Which product.
    pub product: Option<String>,
    /// Of which category.
    pub category: Option<String>,
    /// Where it was bought: `web`, `store`.
    pub channel: Option<String>,
}

/// A change of an attribute, an address or a consent, kept from the first release on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// The field's name, or `consent_email_marketing`.
    pub field: String,
    /// The text before; none where it was unknown.
    pub before: Option<String>,
    /// The text after; none where it became unknown.
    pub after: Option<String>,
    /// When it happened by the data, as far as the data says.
    pub happened: Option<Instant>,
    /// When it was learnt.
    pub learnt: Instant,
}
