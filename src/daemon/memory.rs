//! What rules remember between ticks, and its way to the store.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::decide::{Selection, Slice, condition_of, remember_audience};
use crate::model::{BLOCK, Bitmap, CustomerNumber, DAY_MS, Duration, Instant, RuleNumber, Timetable};
use crate::record::{Audience, Met, RuleMemory, Run, RunState, ServedBy, Skip};
use crate::ruleset::Rule;
use crate::store::limits::BATCH_LIMIT;
use crate::store::tables::{
    self,
    memories::{MET_BLOCK, TRYING_BLOCK},
};
use crate::store::{Batch, Store, StoreError};

use super::Engine;
use super::active::Active;

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
        // Behind the blocks: a crash in between settles anew, and never forgets who was passed over.
        let settled = rule.new_matches_only && (memory.settled || selection.settles);
        if memory.settled != settled {
            memory.settled = settled;
            writer.put(&mut |batch| put_state(batch, number, memory));
        }
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
        (active, rule): (&Active, &Rule),
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
            let condition = Some(condition_of(rule));
            if memory.ran != condition || memory.released {
                // Another condition meant other people; and what a person said yes to is what it means
                // from now on, else the next run would wait for the same yes.
                memory.audiences.clear();
            }
            memory.ran = condition;
            remember_audience(&mut memory.audiences, run.audience);
            memory.released = false;
            memory.holding = None;
            memory.last_run = memory.last_run.max(Some((run.at, run.recipients)));
            if let Some(timetable) = rule.timetable() {
                serve(memory, timetable, active, run.at);
                forget_met(batch, number, memory, run.at, FEW_BLOCKS);
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

    /// Adds to the batch of what a rule on an event decided what the rule remembers of it.
    pub(super) fn remember_group(
        &mut self,
        batch: &mut Batch,
        (rule, number): (&Rule, RuleNumber),
        run: &Run,
        slice: &Slice,
    ) -> Result<(), StoreError> {
        if !slice.decisions.is_empty() {
            let memory = self.memories.entry(number).or_default();
            memory.last_run = memory.last_run.max(Some((run.at, slice.decisions.len() as u64)));
            put_state(batch, number, memory);
        }
        for (skip, members) in &slice.skipped {
            self.note(number, rule, *skip, members, run.at, &mut |put| put(batch))?;
        }
        Ok(())
    }

    /// Notes that a scheduled rule served (or skipped) an occurrence; with the audience of a run that is
    /// over, for it reached nobody.
    pub(super) fn remember_served(
        &mut self,
        active: &Active,
        rule: &Rule,
        number: RuleNumber,
        (at, audience): (Instant, Option<Audience>),
    ) -> Result<(), StoreError> {
        let Some(timetable) = rule.timetable() else { return Ok(()) };
        let memory = self.memories.entry(number).or_default();
        let mut batch = Batch::default();
        serve(memory, timetable, active, at);
        if let Some(audience) = audience {
            remember_audience(&mut memory.audiences, audience);
        }
        forget_met(&mut batch, number, memory, at, MANY_BLOCKS);
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
        self.shared.metrics.not_sent(skip, new.len());
        known.union(&new);
        for block in new.blocks() {
            put(&mut |batch| tables::runs::put_non_sends(batch, number, at, skip, block, known));
        }
        Ok(())
    }
}

/// Blocks of those who moved that the last slice of a run, or an empty run, cleans up.
const FEW_BLOCKS: usize = 8;
const MANY_BLOCKS: usize = 200;

/// A civil date and time lasts 26 hours from its first zone to its last; beyond this nobody can
/// come to meet it again.
const MET_LASTS: Duration = Duration::days(3);

/// Notes that all occurrences up to an instant are behind a rule, and by which timetable.
fn serve(memory: &mut RuleMemory, timetable: &Timetable, active: &Active, at: Instant) {
    // A run that was held for long is no news.
    if memory.served.is_some_and(|served| served > at) {
        return;
    }
    memory.served = Some(at);
    let workspace = active.rules.workspace.zone.clone();
    memory.served_by = Some(ServedBy { timetable: timetable.clone(), workspace });
}

/// Lets go of what customers who moved met long ago, some blocks at a time.
fn forget_met(batch: &mut Batch, number: RuleNumber, memory: &mut RuleMemory, at: Instant, most: usize) {
    let old = |met: &Met| Instant(met.civil).plus(MET_LASTS) < at;
    let customers = memory.met.iter().filter(|(_, met)| old(met)).map(|(customer, _)| *customer);
    let blocks: BTreeSet<u32> = customers.map(|customer| customer.0 / MET_BLOCK).take(most).collect();
    if blocks.is_empty() {
        return;
    }
    memory.met.retain(|customer, met| !(blocks.contains(&(customer.0 / MET_BLOCK)) && old(met)));
    for block in blocks {
        tables::memories::put_met(batch, number, block, &memory.met);
    }
}

/// Puts one record into some batch.
type Put<'a> = &'a mut dyn FnMut(&mut dyn FnMut(&mut Batch));

/// Non-sends are noted by occurrence, for a rule without a schedule by day.
fn noted_at(rule: &Rule, at: Instant) -> Instant {
    if rule.timetable().is_some() { at } else { Instant(at.0.div_euclid(DAY_MS) * DAY_MS) }
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
