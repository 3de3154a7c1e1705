//! Keys of events, and of what waits for them to be decided.

use super::Table;
use super::parts::{Rest, start};
use crate::model::{CustomerNumber, RuleNumber};

/// What the keys of a customer's packs of events begin with.
#[must_use]
pub fn event_packs_of(customer: CustomerNumber) -> Vec<u8> {
    start(Table::Events).u32(customer.0).0
}

/// A pack of a customer's events, from 0.
#[must_use]
pub fn events(customer: CustomerNumber, pack: u32) -> Vec<u8> {
    start(Table::Events).u32(customer.0).u32(pack).0
}

/// Reads the key of a pack of events.
#[must_use]
pub fn parse_events(key: &[u8]) -> Option<(CustomerNumber, u32)> {
    let mut rest = Rest::of(Table::Events, key)?;
    let parts = (CustomerNumber(rest.u32()?), rest.u32()?);
    rest.end(parts)
}

/// Event `sequence` of those that rules have still to be asked about.
#[must_use]
pub fn arrival(sequence: u64) -> Vec<u8> {
    start(Table::Arrival).u64(sequence).0
}

/// Reads the key of an arrival.
#[must_use]
pub fn parse_arrival(key: &[u8]) -> Option<u64> {
    let mut rest = Rest::of(Table::Arrival, key)?;
    let sequence = rest.u64()?;
    rest.end(sequence)
}

/// Timer `n` of a rule for a customer.
#[must_use]
pub fn timer(rule: RuleNumber, customer: CustomerNumber, n: u32) -> Vec<u8> {
    start(Table::Timer).u32(rule.0).u32(customer.0).u32(n).0
}

/// Reads the key of a timer.
#[must_use]
pub fn parse_timer(key: &[u8]) -> Option<(RuleNumber, CustomerNumber, u32)> {
    let mut rest = Rest::of(Table::Timer, key)?;
    let parts = (RuleNumber(rest.u32()?), CustomerNumber(rest.u32()?), rest.u32()?);
    rest.end(parts)
}

/// Pack `sequence` of what we did.
#[must_use]
pub fn deeds(sequence: u64) -> Vec<u8> {
    start(Table::Deeds).u64(sequence).0
}

/// Reads the key of a pack of what we did.
#[must_use]
pub fn parse_deeds(key: &[u8]) -> Option<u64> {
    let mut rest = Rest::of(Table::Deeds, key)?;
    let sequence = rest.u64()?;
    rest.end(sequence)
}

/// The mark of pack `sequence` of what we did, that rules have still to be asked about it.
#[must_use]
pub fn deeds_to_ask(sequence: u64) -> Vec<u8> {
    start(Table::DeedsToAsk).u64(sequence).0
}

/// Reads the key of such a mark.
#[must_use]
pub fn parse_deeds_to_ask(key: &[u8]) -> Option<u64> {
    let mut rest = Rest::of(Table::DeedsToAsk, key)?;
    let sequence = rest.u64()?;
    rest.end(sequence)
}
