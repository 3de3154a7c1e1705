//! Who unsubscribed or complained elsewhere, as events that are told say: marketing on that channel ends.

use crate::ingest::{CustomerUpdate, merge_customer, unknown_customer};
use crate::model::{Channel, CustomerId, CustomerNumber, Instant};
use crate::record::{Consent, Event};
use crate::store::{StoreError, tables};

use super::Engine;
use super::load::Loading;

/// The events by which a person ends marketing.
const ENDS: [&str; 2] = ["unsubscribed", "complained"];

impl Engine {
    /// Withdraws the consent of a customer who says so by what happened; a consent given later stays.
    /// In the commit of the events, before them: a crash between its parts leaves nobody written to
    /// who asked not to be.
    pub(super) fn withdraw(
        &mut self,
        number: CustomerNumber,
        (id, known): (CustomerId, bool),
        events: &[Event],
        now: Instant,
        loading: &mut Loading,
    ) -> Result<(), StoreError> {
        let consents: Vec<(Channel, Consent)> = events.iter().filter_map(withdrawal).collect();
        if consents.is_empty() {
            return Ok(());
        }
        let existing = if known { tables::customers::profile(&*self.store, number)? } else { None };
        let existing = existing.unwrap_or_else(|| unknown_customer(id.clone(), now, loading.origin));
        let update = CustomerUpdate { id, lines: Vec::new(), values: Vec::new(), consents };
        let merged = merge_customer(Some(&existing), &update, now, loading.origin);
        if merged.changed {
            tables::customers::append_changes(&*self.store, &mut loading.batch, number, &merged.changes)?;
            tables::customers::put_profile(&mut loading.batch, number, &merged.profile);
        }
        Ok(())
    }
}

/// The channel on which an event ends marketing, e-mail where it names none, and since when.
fn withdrawal(event: &Event) -> Option<(Channel, Consent)> {
    if !ENDS.contains(&event.name.as_str()) {
        return None;
    }
    let named = event.fields.iter().find(|(field, _)| field == "channel");
    let channel = named.map_or_else(Channel::email, |(_, channel)| Channel(channel.clone()));
    Some((channel, Consent { given: false, at: Some(event.time), by_person: true }))
}
