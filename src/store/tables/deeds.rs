//! What we did: packed, appended, kept for ever.

use super::strange_key;
use crate::record::key::{self, Table};
use crate::record::{Deed, codec};
use crate::store::{Batch, Store, StoreError};

const FORMAT: u8 = 1;

/// Deeds in one pack at most: of the longest names, they still fit into a record.
pub const PACK_LIMIT: usize = 16;

/// Writes a pack under a number that no other pack has; of more than [`PACK_LIMIT`] deeds it might
/// be cut.
pub fn put(batch: &mut Batch, sequence: u64, deeds: &[Deed]) {
    super::put(batch, &key::deeds(sequence), FORMAT, deeds);
}

/// All packs, oldest first, with their numbers.
pub fn deeds(store: &dyn Store) -> impl Iterator<Item = Result<(u64, Vec<Deed>), StoreError>> + '_ {
    let prefix = Table::Deeds.prefix();
    super::scan(store, &prefix, &prefix, key::deeds(0).len()).map(|item| {
        let (key, bytes) = item?;
        let sequence = key::parse_deeds(&key).ok_or_else(|| strange_key(&key))?;
        Ok((sequence, codec::decode(FORMAT, &key, &bytes)?))
    })
}

/// A pack by its number.
///
/// # Errors
/// When it does not read back.
pub fn pack(store: &dyn Store, sequence: u64) -> Result<Option<Vec<Deed>>, StoreError> {
    super::get(store, &key::deeds(sequence), FORMAT)
}

/// Notes, in the commit of the pack itself, that rules have still to be asked about it.
pub fn mark(batch: &mut Batch, sequence: u64) {
    super::put(batch, &key::deeds_to_ask(sequence), FORMAT, &());
}

/// Forgets the mark, in the commit of what follows from it.
pub fn unmark(batch: &mut Batch, sequence: u64) {
    batch.remove(key::deeds_to_ask(sequence));
}

/// Whether rules have still to be asked about a pack.
///
/// # Errors
/// When the store does not read.
pub fn is_marked(store: &dyn Store, sequence: u64) -> Result<bool, StoreError> {
    Ok(store.get(&key::deeds_to_ask(sequence))?.is_some())
}

/// The packs that rules have still to be asked about, oldest first.
///
/// # Errors
/// When the store does not read.
pub fn marked(store: &dyn Store) -> Result<Vec<u64>, StoreError> {
    let prefix = Table::DeedsToAsk.prefix();
    let read = |item: Result<(Vec<u8>, Vec<u8>), StoreError>| {
        let (key, _) = item?;
        key::parse_deeds_to_ask(&key).ok_or_else(|| strange_key(&key))
    };
    store.scan(&prefix, &prefix).map(read).collect()
}

/// The number that the next pack gets. Reads keys only, so that a damaged pack is never overwritten.
///
/// # Errors
/// When the store does not read.
pub fn next(store: &dyn Store) -> Result<u64, StoreError> {
    let prefix = Table::Deeds.prefix();
    let mut next = 0;
    for item in store.scan(&prefix, &prefix) {
        let (key, _) = item?;
        // A pack that was cut has pieces under longer keys.
        next = key::parse_deeds(&key).map_or(next, |sequence| sequence + 1);
    }
    Ok(next)
}
