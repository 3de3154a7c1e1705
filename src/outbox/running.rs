//! The outbox as the daemon holds it.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError};

use super::settle::finish;
use super::shared::{Changes, Shared};
use super::{Channels, Counts, Filter, Gate, Options, Recovery, Route, Row, Slowed, list, recovery};
use crate::clock::Clock;
use crate::deliver::email::RelayState;
use crate::model::{Channel, CustomerNumber, Duration, Instant};
use crate::record::{MessageKey, MessageState, OpenMessage};
use crate::store::tables::messages;
use crate::store::{Store, StoreError};

/// A running outbox. Dropping it stops the workers without waiting for them.
pub struct Outbox {
    shared: Arc<Shared>,
}

impl Outbox {
    /// Settles what an earlier process left, puts all open messages into their queues and starts the
    /// workers. Must be called on a tokio runtime, which the workers then use.
    ///
    /// # Errors
    /// When the store or the folder of the workers' files fails; the text says what to do.
    pub async fn start(
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        gate: Arc<dyn Gate>,
        channels: Channels,
        options: Options,
    ) -> Result<(Self, Recovery), String> {
        let shared = Shared::new(store, clock, gate, channels, options).map_err(|error| error.to_string())?;
        let recovery = recovery::recover(&shared).await?;
        shared.employ_all();
        Ok((Self { shared }, recovery))
    }

    /// Takes messages over whose decisions are durable. Those that it has already are left alone.
    pub fn add(&self, open: &[OpenMessage]) {
        let new: Vec<&OpenMessage> = {
            let index = self.shared.index();
            open.iter().filter(|message| !index.contains(message.key)).collect()
        };
        self.shared.enqueue(new);
    }

    /// Whether nothing that this message follows is under way; true too where it is over.
    #[must_use]
    pub fn is_due(&self, key: MessageKey) -> bool {
        self.shared.index().is_due(key)
    }

    /// Takes a due message that no worker will: what a rule sets. False where somebody has it.
    #[must_use]
    pub fn take_due(&self, key: MessageKey) -> bool {
        let mut index = self.shared.index();
        index.is_due(key) && (!index.contains(key) || index.take_one(key).is_some())
    }

    /// Takes an open message for a person's wish; false where a worker has it.
    #[must_use]
    pub fn seize(&self, key: MessageKey) -> bool {
        self.shared.index().take_one(key).is_some()
    }

    /// Puts messages into their queues as they are now, durably: seized ones, or such as had ended.
    pub fn reopen(&self, messages: &[OpenMessage]) {
        self.shared.enqueue(messages);
    }

    /// Hears that messages that were taken or seized are over, durably.
    pub fn ended(&self, keys: &[MessageKey]) {
        let mut index = self.shared.index();
        for key in keys {
            index.remove(*key);
        }
    }

    /// Makes due at once what the gate held back: after a resume, or when the rules changed.
    pub fn recheck(&self) {
        let now = self.shared.clock.now();
        self.shared.index().recheck(now);
    }

    /// Calls an endpoint again: the outage in the store is over.
    pub fn enable(&self, endpoint: &str) {
        // By a former name, too.
        let present = self.shared.gate.endpoint(endpoint).map(|endpoint| endpoint.name);
        let route = Route::Endpoint(present.unwrap_or_else(|| endpoint.to_owned()));
        let mut index = self.shared.index();
        if let Some(queue) = index.existing(&route) {
            index.calls(queue).circuit.reset();
            index.wake(queue);
        }
    }

    /// Takes changed rules over: how much endpoints bear, and where they stand. At a new address
    /// nothing was tried yet.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn refresh(&self) -> Result<(), StoreError> {
        self.shared.refresh().await
    }

    /// Sends a message now that waits, was to be tried again, or is in doubt; a person wants it.
    /// False where there is no such message or a worker has it.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn retry(&self, key: MessageKey) -> Result<bool, StoreError> {
        let Some(mut message) = self.take(key)? else { return Ok(false) };
        message.state = if message.attempts == 0 { MessageState::Pending } else { MessageState::Retry };
        message.next_attempt = self.shared.clock.now();
        let mut changes = Changes::default();
        changes.reopen(message);
        changes.commit(&self.shared).await?;
        Ok(true)
    }

    /// Takes a message back for good; a person wants it. False where there is no such message or a
    /// worker has it.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn withdraw(&self, key: MessageKey, why: &str) -> Result<bool, StoreError> {
        let Some(message) = self.take(key)? else { return Ok(false) };
        let now = self.shared.clock.now();
        let finished = finish(&message, MessageState::Withdrawn, now, why.to_owned());
        let mut changes = Changes::default();
        changes.end(&self.shared, &message, finished, None)?;
        changes.commit(&self.shared).await?;
        Ok(true)
    }

    /// Takes back for good the marketing messages to a customer on a channel that wait or were to be
    /// tried again. How many; those that a worker has under its hand are not among them.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn withdraw_marketing(
        &self,
        customer: CustomerNumber,
        channel: &Channel,
        why: &str,
    ) -> Result<u64, StoreError> {
        let waiting = self.shared.index().waiting_for(customer);
        let mut withdrawn = 0;
        for (decided, key) in waiting {
            let message = messages::open_message(&*self.shared.store, decided, key)?;
            let ends = |message: &OpenMessage| message.marketing && message.channel == *channel;
            if message.as_ref().is_some_and(ends) && self.withdraw(key, why).await? {
                withdrawn += 1;
            }
        }
        Ok(withdrawn)
    }

    fn take(&self, key: MessageKey) -> Result<Option<OpenMessage>, StoreError> {
        let Some(decided) = self.shared.index().take_one(key) else { return Ok(None) };
        let found = messages::open_message(&*self.shared.store, decided, key);
        if !matches!(found, Ok(Some(_))) {
            self.shared.index().remove(key);
        }
        found
    }

    /// The open messages, oldest decision first.
    ///
    /// # Errors
    /// When the store fails.
    pub fn list(&self, filter: &Filter) -> Result<Vec<Row>, StoreError> {
        list::list(&self.shared, filter)
    }

    /// How many open messages there are by state, and how old the oldest is.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.shared.index().counts()
    }

    /// Where nothing goes out at present, and why; for a person, who can mend it.
    #[must_use]
    pub fn troubles(&self) -> Vec<(Route, String)> {
        self.shared.index().troubles()
    }

    /// Why no mail goes out, and until when: no mail server was reached, and all are left alone so long.
    #[must_use]
    pub fn mail_stands_still(&self, now: Instant) -> Option<(String, Instant)> {
        self.shared.index().stands_still(&Route::Email, now)
    }

    /// The mail servers, in order of preference; none where mail goes into files.
    #[must_use]
    pub fn relays(&self) -> Vec<RelayState> {
        self.shared.channels.mailer.relays()
    }

    /// The domains of recipients that asked for less of us.
    #[must_use]
    pub fn slowed(&self) -> Vec<Slowed> {
        self.shared.index().slowed()
    }

    /// The open messages that the gate held back when they were last asked for, and why: a pause, a
    /// hold, a secret that cannot be read.
    #[must_use]
    pub fn held_back(&self) -> BTreeMap<MessageKey, String> {
        self.shared.index().held_back().clone()
    }

    /// When the oldest open message was decided.
    #[must_use]
    pub fn oldest(&self) -> Option<Instant> {
        self.counts().oldest
    }

    /// Ends the workers: each finishes the message under its hand, and gives the rest of its claim
    /// back. What is not through within `limit` is cut off, and settled at the next start as after a
    /// crash. Whether all ended in time.
    pub async fn stop(&self, limit: Duration) -> bool {
        self.shared.stopping.send_replace(true);
        let mut tasks =
            std::mem::take(&mut *self.shared.tasks.lock().unwrap_or_else(PoisonError::into_inner));
        let all = async { while tasks.join_next().await.is_some() {} };
        let in_time = tokio::time::timeout(limit.to_std(), all).await.is_ok();
        tasks.shutdown().await;
        in_time
    }
}

impl Drop for Outbox {
    fn drop(&mut self) {
        self.shared.stopping.send_replace(true);
    }
}
