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
