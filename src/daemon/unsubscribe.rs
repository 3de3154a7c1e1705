//! A click on the link: read, made durable, acted upon.

use std::sync::Arc;

use tokio::sync::Semaphore;

use crate::clock::Clock;
use crate::failpoint;
use crate::model::{Channel, CustomerNumber, Instant};
use crate::observe::LeftUs;
use crate::outbox::Outbox;
use crate::record::{MessageKey, Unsubscribe};
use crate::serve::{Reader, Unsubscribed};
use crate::store::{Batch, Store, StoreError, tables};

use super::decider::Decider;
use super::links::Links;
use super::snapshot::Shared;
use super::unsubscribed::UNSUBSCRIBED;

/// Clicks on their way to the disk at most; who comes beyond is told to come again.
const AT_ONCE: usize = 256;

/// What a click needs of the daemon. Not the decider's turn: an import may keep it busy for minutes.
#[derive(Clone)]
pub(super) struct Exit {
    pub(super) links: Arc<Links>,
    pub(super) store: Arc<dyn Store>,
    pub(super) shared: Arc<Shared>,
    pub(super) outbox: Arc<Outbox>,
    pub(super) decider: Decider,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) places: Arc<Semaphore>,
}

impl Exit {
    /// Room for so many at once.
    pub(super) fn places() -> Arc<Semaphore> {
        Arc::new(Semaphore::new(AT_ONCE))
    }

    /// Who holds that link: in which language they read, and what they would leave.
    pub(super) fn reader(&self, token: &str) -> Option<Reader> {
        let (customer, channel) = self.links.read(token)?;
        let population = &self.shared.get().population;
        let was_here = population.contains(customer) || self.shared.is_gone(customer);
        was_here.then(|| {
            let field = population.schema().find("language");
            let language = field.and_then(|field| population.text(customer, field)).map(str::to_owned);
            Reader { language, channel: channel.0 }
        })
    }

    /// Unsubscribes who holds that link. Once begun it is done, whether or not anybody waits for it.
    pub(super) async fn leave(&self, token: &str, message: Option<&str>) -> Unsubscribed {
        let (Some((customer, channel)), Some(reader)) = (self.links.read(token), self.reader(token)) else {
            return Unsubscribed::Unknown;
        };
        if self.shared.is_gone(customer) {
            // Erased: nothing goes to them any more, which is what they want.
            return Unsubscribed::Done(reader);
        }
        let Ok(place) = Arc::clone(&self.places).try_acquire_owned() else {
            return Unsubscribed::Busy(reader);
        };
        let message = message.and_then(|key| key.parse::<MessageKey>().ok());
        let message = message.filter(|key| key.decision.customer == customer);
        let exit = self.clone();
        let done = tokio::spawn(async move {
            let done = exit.record(customer, channel, message).await;
            drop(place);
            done
        });
        match done.await {
            Ok(Ok(true)) => Unsubscribed::Done(reader),
            Ok(Ok(false)) if self.shared.is_gone(customer) => Unsubscribed::Done(reader),
            Ok(Ok(false)) => Unsubscribed::Unknown,
            Ok(Err(error)) => {
                tracing::error!(error = error.to_string(), "an unsubscribe could not be stored");
                Unsubscribed::Failed(reader)
            }
            Err(_) => {
                tracing::error!("an unsubscribe ended with an internal error, a bug of cvmd");
                Unsubscribed::Failed(reader)
            }
        }
    }

    /// False where there is no such customer.
    async fn record(
        &self,
        customer: CustomerNumber,
        channel: Channel,
        message: Option<MessageKey>,
    ) -> Result<bool, StoreError> {
        let Some(profile) = tables::customers::profile(&*self.store, customer)? else { return Ok(false) };
        let at = self.clock.now();
        let held = profile.consents.iter().find(|(known, _)| *known == channel);
        let known = held.and_then(|(_, consent)| consent.at).unwrap_or(Instant(i64::MIN));
        let said = Unsubscribe { at, over: at.max(known), message };
        let mut batch = Batch::default();
        tables::unsubscribes::put_unsubscribe(&mut batch, customer, &channel, &said);
        self.store.commit(batch).durable().await?;
        self.shared.unsubscribed(customer, channel.clone(), said);
        self.decider.unsubscribed();
        LeftUs { customer, channel: &channel.0 }.happened(&self.shared.metrics);
        end_waiting(&self.outbox, customer, &channel).await;
        failpoint::hit("unsubscribed_before_reply");
        Ok(true)
    }
}

/// Ends what waits for a customer who unsubscribed. What cannot be ended now meets it at its claim.
pub(super) async fn end_waiting(outbox: &Outbox, customer: CustomerNumber, channel: &Channel) {
    if let Err(error) = outbox.withdraw_marketing(customer, channel, UNSUBSCRIBED).await {
        tracing::error!(error = error.to_string(), "what waits for who unsubscribed could not be ended");
    }
}
