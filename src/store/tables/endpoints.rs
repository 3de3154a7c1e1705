//! Endpoints that are not called for now.

use super::{erase, put, strange_key, whole};
use crate::record::key::{self, Table};
use crate::record::{Outage, codec};
use crate::store::{Batch, Store, StoreError};

const OUTAGE: u8 = 1;

/// Writes an endpoint's outage, or replaces it.
pub fn put_outage(batch: &mut Batch, outage: &Outage) {
    put(batch, &key::outage(&outage.name), OUTAGE, outage);
}

/// Ends an endpoint's outage.
///
/// # Errors
/// When the store does not read.
pub fn remove_outage(store: &dyn Store, batch: &mut Batch, endpoint: &str) -> Result<(), StoreError> {
    erase(store, batch, &key::outage(endpoint))
}

/// All outages, by the endpoints' names.
pub fn outages(store: &dyn Store) -> impl Iterator<Item = Result<Outage, StoreError>> + '_ {
    let prefix = Table::Outage.prefix();
    // A piece of a long record has no name of its own.
    let whole_ones = |item: &Result<(Vec<u8>, Vec<u8>), StoreError>| {
        item.as_ref().map_or(true, |(key, _)| key.ends_with(&[0]))
    };
    store.scan(&prefix, &prefix).filter(whole_ones).map(|item| {
        let (key, value) = item?;
        key::parse_outage(&key).ok_or_else(|| strange_key(&key))?;
        let bytes = whole(store, &key, value)?;
        Ok(codec::decode(OUTAGE, &key, &bytes)?)
    })
}
