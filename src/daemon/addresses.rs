//! Which records share an address.

use std::collections::BTreeSet;

use crate::model::CustomerNumber;
use crate::population::Population;

use super::Engine;

impl Engine {
    /// Notes the addresses of everybody.
    pub(super) fn note_all_addresses(&mut self) {
        self.addresses = crate::decide::Addresses::default();
        for customer in self.population.everybody().iter().map(CustomerNumber) {
            note(&mut self.addresses, &self.population, customer);
        }
    }

    /// Notes the addresses of some as they are now.
    pub(super) fn note_addresses(&mut self, customers: &BTreeSet<CustomerNumber>) {
        for customer in customers {
            note(&mut self.addresses, &self.population, *customer);
        }
    }
}

fn note(addresses: &mut crate::decide::Addresses, population: &Population, customer: CustomerNumber) {
    let text = |field| population.text(customer, population.schema().find(field)?);
    addresses.set(customer, text("email"), text("phone"));
}
