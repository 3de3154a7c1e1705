//! What is stored of somebody who was erased goes, in small commits; at each tick until all of it is gone.

use std::sync::Arc;

use crate::failpoint;
use crate::model::{BLOCK, CustomerNumber, Instant};
use crate::record::{FinishedMessage, MessageKey, MessageState, OpenMessage, TakenBack};
use crate::store::limits::BATCH_LIMIT;
use crate::store::tables::memories::{MET_BLOCK, TRYING_BLOCK};
use crate::store::{Batch, StoreError, tables};

use super::Engine;

/// Why a message ends whose customer was erased.
pub(super) const ERASED: &str = "the customer was erased";

/// Messages that one commit ends at most: each is some records.
const MESSAGES: usize = 40;

/// What an erasure has before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rest {
    /// All that is stored.
    Everything,
    /// Messages that workers had.
    Messages,
}

/// Gathers changes into commits within the store's limit; some must not be torn apart.
struct Parts<'a> {
    engine: &'a Engine,
    batch: Batch,
}

impl Parts<'_> {
    /// Changes that belong together: at most as many as a commit takes.
    fn together(&mut self, batch: Batch) -> Result<(), StoreError> {
        if self.batch.changes.len() + batch.changes.len() > BATCH_LIMIT {
            self.commit()?;
        }
        self.batch.changes.extend(batch.changes);
        Ok(())
    }

    /// Removals, each for itself.
    fn each(&mut self, batch: Batch) -> Result<(), StoreError> {
        for change in batch.changes {
            self.together(Batch { changes: vec![change] })?;
        }
        Ok(())
    }

    fn commit(&mut self) -> Result<(), StoreError> {
        if self.batch.is_empty() {
            return Ok(());
        }
        failpoint::hit("erase_before_commit");
        self.engine.store.commit(std::mem::take(&mut self.batch)).wait().map(drop)
    }
}

impl Engine {
    /// Goes on with erasures that are not through: after a crash, or where a worker had a message.
    ///
    /// # Errors
    /// When the store fails.
    pub(super) fn go_on_erasing(&mut self, now: Instant) -> Result<(), StoreError> {
        for (number, rest) in self.erased.to_do.clone() {
            self.leave(number);
            match self.forget(number, rest, now) {
                Ok(_) => {}
                Err(error @ StoreError::Corrupt(_)) => {
                    self.erased.to_do.remove(&number);
                    tracing::error!(error = error.to_string(), "an erasure met a damaged record: it waits");
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Forgets what is stored of somebody who is gone, in commits of their own; the mark goes last. How
    /// many of their messages are in others' hands still: the mark stays for these.
    pub(super) fn forget(
        &mut self,
        number: CustomerNumber,
        what: Rest,
        now: Instant,
    ) -> Result<u64, StoreError> {
        let rest = self.forget_messages(number, now)?;
        if what == Rest::Everything {
            self.forget_memories(number)?;
            self.forget_history(number)?;
        }
        self.forget_own(number)?;
        if rest > 0 {
            self.erased.to_do.insert(number, Rest::Messages);
            return Ok(rest);
        }
        failpoint::hit("erase_before_end");
        let mut batch = Batch::default();
        tables::privacy::remove_erasure(&mut batch, number);
        self.store.commit(batch).wait()?;
        self.erased.under_way.remove(&number);
        self.erased.to_do.remove(&number);
        Ok(0)
    }

    /// What stands under the customer's own keys, and what waits for them.
    fn forget_own(&self, number: CustomerNumber) -> Result<(), StoreError> {
        let store = Arc::clone(&self.store);
        let mut parts = Parts { engine: self, batch: Batch::default() };
        let mut own = Batch::default();
        for item in tables::events::arrivals(&*store) {
            if let Some((sequence, _)) = readable(item)?.filter(|(_, arrival)| arrival.customer == number) {
                tables::events::remove_arrival(&mut own, sequence);
            }
        }
        for item in tables::events::timers(&*store) {
            if let Some((place, _)) = readable(item)?.filter(|(place, _)| place.1 == number) {
                tables::events::remove_timer(&mut own, place);
            }
        }
        tables::person::forget_letters(&*store, &mut own, number)?;
        tables::person::forget_own(&*store, &mut own, number)?;
        parts.each(own)?;
        parts.commit()
    }

    /// The values of decisions, places and moves.
    fn forget_history(&self, number: CustomerNumber) -> Result<(), StoreError> {
        let store = Arc::clone(&self.store);
        let mut parts = Parts { engine: self, batch: Batch::default() };
        for batch in tables::person::forget_values(&*store, number)? {
            parts.together(batch)?;
        }
        for track in tables::movement::tracks(&*store)?.into_keys() {
            for batch in tables::person::forget_moves(&*store, track, number)? {
                parts.together(batch)?;
            }
            let mut batch = Batch::default();
            let places = tables::movement::places(&*store, track)?;
            for (place, mut members) in places {
                if members.remove(number.0) {
                    let block = number.0 / BLOCK;
                    tables::movement::put_places(&mut batch, track, place, block, &members);
                }
            }
            parts.each(batch)?;
        }
        parts.commit()
    }

    /// Ends all messages to a customer that nobody has under the hand, with all that they were filled
    /// with. How many somebody has.
    fn forget_messages(&mut self, number: CustomerNumber, now: Instant) -> Result<u64, StoreError> {
        let (mut rest, mut ended) = (0, Vec::new());
        let mut batch = Batch::default();
        for (decided, key) in tables::person::open_messages(&*self.store, number)? {
            let message = match tables::messages::open_message(&*self.store, decided, key) {
                Ok(message) => message,
                // What does not read back goes all the same.
                Err(StoreError::Corrupt(_)) => None,
                Err(error) => return Err(error),
            };
            if message.is_some() && !self.outgoing.seize(key) {
                rest += 1;
                continue;
            }
            tables::messages::remove_open(&*self.store, &mut batch, decided, key)?;
            if let Some(message) = message {
                end(&mut batch, &message, now);
            }
            ended.push(key);
            if ended.len() >= MESSAGES {
                self.commit_ended(std::mem::take(&mut batch), &mut ended)?;
            }
        }
        self.commit_ended(batch, &mut ended)?;
        Ok(rest)
    }

    fn commit_ended(&mut self, batch: Batch, ended: &mut Vec<MessageKey>) -> Result<(), StoreError> {
        if batch.is_empty() {
            return Ok(());
        }
        failpoint::hit("erase_before_commit");
        self.commit_parts(batch)?;
        for key in ended.iter() {
            self.sets.remove(key);
        }
        self.outgoing.ended(ended);
        ended.clear();
        Ok(())
    }

    /// Lets the rules forget a customer.
    fn forget_memories(&mut self, number: CustomerNumber) -> Result<(), StoreError> {
        let mut batch = Batch::default();
        for (rule, memory) in &mut self.memories {
            if memory.spent.remove(number.0) {
                tables::memories::put_spent(&mut batch, *rule, number.0 / BLOCK, &memory.spent);
            }
            if memory.trying.remove(&number).is_some() {
                tables::memories::put_trying(&mut batch, *rule, number.0 / TRYING_BLOCK, &memory.trying);
            }
            if memory.met.remove(&number).is_some() {
                tables::memories::put_met(&mut batch, *rule, number.0 / MET_BLOCK, &memory.met);
            }
        }
        failpoint::hit("erase_before_commit");
        self.commit_parts(batch)
    }
}

/// What reads back; a damaged record is reported where the store is loaded.
fn readable<T>(item: Result<T, StoreError>) -> Result<Option<T>, StoreError> {
    match item {
        Ok(item) => Ok(Some(item)),
        Err(StoreError::Corrupt(_)) => Ok(None),
        Err(error) => Err(error),
    }
}

/// What is kept of a message that ended so: no personal data. Nothing of one that did not go out yet
/// holds room under the caps.
fn end(batch: &mut Batch, message: &OpenMessage, now: Instant) {
    let finished = FinishedMessage {
        key: message.key,
        rule: message.rule.clone(),
        target: message.target.clone(),
        channel: message.channel.clone(),
        state: MessageState::Withdrawn,
        at: now,
        attempts: message.attempts,
        result: ERASED.into(),
        cost: message.cost,
    };
    tables::messages::put_finished(batch, &finished);
    if message.frozen.is_none() && !message.is_set {
        let channel = (!message.is_call).then(|| message.channel.clone());
        tables::messages::put_taken_back(batch, &TakenBack { key: message.key, due: message.due, channel });
    }
}
