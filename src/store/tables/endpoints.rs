//! Endpoints that are not called for now; mail servers and domains that are left alone.

use super::{erase, put, strange_key, whole};
use crate::record::key::{self, Table};
use crate::record::{Aside, AsideKind, Outage, codec};
use crate::store::{Batch, Store, StoreError};

const OUTAGE: u8 = 1;
const ASIDE: u8 = 1;

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
    named(store, Table::Outage).map(|item| {
        let (key, value) = item?;
        key::parse_outage(&key).ok_or_else(|| strange_key(&key))?;
        let bytes = whole(store, &key, value)?;
        Ok(codec::decode(OUTAGE, &key, &bytes)?)
    })
}

/// Writes that a mail server or a domain is left alone, or replaces it.
pub fn put_aside(batch: &mut Batch, aside: &Aside) {
    put(batch, &key::aside(aside.kind.code(), &aside.name), ASIDE, aside);
}

/// Ends that.
///
/// # Errors
/// When the store does not read.
pub fn remove_aside(
    store: &dyn Store,
    batch: &mut Batch,
    kind: AsideKind,
    name: &str,
) -> Result<(), StoreError> {
    erase(store, batch, &key::aside(kind.code(), name))
}

/// All that are left alone, by kind and name.
pub fn asides(store: &dyn Store) -> impl Iterator<Item = Result<Aside, StoreError>> + '_ {
    named(store, Table::Aside).map(|item| {
        let (key, value) = item?;
        key::parse_aside(&key).ok_or_else(|| strange_key(&key))?;
        let bytes = whole(store, &key, value)?;
        Ok(codec::decode(ASIDE, &key, &bytes)?)
    })
}

/// The first pieces of a table whose keys end in a name and a zero byte.
fn named(
    store: &dyn Store,
    table: Table,
) -> impl Iterator<Item = Result<(Vec<u8>, Vec<u8>), StoreError>> + '_ {
    let prefix = table.prefix();
    // A piece of a long record has no name of its own.
    let whole_ones = |item: &Result<(Vec<u8>, Vec<u8>), StoreError>| {
        item.as_ref().map_or(true, |(key, _)| key.ends_with(&[0]))
    };
    store.scan(&prefix, &prefix).filter(whole_ones)
}
