//! Who was contacted when, in memory: what caps, `at most` and ordinals read.

use std::collections::{BTreeMap, HashMap};

use crate::model::{CustomerNumber, Instant, RuleNumber};
use crate::record::{Contact, ContactKind};

use super::Totals;

/// All contacts, by customer, in the order in which they were decided.
#[derive(Debug, Clone, Default)]
pub struct Ledger {
    by_customer: HashMap<CustomerNumber, Vec<Contact>>,
    totals: Totals,
    /// The decisions of the rules that limit them, everybody's together.
    limited: BTreeMap<RuleNumber, Totals>,
}

impl Ledger {
    /// Adds an entry. One of the kind [`ContactKind::Withdrawn`] takes back the last entry that it
    /// names: that gives its room back under caps and `at most`, but its ordinal stays used.
    pub fn add(&mut self, contact: Contact) {
        let contacts = self.by_customer.entry(contact.customer).or_default();
        let limited = self.limited.get_mut(&contact.rule);
        if contact.kind != ContactKind::Withdrawn {
            self.totals.count(&contact, 1);
            if let Some(totals) = limited.filter(|_| !contact.further && is_sent(contact.kind)) {
                totals.add(0, contact.at, 1);
            }
            contacts.push(contact);
            return;
        }
        let same = |other: &Contact| {
            other.kind != ContactKind::Withdrawn && Contact { kind: contact.kind, ..*other } == contact
        };
        if let Some(place) = contacts.iter().rposition(same) {
            let sent = is_sent(contacts[place].kind);
            self.totals.count(&contacts[place], -1);
            contacts[place].kind = ContactKind::Withdrawn;
            if let Some(totals) = limited.filter(|_| sent && is_taken_back(contacts, place)) {
                totals.add(0, contact.at, -1);
            }
        }
    }

    /// Counts the decisions of a rule from now on, and those that it has already.
    pub fn count_decisions(&mut self, rule: RuleNumber) {
        if self.limited.contains_key(&rule) {
            return;
        }
        let mut totals = Totals::new();
        for contacts in self.by_customer.values() {
            for (place, contact) in contacts.iter().enumerate() {
                let sent = || group(contacts, place).iter().any(|entry| is_sent(entry.kind));
                if contact.rule == rule && !contact.further && sent() {
                    totals.add(0, contact.at, 1);
                }
            }
        }
        self.limited.insert(rule, totals);
    }

    /// How many decisions of a rule became due when; none where they are not counted.
    #[must_use]
    pub fn decided(&self, rule: RuleNumber) -> Option<&Totals> {
        self.limited.get(&rule)
    }

    /// An empty ledger that counts what this one does.
    #[must_use]
    pub fn beside(&self) -> Self {
        let limited = self.limited.keys().map(|rule| (*rule, Totals::new())).collect();
        Self { limited, ..Self::default() }
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
        let firsts = (0..contacts.len()).filter(move |&i| contacts[i].rule == rule && !contacts[i].further);
        firsts.filter_map(move |first| {
            let mut entries = group(contacts, first).iter();
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

/// Whether an entry says that somebody was sent to, or would have been by a rehearsal.
const fn is_sent(kind: ContactKind) -> bool {
    match kind {
        ContactKind::Marketing | ContactKind::Transactional | ContactKind::Call | ContactKind::Draft => true,
        ContactKind::HeldOut | ContactKind::Withdrawn => false,
    }
}

/// The entries of the decision whose first stands there. They stand together, all but the first with
/// `further`.
fn group(contacts: &[Contact], first: usize) -> &[Contact] {
    let rest = contacts[first + 1..].iter().take_while(|contact| contact.further).count();
    &contacts[first..=first + rest]
}

/// Whether all of the decision is taken back of which an entry stands there.
fn is_taken_back(contacts: &[Contact], place: usize) -> bool {
    let first = contacts[..=place].iter().rposition(|contact| !contact.further).unwrap_or(place);
    group(contacts, first).iter().all(|entry| entry.kind == ContactKind::Withdrawn)
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

    #[test]
    fn a_limited_rule_counts_its_decisions_whole() {
        let count = |ledger: &Ledger| {
            ledger.decided(RuleNumber(7)).map(|totals| totals.between(None, Instant(0), Instant(9)))
        };
        let withdrawn = |further| contact(7, 5, ContactKind::Withdrawn, further);
        let mut early = Ledger::default();
        early.count_decisions(RuleNumber(7));
        let mut late = Ledger::default();
        for (entry, expected) in [
            (contact(7, 5, ContactKind::Marketing, false), 1),
            (contact(7, 5, ContactKind::Transactional, true), 1),
            (contact(8, 5, ContactKind::Marketing, false), 1),
            (contact(7, 6, ContactKind::HeldOut, false), 1),
            (contact(7, 6, ContactKind::Call, false), 2),
            (withdrawn(false), 2),
            (withdrawn(true), 1),
            (withdrawn(true), 1),
        ] {
            early.add(entry);
            late.add(entry);
            assert_eq!(count(&early), Some(expected), "{entry:?}");
            let mut late = late.clone();
            late.count_decisions(RuleNumber(7));
            assert_eq!(count(&late), Some(expected), "counted afterwards: {entry:?}");
        }
        assert_eq!(count(&late), None);
        assert_eq!(count(&early.beside()), Some(0));
    }
}
