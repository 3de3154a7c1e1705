//! The keys of all records: a partition byte (0 today), a table byte, then what the table is by.
//!
//! Numbers stand big end first, signed ones with the top bit flipped, so that the order of the bytes
//! is the order of the numbers and a scan by prefix meets records in the order in which they were
//! written. Codes of tables are for ever: a table that goes leaves its code unused.
//!
//! Each table has a function that builds a key and, where scans need it, one named `parse_…` that
//! reads it back (`None` for bytes that are no such key).

use crate::model::{Channel, CustomerNumber, DecisionKey, Instant, Occurrence, RuleNumber, RuleSetHash};

use super::{MessageKey, PauseScope};

/// The partition of a store that one daemon owns.
pub const PARTITION: u8 = 0;

/// What a record is, by the second byte of its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Table {
    /// The store's own records, by a code.
    Meta = 1,
    /// Profiles, by customer.
    Profile = 2,
    /// Packs of orders, by customer and pack.
    Orders = 3,
    /// Changes of attributes, addresses and consents, by customer, instant learnt and ordinal.
    Change = 4,
    /// Suppressed addresses, by customer and channel.
    Suppression = 5,
    /// Packs of the ledger, by their order.
    Ledger = 6,
    /// Runs, by rule and instant.
    Run = 7,
    /// Recipients of runs, by rule, instant and block of 16,384 customers.
    Recipients = 8,
    /// Packs of decisions, by rule, run's instant and the first customer of the pack.
    Decisions = 9,
    /// Customers spent for a continuous rule, by rule and block.
    Spent = 10,
    /// Customers tried again, by rule and block of 256 customers.
    Trying = 11,
    /// What else a rule remembers, by rule.
    RuleState = 12,
    /// Who was passed over, by rule, run's instant or day, reason and block.
    NonSends = 13,
    /// Messages that are not finished, by the instant decided and their key.
    OpenMessage = 14,
    /// Messages that ended, by the instant and their key.
    FinishedMessage = 15,
    /// Numbers of rules, by name.
    RuleName = 16,
    /// Rule sets, by hash.
    RuleSet = 17,
    /// Contents of messages, by hash.
    Content = 18,
    /// Pauses, by scope.
    Pause = 19,
    /// Loads under way, by a number.
    Load = 20,
    /// Markers of runs that are not over, by rule and instant: a start reads no history.
    UnfinishedRun = 21,
}

impl Table {
    /// All tables.
    pub const ALL: [Self; 21] = [
        Self::Meta,
        Self::Profile,
        Self::Orders,
        Self::Change,
        Self::Suppression,
        Self::Ledger,
        Self::Run,
        Self::Recipients,
        Self::Decisions,
        Self::Spent,
        Self::Trying,
        Self::RuleState,
        Self::NonSends,
        Self::OpenMessage,
        Self::FinishedMessage,
        Self::RuleName,
        Self::RuleSet,
        Self::Content,
        Self::Pause,
        Self::Load,
        Self::UnfinishedRun,
    ];

    /// What all its keys begin with.
    #[must_use]
    pub fn prefix(self) -> Vec<u8> {
        vec![PARTITION, self as u8]
    }

    /// The table of a key.
    #[must_use]
    pub fn of(key: &[u8]) -> Option<Self> {
        let [PARTITION, code, ..] = key else { return None };
        Self::ALL.into_iter().find(|&table| table as u8 == *code)
    }
}

/// The store's own records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum MetaRecord {
    /// Version, id and secret.
    Identity = 0,
    /// The hash of the last good rule set.
    ActiveRuleSet = 1,
    /// The last committed tick.
    LastTick = 2,
    /// The daemon's hold.
    Hold = 3,
    /// The channels, in the order of their codes in the ledger.
    Channels = 4,
}

fn start(table: Table) -> Key {
    Key(table.prefix())
}

struct Key(Vec<u8>);

impl Key {
    fn u8(mut self, value: u8) -> Self {
        self.0.push(value);
        self
    }

    fn u16(mut self, value: u16) -> Self {
        self.0.extend_from_slice(&value.to_be_bytes());
        self
    }

    fn u32(mut self, value: u32) -> Self {
        self.0.extend_from_slice(&value.to_be_bytes());
        self
    }

    fn u64(mut self, value: u64) -> Self {
        self.0.extend_from_slice(&value.to_be_bytes());
        self
    }

    fn i64(self, value: i64) -> Self {
        self.u64(value.cast_unsigned() ^ 1 << 63)
    }

    fn bytes(mut self, bytes: &[u8]) -> Self {
        self.0.extend_from_slice(bytes);
        self
    }

    fn message(self, key: MessageKey) -> Self {
        let DecisionKey { rule, occurrence, customer } = key.decision;
        self.u32(rule.0).i64(occurrence.0).u32(customer.0).u8(key.action)
    }
}

/// The rest of a key while it is read.
struct Rest<'a>(&'a [u8]);

impl<'a> Rest<'a> {
    fn of(table: Table, key: &'a [u8]) -> Option<Self> {
        key.strip_prefix(table.prefix().as_slice()).map(Self)
    }

    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (bytes, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*bytes)
    }

    fn u8(&mut self) -> Option<u8> {
        self.take().map(u8::from_be_bytes)
    }

    fn u16(&mut self) -> Option<u16> {
        self.take().map(u16::from_be_bytes)
    }

    fn u32(&mut self) -> Option<u32> {
        self.take().map(u32::from_be_bytes)
    }

    fn u64(&mut self) -> Option<u64> {
        self.take().map(u64::from_be_bytes)
    }

    fn instant(&mut self) -> Option<Instant> {
        self.u64().map(|bits| Instant((bits ^ 1 << 63).cast_signed()))
    }

    fn message(&mut self) -> Option<MessageKey> {
        let rule = RuleNumber(self.u32()?);
        let occurrence = Occurrence(self.instant()?.0);
        let customer = CustomerNumber(self.u32()?);
        Some(MessageKey { decision: DecisionKey { rule, occurrence, customer }, action: self.u8()? })
    }

    fn end<T>(self, value: T) -> Option<T> {
        self.0.is_empty().then_some(value)
    }
}

/// One of the store's own records.
#[must_use]
pub fn meta(record: MetaRecord) -> Vec<u8> {
    start(Table::Meta).u8(record as u8).0
}

/// Piece `n`, from 1, of the record under `key` that was cut.
#[must_use]
pub fn piece(key: &[u8], n: u16) -> Vec<u8> {
    Key(key.to_vec()).u16(n).0
}

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

/// The suppression of a customer's address on a channel (its position; 0 is e-mail).
#[must_use]
pub fn suppression(customer: CustomerNumber, channel: u8) -> Vec<u8> {
    start(Table::Suppression).u32(customer.0).u8(channel).0
}

/// Reads a suppression's key.
#[must_use]
pub fn parse_suppression(key: &[u8]) -> Option<(CustomerNumber, u8)> {
    let mut rest = Rest::of(Table::Suppression, key)?;
    let parts = (CustomerNumber(rest.u32()?), rest.u8()?);
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

/// A run.
#[must_use]
pub fn run(rule: RuleNumber, at: Instant) -> Vec<u8> {
    start(Table::Run).u32(rule.0).i64(at.0).0
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

/// Reads the key of a finished message.
#[must_use]
pub fn parse_finished_message(key: &[u8]) -> Option<(Instant, MessageKey)> {
    let mut rest = Rest::of(Table::FinishedMessage, key)?;
    let parts = (rest.instant()?, rest.message()?);
    rest.end(parts)
}

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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn each_table_has_its_own_code() {
        let mut codes: Vec<u8> = Table::ALL.iter().map(|&table| table as u8).collect();
        codes.dedup();
        assert_eq!(codes, (1..=20).collect::<Vec<u8>>());
        assert!(Table::ALL.iter().all(|&table| Table::of(&table.prefix()) == Some(table)));
        assert_eq!(Table::of(&[1, 1]), None);
    }

    fn message_key((rule, occurrence, customer, action): (u32, i64, u32, u8)) -> MessageKey {
        let decision = DecisionKey {
            rule: RuleNumber(rule),
            occurrence: Occurrence(occurrence),
            customer: CustomerNumber(customer),
        };
        MessageKey { decision, action }
    }

    proptest! {
        #[test]
        fn keys_read_back(c: u32, n: u32, rule: u32, at: i64, byte: u8, short: u16, long: u64, m: (u32, i64, u32, u8)) {
            let (customer, rule, at, message) = (CustomerNumber(c), RuleNumber(rule), Instant(at), message_key(m));
            prop_assert_eq!(parse_profile(&profile(customer)), Some(customer));
            prop_assert_eq!(parse_orders(&orders(customer, n)), Some((customer, n)));
            prop_assert_eq!(parse_change(&change(customer, at, short)), Some((customer, at, short)));
            prop_assert_eq!(parse_suppression(&suppression(customer, byte)), Some((customer, byte)));
            prop_assert_eq!(parse_ledger(&ledger(long)), Some(long));
            prop_assert_eq!(parse_run(&run(rule, at)), Some((rule, at)));
            prop_assert_eq!(parse_recipients(&recipients(rule, at, n)), Some((rule, at, n)));
            prop_assert_eq!(parse_decisions(&decisions(rule, at, customer)), Some((rule, at, customer)));
            prop_assert_eq!(parse_spent(&spent(rule, n)), Some((rule, n)));
            prop_assert_eq!(parse_trying(&trying(rule, n)), Some((rule, n)));
            prop_assert_eq!(parse_rule_state(&rule_state(rule)), Some(rule));
            prop_assert_eq!(parse_non_sends(&non_sends(rule, at, byte, n)), Some((rule, at, byte, n)));
            prop_assert_eq!(parse_open_message(&open_message(at, message)), Some((at, message)));
            prop_assert_eq!(parse_finished_message(&finished_message(at, message)), Some((at, message)));
            prop_assert_eq!(parse_load(&load(long)), Some(long));
            prop_assert_eq!(parse_profile(&orders(customer, n)), None);
            prop_assert_eq!(parse_profile(&piece(&profile(customer), short)), None);
        }

        #[test]
        fn the_order_of_keys_is_the_order_of_instants(a: i64, b: i64, customer: u32) {
            let key = |at| run(RuleNumber(customer), Instant(at));
            prop_assert_eq!(key(a).cmp(&key(b)), a.cmp(&b));
        }
    }
}
