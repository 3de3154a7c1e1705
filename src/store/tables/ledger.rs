//! The ledger of contacts: packed, appended, kept for ever.

use super::strange_key;
use crate::record::key::{self, Table};
use crate::record::{Contact, codec};
use crate::store::{Batch, Store, StoreError};

const FORMAT: u8 = 1;

/// Appends contacts as packs from number `next` on; answers the next free number, which the caller
/// keeps (after a start: one more than the last of [`contacts`]).
pub fn append(batch: &mut Batch, next: u64, contacts: &[Contact]) -> u64 {
    let mut sequence = next;
    for bytes in codec::encode_contacts(FORMAT, contacts) {
        batch.put(key::ledger(sequence), bytes);
        sequence += 1;
    }
    sequence
}

/// All packs, oldest first, with their numbers.
pub fn contacts(store: &dyn Store) -> impl Iterator<Item = Result<(u64, Vec<Contact>), StoreError>> + '_ {
    let prefix = Table::Ledger.prefix();
    store.scan(&prefix, &prefix).map(|item| {
        let (key, bytes) = item?;
        let sequence = key::parse_ledger(&key).ok_or_else(|| strange_key(&key))?;
        Ok((sequence, codec::decode_contacts(FORMAT, &key, &bytes)?))
    })
}

/// The number that the next pack gets. Reads keys only, so that a damaged pack is never overwritten.
///
/// # Errors
/// When the store does not read.
pub fn next(store: &dyn Store) -> Result<u64, StoreError> {
    let prefix = Table::Ledger.prefix();
    let mut next = 0;
    for item in store.scan(&prefix, &prefix) {
        let (key, _) = item?;
        next = key::parse_ledger(&key).ok_or_else(|| strange_key(&key))? + 1;
    }
    Ok(next)
}
