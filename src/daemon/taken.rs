//! Who had a marketing decision in the tick under way, for `keep highest priority`.

use crate::model::{Channel, CustomerNumber, Instant};
use crate::store::{StoreError, tables};

use super::Engine;

impl Engine {
    /// Notes a marketing decision of the tick under way: that person is taken, under every record
    /// that shares the address.
    pub(super) fn take(&mut self, customer: CustomerNumber, channel: &Channel) {
        self.taken.insert(customer.0);
        for other in self.addresses.others(customer, channel) {
            self.taken.insert(other.0);
        }
    }

    /// Finds again, after a start, who was taken in a tick that was cut off: what it decided to send
    /// at once stands in the ledger at its instants, what waits for later in the outbox.
    pub(super) fn find_taken(&mut self) -> Result<(), StoreError> {
        let cut_off = |decided: Instant| self.committed_tick.is_none_or(|tick| decided > tick);
        let mut found = Vec::new();
        for message in tables::messages::open_messages(&*self.store) {
            match message {
                Ok(message) if message.marketing && cut_off(message.decided) => {
                    found.push((message.customer, message.channel));
                }
                // A damaged one is reported by the outbox.
                Ok(_) | Err(StoreError::Corrupt(_)) => {}
                Err(error) => return Err(error),
            }
        }
        for (customer, channel) in &found {
            self.take(*customer, channel);
        }
        Ok(())
    }
}
