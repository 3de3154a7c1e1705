//! Durable state. The only module that names sled.
//!
//! One data tree with prefixed keys; each commit is one atomic batch, written by one writer thread
//! with group commit; an effect in the outside world only after its commit is durable.
//!
//! [`sled_store`] keeps it on disk, [`memory`] in memory, able to crash on command; [`tables`] reads
//! and writes records; [`transfer`] carries a whole store from one to another through a file. Knows
//! bytes and keys; not what is decided by them.

mod compact;
mod failure;
mod flusher;
pub mod limits;
mod lock;
pub mod memory;
mod overlay;
pub mod sled_store;
mod snapshot;
mod space;
mod survey;
pub mod tables;
pub mod transfer;
mod writer;

pub use compact::compact;
pub use lock::LOCK_FILE;
pub use memory::Memory;
pub use sled_store::{Options, SledStore, open, open_with};
pub use space::free_bytes;
pub use survey::{Kind, survey};

use std::fmt;

use crate::record::codec::CodecError;

/// Changes that become durable together or not at all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Batch {
    /// Key and new value; none removes the key. The last change of a key wins.
    pub changes: Vec<(Vec<u8>, Option<Vec<u8>>)>,
}

impl Batch {
    /// Sets a key.
    pub fn put(&mut self, key: Vec<u8>, value: Vec<u8>) {
        self.changes.push((key, Some(value)));
    }

    /// Removes a key.
    pub fn remove(&mut self, key: Vec<u8>) {
        self.changes.push((key, None));
    }

    /// Whether there is nothing to do.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }
}

/// Why the store could not do something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoreError {
    /// Another process holds the store.
    Locked(String),
    /// The disk or the file system refused; the text says what to do.
    Io(String),
    /// A record does not read back as it was written: its key in hexadecimal and what is wrong.
    Corrupt(String),
    /// Written by a newer version.
    Newer(String),
    /// A batch beyond what the store takes at once ([`limits`]); nothing was written.
    Refused(String),
    /// The store was closed, or its writer died.
    Closed,
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Locked(text)
            | Self::Io(text)
            | Self::Corrupt(text)
            | Self::Newer(text)
            | Self::Refused(text) => f.write_str(text),
            Self::Closed => f.write_str("the store is closed"),
        }
    }
}

impl std::error::Error for StoreError {}

impl From<CodecError> for StoreError {
    fn from(error: CodecError) -> Self {
        match error {
            CodecError::Corrupt(text) => Self::Corrupt(text),
            CodecError::Newer(text) => Self::Newer(text),
        }
    }
}

/// The position of a commit in the order of all commits of this process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Sequence(pub u64);

/// A commit on its way to the disk.
#[derive(Debug)]
pub struct Receipt(tokio::sync::oneshot::Receiver<Result<Sequence, StoreError>>);

impl Receipt {
    /// Made by a store; the other end answers when the commit is durable.
    #[must_use]
    pub fn new() -> (tokio::sync::oneshot::Sender<Result<Sequence, StoreError>>, Self) {
        let (sender, receiver) = tokio::sync::oneshot::channel();
        (sender, Self(receiver))
    }

    /// A commit that is answered at once.
    #[must_use]
    pub fn refused(error: StoreError) -> Self {
        let (sender, receipt) = Self::new();
        // The receiver is in our hands.
        let _ = sender.send(Err(error));
        receipt
    }

    /// Waits, outside of async code, until the commit is durable.
    ///
    /// # Errors
    /// When it could not be made durable.
    pub fn wait(self) -> Result<Sequence, StoreError> {
        self.0.blocking_recv().unwrap_or(Err(StoreError::Closed))
    }

    /// Waits until the commit is durable.
    ///
    /// # Errors
    /// When it could not be made durable.
    pub async fn durable(self) -> Result<Sequence, StoreError> {
        self.0.await.unwrap_or(Err(StoreError::Closed))
    }
}

/// A key and its value.
pub type Item = (Vec<u8>, Vec<u8>);

/// Keys and values of a scan, in the order of the keys.
pub type Scan<'a> = Box<dyn Iterator<Item = Result<Item, StoreError>> + 'a>;

/// What is known of a store's size.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Stats {
    /// Bytes on disk.
    pub bytes: u64,
    /// Commits since it was opened.
    pub commits: u64,
    /// Bytes free on its disk, where there is one that says so.
    pub free: Option<u64>,
}

/// A store as it was at one moment between two commits.
pub trait Snapshot {
    /// All keys that begin with `prefix`, in order; ends after an error of the disk.
    fn scan(&self, prefix: &[u8]) -> Scan<'_>;
}

/// A store: an ordered map of bytes with atomic, durable commits.
pub trait Store: Send + Sync {
    /// A value by its key.
    ///
    /// # Errors
    /// When the disk fails.
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError>;

    /// All keys that begin with `prefix` and are not below `from`, in order. Sees every batch
    /// committed before it began and perhaps some of later ones; ends after an error of the disk.
    fn scan(&self, prefix: &[u8], from: &[u8]) -> Scan<'_>;

    /// Hands a batch of at most 300 changes with values of at most 4 KiB to the writer. Later reads
    /// see it at once, before it is durable; nothing outside may. Batches become durable in the order
    /// in which they were handed over. Waits while too many are on their way.
    fn commit(&self, batch: Batch) -> Receipt;

    /// Everything as it is at one moment: all that was handed over before (sled) or is durable
    /// (memory), and nothing that is handed over later. Commits go on meanwhile.
    ///
    /// # Errors
    /// When the store failed or is closed.
    fn snapshot(&self) -> Result<Box<dyn Snapshot + '_>, StoreError>;

    /// Its size.
    ///
    /// # Errors
    /// When the disk fails.
    fn stats(&self) -> Result<Stats, StoreError>;

    /// An error that the writer met on its own, if any; asked by health checks.
    fn failure(&self) -> Option<StoreError>;
}
