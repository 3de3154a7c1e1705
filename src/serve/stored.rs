//! The store as a whole: what it takes, what was carried out of it or into it.

use serde::{Deserialize, Serialize};

use crate::model::Instant;

/// The store's size.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoreStats {
    /// What its files take on the disk, in bytes: also what was removed and is not compacted yet.
    pub disk_bytes: u64,
    /// Room on that disk, in bytes, where it is known.
    pub free_bytes: Option<u64>,
    /// Records of all kinds.
    pub records: u64,
    /// Their keys and values, in bytes.
    pub bytes: u64,
    /// By kind, all kinds.
    pub kinds: Vec<StoreKind>,
}

/// One kind of records.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoreKind {
    /// What they are.
    pub kind: String,
    /// How many.
    pub records: u64,
    /// Their keys and values, in bytes.
    pub bytes: u64,
}

/// What an export of the store wrote, or an import read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transferred {
    /// When the export was taken.
    pub taken: Instant,
    /// Records of all kinds.
    pub records: u64,
    /// Customers.
    pub customers: u64,
}
