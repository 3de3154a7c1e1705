//! Keys of rules, contents, pauses and loads.

use super::Table;
use super::parts::{Rest, start};
use crate::model::{Channel, RuleSetHash};
use crate::record::PauseScope;

/// The number of a rule's name.
#[must_use]
pub fn rule_name(name: &str) -> Vec<u8> {
    start(Table::RuleName).bytes(name.as_bytes()).0
}

/// Reads the key of a rule's name.
#[must_use]
pub fn parse_rule_name(key: &[u8]) -> Option<String> {
    let rest = Rest::of(Table::RuleName, key)?;
    String::from_utf8(rest.0.to_vec()).ok()
}

/// What an item was called first, by the code of its kind and a name that it had.
#[must_use]
pub fn first_name(kind: u8, name: &str) -> Vec<u8> {
    start(Table::FirstName).u8(kind).bytes(name.as_bytes()).0
}

/// Reads the key of a first name.
#[must_use]
pub fn parse_first_name(key: &[u8]) -> Option<(u8, String)> {
    let mut rest = Rest::of(Table::FirstName, key)?;
    let kind = rest.u8()?;
    Some((kind, String::from_utf8(rest.0.to_vec()).ok()?))
}

/// A rule set.
#[must_use]
pub fn rule_set(hash: RuleSetHash) -> Vec<u8> {
    start(Table::RuleSet).bytes(&hash.0).0
}

/// Reads a rule set's key.
#[must_use]
pub fn parse_rule_set(key: &[u8]) -> Option<RuleSetHash> {
    let mut rest = Rest::of(Table::RuleSet, key)?;
    let hash = RuleSetHash(rest.take()?);
    rest.end(hash)
}

/// A message's content, by its hash as text. A zero byte ends the text, so that no hash that begins
/// with another finds that one's pieces.
#[must_use]
pub fn content(hash: &str) -> Vec<u8> {
    start(Table::Content).bytes(hash.as_bytes()).u8(0).0
}

/// A pause.
#[must_use]
pub fn pause(scope: &PauseScope) -> Vec<u8> {
    let key = start(Table::Pause);
    match scope {
        PauseScope::Everything => key.u8(0).0,
        PauseScope::Channel(Channel(name)) => key.u8(1).bytes(name.as_bytes()).0,
        PauseScope::Rule(rule) => key.u8(2).u32(rule.0).0,
    }
}

/// A load under way.
#[must_use]
pub fn load(number: u64) -> Vec<u8> {
    start(Table::Load).u64(number).0
}

/// Reads a load's key.
#[must_use]
pub fn parse_load(key: &[u8]) -> Option<u64> {
    let mut rest = Rest::of(Table::Load, key)?;
    let number = rest.u64()?;
    rest.end(number)
}
