//! Keys of the suppression list and of who was erased.

use super::Table;
use super::parts::{Rest, start};
use crate::model::CustomerNumber;
use crate::record::KeyedHash;

/// The pack of the suppression list whose hashes begin with these two bytes.
#[must_use]
pub fn listed(bucket: u16) -> Vec<u8> {
    start(Table::Listed).u16(bucket).0
}

/// Reads the key of a pack of the suppression list.
#[must_use]
pub fn parse_listed(key: &[u8]) -> Option<u16> {
    let mut rest = Rest::of(Table::Listed, key)?;
    let bucket = rest.u16()?;
    rest.end(bucket)
}

/// A domain on the suppression list.
#[must_use]
pub fn listed_domain(domain: &str) -> Vec<u8> {
    // A zero byte ends the name: no domain's key is another's beginning.
    start(Table::ListedDomain).bytes(domain.as_bytes()).u8(0).0
}

/// Reads the key of a domain on the suppression list.
#[must_use]
pub fn parse_listed_domain(key: &[u8]) -> Option<String> {
    let rest = Rest::of(Table::ListedDomain, key)?;
    String::from_utf8(rest.0.strip_suffix(&[0])?.to_vec()).ok()
}

/// The tombstone of an id.
#[must_use]
pub fn tombstone(id: KeyedHash) -> Vec<u8> {
    start(Table::Tombstone).bytes(&id).0
}

/// Reads a tombstone's key.
#[must_use]
pub fn parse_tombstone(key: &[u8]) -> Option<KeyedHash> {
    let mut rest = Rest::of(Table::Tombstone, key)?;
    let id = rest.take()?;
    rest.end(id)
}

/// The mark of an erasure under way.
#[must_use]
pub fn erasure(customer: CustomerNumber) -> Vec<u8> {
    start(Table::Erasure).u32(customer.0).0
}

/// Reads the key of an erasure under way.
#[must_use]
pub fn parse_erasure(key: &[u8]) -> Option<CustomerNumber> {
    let mut rest = Rest::of(Table::Erasure, key)?;
    let customer = CustomerNumber(rest.u32()?);
    rest.end(customer)
}
