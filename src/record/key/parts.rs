//! How the parts of a key are written and read.

use super::Table;
use crate::model::{CustomerNumber, DecisionKey, Instant, Occurrence, RuleNumber};
use crate::record::MessageKey;

/// A key of a table, as yet only its prefix.
pub(super) fn start(table: Table) -> Key {
    Key(table.prefix())
}

/// A key while it is built.
pub(super) struct Key(pub(super) Vec<u8>);

impl Key {
    pub(super) fn u8(mut self, value: u8) -> Self {
        self.0.push(value);
        self
    }

    pub(super) fn u16(mut self, value: u16) -> Self {
        self.0.extend_from_slice(&value.to_be_bytes());
        self
    }

    pub(super) fn u32(mut self, value: u32) -> Self {
        self.0.extend_from_slice(&value.to_be_bytes());
        self
    }

    pub(super) fn u64(mut self, value: u64) -> Self {
        self.0.extend_from_slice(&value.to_be_bytes());
        self
    }

    pub(super) fn i64(self, value: i64) -> Self {
        self.u64(value.cast_unsigned() ^ 1 << 63)
    }

    pub(super) fn bytes(mut self, bytes: &[u8]) -> Self {
        self.0.extend_from_slice(bytes);
        self
    }

    pub(super) fn message(self, key: MessageKey) -> Self {
        let DecisionKey { rule, occurrence, customer } = key.decision;
        self.u32(rule.0).i64(occurrence.0).u32(customer.0).u8(key.action)
    }
}

/// The rest of a key while it is read.
pub(super) struct Rest<'a>(pub(super) &'a [u8]);

impl<'a> Rest<'a> {
    pub(super) fn of(table: Table, key: &'a [u8]) -> Option<Self> {
        key.strip_prefix(table.prefix().as_slice()).map(Self)
    }

    pub(super) fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (bytes, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*bytes)
    }

    pub(super) fn u8(&mut self) -> Option<u8> {
        self.take().map(u8::from_be_bytes)
    }

    pub(super) fn u16(&mut self) -> Option<u16> {
        self.take().map(u16::from_be_bytes)
    }

    pub(super) fn u32(&mut self) -> Option<u32> {
        self.take().map(u32::from_be_bytes)
    }

    pub(super) fn u64(&mut self) -> Option<u64> {
        self.take().map(u64::from_be_bytes)
    }

    pub(super) fn instant(&mut self) -> Option<Instant> {
        self.u64().map(|bits| Instant((bits ^ 1 << 63).cast_signed()))
    }

    pub(super) fn message(&mut self) -> Option<MessageKey> {
        let rule = RuleNumber(self.u32()?);
        let occurrence = Occurrence(self.instant()?.0);
        let customer = CustomerNumber(self.u32()?);
        Some(MessageKey { decision: DecisionKey { rule, occurrence, customer }, action: self.u8()? })
    }

    pub(super) fn end<T>(self, value: T) -> Option<T> {
        self.0.is_empty().then_some(value)
    }
}
