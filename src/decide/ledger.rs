//! Who was contacted when, in memory: what caps, `at most` and ordinals read.

use std::collections::HashMap;

use crate::model::{CustomerNumber, Instant, RuleNumber};
use crate::record::Contact;

/// All contacts, by customer, in the order in which they were made.
#[derive(Debug, Clone, Default)]
pub struct Ledger {
    by_customer: HashMap<CustomerNumber, Vec<Contact>>,
}

impl Ledger {
    /// Adds a contact.
    pub fn add(&mut self, contact: Contact) {
        self.by_customer.entry(contact.customer).or_default().push(contact);
    }

    /// A customer's contacts, oldest decision first.
    #[must_use]
    pub fn of(&self, customer: CustomerNumber) -> &[Contact] {
        self.by_customer.get(&customer).map_or(&[], Vec::as_slice)
    }

    /// How many decisions of `rule` the customer ever had.
    #[must_use]
    pub fn of_rule(&self, customer: CustomerNumber, rule: RuleNumber) -> usize {
        self.of(customer).iter().filter(|contact| contact.rule == rule && !contact.further).count()
    }

    /// How many of a customer's contacts since `start` (included) meet the condition. What became
    /// due later than now counts too: a message that waits holds its room.
    pub fn count_since(
        &self,
        customer: CustomerNumber,
        start: Instant,
        condition: impl Fn(&Contact) -> bool,
    ) -> usize {
        self.of(customer).iter().filter(|contact| contact.at >= start && condition(contact)).count()
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
