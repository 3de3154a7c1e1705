//! Which addresses do not exist, as events that are told say: a mail server behind ours, or a mail service,
//! learns of it long after it took the message.

use crate::model::{Channel, CustomerNumber, Instant};
use crate::record::{Change, Event, Suppression, SuppressionReason};
use crate::store::{StoreError, tables};

use super::Engine;
use super::lists::Whom;
use super::load::Loading;
use super::suppression::EMAIL;

/// The event that says so.
const BOUNCED: &str = "bounced";

impl Engine {
    /// Suppresses a customer's e-mail address that bounced, unless the customer had another one then. In the
    /// commit of the events: whoever knows of the bounce writes to the address no more.
    pub(super) fn suppress_bounced(
        &mut self,
        number: CustomerNumber,
        events: &[Event],
        loading: &mut Loading,
    ) -> Result<(), StoreError> {
        let Some(at) = events.iter().filter(|event| is_bounce(event)).map(|event| event.time).max() else {
            return Ok(());
        };
        let Some(profile) = tables::customers::profile(&*self.store, number)? else { return Ok(()) };
        let email = Whom::of(number, &profile).email;
        let Some(address) = email.and_then(|email| self.shared.keyed.email(email)) else { return Ok(()) };
        if self.shared.lists.reason(&address).is_some() || self.changed_address(number, at)? {
            return Ok(());
        }
        let reason = SuppressionReason::HardBounce;
        let suppression = Suppression { reason, at, address: Some(address) };
        tables::customers::put_suppression(&mut loading.batch, number, EMAIL, &suppression);
        loading.bounced.push(number);
        Ok(())
    }

    /// Whether a customer had an address before the one that they have now, and got it after an instant.
    fn changed_address(&self, number: CustomerNumber, at: Instant) -> Result<bool, StoreError> {
        let changes = tables::customers::changes(&*self.store, number)?;
        let other = |change: &&Change| change.field == "email" && change.before.is_some();
        Ok(changes.iter().filter(other).any(|change| change.happened.unwrap_or(change.learnt) > at))
    }
}

/// Whether an event says that an e-mail address does not exist; one that names no channel is of e-mail.
fn is_bounce(event: &Event) -> bool {
    let channel = event.fields.iter().find(|(field, _)| field == "channel");
    event.name == BOUNCED && channel.is_none_or(|(_, channel)| *channel == Channel::email().0)
}
