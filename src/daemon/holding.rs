//! Runs that wait for a person: why, since when, and how many customers they mean.

use crate::decide::{self, Selection, World};
use crate::evaluate::{Match, Moment};
use crate::model::{DAY_MS, Instant, RuleNumber};
use crate::observe::{Metrics, RunHeld};
use crate::record::{Audience, HeldFor, Holding, RuleMemory, Run, RunState};
use crate::ruleset::{Frame, Rule};
use crate::schedule::civil_of;
use crate::store::{Batch, StoreError, tables};

use super::Engine;
use super::active::Active;
use super::clocks::Question;
use super::firings::Firing;
use super::memory::put_state;
use super::rendered::gap;

/// A held run as people are told of it.
pub(super) struct Held {
    /// How many would be sent.
    pub(super) recipients: u64,
    pub(super) since: Instant,
    pub(super) why: HeldFor,
}

impl Held {
    /// What happened, without what to do.
    pub(super) fn sentence(&self) -> String {
        sentence(&self.why, self.recipients)
    }
}

pub(super) fn sentence(why: &HeldFor, recipients: u64) -> String {
    match why {
        HeldFor::FirstRun { .. } => format!("a first run for {recipients} customers is above the limit"),
        HeldFor::Growth { audience, twice_before, above, place } => {
            let half = if twice_before % 2 == 0 { "" } else { ".5" };
            let before = format!("{}{half}", twice_before / 2);
            format!("its audience grew from {before} to {audience} customers, by more than {above} ({place})")
        }
    }
}

impl Engine {
    /// How many a rule means at a firing: everybody who matches, in customer time those of all zones, for
    /// zone by zone no two runs could be compared.
    pub(super) fn audience(
        &self,
        active: &Active,
        firing: &Firing,
        matches: &Match,
        now: Instant,
    ) -> Audience {
        let (rule, _) = active.rule(firing.position);
        let customers = if !by_customer(rule) {
            Some(matches.truth.len())
        } else if decide::asks_for_growth(&active.rules, rule) {
            let question = Question::everybody(active, &self.population, firing.position);
            let everybody = self.answers(active, &self.population, now, &[question]);
            Some(everybody.iter().map(|matches| matches.truth.len()).sum())
        } else {
            // Every zone's firing would look at all the others' customers, for a figure that nobody reads.
            None
        };
        let clock = firing.question.clocks.first().map_or(&active.zone, |(clock, _)| clock);
        let of = if rule.is_continuous() {
            // Its runs come as customers do: those of a day are one.
            civil_of(now, &active.zone).unwrap_or(now.0).div_euclid(DAY_MS) * DAY_MS
        } else {
            civil_of(firing.at, clock).unwrap_or(firing.at.0)
        };
        Audience { of, customers }
    }

    /// Holds a run that nobody may have meant, as far as the selection did not see it: a first run in
    /// customer time, counted over everybody at the first zone's instant, for zone by zone it might never
    /// be above the limit; and an audience that grew.
    pub(super) fn hold_as_a_whole(
        &self,
        active: &Active,
        (position, audience): (usize, Audience),
        memory: &RuleMemory,
        selection: &mut Selection,
        (at, now): (Instant, Instant),
    ) {
        let (rule, _) = active.rule(position);
        if selection.held.is_some() || selection.recipients.is_empty() {
            return;
        }
        let first = || self.first_run_as_a_whole(active, position, memory, (at, now));
        if let Some(why) = first().or_else(|| decide::grown(&active.rules, rule, memory, audience)) {
            decide::hold(selection, rule, memory, (at, why));
        }
    }

    fn first_run_as_a_whole(
        &self,
        active: &Active,
        position: usize,
        memory: &RuleMemory,
        (at, now): (Instant, Instant),
    ) -> Option<HeldFor> {
        let (rule, number) = active.rule(position);
        if !by_customer(rule) || !decide::first_run(memory, rule) {
            return None;
        }
        let question = Question::everybody(active, &self.population, position);
        let moment = Moment::new(&active.program, now, &active.zone);
        let gap = |customer| gap(active, position, &moment, (&self.population, customer));
        let world = World { gap: &gap, ..self.world(active, now) };
        self.answers(active, &self.population, now, &[question]).iter().find_map(|matches| {
            let seen = (&matches.truth, &matches.falsity);
            decide::select(&world, (rule, number), memory, seen, at).held
        })
    }

    /// Notes that a continuous rule holds its run, or holds it no more.
    pub(super) fn remember_holding(
        &mut self,
        number: RuleNumber,
        held: Option<(HeldFor, u64)>,
        now: Instant,
    ) -> Result<(), StoreError> {
        let memory = self.memories.entry(number).or_default();
        // The figures are those at which it began.
        if memory.holding.is_some() == held.is_some() {
            return Ok(());
        }
        memory.holding = held.map(|(why, recipients)| Holding { since: now, why, recipients });
        let mut batch = Batch::default();
        put_state(&mut batch, number, memory);
        self.store.commit(batch).wait().map(drop)
    }

    /// The run of a rule that waits for a person, the last one where there are several.
    pub(super) fn held_run(&self, number: RuleNumber, unfinished: &[Run]) -> Option<Held> {
        let runs = unfinished.iter().filter(|run| run.rule == number && run.state == RunState::Held);
        if let Some(run) = runs.max_by_key(|run| run.at) {
            let why = run.held_for.clone()?;
            return Some(Held { recipients: run.recipients, since: run.now, why });
        }
        let Holding { since, why, recipients } = self.memories.get(&number)?.holding.clone()?;
        // It is counted by each tick; a start has not ticked yet.
        let recipients = self.held.get(&number).copied().unwrap_or(recipients);
        Some(Held { recipients, since, why })
    }

    /// Lets go the held runs of a rule that a later occurrence took the place of: a person who says yes
    /// to a daily rule after a week wants it to go out once. Answers those that remain.
    pub(super) fn without_outdated(&self, mut held: Vec<Run>) -> Result<Vec<Run>, StoreError> {
        let last = held.iter().max_by_key(|run| (run.audience.of, run.at)).map(|run| run.audience.of);
        let outdated = held.extract_if(.., |run| Some(run.audience.of) != last);
        let mut batch = Batch::default();
        for run in outdated {
            tables::runs::put_run(&mut batch, &Run { state: RunState::Dropped, ..run });
        }
        self.commit_parts(batch)?;
        Ok(held)
    }
}

fn by_customer(rule: &Rule) -> bool {
    rule.timetable().is_some_and(|timetable| timetable.frame == Frame::Customer)
}

/// Says in the log that a run waits.
pub(super) fn log_held(rule: &str, why: &HeldFor, customers: u64, metrics: &Metrics) {
    let why = &*sentence(why, customers);
    RunHeld { rule, customers, why }.happened(metrics);
}
