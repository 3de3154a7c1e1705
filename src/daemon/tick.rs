//! A tick: every rule that is due looks at everybody, in the order of priorities.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use crate::clock::Stopwatch;
use crate::evaluate::Match;
use crate::model::{Bitmap, Instant};
use crate::record::{Run, RunState};
use crate::schedule::Passed;
use crate::store::{Batch, StoreError, tables};

use super::Engine;
use super::active::Active;
use super::arrivals::EventReport;
use super::clocks::Question;
use super::fire::Ready;
use super::firings::Firing;

/// What a tick did, for logs and tests.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TickReport {
    /// Nothing was done: everything waits for a person.
    pub on_hold: bool,
    /// Nothing was done: a load is under way or was cut off.
    pub waits_for_load: bool,
    /// Nothing was done: the disk is nearly full.
    pub waits_for_room: bool,
    /// What events let happen.
    pub events: EventReport,
    /// How many rules looked at everybody.
    pub rules: u64,
    /// How many customers matched and were not decided before.
    pub matched: u64,
    /// How many decisions were made.
    pub decisions: u64,
    /// How many values that rules had set were applied.
    pub set: u64,
    /// Rules whose run is held, by name.
    pub held: Vec<String>,
    /// Occurrences that were missed by more than the rule allows, by rule.
    pub missed: Vec<(String, Passed)>,
}

impl Engine {
    /// Lets every due rule fire at `now`, or just after the last tick where the clock went back: a
    /// run is known by its rule and instant, so no two ticks share one.
    ///
    /// # Errors
    /// When the store fails: nothing is remembered then that is not durable.
    pub fn tick(&mut self, now: Instant) -> Result<TickReport, StoreError> {
        let now = self.tick_instant(now);
        let mut report = TickReport::default();
        self.go_on_erasing(now)?;
        self.take_unsubscribes(now)?;
        self.forget_letters(now)?;
        // Before anybody is decided for, and on hold too: what was handed over goes on being answered.
        self.take_up_deeds();
        self.look_at_guards(now)?;
        if self.hold.is_some() {
            report.on_hold = true;
            return Ok(report);
        }
        if !self.loads.is_empty() {
            report.waits_for_load = true;
            return Ok(report);
        }
        if self.shared.room.is_short() {
            report.waits_for_room = true;
            return Ok(report);
        }
        self.take_back()?;
        self.continue_runs(&mut report)?;
        let Some(active) = self.active.clone() else { return Ok(report) };
        let ready = self.asked(&active, now, &mut report.events)?;
        report.set = self.apply_sets(&active, now)?;
        self.learn(&active, now)?;
        let firings = self.firings(&active, now, &mut report)?;
        let questions: Vec<Question> = firings.iter().map(|firing| firing.question.clone()).collect();
        let watch = Stopwatch::start();
        let matches = self.answers(&active, &self.population, now, &questions);
        self.evaluation = watch.elapsed();
        // What fires on events has its place among the others.
        let mut rest = ready.as_slice();
        let order = active.order();
        for (firing, matches) in firings.iter().zip(&matches) {
            report.rules += 1;
            let place = order.iter().position(|position| *position == firing.position);
            let before = |one: &Ready| Some(one.order) < place;
            rest = self.fire_while((&active, now), rest, before, &mut report.events)?;
            self.fire_or_silence(&active, firing, matches, now, &mut report)?;
        }
        self.fire_while((&active, now), rest, |_| true, &mut report.events)?;
        if !report.events.is_empty() || !ready.is_empty() {
            self.publish();
        }
        let mut batch = Batch::default();
        tables::control::put_tick(&mut batch, now);
        self.store.commit(batch).wait()?;
        (self.last_tick, self.committed_tick) = (Some(now), Some(now));
        self.taken = Bitmap::new();
        Ok(report)
    }

    /// The instant of a tick at `now`: after the last one.
    pub(super) fn tick_instant(&self, now: Instant) -> Instant {
        self.last_tick.map_or(now, |last| now.max(Instant(last.0.saturating_add(1))))
    }

    /// Lets a rule fire; one that ends in an internal error is silenced, the others go on.
    fn fire_or_silence(
        &mut self,
        active: &Active,
        firing: &Firing,
        matches: &Match,
        now: Instant,
        report: &mut TickReport,
    ) -> Result<(), StoreError> {
        let fired = catch_unwind(AssertUnwindSafe(|| self.fire(active, firing, matches, now, report)));
        fired.unwrap_or_else(|_| {
            self.silence(active, firing.position);
            Ok(())
        })
    }

    /// Lets the runs that a crash interrupted go on from their cursors, under the rules that began
    /// them, as of the instant at which they began.
    fn continue_runs(&mut self, report: &mut TickReport) -> Result<(), StoreError> {
        for run in std::mem::take(&mut self.interrupted) {
            if run.state == RunState::Held {
                continue;
            }
            match self.active_of(&run)? {
                Some((active, position)) => {
                    let recipients = tables::runs::recipients(&*self.store, run.rule, run.at)?;
                    self.run_slices(&active, position, run, &recipients, report)?;
                }
                None => self.drop_run(run)?,
            }
        }
        Ok(())
    }

    /// The rules that began a run: those that run now, or those kept with its hash.
    pub(super) fn active_of(&self, run: &Run) -> Result<Option<(Arc<Active>, usize)>, StoreError> {
        let active = match &self.active {
            Some(active) if active.rules.hash == run.rule_set => Some(Arc::clone(active)),
            Some(_) | None => self.kept_rules(run.rule_set)?,
        };
        Ok(active.and_then(|active| active.position(run.rule).map(|position| (active, position))))
    }

    fn drop_run(&mut self, run: Run) -> Result<(), StoreError> {
        let mut batch = Batch::default();
        tables::runs::put_run(&mut batch, &Run { state: RunState::Dropped, ..run });
        self.store.commit(batch).wait().map(drop)
    }
}
