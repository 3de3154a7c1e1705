//! A whole store in a file and back: lines of JSON, packed by zstd.
//!
//! ```text
//! {"cvmd":"store export","format":1,"layout":1,"taken":"2026-11-22T01:00:00Z","records":2,"customers":1}
//! {"key":"000100","value":"AaP…","sum":"5d1f00c2"}
//! {"key":"00020000002a","value":"AQ3…","sum":"0b61a9de"}
//! {"end":2,"sum":"0b61a9de"}
//! ```
//!
//! Keys are in hexadecimal, values in base64. A line's `sum` is the CRC-32 of the sum before it (that
//! of the header's text for the first), the key's length, key and value: a line that was changed,
//! lost, doubled or moved is noticed where it stands. Records are copied as they are, so a file
//! carries personal data and the store's secret.

mod export;
mod import;
mod line;
#[cfg(test)]
mod tests;

use std::fmt;
use std::io;

pub use export::export;
pub use import::{import, verify};

use super::StoreError;
use crate::model::Instant;

/// What a file holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// When the export was taken.
    pub taken: Instant,
    /// Records of all kinds.
    pub records: u64,
    /// Customers.
    pub customers: u64,
}

/// Why a store could not be carried over.
#[derive(Debug)]
pub enum TransferError {
    /// The store failed.
    Store(StoreError),
    /// The file could not be read or written.
    File(io::Error),
    /// The file is not what an export wrote: its line, from 1, and what is wrong there.
    Damaged(u64, String),
    /// A newer version wrote the file.
    Newer(String),
    /// The store to import into is in use already.
    NotEmpty,
}

impl fmt::Display for TransferError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Store(error) => error.fmt(f),
            Self::File(error) => error.fmt(f),
            Self::Damaged(line, what) => {
                write!(f, "line {line} of the export: {what}; nothing was imported: take another export")
            }
            Self::Newer(what) => {
                write!(f, "{what}: run the version of cvmd that wrote the export, or a newer one")
            }
            Self::NotEmpty => f.write_str(
                "the store is not empty: an export is restored into an empty one; move its directory away, or \
                 name another `data` directory in cvmd.toml",
            ),
        }
    }
}

impl std::error::Error for TransferError {}

impl From<StoreError> for TransferError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<io::Error> for TransferError {
    fn from(error: io::Error) -> Self {
        Self::File(error)
    }
}
