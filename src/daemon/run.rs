//! A run of one rule: the run record, then slice after slice, each one commit.

use std::collections::BTreeMap;

use crate::compile::NodeId;
use crate::decide::{self, Particulars, Selection, Slice, World};
use crate::evaluate::{Match, Moment};
use crate::failpoint;
use crate::model::{Bitmap, CustomerNumber, Instant, RuleNumber};
use crate::record::{Audience, RuleMemory, Run, RunState, Skip};
use crate::ruleset::{Action, Rule, Value};
use crate::store::limits::BATCH_LIMIT;
use crate::store::tables;
use crate::store::{Batch, StoreError};

use super::active::Active;
use super::clocks::clock_of;
use super::firings::Firing;
use super::holding::log_held;
use super::rendered::gap;
use super::tick::TickReport;
use super::{Engine, fields};

/// Records of a rule's memory that a customer of a slice may touch.
const MEMORY_A_CUSTOMER: usize = 2;

/// Records of a slice that are nobody's in particular: the rule's state, blocks of reasons.
const RESERVE: usize = 20;

/// Characters of a value, or of its clause, that a decision keeps.
const LONGEST_VALUE: usize = 200;

impl Engine {
    /// Lets one rule fire: selects, remembers what the selection says, and decides slice by slice.
    pub(super) fn fire(
        &mut self,
        active: &Active,
        firing: &Firing,
        matches: &Match,
        now: Instant,
        report: &mut TickReport,
    ) -> Result<(), StoreError> {
        let (position, at) = (firing.position, firing.at);
        let (rule, number) = active.rule(position);
        let nothing = RuleMemory::default();
        let memory = self.memories.get(&number).filter(|_| !failpoint::sabotage("key_unchecked"));
        let memory = memory.unwrap_or(&nothing);
        let seen = (&matches.truth, &matches.falsity);
        let moment = Moment::new(&active.program, now, &active.zone);
        let gap = |customer| gap(active, position, &moment, (&self.population, customer));
        let world = World { gap: &gap, ..self.world(active, now) };
        let mut selection = decide::select(&world, (rule, number), memory, seen, at);
        let audience = self.audience(active, firing, matches, now);
        self.hold_as_a_whole(active, (position, audience), memory, &mut selection, (at, now));
        report.matched += selection.matched;
        match selection.skipped.get(&Skip::Placeholder) {
            Some(gaps) => drop(self.gaps.insert(number, gaps.len())),
            None => drop(self.gaps.remove(&number)),
        }
        self.remember_selection(number, rule, &selection, at)?;
        let was_held = self.held.remove(&number).is_some();
        if rule.is_continuous() {
            let held = selection.held.clone().map(|why| (why, selection.recipients.len()));
            self.remember_holding(number, held, now)?;
        }
        if let Some(why) = &selection.held {
            // Said once, not at each tick until somebody comes.
            if !was_held {
                log_held(&rule.name, why, selection.recipients.len(), &self.shared.metrics);
                report.held.push(rule.name.clone());
            }
            self.held.insert(number, selection.recipients.len());
            if !rule.is_continuous() {
                let run = new_run(active, (rule, number), (&selection, audience), (at, now));
                self.commit_run(&run, &selection.recipients)?;
                self.remember_looked(number, now);
                return self.remember_served(active, rule, number, (at, None));
            }
            return Ok(());
        }
        if selection.recipients.is_empty() {
            if rule.is_continuous() {
                return Ok(());
            }
            self.remember_looked(number, now);
            return self.remember_served(active, rule, number, (at, Some(audience)));
        }
        let run = new_run(active, (rule, number), (&selection, audience), (at, now));
        self.commit_run(&run, &selection.recipients)?;
        self.run_slices(active, position, run, &selection.recipients, report)
    }

    /// Goes through a run's slices from its cursor on.
    pub(super) fn run_slices(
        &mut self,
        active: &Active,
        position: usize,
        mut run: Run,
        recipients: &Bitmap,
        report: &mut TickReport,
    ) -> Result<(), StoreError> {
        let (rule, number) = active.rule(position);
        if rule.in_all.is_some() {
            // The rules that began it may not be those that run.
            self.ledger.count_decisions(number);
        }
        // Who was erased since is nobody's recipient any more.
        let mut recipients = recipients.clone();
        recipients.intersect(&self.population.everybody());
        let mut limit = decide::slice_size(rule);
        let mut served = self.served(&run)?;
        while let RunState::Open(cursor) = run.state {
            let slice = {
                let not_before = released(rule, &run);
                let moment = Moment::new(&active.program, run.now, &active.zone);
                let gap = |customer| gap(active, position, &moment, (&self.population, customer));
                let world = World { served: &served, not_before, gap: &gap, ..self.world(active, run.now) };
                let particulars = |customer| {
                    let clock = clock_of(active, &self.population, rule, customer);
                    let moment = Moment::new(&active.program, run.now, &clock);
                    self.particulars(active, &moment, position, customer)
                };
                decide::slice(&world, (rule, number), &run, &recipients, (cursor, limit), &particulars)
            };
            let mut next = run.clone();
            next.state = slice.next.map_or(RunState::Closed, RunState::Open);
            for (skip, members) in &slice.skipped {
                *next.skipped.entry(*skip).or_default() += members.len();
            }
            let mut batch = Batch::default();
            let next_ledger = self.put_slice(&mut batch, &next, &slice);
            if limit > 1 && batch.changes.len() + limit * MEMORY_A_CUSTOMER + RESERVE > BATCH_LIMIT {
                // Long values: nothing was remembered yet, so half of them are decided anew.
                limit /= 2;
                continue;
            }
            report.decisions += slice.decisions.len() as u64;
            for decision in &slice.decisions {
                served.insert(decision.customer.0);
            }
            self.commit_slice((active, rule), number, &next, slice, (batch, next_ledger))?;
            run = next;
        }
        Ok(())
    }

    /// Whom a run decided before it was cut off.
    fn served(&self, run: &Run) -> Result<Bitmap, StoreError> {
        if matches!(run.state, RunState::Open(CustomerNumber(0))) {
            return Ok(Bitmap::new());
        }
        let decided = tables::runs::decisions(&*self.store, run.rule, run.at);
        decided.map(|decision| decision.map(|decision| decision.customer.0)).collect()
    }

    /// What a slice leaves besides what the rule remembers; the ledger's next place.
    pub(super) fn put_slice(&self, batch: &mut Batch, run: &Run, slice: &Slice) -> u64 {
        tables::runs::put_run(batch, run);
        tables::runs::put_decisions(batch, run.rule, run.at, &slice.decisions);
        for message in &slice.messages {
            tables::messages::put_open(batch, message);
        }
        tables::ledger::append(batch, self.next_ledger, &slice.contacts)
    }

    /// The values that mattered, and what calls send, as they are at the run's instant.
    pub(super) fn particulars(
        &self,
        active: &Active,
        moment: &Moment<'_>,
        position: usize,
        customer: CustomerNumber,
    ) -> Particulars {
        let values = |fields: &[(String, NodeId)]| -> Vec<(String, Option<Value>)> {
            let nodes: Vec<NodeId> = fields.iter().map(|(_, node)| *node).collect();
            let values = moment.values(&self.population, customer, &nodes);
            fields.iter().map(|(name, _)| name.clone()).zip(values).collect()
        };
        let mut call_fields = BTreeMap::new();
        for (action, what) in (0_u8..).zip(&active.rules.rules[position].actions) {
            let fields = || values(active.program.call_fields(position, usize::from(action)));
            match what {
                Action::Send(_) => {}
                Action::Call { .. } => {
                    let json =
                        |(name, value): (String, Option<Value>)| (name, fields::json(active, value.as_ref()));
                    call_fields.insert(action, fields().into_iter().map(json).collect());
                }
                Action::Set { .. } => {
                    let text = |(key, value): (String, Option<Value>)| {
                        Some((key, active.rules.schema.write(&value?)))
                    };
                    call_fields.insert(action, fields().into_iter().filter_map(text).collect());
                }
            }
        }
        let shown = |(text, value): (String, Option<Value>)| {
            (short(text), short(fields::shown(active, value.as_ref())))
        };
        Particulars {
            values: self
                .moves_that_matter(active, position, customer, moment.now())
                .into_iter()
                .map(|(text, note)| (short(text), short(note)))
                .chain(values(&active.that_matter[position]).into_iter().map(shown))
                .collect(),
            call_fields,
            event: None,
        }
    }

    /// Commits a slice with the cursor, waits until it is durable, and only then remembers it and
    /// hands its messages on.
    fn commit_slice(
        &mut self,
        (active, rule): (&Active, &Rule),
        number: RuleNumber,
        run: &Run,
        slice: Slice,
        (mut batch, next_ledger): (Batch, u64),
    ) -> Result<(), StoreError> {
        failpoint::hit("slice_before_commit");
        if failpoint::sabotage("cursor_early") {
            let mut early = Batch::default();
            tables::runs::put_run(&mut early, run);
            self.store.commit(early).wait()?;
            failpoint::hit("cursor_early");
        }
        self.remember_slice(&mut batch, (active, rule), number, run, &slice)?;
        self.store.commit(batch).wait()?;
        failpoint::hit("slice_after_commit");
        self.hand_on(slice, next_ledger);
        Ok(())
    }

    /// Takes over what a slice left, which is durable, and hands its messages on.
    pub(super) fn hand_on(&mut self, slice: Slice, next_ledger: u64) {
        self.next_ledger = next_ledger;
        for contact in slice.contacts {
            self.ledger.add(contact);
        }
        for message in slice.messages.iter().filter(|message| message.marketing) {
            self.take(message.customer, &message.channel);
        }
        slice.messages.iter().for_each(|message| self.note_message(message));
        self.outgoing.add(slice.messages);
    }

    /// Commits a new run: its recipients first, so that a run record implies that they are whole.
    fn commit_run(&self, run: &Run, recipients: &Bitmap) -> Result<(), StoreError> {
        let mut batches = tables::runs::recipient_batches(run.rule, run.at, recipients);
        if let Some(last) = batches.last_mut() {
            tables::runs::put_run(last, run);
        }
        let receipts: Vec<_> = batches.into_iter().map(|batch| self.store.commit(batch)).collect();
        for receipt in receipts {
            receipt.wait()?;
        }
        failpoint::hit("run_recorded");
        Ok(())
    }
}

/// When a person let a run go that was held: it is decided later than an occurrence ever runs. Its
/// sends count then; those of any other run count at the occurrence.
fn released(rule: &Rule, run: &Run) -> Instant {
    let late = rule.timetable().is_some_and(|timetable| run.now.since(run.at) >= timetable.if_missed);
    if late { run.now } else { Instant(i64::MIN) }
}

/// Cut to what a decision keeps of it.
fn short(text: String) -> String {
    match text.char_indices().nth(LONGEST_VALUE) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

fn new_run(
    active: &Active,
    (rule, number): (&Rule, RuleNumber),
    (selection, audience): (&Selection, Audience),
    (at, now): (Instant, Instant),
) -> Run {
    let count = |(skip, members): (&Skip, &Bitmap)| (*skip, members.len());
    Run {
        rule: number,
        at,
        now,
        continuous: rule.is_continuous(),
        rule_set: active.rules.hash,
        commit: active.rules.commit.clone(),
        place: rule.place.to_string(),
        matched: selection.matched,
        recipients: selection.recipients.len(),
        skipped: selection.skipped.iter().map(count).collect(),
        state: if selection.held.is_some() { RunState::Held } else { RunState::Open(CustomerNumber(0)) },
        audience,
        held_for: selection.held.clone(),
    }
}
