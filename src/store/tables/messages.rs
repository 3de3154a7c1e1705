//! Messages on their way and messages that ended.

use super::{erase, get, put, scan, strange_key};
use crate::model::{CustomerNumber, DecisionKey, Instant, Occurrence, RuleNumber};
use crate::record::key::{self, Table};
use crate::record::{FinishedMessage, MessageKey, OpenMessage, TakenBack, codec};
use crate::store::{Batch, Store, StoreError};

const OPEN: u8 = 1;
const FINISHED: u8 = 1;
const TAKEN_BACK: u8 = 1;

/// Any message's key, for its length.
const SOME: MessageKey = MessageKey {
    decision: DecisionKey { rule: RuleNumber(0), occurrence: Occurrence(0), customer: CustomerNumber(0) },
    action: 0,
};

/// An open message, by the instant it was decided and its key.
///
/// # Errors
/// When it does not read back.
pub fn open_message(
    store: &dyn Store,
    decided: Instant,
    key: MessageKey,
) -> Result<Option<OpenMessage>, StoreError> {
    get(store, &key::open_message(decided, key), OPEN)
}

/// Writes an open message.
pub fn put_open(batch: &mut Batch, message: &OpenMessage) {
    put(batch, &key::open_message(message.decided, message.key), OPEN, message);
}

/// Removes an open message with all that it was filled with.
///
/// # Errors
/// When the store does not read.
pub fn remove_open(
    store: &dyn Store,
    batch: &mut Batch,
    decided: Instant,
    key: MessageKey,
) -> Result<(), StoreError> {
    erase(store, batch, &key::open_message(decided, key))
}

/// All open messages, oldest decision first.
pub fn open_messages(store: &dyn Store) -> impl Iterator<Item = Result<OpenMessage, StoreError>> + '_ {
    let prefix = Table::OpenMessage.prefix();
    scan(store, &prefix, &prefix, key::open_message(Instant(0), SOME).len()).map(|item| {
        let (key, bytes) = item?;
        Ok(codec::decode(OPEN, &key, &bytes)?)
    })
}

/// Writes what is kept of a message that ended.
pub fn put_finished(batch: &mut Batch, message: &FinishedMessage) {
    put(batch, &key::finished_message(message.at, message.key), FINISHED, message);
}

/// The messages that ended at `from` or later, oldest first.
pub fn finished_messages(
    store: &dyn Store,
    from: Instant,
) -> impl Iterator<Item = Result<FinishedMessage, StoreError>> + '_ {
    let prefix = Table::FinishedMessage.prefix();
    let mut start = key::finished_message(from, SOME);
    let length = start.len();
    start.truncate(prefix.len() + 8);
    scan(store, &prefix, &start, length).map(|item| {
        let (key, bytes) = item?;
        key::parse_finished_message(&key).ok_or_else(|| strange_key(&key))?;
        Ok(codec::decode(FINISHED, &key, &bytes)?)
    })
}

/// Keeps a message that died at `at`, so that a person can send it again.
pub fn put_letter(batch: &mut Batch, at: Instant, message: &OpenMessage) {
    put(batch, &key::dead_letter(at, message.key), OPEN, message);
}

/// A message that died at `at`, as it was; none where nothing of it is kept any more.
///
/// # Errors
/// When it does not read back.
pub fn letter(store: &dyn Store, at: Instant, key: MessageKey) -> Result<Option<OpenMessage>, StoreError> {
    get(store, &key::dead_letter(at, key), OPEN)
}

/// Removes a message that died, with all that it was filled with.
///
/// # Errors
/// When the store does not read.
pub fn remove_letter(
    store: &dyn Store,
    batch: &mut Batch,
    at: Instant,
    key: MessageKey,
) -> Result<(), StoreError> {
    erase(store, batch, &key::dead_letter(at, key))
}

/// The messages that died at `from` or later, with their instants, oldest first; with a key those of
/// that instant from this one on.
pub fn letters(
    store: &dyn Store,
    from: Instant,
    first: Option<MessageKey>,
) -> impl Iterator<Item = Result<(Instant, OpenMessage), StoreError>> + '_ {
    let prefix = Table::DeadLetter.prefix();
    let mut start = key::dead_letter(from, first.unwrap_or(SOME));
    let length = start.len();
    if first.is_none() {
        start.truncate(prefix.len() + 8);
    }
    scan(store, &prefix, &start, length).map(|item| {
        let (key, bytes) = item?;
        let (at, _) = key::parse_dead_letter(&key).ok_or_else(|| strange_key(&key))?;
        Ok((at, codec::decode(OPEN, &key, &bytes)?))
    })
}

/// The open messages from this one on, oldest decision first.
pub fn open_messages_from(
    store: &dyn Store,
    decided: Instant,
    key: MessageKey,
) -> impl Iterator<Item = Result<OpenMessage, StoreError>> + '_ {
    let start = key::open_message(decided, key);
    scan(store, &Table::OpenMessage.prefix(), &start, start.len()).map(|item| {
        let (key, bytes) = item?;
        Ok(codec::decode(OPEN, &key, &bytes)?)
    })
}

/// What is kept of a message that ended at `at`.
///
/// # Errors
/// When it does not read back.
pub fn finished_message(
    store: &dyn Store,
    at: Instant,
    key: MessageKey,
) -> Result<Option<FinishedMessage>, StoreError> {
    get(store, &key::finished_message(at, key), FINISHED)
}

/// Removes what is kept of a message that ended at `at`: it is under way again.
///
/// # Errors
/// When the store does not read.
pub fn remove_finished(
    store: &dyn Store,
    batch: &mut Batch,
    at: Instant,
    key: MessageKey,
) -> Result<(), StoreError> {
    erase(store, batch, &key::finished_message(at, key))
}

/// Marks a message that ended before anything of it went out.
pub fn put_taken_back(batch: &mut Batch, mark: &TakenBack) {
    put(batch, &key::taken_back(mark.key), TAKEN_BACK, mark);
}

/// Removes such a mark.
///
/// # Errors
/// When the store does not read.
pub fn remove_taken_back(store: &dyn Store, batch: &mut Batch, key: MessageKey) -> Result<(), StoreError> {
    erase(store, batch, &key::taken_back(key))
}

/// The messages whose entries in the ledger are still to be taken back.
pub fn taken_back(store: &dyn Store) -> impl Iterator<Item = Result<TakenBack, StoreError>> + '_ {
    let prefix = Table::TakenBack.prefix();
    scan(store, &prefix, &prefix, key::taken_back(SOME).len()).map(|item| {
        let (key, bytes) = item?;
        Ok(codec::decode(TAKEN_BACK, &key, &bytes)?)
    })
}
