//! Questions after one person, wishes about them, and the suppression list.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::ConsentView;
use crate::model::{CustomerNumber, Instant};

/// What is wanted of or for one customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PersonWish {
    /// Their [`Timeline`].
    Show,
    /// Everything held about them, as JSON: [`super::Response::Held`].
    Export,
    /// That they are forgotten: [`ErasedView`].
    Erase,
    /// That nothing goes to them any more.
    Suppress,
    /// That messages go to them again; that an id which was erased is taken again.
    Resume,
}

impl PersonWish {
    /// The wish's name in logs.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Show => "customer show",
            Self::Export => "customer export",
            Self::Erase => "customer erase",
            Self::Suppress => "customer suppress",
            Self::Resume => "customer resume",
        }
    }
}

/// What is wanted of the suppression list. `what` is an e-mail address, a phone number or a domain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ListWish {
    /// How many are on it: [`SuppressionsView`].
    Count {},
    /// Whether this is on it, and why: [`SuppressionsView`] of what was found.
    Find {
        /// An address or a domain.
        what: String,
    },
    /// That this is put on it.
    Add {
        /// An address or a domain.
        what: String,
    },
    /// That this is taken off it.
    Remove {
        /// An address or a domain.
        what: String,
    },
}

impl ListWish {
    /// The wish's name in logs.
    #[must_use]
    pub const fn label(&self) -> &'static str {
        match self {
            Self::Count {} => "suppressions list",
            Self::Find { .. } => "suppressions find",
            Self::Add { .. } => "suppressions add",
            Self::Remove { .. } => "suppressions remove",
        }
    }
}

/// What is known of one person, in the order of time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timeline {
    /// The shop's id.
    pub customer: String,
    /// Values by field, as they are kept; an unknown one has no entry.
    pub fields: BTreeMap<String, String>,
    /// Marketing, by channel.
    pub consents: BTreeMap<String, ConsentView>,
    /// Why nothing is sent to them, or to one of their addresses; empty where nothing stands in the way.
    pub suppressed: Vec<String>,
    /// What happened, oldest first.
    pub entries: Vec<TimelineEntry>,
}

/// Something that happened, in the reader's words.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct TimelineEntry {
    /// When.
    pub at: Instant,
    /// The fixed word of its kind: `order`, `event`, `change`, `consent`, `decision`, `message`, …
    pub what: String,
    /// What happened.
    pub text: String,
    /// More of it, line by line.
    pub details: Vec<String>,
}

/// What an erasure came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErasedView {
    /// Who it was, to whoever goes on with it in the same process.
    #[serde(skip)]
    pub number: Option<CustomerNumber>,
    /// Messages that are just being sent, and go when that is over.
    pub under_way: u64,
    /// How many addresses are on the suppression list for it.
    pub suppressed_addresses: u64,
    /// Other customers who have one of these addresses: they stay.
    pub same_address: Vec<String>,
}

/// The suppression list, as far as it was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SuppressionsView {
    /// How many addresses and customers there are by kind (`email`, `phone`, `customer`) and reason.
    /// They are kept as keyed hashes: nobody can read them back.
    pub counts: Vec<SuppressionCount>,
    /// Domains, which are kept as they are.
    pub domains: Vec<SuppressedDomain>,
    /// What was found of what was asked for, in sentences.
    pub found: Vec<String>,
}

/// How many.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SuppressionCount {
    /// `email`, `phone`, `customer`.
    pub kind: String,
    /// `bounced`, `complained`, `asked`, `erased`.
    pub reason: String,
    /// How many.
    pub count: u64,
}

/// A domain to which nothing goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SuppressedDomain {
    /// It and all below it.
    pub domain: String,
    /// Why.
    pub reason: String,
    /// Since when.
    pub since: Instant,
}
