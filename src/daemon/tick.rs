//! A tick: every rule that is due looks at everybody, in the order of priorities.

use crate::evaluate;
use crate::model::Instant;
use crate::ruleset::Rule;
use crate::schedule::{self, Due};
use crate::store::StoreError;

use super::Engine;
use super::active::Active;

/// What a tick did, for logs and tests.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TickReport {
    /// How many rules looked at everybody.
    pub rules: u64,
    /// How many customers matched and were not decided before.
    pub matched: u64,
    /// How many decisions were made.
    pub decisions: u64,
    /// Rules whose run is held, by name.
    pub held: Vec<String>,
    /// Occurrences that were missed by more than the rule allows: rule and occurrence.
    pub missed: Vec<(String, Instant)>,
}

/// A rule that fires in this tick.
struct Firing {
    position: usize,
    at: Instant,
}

impl Engine {
    /// Lets every due rule fire at `now`, or at the last tick where the clock went back.
    ///
    /// # Errors
    /// When the store fails: nothing is remembered then that is not durable.
    pub fn tick(&mut self, now: Instant) -> Result<TickReport, StoreError> {
        let now = self.last_tick.map_or(now, |last| last.max(now));
        let mut report = TickReport::default();
        self.continue_runs(&mut report)?;
        let Some(active) = self.active.clone() else { return Ok(report) };
        let firings = self.firings(&active, now, &mut report)?;
        let positions: Vec<usize> = firings.iter().map(|firing| firing.position).collect();
        let matches = evaluate::evaluate(&active.program, &self.population, now, &active.zone, &positions);
        for (firing, matches) in firings.iter().zip(&matches) {
            report.rules += 1;
            self.fire(&active, firing.position, matches, (firing.at, now), &mut report)?;
        }
        self.remember_tick(now)?;
        Ok(report)
    }

    /// Which rules fire now, in the order in which they meet the caps. A scheduled rule's missed
    /// occurrences are noted as served, so that they are said once.
    fn firings(
        &mut self,
        active: &Active,
        now: Instant,
        report: &mut TickReport,
    ) -> Result<Vec<Firing>, StoreError> {
        let mut firings = Vec::new();
        for position in active.order() {
            let (rule, number) = active.rule(position);
            let Some(schedule) = &rule.schedule else {
                firings.push(Firing { position, at: now });
                continue;
            };
            let served = self.memory(number).served.unwrap_or(now);
            let due = schedule::due(schedule, &active.zone, served, now);
            self.note_missed(rule, number, &due, report)?;
            firings.extend(due.occurrence.map(|at| Firing { position, at }));
        }
        Ok(firings)
    }

    fn note_missed(
        &mut self,
        rule: &Rule,
        number: crate::model::RuleNumber,
        due: &Due,
        report: &mut TickReport,
    ) -> Result<(), StoreError> {
        let Some(last) = due.skipped.last() else { return Ok(()) };
        report.missed.extend(due.skipped.iter().map(|at| (rule.name.clone(), *at)));
        self.remember_served(number, *last)
    }
}
