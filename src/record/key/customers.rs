//! Keys of customers: profiles, orders, changes, suppressions; and of the ledger.

use super::Table;
use super::parts::{Rest, start};
use crate::model::{CustomerNumber, Instant};
use crate::record::KeyedHash;

/// A customer's profile.
#[must_use]
pub fn profile(customer: CustomerNumber) -> Vec<u8> {
    start(Table::Profile).u32(customer.0).0
}

/// Reads a profile's key.
#[must_use]
pub fn parse_profile(key: &[u8]) -> Option<CustomerNumber> {
    let mut rest = Rest::of(Table::Profile, key)?;
    let customer = CustomerNumber(rest.u32()?);
    rest.end(customer)
}

/// What the keys of a customer's packs of orders begin with.
#[must_use]
pub fn orders_of(customer: CustomerNumber) -> Vec<u8> {
    start(Table::Orders).u32(customer.0).0
}

/// A pack of a customer's orders, from 0.
#[must_use]
pub fn orders(customer: CustomerNumber, pack: u32) -> Vec<u8> {
    start(Table::Orders).u32(customer.0).u32(pack).0
}

/// Reads the key of a pack of orders.
#[must_use]
pub fn parse_orders(key: &[u8]) -> Option<(CustomerNumber, u32)> {
    let mut rest = Rest::of(Table::Orders, key)?;
    let parts = (CustomerNumber(rest.u32()?), rest.u32()?);
    rest.end(parts)
}

/// What the keys of a customer's changes begin with.
#[must_use]
pub fn changes_of(customer: CustomerNumber) -> Vec<u8> {
    start(Table::Change).u32(customer.0).0
}

/// Change `n` of those learnt of a customer at one instant.
#[must_use]
pub fn change(customer: CustomerNumber, learnt: Instant, n: u16) -> Vec<u8> {
    start(Table::Change).u32(customer.0).i64(learnt.0).u16(n).0
}

/// Reads a change's key.
#[must_use]
pub fn parse_change(key: &[u8]) -> Option<(CustomerNumber, Instant, u16)> {
    let mut rest = Rest::of(Table::Change, key)?;
    let parts = (CustomerNumber(rest.u32()?), rest.instant()?, rest.u16()?);
    rest.end(parts)
}

/// The suppression of one of a customer's addresses on a channel (its position; 0 is e-mail); none: of
/// whatever addresses the customer has.
#[must_use]
pub fn suppression(customer: CustomerNumber, channel: u8, address: Option<KeyedHash>) -> Vec<u8> {
    // All keys have one length, so that none is taken for a piece of another.
    start(Table::Suppression).u32(customer.0).u8(channel).bytes(&address.unwrap_or_default()).0
}

/// What the keys of all suppressions of a customer begin with.
#[must_use]
pub fn suppressions_of(customer: CustomerNumber) -> Vec<u8> {
    start(Table::Suppression).u32(customer.0).0
}

/// Reads a suppression's key. Which address it is, the record says.
#[must_use]
pub fn parse_suppression(key: &[u8]) -> Option<(CustomerNumber, u8)> {
    let mut rest = Rest::of(Table::Suppression, key)?;
    let parts = (CustomerNumber(rest.u32()?), rest.u8()?);
    let _address: KeyedHash = rest.take()?;
    rest.end(parts)
}

/// Pack `sequence` of the ledger, from 0.
#[must_use]
pub fn ledger(sequence: u64) -> Vec<u8> {
    start(Table::Ledger).u64(sequence).0
}

/// Reads the key of a pack of the ledger.
#[must_use]
pub fn parse_ledger(key: &[u8]) -> Option<u64> {
    let mut rest = Rest::of(Table::Ledger, key)?;
    let sequence = rest.u64()?;
    rest.end(sequence)
}
