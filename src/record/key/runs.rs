//! Keys of runs, decisions, those passed over, and of what rules remember.

use super::Table;
use super::parts::{Rest, start};
use crate::model::{CustomerNumber, Instant, RuleNumber};

/// A run.
#[must_use]
pub fn run(rule: RuleNumber, at: Instant) -> Vec<u8> {
    start(Table::Run).u32(rule.0).i64(at.0).0
}

/// What the keys of a rule's runs begin with.
#[must_use]
pub fn runs_of(rule: RuleNumber) -> Vec<u8> {
    start(Table::Run).u32(rule.0).0
}

/// Reads a run's key.
#[must_use]
pub fn parse_run(key: &[u8]) -> Option<(RuleNumber, Instant)> {
    let mut rest = Rest::of(Table::Run, key)?;
    let parts = (RuleNumber(rest.u32()?), rest.instant()?);
    rest.end(parts)
}

/// The marker of a run that is not over.
#[must_use]
pub fn unfinished_run(rule: RuleNumber, at: Instant) -> Vec<u8> {
    start(Table::UnfinishedRun).u32(rule.0).i64(at.0).0
}

/// Reads a marker's key.
#[must_use]
pub fn parse_unfinished_run(key: &[u8]) -> Option<(RuleNumber, Instant)> {
    let mut rest = Rest::of(Table::UnfinishedRun, key)?;
    let parts = (RuleNumber(rest.u32()?), rest.instant()?);
    rest.end(parts)
}

/// What the keys of a run's recipients begin with.
#[must_use]
pub fn recipients_of(rule: RuleNumber, at: Instant) -> Vec<u8> {
    start(Table::Recipients).u32(rule.0).i64(at.0).0
}

/// A block of a run's recipients.
#[must_use]
pub fn recipients(rule: RuleNumber, at: Instant, block: u32) -> Vec<u8> {
    start(Table::Recipients).u32(rule.0).i64(at.0).u32(block).0
}

/// Reads the key of a block of recipients.
#[must_use]
pub fn parse_recipients(key: &[u8]) -> Option<(RuleNumber, Instant, u32)> {
    let mut rest = Rest::of(Table::Recipients, key)?;
    let parts = (RuleNumber(rest.u32()?), rest.instant()?, rest.u32()?);
    rest.end(parts)
}

/// What the keys of a rule's decisions begin with.
#[must_use]
pub fn decisions_of_rule(rule: RuleNumber) -> Vec<u8> {
    start(Table::Decisions).u32(rule.0).0
}

/// What the keys of a run's decisions begin with.
#[must_use]
pub fn decisions_of(rule: RuleNumber, at: Instant) -> Vec<u8> {
    start(Table::Decisions).u32(rule.0).i64(at.0).0
}

/// A pack of a run's decisions.
#[must_use]
pub fn decisions(rule: RuleNumber, at: Instant, first: CustomerNumber) -> Vec<u8> {
    start(Table::Decisions).u32(rule.0).i64(at.0).u32(first.0).0
}

/// Reads the key of a pack of decisions.
#[must_use]
pub fn parse_decisions(key: &[u8]) -> Option<(RuleNumber, Instant, CustomerNumber)> {
    let mut rest = Rest::of(Table::Decisions, key)?;
    let parts = (RuleNumber(rest.u32()?), rest.instant()?, CustomerNumber(rest.u32()?));
    rest.end(parts)
}

/// What the keys of a rule's non-sends begin with.
#[must_use]
pub fn non_sends_of(rule: RuleNumber) -> Vec<u8> {
    start(Table::NonSends).u32(rule.0).0
}

/// A block of customers passed over: the run's instant (for continuous rules the day's start) and
/// the reason's code.
#[must_use]
pub fn non_sends(rule: RuleNumber, at: Instant, reason: u8, block: u32) -> Vec<u8> {
    start(Table::NonSends).u32(rule.0).i64(at.0).u8(reason).u32(block).0
}

/// Reads the key of a block of customers passed over.
#[must_use]
pub fn parse_non_sends(key: &[u8]) -> Option<(RuleNumber, Instant, u8, u32)> {
    let mut rest = Rest::of(Table::NonSends, key)?;
    let parts = (RuleNumber(rest.u32()?), rest.instant()?, rest.u8()?, rest.u32()?);
    rest.end(parts)
}

/// A block of the customers spent for a rule.
#[must_use]
pub fn spent(rule: RuleNumber, block: u32) -> Vec<u8> {
    start(Table::Spent).u32(rule.0).u32(block).0
}

/// Reads the key of a block of spent customers.
#[must_use]
pub fn parse_spent(key: &[u8]) -> Option<(RuleNumber, u32)> {
    let mut rest = Rest::of(Table::Spent, key)?;
    let parts = (RuleNumber(rest.u32()?), rest.u32()?);
    rest.end(parts)
}

/// The customers of one block of 256 whom a rule tries again.
#[must_use]
pub fn trying(rule: RuleNumber, block: u32) -> Vec<u8> {
    start(Table::Trying).u32(rule.0).u32(block).0
}

/// Reads the key of a pack of customers who are tried again.
#[must_use]
pub fn parse_trying(key: &[u8]) -> Option<(RuleNumber, u32)> {
    let mut rest = Rest::of(Table::Trying, key)?;
    let parts = (RuleNumber(rest.u32()?), rest.u32()?);
    rest.end(parts)
}

/// The customers of one block of 128 who changed their zone between two runs of a rule.
#[must_use]
pub fn met(rule: RuleNumber, block: u32) -> Vec<u8> {
    start(Table::Met).u32(rule.0).u32(block).0
}

/// Reads the key of a pack of customers who changed their zone.
#[must_use]
pub fn parse_met(key: &[u8]) -> Option<(RuleNumber, u32)> {
    let mut rest = Rest::of(Table::Met, key)?;
    let parts = (RuleNumber(rest.u32()?), rest.u32()?);
    rest.end(parts)
}

/// What a rule remembers besides.
#[must_use]
pub fn rule_state(rule: RuleNumber) -> Vec<u8> {
    start(Table::RuleState).u32(rule.0).0
}

/// Reads the key of a rule's state.
#[must_use]
pub fn parse_rule_state(key: &[u8]) -> Option<RuleNumber> {
    let mut rest = Rest::of(Table::RuleState, key)?;
    let rule = RuleNumber(rest.u32()?);
    rest.end(rule)
}
