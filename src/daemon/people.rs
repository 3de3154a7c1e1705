//! What decisions ask about customers, answered from the population.

use jiff::tz::TimeZone;

use crate::decide::People;
use crate::model::{Channel, CustomerNumber};
use crate::population::Population;
use crate::ruleset::FieldId;

/// The field that holds a channel's address: e-mail's own, the phone for all others.
pub(super) fn address_field(channel: &Channel) -> &'static str {
    if *channel == Channel::email() { "email" } else { "phone" }
}

fn address_of(population: &Population, channel: &Channel) -> Option<FieldId> {
    population.schema().find(address_field(channel))
}

impl People for Population {
    fn consents(&self, customer: CustomerNumber, channel: &Channel) -> bool {
        Population::consents(self, customer, channel)
    }

    fn suppressed(&self, customer: CustomerNumber, channel: &Channel) -> bool {
        Population::suppressed(self, customer).on(channel)
    }

    fn reachable(&self, customer: CustomerNumber, channel: &Channel) -> bool {
        address_of(self, channel).and_then(|field| self.text(customer, field)).is_some()
    }

    fn zone(&self, customer: CustomerNumber) -> Option<TimeZone> {
        let name = self.text(customer, self.schema().find("time_zone")?)?;
        TimeZone::get(name).ok()
    }
}
