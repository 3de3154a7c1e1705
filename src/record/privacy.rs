//! Who must not be written to, and who was erased: keyed hashes, no personal data.

use serde::{Deserialize, Serialize};

use super::SuppressionReason;
use crate::model::Instant;

/// The first 16 bytes of an HMAC-SHA-256 of an address or of a customer's id under a key of the store:
/// tells whether it is the same, and nobody without that key what it is.
pub type KeyedHash = [u8; 16];

/// What a hash on the suppression list is of. All of them are hashed apart: no address is an id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum ListedKind {
    /// An e-mail address, lower-cased.
    Email,
    /// A phone number in E.164.
    Phone,
    /// A customer's id: nothing goes to them on any channel.
    Customer,
}

impl ListedKind {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Email, Self::Phone, Self::Customer];

    /// The fixed word of tables and JSON.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Phone => "phone",
            Self::Customer => "customer",
        }
    }
}

/// An entry of the suppression list; packed by the first two bytes of its hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Listed {
    /// Of what.
    pub hash: KeyedHash,
    /// What that is.
    pub kind: ListedKind,
    /// Why.
    pub reason: SuppressionReason,
    /// Since when.
    pub at: Instant,
}

/// A domain on the suppression list; it stands in the key, in lower case. With it all below it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListedDomain {
    /// Why.
    pub reason: SuppressionReason,
    /// Since when.
    pub at: Instant,
}

/// That a customer was erased, under the keyed hash of their id: what files and posts say of that id is
/// not taken. Nothing here leads to the number that they had.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tombstone {
    /// When.
    pub at: Instant,
    /// Their addresses, put on the suppression list by the erasure: they come off it with this.
    pub addresses: Vec<KeyedHash>,
}

/// The mark of an erasure under way, by the customer's number. From its commit on the customer is gone;
/// what is still held of them goes in small commits, and the last removes the mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Erasure {
    /// When it was asked for.
    pub at: Instant,
}
