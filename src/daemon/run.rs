//! A run of one rule: the run record, then slice after slice, each one commit.

use std::collections::BTreeMap;

use crate::decide::{self, Particulars, Selection, Slice};
use crate::evaluate::{self, Match};
use crate::failpoint;
use crate::model::{Bitmap, CustomerNumber, Instant, RuleNumber};
use crate::record::{Run, RunState, Skip};
use crate::ruleset::{Action, Rule};
use crate::store::tables;
use crate::store::{Batch, StoreError};

use super::Engine;
use super::active::Active;
use super::tick::TickReport;

impl Engine {
    /// Lets one rule fire: selects, remembers what the selection says, and decides slice by slice.
    pub(super) fn fire(
        &mut self,
        active: &Active,
        position: usize,
        matches: &Match,
        (at, now): (Instant, Instant),
        report: &mut TickReport,
    ) -> Result<(), StoreError> {
        let (rule, number) = active.rule(position);
        let world = self.world(active);
        let memory = self.memory(number);
        let selection =
            decide::select(&world, (rule, number), memory, (&matches.truth, &matches.falsity), at);
        report.matched += selection.matched;
        self.remember_selection(number, rule, &selection, at)?;
        if selection.held {
            report.held.push(rule.name.clone());
            return self.hold_run(active, position, &selection, (at, now));
        }
        if selection.recipients.is_empty() {
            return match rule.schedule {
                Some(_) => self.remember_served(number, at),
                None => Ok(()),
            };
        }
        let run = new_run(active, (rule, number), &selection, (at, now));
        self.commit_run(&run, &selection.recipients)?;
        self.run_slices(active, position, run, &selection.recipients, report)
    }

    /// Goes through a run's slices from its cursor on.
    fn run_slices(
        &mut self,
        active: &Active,
        position: usize,
        mut run: Run,
        recipients: &Bitmap,
        report: &mut TickReport,
    ) -> Result<(), StoreError> {
        let (rule, number) = active.rule(position);
        while let RunState::Open(cursor) = run.state {
            let slice = {
                let world = self.world(active);
                let particulars = |customer| self.particulars(active, position, customer, run.now);
                decide::slice(&world, (rule, number), &run, recipients, cursor, &particulars)
            };
            report.decisions += slice.decisions.len() as u64;
            run.state = slice.next.map_or(RunState::Closed, RunState::Open);
            for (skip, members) in &slice.skipped {
                *run.skipped.entry(*skip).or_default() += members.len();
            }
            self.commit_slice(rule, number, &run, slice)?;
        }
        Ok(())
    }

    /// The values that mattered, and what calls send, as they are at the run's instant.
    fn particulars(
        &self,
        active: &Active,
        position: usize,
        customer: CustomerNumber,
        now: Instant,
    ) -> Particulars {
        let (rule, _) = active.rule(position);
        let view = evaluate::View { population: &self.population, now, zone: &active.zone };
        let mut call_fields = BTreeMap::new();
        for (action, what) in (0_u8..).zip(&rule.actions) {
            if let Action::Call { fields, .. } = what {
                call_fields.insert(action, super::fields::json(active, &view, customer, fields));
            }
        }
        Particulars { values: super::fields::that_mattered(active, &view, customer, &rule.when), call_fields }
    }

    /// Commits a slice with the cursor, waits until it is durable, and only then remembers it and
    /// hands its messages on.
    fn commit_slice(
        &mut self,
        rule: &Rule,
        number: RuleNumber,
        run: &Run,
        slice: Slice,
    ) -> Result<(), StoreError> {
        failpoint::hit("slice_before_commit");
        let mut batch = Batch::default();
        tables::put_run(&mut batch, run);
        if failpoint::sabotage("cursor_early") {
            self.store.commit(std::mem::take(&mut batch)).wait()?;
            failpoint::hit("cursor_early");
        }
        tables::put_decisions(&mut batch, number, run.at, &slice.decisions);
        tables::put_contacts(&mut batch, self.next_ledger, &slice.contacts);
        for message in &slice.messages {
            tables::put_open_message(&mut batch, message);
        }
        self.remember_slice(&mut batch, rule, number, run, &slice);
        self.store.commit(batch).wait()?;
        failpoint::hit("slice_after_commit");
        self.next_ledger += 1;
        slice.contacts.into_iter().for_each(|contact| self.ledger.add(contact));
        self.outgoing.add(slice.messages);
        Ok(())
    }

    /// Commits a new run: its recipients first, so that a run record implies that they are whole.
    fn commit_run(&mut self, run: &Run, recipients: &Bitmap) -> Result<(), StoreError> {
        for batch in tables::recipients(run.rule, run.at, recipients) {
            drop(self.store.commit(batch));
        }
        let mut batch = Batch::default();
        tables::put_run(&mut batch, run);
        self.store.commit(batch).wait()?;
        failpoint::hit("run_recorded");
        Ok(())
    }
}

fn new_run(
    active: &Active,
    (rule, number): (&Rule, RuleNumber),
    selection: &Selection,
    (at, now): (Instant, Instant),
) -> Run {
    let count = |(skip, members): (&Skip, &Bitmap)| (*skip, members.len());
    Run {
        rule: number,
        at,
        now,
        continuous: rule.schedule.is_none(),
        rule_set: active.rules.hash,
        commit: active.rules.commit.clone(),
        place: rule.place.to_string(),
        matched: selection.matched,
        recipients: selection.recipients.len(),
        skipped: selection.skipped.iter().map(count).collect(),
        state: if selection.held { RunState::Held } else { RunState::Open(CustomerNumber(0)) },
    }
}
