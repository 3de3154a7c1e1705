//! When a change happened by the data: over what is known now, as it would have been seen then.
//!
//! Late orders, corrected orders and a daemon that slept show changes that are older than 24 hours;
//! these move nobody.

use std::collections::{BTreeMap, BTreeSet};

use crate::evaluate::Moment;
use crate::model::{CustomerNumber, Instant};
use crate::population::Population;
use crate::record::Change;
use crate::store::{StoreError, tables};

use super::super::Engine;
use super::super::active::Active;
use super::super::past;
use super::RECENT;
use super::learn::Moving;
use super::track::Tracked;

/// What is found out about one customer.
struct Question {
    moving: Moving,
    /// Instants of the last 24 hours just before something of the customer changed, and the ends.
    looks: BTreeSet<Instant>,
    /// Changes of values in the last 24 hours.
    changes: Vec<Change>,
    /// The last look at which they were not yet in the new place.
    before: Option<Instant>,
}

impl Engine {
    /// When each of these came to the place in which they are; those who were there for the last 24
    /// hours are left out.
    pub(super) fn when_happened(
        &self,
        active: &Active,
        tracked: &Tracked,
        moving: &[Moving],
        now: Instant,
    ) -> Result<BTreeMap<CustomerNumber, Instant>, StoreError> {
        let mut questions = Vec::with_capacity(moving.len());
        for one in moving {
            questions.push(self.question(*one, now)?);
        }
        let mut looks: BTreeMap<Instant, Vec<usize>> = BTreeMap::new();
        for (position, question) in questions.iter().enumerate() {
            for look in &question.looks {
                looks.entry(*look).or_default().push(position);
            }
        }
        for (look, asked) in looks {
            let then = self.as_of(asked.iter().map(|position| &questions[*position]), look)?;
            let moment = Moment::new(&active.tracks.program, look, &active.zone);
            for position in asked {
                let question = &mut questions[position];
                let node = tracked.nodes[question.moving.place];
                if moment.truth(&then, question.moving.customer, node) != Some(true) {
                    question.before = question.before.max(Some(look));
                }
            }
        }
        let mut happened = BTreeMap::new();
        for question in &questions {
            if let Some(before) = question.before {
                let at = self.between(active, tracked, question, (before, now))?;
                happened.insert(question.moving.customer, at);
            }
        }
        Ok(happened)
    }

    /// What to look at of one customer.
    fn question(&self, moving: Moving, now: Instant) -> Result<Question, StoreError> {
        let start = now.minus(RECENT);
        let mut changes = tables::customers::changes(&*self.store, moving.customer)?;
        changes.retain(|change| past::time_of(change) > start);
        let data = self.population.times(moving.customer).into_iter();
        let times = data.chain(changes.iter().map(past::time_of)).chain(self.last_tick);
        let just_before = |at: Instant| Instant(at.0.saturating_sub(1));
        let mut looks: BTreeSet<Instant> =
            times.filter(|at| *at > start && *at <= now).map(just_before).filter(|at| *at > start).collect();
        looks.insert(start);
        Ok(Question { moving, looks, changes, before: None })
    }

    /// The population as it was for these customers at an instant.
    fn as_of<'q>(
        &self,
        asked: impl Iterator<Item = &'q Question>,
        at: Instant,
    ) -> Result<Population, StoreError> {
        let later = asked.filter_map(|question| {
            let later: Vec<Change> =
                question.changes.iter().filter(|change| past::time_of(change) > at).cloned().collect();
            (!later.is_empty()).then_some((question.moving.customer, later))
        });
        self.with_undone(later.collect())
    }

    /// The instant between two looks at which the place became the new one: at once after the first
    /// where something happened there, else found by halving, to the second.
    fn between(
        &self,
        active: &Active,
        tracked: &Tracked,
        question: &Question,
        (mut before, now): (Instant, Instant),
    ) -> Result<Instant, StoreError> {
        let customer = question.moving.customer;
        let node = tracked.nodes[question.moving.place];
        let mut after = question.looks.range(Instant(before.0 + 1)..).next().copied().unwrap_or(now);
        let next = Instant(before.0 + 1);
        // Values that change are looked at just before they do: none does between these two but at
        // the very first instant.
        let later: Vec<Change> =
            question.changes.iter().filter(|change| past::time_of(change) > next).cloned().collect();
        let then = self.with_undone(if later.is_empty() {
            BTreeMap::new()
        } else {
            BTreeMap::from([(customer, later)])
        })?;
        let there = |at: Instant| {
            Moment::new(&active.tracks.program, at, &active.zone).truth(&then, customer, node) == Some(true)
        };
        if there(next) {
            return Ok(next);
        }
        while after.0 - before.0 > 1_000 {
            let middle = Instant(before.0.midpoint(after.0));
            if there(middle) { after = middle } else { before = middle }
        }
        Ok(after)
    }
}
