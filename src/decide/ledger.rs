//! Who was contacted when, in memory: what caps, `at most` and ordinals read.

use std::collections::HashMap;

use crate::model::{CustomerNumber, Instant, RuleNumber};
use crate::record::{Contact, ContactKind};

use super::Totals;

/// All contacts, by customer, in the order in which they were decided.
#[derive(Debug, Clone, Default)]
pub struct Ledger {
    by_customer: HashMap<CustomerNumber, Vec<Contact>>,
    totals: Totals,
}

impl Ledger {
    /// Adds an entry. One of the kind [`ContactKind::Withdrawn`] takes back the last entry that it
    /// names: that gives its room back under caps and `at most`, but its ordinal stays used.
    pub fn add(&mut self, contact: Contact) {
        let contacts = self.by_customer.entry(contact.customer).or_default();
        if contact.kind != ContactKind::Withdrawn {
            self.totals.count(&contact, 1);
            contacts.push(contact);
            return;
        }
        let same = |other: &&mut Contact| {
            other.kind != ContactKind::Withdrawn && Contact { kind: contact.kind, ..**other } == contact
        };
        if let Some(taken_back) = contacts.iter_mut().rev().find(same) {
            self.totals.count(taken_back, -1);
            taken_back.kind = ContactKind::Withdrawn;
        }
    }

    /// A customer's contacts, oldest decision first; those taken back among them.
    #[must_use]
    pub fn of(&self, customer: CustomerNumber) -> &[Contact] {
        self.by_customer.get(&customer).map_or(&[], Vec::as_slice)
    }

    /// How many decisions of `rule` the customer ever had, those taken back among them: an ordinal
    /// is never used again.
    #[must_use]
    pub fn of_rule(&self, customer: CustomerNumber, rule: RuleNumber) -> usize {
        self.of(customer).iter().filter(|contact| contact.rule == rule && !contact.further).count()
    }

    /// When the customer's decisions of `rule` became due; not those of which everything was taken
    /// back.
    pub fn decisions(
        &self,
        customer: CustomerNumber,
        rule: RuleNumber,
    ) -> impl Iterator<Item = Instant> + use<'_> {
        let contacts = self.of(customer);
        // The entries of one decision stand together, the first without `further`.
        let firsts = (0..contacts.len()).filter(move |&i| contacts[i].rule == rule && !contacts[i].further);
        firsts.filter_map(move |first| {
            let rest = contacts[first + 1..].iter().take_while(|contact| contact.further);
            let mut entries = std::iter::once(&contacts[first]).chain(rest);
            entries.any(|entry| entry.kind != ContactKind::Withdrawn).then_some(contacts[first].at)
        })
    }

    /// The entry that a message which ended before it went out takes back: of its rule, due instant
    /// and, for a message, channel (its code); none where there is none any more.
    #[must_use]
    pub fn entry_of(
        &self,
        customer: CustomerNumber,
        rule: RuleNumber,
        due: Instant,
        channel: Option<u8>,
    ) -> Option<Contact> {
        let fits = |contact: &&Contact| {
            let kind = match contact.kind {
                ContactKind::Marketing | ContactKind::Transactional => Some(contact.channel) == channel,
                ContactKind::Call => channel.is_none(),
                ContactKind::HeldOut | ContactKind::Withdrawn | ContactKind::Draft => false,
            };
            kind && contact.rule == rule && contact.at == due
        };
        self.of(customer).iter().rev().find(fits).copied()
    }

    /// Everybody's marketing messages together.
    #[must_use]
    pub const fn totals(&self) -> &Totals {
        &self.totals
    }

    /// How many contacts there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.by_customer.values().map(Vec::len).sum()
    }

    /// Whether nobody was ever contacted.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.by_customer.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contact(rule: u32, at: i64, kind: ContactKind, further: bool) -> Contact {
        Contact {
            customer: CustomerNumber(1),
            rule: RuleNumber(rule),
            kind,
            at: Instant(at),
            channel: 0,
            further,
        }
    }

    #[test]
    fn what_is_taken_back_gives_its_room_back_and_keeps_its_ordinal() {
        let mut ledger = Ledger::default();
        ledger.add(contact(7, 5, ContactKind::Marketing, false));
        ledger.add(contact(7, 5, ContactKind::Marketing, true));
        ledger.add(contact(8, 5, ContactKind::Marketing, false));
        let decisions = |ledger: &Ledger| ledger.decisions(CustomerNumber(1), RuleNumber(7)).count();
        ledger.add(contact(7, 5, ContactKind::Withdrawn, false));
        assert_eq!((decisions(&ledger), ledger.totals().between(None, Instant(0), Instant(9))), (1, 2));
        let rest = ledger.entry_of(CustomerNumber(1), RuleNumber(7), Instant(5), Some(0)).unwrap();
        ledger.add(Contact { kind: ContactKind::Withdrawn, ..rest });
        assert_eq!((decisions(&ledger), ledger.totals().between(None, Instant(0), Instant(9))), (0, 1));
        assert_eq!(ledger.entry_of(CustomerNumber(1), RuleNumber(7), Instant(5), Some(0)), None);
        ledger.add(contact(7, 5, ContactKind::Withdrawn, false));
        assert_eq!(ledger.of_rule(CustomerNumber(1), RuleNumber(7)), 1, "the ordinal is never used again");
        assert_eq!(ledger.totals().between(None, Instant(0), Instant(9)), 1, "a repeat takes nothing back");
    }
}
