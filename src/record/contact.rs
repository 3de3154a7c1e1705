//! The ledger: who was contacted by which rule when; 16 bytes each, kept for ever.
//!
//! An occurrence is no part of it: a continuous rule's ordinal is one more than the number of its
//! contacts with the customer.

use crate::model::{CustomerNumber, Instant, RuleNumber};

/// One entry of the ledger. Caps, `at most` and ordinals read these.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Contact {
    /// Who.
    pub customer: CustomerNumber,
    /// By which rule; below 2^24.
    pub rule: RuleNumber,
    /// What it counts as.
    pub kind: ContactKind,
    /// When it became due: caps count it at this instant.
    pub at: Instant,
    /// Position of its channel among the store's channels, 0–15 (0 is e-mail); caps per channel read it.
    pub channel: u8,
    /// A further message of a decision that has an entry already: counts under caps, not as
    /// another decision.
    pub further: bool,
}

/// What an entry counts as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ContactKind {
    /// A marketing message: counts under caps and `at most`.
    Marketing,
    /// A transactional message: counts under the rule's own `at most` only.
    Transactional,
    /// A rule without a message (only `call`): counts under the rule's own `at most` only.
    Call,
    /// Held out: counts under the rule's own `at most` only.
    HeldOut,
    /// Takes back an earlier entry of the same rule, instant and channel: the message ended before
    /// anything of it went out, and gives its room back. Its ordinal stays used.
    Withdrawn,
    /// Rehearsed by a `draft`, which has a number of its own: counts under its `at most` only.
    Draft,
}

impl ContactKind {
    const ALL: [Self; 6] =
        [Self::Marketing, Self::Transactional, Self::Call, Self::HeldOut, Self::Withdrawn, Self::Draft];
}

impl Contact {
    /// Bytes of an entry.
    pub const SIZE: usize = 16;

    /// Customer (4), rule (3), one byte of kind (bits 0–2), further (bit 3) and channel (bits 4–7),
    /// instant (8); big end first.
    #[must_use]
    pub fn to_bytes(self) -> [u8; Self::SIZE] {
        let mut bytes = [0; Self::SIZE];
        bytes[..4].copy_from_slice(&self.customer.0.to_be_bytes());
        bytes[4..7].copy_from_slice(&self.rule.0.to_be_bytes()[1..]);
        bytes[7] = (self.channel << 4) | (u8::from(self.further) << 3) | self.kind as u8;
        bytes[8..].copy_from_slice(&self.at.0.to_be_bytes());
        bytes
    }

    /// Reads what [`Contact::to_bytes`] wrote; `None` for a kind that this version does not know.
    #[must_use]
    pub fn from_bytes(bytes: &[u8; Self::SIZE]) -> Option<Self> {
        let four = |at: usize| [bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]];
        let mut eight = [0; 8];
        eight.copy_from_slice(&bytes[8..]);
        Some(Self {
            customer: CustomerNumber(u32::from_be_bytes(four(0))),
            rule: RuleNumber(u32::from_be_bytes([0, bytes[4], bytes[5], bytes[6]])),
            kind: *ContactKind::ALL.get(usize::from(bytes[7] & 7))?,
            at: Instant(i64::from_be_bytes(eight)),
            channel: bytes[7] >> 4,
            further: bytes[7] & 8 != 0,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_sixteen_bytes_and_reads_back() {
        for kind in ContactKind::ALL {
            let contact = Contact {
                customer: CustomerNumber(u32::MAX),
                rule: RuleNumber(0x00AB_CDEF),
                kind,
                at: Instant(-1),
                channel: 15,
                further: kind == ContactKind::Call,
            };
            assert_eq!(Contact::from_bytes(&contact.to_bytes()), Some(contact));
        }
        assert_eq!(Contact::from_bytes(&[255; 16]), None);
    }
}
