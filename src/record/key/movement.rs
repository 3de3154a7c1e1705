//! Keys of tracks, of who was last seen where, and of moves.

use super::Table;
use super::parts::{Rest, start};
use crate::model::{Instant, RuleNumber};

/// A track by its number.
#[must_use]
pub fn track(number: u16) -> Vec<u8> {
    start(Table::Track).u16(number).0
}

/// Reads the key of a track.
#[must_use]
pub fn parse_track(key: &[u8]) -> Option<u16> {
    let mut rest = Rest::of(Table::Track, key)?;
    let number = rest.u16()?;
    rest.end(number)
}

/// What the keys of a track's places begin with.
#[must_use]
pub fn places_of(track: u16) -> Vec<u8> {
    start(Table::Places).u16(track).0
}

/// Who was last seen in a place of a track, by its code, of a block of 16,384 customers.
#[must_use]
pub fn places(track: u16, place: u16, block: u32) -> Vec<u8> {
    start(Table::Places).u16(track).u16(place).u32(block).0
}

/// Reads the key of a block of a place.
#[must_use]
pub fn parse_places(key: &[u8]) -> Option<(u16, u16, u32)> {
    let mut rest = Rest::of(Table::Places, key)?;
    let parts = (rest.u16()?, rest.u16()?, rest.u32()?);
    rest.end(parts)
}

/// What the keys of a track's moves begin with.
#[must_use]
pub fn moves_of(track: u16) -> Vec<u8> {
    start(Table::Moves).u16(track).0
}

/// Pack `n` of the moves that a tick learnt of a block of customers.
#[must_use]
pub fn moves(track: u16, learnt: Instant, block: u32, n: u16) -> Vec<u8> {
    start(Table::Moves).u16(track).i64(learnt.0).u32(block).u16(n).0
}

/// Reads the key of a pack of moves.
#[must_use]
pub fn parse_moves(key: &[u8]) -> Option<(u16, Instant, u32, u16)> {
    let mut rest = Rest::of(Table::Moves, key)?;
    let parts = (rest.u16()?, rest.instant()?, rest.u32()?, rest.u16()?);
    rest.end(parts)
}

/// When a scheduled rule looked for moves last.
#[must_use]
pub fn looked(rule: RuleNumber) -> Vec<u8> {
    start(Table::Looked).u32(rule.0).0
}

/// Reads the key of when a rule looked last.
#[must_use]
pub fn parse_looked(key: &[u8]) -> Option<RuleNumber> {
    let mut rest = Rest::of(Table::Looked, key)?;
    let rule = RuleNumber(rest.u32()?);
    rest.end(rule)
}
