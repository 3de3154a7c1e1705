//! What rules remember between ticks, and its way to the store.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::decide::{Selection, Slice, condition_of};
use crate::model::{BLOCK, Bitmap, CustomerNumber, DAY_MS, Instant, RuleNumber};
use crate::record::{RuleMemory, Run, RunState, Skip};
use crate::ruleset::Rule;
use crate::store::limits::BATCH_LIMIT;
use crate::store::tables::{self, memories::TRYING_BLOCK};
use crate::store::{Batch, Store, StoreError};

use super::Engine;

/// Records of a memory that changed, by their block.
#[derive(Default)]
struct Touched {
    spent: BTreeSet<u32>,
    trying: BTreeSet<u32>,
}

impl Touched {
    fn customer(&mut self, customer: u32) {
        self.spent.insert(customer / BLOCK);
        self.trying.insert(customer / TRYING_BLOCK);
    }
}

impl Engine {
    /// Takes over what a selection says of the memory, and why who was passed over.
    ///
    /// The commits are not awaited: each says again what a later tick would find, and any later
    /// commit is durable only after them.
    pub(super) fn remember_selection(
        &mut self,
        number: RuleNumber,
        rule: &Rule,
        selection: &Selection,
        at: Instant,
    ) -> Result<(), StoreError> {
        let memory = self.memories.entry(number).or_default();
        let mut touched = Touched::default();
        memory.spent.subtract(&selection.rearmed);
        memory.spent.union(&selection.used_up);
        for customer in selection.given_up.iter().chain(selection.used_up.iter()) {
            memory.trying.remove(&CustomerNumber(customer));
        }
        for customer in selection.trying.iter() {
            memory.trying.insert(CustomerNumber(customer), at);
        }
        for set in [&selection.rearmed, &selection.used_up, &selection.given_up, &selection.trying] {
            set.iter().for_each(|customer| touched.customer(customer));
        }
        let mut writer = Writer { store: self.store.clone(), batch: Batch::default() };
        put_memory(&mut |put| writer.put(put), number, memory, &touched);
        for (skip, members) in &selection.skipped {
            self.note(number, rule, *skip, members, at, &mut |put| writer.put(put))?;
        }
        writer.flush();
        self.store.failure().map_or(Ok(()), Err)
    }

    /// Adds to a slice's batch what the rule remembers of it, and with the last slice that the
    /// occurrence is served.
    pub(super) fn remember_slice(
        &mut self,
        batch: &mut Batch,
        rule: &Rule,
        number: RuleNumber,
        run: &Run,
        slice: &Slice,
    ) -> Result<(), StoreError> {
        let memory = self.memories.entry(number).or_default();
        let mut touched = Touched::default();
        if run.continuous {
            for decision in &slice.decisions {
                memory.spent.insert(decision.customer.0);
                if memory.trying.remove(&decision.customer).is_some() {
                    touched.trying.insert(decision.customer.0 / TRYING_BLOCK);
                }
                touched.spent.insert(decision.customer.0 / BLOCK);
            }
            for (skip, members) in &slice.skipped {
                for customer in members.iter() {
                    if skip.tries_again() {
                        memory.trying.entry(CustomerNumber(customer)).or_insert(run.at);
                    } else if *skip != Skip::AtMost {
                        memory.spent.insert(customer);
                    }
                    touched.customer(customer);
                }
            }
        }
        if run.state == RunState::Closed {
            memory.ran = Some(condition_of(rule));
            memory.released = false;
            memory.last_run = memory.last_run.max(Some((run.at, run.recipients)));
            if !run.continuous {
                memory.served = memory.served.max(Some(run.at));
            }
            put_state(batch, number, memory);
        }
        put_memory(&mut |put| put(batch), number, memory, &touched);
        if run.state == RunState::Closed && !run.continuous {
            self.looked(number, run.now, batch);
        }
        for (skip, members) in &slice.skipped {
            self.note(number, rule, *skip, members, run.at, &mut |put| put(batch))?;
        }
        Ok(())
    }

    /// Notes that a scheduled rule served (or skipped) an occurrence.
    pub(super) fn remember_served(&mut self, number: RuleNumber, at: Instant) -> Result<(), StoreError> {
        let memory = self.memories.entry(number).or_default();
        memory.served = memory.served.max(Some(at));
        let mut batch = Batch::default();
        put_state(&mut batch, number, memory);
        self.store.commit(batch).wait().map(drop)
    }

    /// Adds members to what is noted of a reason, and puts the blocks that changed.
    fn note(
        &mut self,
        number: RuleNumber,
        rule: &Rule,
        skip: Skip,
        members: &Bitmap,
        at: Instant,
        put: Put<'_>,
    ) -> Result<(), StoreError> {
        let at = noted_at(rule, at);
        let key = (number, at, skip);
        if !self.reasons.contains_key(&key) {
            // A start forgets what the day's records say already; a new day begins anew.
            let noted = tables::runs::non_sends_at(&*self.store, number, at, skip)?;
            self.reasons.retain(|(other, when, _), _| *other != number || *when == at);
            self.reasons.insert(key, noted);
        }
        let known = self.reasons.entry(key).or_default();
        let mut new = members.clone();
        new.subtract(known);
        known.union(&new);
        for block in new.blocks() {
            put(&mut |batch| tables::runs::put_non_sends(batch, number, at, skip, block, known));
        }
        Ok(())
    }
}

/// Puts one record into some batch.
type Put<'a> = &'a mut dyn FnMut(&mut dyn FnMut(&mut Batch));

/// Non-sends are noted by occurrence, for a continuous rule by day.
fn noted_at(rule: &Rule, at: Instant) -> Instant {
    if !rule.is_continuous() { at } else { Instant(at.0.div_euclid(DAY_MS) * DAY_MS) }
}

/// Writes what a rule remembers besides its blocks.
pub(super) fn put_state(batch: &mut Batch, number: RuleNumber, memory: &RuleMemory) {
    tables::memories::put_state(batch, number, &tables::memories::state_of(memory));
}

fn put_memory(put: Put<'_>, number: RuleNumber, memory: &RuleMemory, touched: &Touched) {
    for block in &touched.spent {
        put(&mut |batch| tables::memories::put_spent(batch, number, *block, &memory.spent));
    }
    for block in &touched.trying {
        put(&mut |batch| tables::memories::put_trying(batch, number, *block, &memory.trying));
    }
}

/// Fills batches and commits each when it is full, without waiting.
struct Writer {
    store: Arc<dyn Store>,
    batch: Batch,
}

impl Writer {
    fn put(&mut self, put: &mut dyn FnMut(&mut Batch)) {
        put(&mut self.batch);
        if self.batch.changes.len() >= BATCH_LIMIT {
            self.flush();
        }
    }

    fn flush(&mut self) {
        if !self.batch.is_empty() {
            drop(self.store.commit(std::mem::take(&mut self.batch)));
        }
    }
}
