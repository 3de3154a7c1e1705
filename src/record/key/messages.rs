//! Keys of messages.

use super::Table;
use super::parts::{Rest, start};
use crate::model::Instant;
use crate::record::MessageKey;

/// A message that is not finished.
#[must_use]
pub fn open_message(decided: Instant, key: MessageKey) -> Vec<u8> {
    start(Table::OpenMessage).i64(decided.0).message(key).0
}

/// Reads the key of an open message.
#[must_use]
pub fn parse_open_message(key: &[u8]) -> Option<(Instant, MessageKey)> {
    let mut rest = Rest::of(Table::OpenMessage, key)?;
    let parts = (rest.instant()?, rest.message()?);
    rest.end(parts)
}

/// A message that ended.
#[must_use]
pub fn finished_message(at: Instant, key: MessageKey) -> Vec<u8> {
    start(Table::FinishedMessage).i64(at.0).message(key).0
}

/// Where the keys of messages begin that ended at an instant or later.
#[must_use]
pub fn finished_since(at: Instant) -> Vec<u8> {
    start(Table::FinishedMessage).i64(at.0).0
}

/// Reads the key of a finished message.
#[must_use]
pub fn parse_finished_message(key: &[u8]) -> Option<(Instant, MessageKey)> {
    let mut rest = Rest::of(Table::FinishedMessage, key)?;
    let parts = (rest.instant()?, rest.message()?);
    rest.end(parts)
}

/// A message that died.
#[must_use]
pub fn dead_letter(at: Instant, key: MessageKey) -> Vec<u8> {
    start(Table::DeadLetter).i64(at.0).message(key).0
}

/// Reads the key of a message that died.
#[must_use]
pub fn parse_dead_letter(key: &[u8]) -> Option<(Instant, MessageKey)> {
    let mut rest = Rest::of(Table::DeadLetter, key)?;
    let parts = (rest.instant()?, rest.message()?);
    rest.end(parts)
}

/// An endpoint that is not called for now.
#[must_use]
pub fn outage(endpoint: &str) -> Vec<u8> {
    // A zero byte ends the name, so that no name that begins with another finds that one's pieces.
    start(Table::Outage).bytes(endpoint.as_bytes()).u8(0).0
}

/// Reads the key of an endpoint that is not called for now.
#[must_use]
pub fn parse_outage(key: &[u8]) -> Option<String> {
    let name = Rest::of(Table::Outage, key)?.0.strip_suffix(&[0])?;
    String::from_utf8(name.to_vec()).ok()
}

/// A mail server or a domain that is left alone, by the code of its kind and its name.
#[must_use]
pub fn aside(kind: u8, name: &str) -> Vec<u8> {
    // As above.
    start(Table::Aside).u8(kind).bytes(name.as_bytes()).u8(0).0
}

/// Reads the key of a mail server or a domain that is left alone.
#[must_use]
pub fn parse_aside(key: &[u8]) -> Option<(u8, String)> {
    let mut rest = Rest::of(Table::Aside, key)?;
    let kind = rest.u8()?;
    Some((kind, String::from_utf8(rest.0.strip_suffix(&[0])?.to_vec()).ok()?))
}

/// The mark of a message that ended before anything of it went out.
#[must_use]
pub fn taken_back(key: MessageKey) -> Vec<u8> {
    start(Table::TakenBack).message(key).0
}

/// Reads such a mark's key.
#[must_use]
pub fn parse_taken_back(key: &[u8]) -> Option<MessageKey> {
    let mut rest = Rest::of(Table::TakenBack, key)?;
    let message = rest.message()?;
    rest.end(message)
}
