//! The suppression list, who was erased, and the numbers that nobody gets again.

use std::collections::BTreeMap;

use super::{erase, get, put, scan, strange_key, whole};
use crate::model::CustomerNumber;
use crate::record::key::{self, MetaRecord, Table};
use crate::record::{Erasure, KeyedHash, Listed, ListedDomain, Tombstone, codec};
use crate::store::{Batch, Store, StoreError};

const LISTED: u8 = 1;
const DOMAIN: u8 = 1;
const TOMBSTONE: u8 = 1;
const ERASURE: u8 = 1;
const NEXT: u8 = 1;

/// The pack that a hash belongs to.
#[must_use]
pub const fn bucket_of(hash: &KeyedHash) -> u16 {
    u16::from_be_bytes([hash[0], hash[1]])
}

/// A pack of the suppression list, sorted; empty where there is none.
///
/// # Errors
/// When it does not read back.
pub fn listed(store: &dyn Store, bucket: u16) -> Result<Vec<Listed>, StoreError> {
    Ok(get(store, &key::listed(bucket), LISTED)?.unwrap_or_default())
}

/// Writes a pack of the suppression list; an empty one is removed.
///
/// # Errors
/// When the store does not read.
pub fn put_listed(
    store: &dyn Store,
    batch: &mut Batch,
    bucket: u16,
    entries: &[Listed],
) -> Result<(), StoreError> {
    let key = key::listed(bucket);
    if entries.is_empty() {
        return erase(store, batch, &key);
    }
    put(batch, &key, LISTED, entries);
    Ok(())
}

/// The whole suppression list, pack by pack.
pub fn all_listed(store: &dyn Store) -> impl Iterator<Item = Result<Vec<Listed>, StoreError>> + '_ {
    let prefix = Table::Listed.prefix();
    scan(store, &prefix, &prefix, key::listed(0).len()).map(|item| {
        let (key, bytes) = item?;
        Ok(codec::decode(LISTED, &key, &bytes)?)
    })
}

/// Writes a domain of the suppression list.
pub fn put_domain(batch: &mut Batch, domain: &str, listed: &ListedDomain) {
    put(batch, &key::listed_domain(domain), DOMAIN, listed);
}

/// Takes a domain off the suppression list.
pub fn remove_domain(batch: &mut Batch, domain: &str) {
    batch.remove(key::listed_domain(domain));
}

/// The domains on the suppression list.
pub fn domains(store: &dyn Store) -> impl Iterator<Item = Result<(String, ListedDomain), StoreError>> + '_ {
    let prefix = Table::ListedDomain.prefix();
    store.scan(&prefix, &prefix).map(|item| {
        let (key, value) = item?;
        let domain = key::parse_listed_domain(&key).ok_or_else(|| strange_key(&key))?;
        let bytes = whole(store, &key, value)?;
        Ok((domain, codec::decode(DOMAIN, &key, &bytes)?))
    })
}

/// Notes that the customer of an id was erased.
pub fn put_tombstone(batch: &mut Batch, id: KeyedHash, tombstone: &Tombstone) {
    put(batch, &key::tombstone(id), TOMBSTONE, tombstone);
}

/// Lets an id be taken again.
pub fn remove_tombstone(batch: &mut Batch, id: KeyedHash) {
    batch.remove(key::tombstone(id));
}

/// All who were erased, by the keyed hashes of their ids.
///
/// # Errors
/// When one does not read back.
pub fn tombstones(store: &dyn Store) -> Result<BTreeMap<KeyedHash, Tombstone>, StoreError> {
    let prefix = Table::Tombstone.prefix();
    let mut found = BTreeMap::new();
    for item in scan(store, &prefix, &prefix, key::tombstone([0; 16]).len()) {
        let (key, bytes) = item?;
        let id = key::parse_tombstone(&key).ok_or_else(|| strange_key(&key))?;
        found.insert(id, codec::decode(TOMBSTONE, &key, &bytes)?);
    }
    Ok(found)
}

/// Marks an erasure that begins.
pub fn put_erasure(batch: &mut Batch, customer: CustomerNumber, erasure: &Erasure) {
    put(batch, &key::erasure(customer), ERASURE, erasure);
}

/// Ends an erasure.
pub fn remove_erasure(batch: &mut Batch, customer: CustomerNumber) {
    batch.remove(key::erasure(customer));
}

/// The erasures under way.
///
/// # Errors
/// When one does not read back.
pub fn erasures(store: &dyn Store) -> Result<BTreeMap<CustomerNumber, Erasure>, StoreError> {
    let prefix = Table::Erasure.prefix();
    let mut found = BTreeMap::new();
    for item in scan(store, &prefix, &prefix, key::erasure(CustomerNumber(0)).len()) {
        let (key, bytes) = item?;
        let customer = key::parse_erasure(&key).ok_or_else(|| strange_key(&key))?;
        found.insert(customer, codec::decode(ERASURE, &key, &bytes)?);
    }
    Ok(found)
}

/// Below which no number is given any more: written by erasures, which leave numbers without a profile.
///
/// # Errors
/// When it does not read back.
pub fn next_customer(store: &dyn Store) -> Result<CustomerNumber, StoreError> {
    let next: Option<u32> = get(store, &key::meta(MetaRecord::NextCustomer), NEXT)?;
    Ok(CustomerNumber(next.unwrap_or(0)))
}

/// Writes the number below which none is given any more.
pub fn put_next_customer(batch: &mut Batch, next: CustomerNumber) {
    put(batch, &key::meta(MetaRecord::NextCustomer), NEXT, &next.0);
}
