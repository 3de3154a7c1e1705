//! What is stored of somebody who was erased goes, in small commits; at each tick until all of it is gone.

use std::sync::Arc;

use crate::failpoint;
use crate::model::{BLOCK, CustomerNumber, Instant};
use crate::record::{FinishedMessage, MessageKey, MessageState, OpenMessage, TakenBack};
use crate::store::limits::BATCH_LIMIT;
use crate::store::tables::memories::{MET_BLOCK, TRYING_BLOCK};
use crate::store::tables::traces::Traces;
use crate::store::{Batch, Store, StoreError, tables};

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

/// How far an erasure came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Forgot {
    /// It is through, or given up.
    All,
    /// So many messages are in others' hands.
    AllBut(u64),
    /// Something was not where it had been found: it is to be looked for again.
    Moved,
}

/// Looks for what is to be forgotten.
///
/// # Errors
/// When the store does not read.
pub(super) fn find(store: &dyn Store, number: CustomerNumber, what: Rest) -> Result<Traces, StoreError> {
    match what {
        Rest::Everything => tables::traces::all(store, number),
        Rest::Messages => tables::traces::messages(store, number),
    }
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
        if self.erased.found_elsewhere {
            return Ok(());
        }
        for (number, rest) in self.erased.to_do.clone() {
            self.leave(number);
            match self.forget(number, rest, now) {
                Ok(_) => {}
                Err(error) => self.gave_up(number, error)?,
            }
        }
        Ok(())
    }

    /// What is found of an erased customer is looked for by somebody else from now on.
    pub(super) fn find_erased_elsewhere(&mut self) {
        self.erased.found_elsewhere = true;
    }

    /// What is to be looked for.
    pub(super) fn erasures(&self) -> Vec<(CustomerNumber, Rest)> {
        self.erased.to_do.iter().map(|(number, rest)| (*number, *rest)).collect()
    }

    /// Forgets what somebody else found of an erased customer.
    ///
    /// # Errors
    /// When the store fails; what met a damaged record is given up until a restart.
    pub(super) fn forget_what_was_found(
        &mut self,
        number: CustomerNumber,
        traces: &Traces,
        now: Instant,
    ) -> Result<Forgot, StoreError> {
        let Some(rest) = self.erased.to_do.get(&number).copied() else { return Ok(Forgot::All) };
        self.leave(number);
        self.forget_found((number, rest), traces, now).or_else(|error| {
            self.gave_up(number, error)?;
            Ok(Forgot::All)
        })
    }

    fn gave_up(&mut self, number: CustomerNumber, error: StoreError) -> Result<(), StoreError> {
        let StoreError::Corrupt(_) = error else { return Err(error) };
        self.erased.to_do.remove(&number);
        tracing::error!(error = error.to_string(), "an erasure met a damaged record: it waits");
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
        loop {
            let traces = find(&*self.store, number, what)?;
            match self.forget_found((number, what), &traces, now)? {
                Forgot::All => return Ok(0),
                Forgot::AllBut(rest) => return Ok(rest),
                Forgot::Moved => {}
            }
        }
    }

    fn forget_found(
        &mut self,
        (number, what): (CustomerNumber, Rest),
        traces: &Traces,
        now: Instant,
    ) -> Result<Forgot, StoreError> {
        let (rest, moved) = self.forget_messages(number, &traces.open, now)?;
        if what == Rest::Everything {
            self.forget_memories(number)?;
            self.forget_history(number, traces)?;
        }
        self.forget_own(number, traces)?;
        if rest > 0 || moved {
            self.erased.to_do.insert(number, Rest::Messages);
            return Ok(if moved { Forgot::Moved } else { Forgot::AllBut(rest) });
        }
        failpoint::hit("erase_before_end");
        let mut batch = Batch::default();
        tables::privacy::remove_erasure(&mut batch, number);
        self.store.commit(batch).wait()?;
        self.erased.under_way.remove(&number);
        self.erased.to_do.remove(&number);
        Ok(Forgot::All)
    }

    /// What stands under the customer's own keys, and what waits for them.
    fn forget_own(&self, number: CustomerNumber, traces: &Traces) -> Result<(), StoreError> {
        let store = Arc::clone(&self.store);
        let mut parts = Parts { engine: self, batch: Batch::default() };
        let mut own = Batch::default();
        for sequence in &traces.arrivals {
            tables::events::remove_arrival(&mut own, *sequence);
        }
        for place in &traces.timers {
            tables::events::remove_timer(&mut own, *place);
        }
        for (at, key) in &traces.letters {
            tables::messages::remove_letter(&*store, &mut own, *at, *key)?;
        }
        tables::person::forget_own(&*store, &mut own, number)?;
        parts.each(own)?;
        parts.commit()
    }

    /// The values of decisions, places and moves.
    fn forget_history(&self, number: CustomerNumber, traces: &Traces) -> Result<(), StoreError> {
        let store = Arc::clone(&self.store);
        let mut parts = Parts { engine: self, batch: Batch::default() };
        for pack in &traces.decisions {
            parts.together(tables::traces::forget_values(&*store, number, pack)?)?;
        }
        for pack in &traces.moves {
            parts.together(tables::traces::forget_moves(&*store, number, pack)?)?;
        }
        for track in tables::movement::tracks(&*store)?.into_keys() {
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
    /// with. How many somebody has, and whether one ended since they were looked for: it may be a letter
    /// now.
    fn forget_messages(
        &mut self,
        number: CustomerNumber,
        open: &[(Instant, MessageKey)],
        now: Instant,
    ) -> Result<(u64, bool), StoreError> {
        let (mut rest, mut moved, mut ended) = (0, false, Vec::new());
        let mut batch = Batch::default();
        debug_assert!(open.iter().all(|(_, key)| key.decision.customer == number));
        for &(decided, key) in open {
            let message = match tables::messages::open_message(&*self.store, decided, key) {
                Ok(Some(message)) => Some(message),
                Ok(None) => {
                    moved = true;
                    continue;
                }
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
        Ok((rest, moved))
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
