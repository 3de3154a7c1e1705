//! Events, those that no rule has seen yet, and rules that wait after one.

use serde::{Deserialize, Serialize};

use crate::model::{CustomerNumber, Instant};

/// What an order is called where events are told apart by their names.
pub const ORDER: &str = "order";

/// Something that happened to a customer, as it was told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// Unique within the customer.
    pub id: String,
    /// The kind of event: `cart_abandoned`. Rules may declare it later, or no more.
    pub name: String,
    /// When it happened.
    pub time: Instant,
    /// When we learnt of it; a bulk import of history counts as learnt when it happened.
    pub learnt: Instant,
    /// Field name and text, sorted by name; an unknown value has no entry. Canonical texts where
    /// rules declared the event, else as they were told: declaring it later makes them readable.
    pub fields: Vec<(String, String)>,
}

/// Names one event of a customer: an order, one that stands among their events, or what we did.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct EventRef {
    /// When it happened.
    pub time: Instant,
    /// [`ORDER`], `sent`, `bounced`, or the name of a declared event.
    pub name: String,
    /// Its id.
    pub id: String,
    /// Of what we did all that is known of it, for it stands in no customer's events; empty for what
    /// is found there.
    pub did: Vec<(String, String)>,
}

impl Event {
    /// What names it.
    #[must_use]
    pub fn reference(&self) -> EventRef {
        EventRef { time: self.time, name: self.name.clone(), id: self.id.clone(), did: Vec::new() }
    }
}

/// An event, young when it came, that rules have still to be asked about. Written in the commit of
/// the event itself, removed in that of what follows from it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Arrival {
    /// Which event; first, so that arrivals sort by time.
    pub event: EventRef,
    /// Whose.
    pub customer: CustomerNumber,
}

/// A rule that fires for a customer when its time comes. Removed in the commit of what it decides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timer {
    /// When it fires: the event's time and what the rule's `after` was when it began to wait.
    pub due: Instant,
    /// Whether the rule waits after the event. Else it fires at once, and this is only the place
    /// where it stands until it has.
    pub waits: bool,
    /// The event that it fires on.
    pub event: EventRef,
}
