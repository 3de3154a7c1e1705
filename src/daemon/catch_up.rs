//! What was missed, and what is made of it: said before it is done, while everything is on hold, at a start after
//! a gap, and to whoever ends a hold.

use std::collections::BTreeMap;

use crate::decide::{self, World};
use crate::evaluate::{Match, Moment};
use crate::model::{Duration, Instant};
use crate::observe::{RuleCatchesUp, WentOnHold};
use crate::record::{Hold, HoldReason, RuleMemory, Run, RunState};
use crate::serve::{CatchUp, Missed, RuleCatchUp};
use crate::store::tables;

use super::Engine;
use super::active::Active;
use super::clocks::Question;
use super::firings::{Firing, firings_of};
use super::holding::sentence;
use super::rendered::gap;

/// Of whom a catch-up speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Whom {
    /// Every rule that would act.
    All,
    /// The rules that missed an occurrence: what a start does that waits for nobody.
    Missed,
}

/// Rules that an answer names at most.
const MOST_NAMED: usize = 10;

impl Engine {
    /// What the rules would do if they were let go at `now`. Each rule is asked alone: where several share a
    /// cap, fewer are sent.
    pub(super) fn catch_up(&self, active: &Active, now: Instant, whom: Whom) -> BTreeMap<usize, RuleCatchUp> {
        let now = self.tick_instant(now);
        let due = self.due(active, now);
        let mut rules: BTreeMap<usize, RuleCatchUp> = BTreeMap::new();
        for (position, found) in &due {
            let (rule, _) = active.rule(*position);
            let Some(timetable) = rule.timetable() else { continue };
            let missed = found.passed.map(missed);
            let late = found.runs.keys().copied().collect();
            let one = RuleCatchUp { missed, late, if_missed: Some(timetable.if_missed), ..empty(&rule.name) };
            rules.insert(*position, one);
        }
        rules.retain(|_, rule| !rule.is_empty());
        let mut firings = firings_of(active, due);
        if whom == Whom::Missed {
            firings.retain(|firing| rules.contains_key(&firing.position));
        }
        let questions: Vec<Question> = firings.iter().map(|firing| firing.question.clone()).collect();
        let matches = self.answers(active, &self.population, now, &questions);
        for (firing, matches) in firings.iter().zip(&matches) {
            let name = &active.rule(firing.position).0.name;
            let one = rules.entry(firing.position).or_insert_with(|| empty(name));
            self.count(active, (firing, matches), now, one);
        }
        if whom == Whom::All {
            self.add_firings(active, now, &mut rules);
            self.add_cut_off(active, &mut rules);
        }
        rules.retain(|_, rule| !rule.is_empty());
        rules
    }

    /// For how many one firing acts, or why its run is held.
    fn count(
        &self,
        active: &Active,
        (firing, matches): (&Firing, &Match),
        now: Instant,
        one: &mut RuleCatchUp,
    ) {
        let (position, at) = (firing.position, firing.at);
        let (rule, number) = active.rule(position);
        let nothing = RuleMemory::default();
        let memory = self.memories.get(&number).unwrap_or(&nothing);
        let moment = Moment::new(&active.program, now, &active.zone);
        let gap = |customer| gap(active, position, &moment, (&self.population, customer));
        let world = World { gap: &gap, ..self.world(active, now) };
        let seen = (&matches.truth, &matches.falsity);
        let mut selection = decide::select(&world, (rule, number), memory, seen, at);
        let audience = self.audience(active, firing, matches, now);
        self.hold_as_a_whole(active, (position, audience), memory, &mut selection, (at, now));
        one.customers += selection.recipients.len();
        if let Some(why) = &selection.held {
            one.held = Some(sentence(why, selection.recipients.len()));
        }
    }

    /// Adds what waits after events and is due.
    fn add_firings(&self, active: &Active, now: Instant, rules: &mut BTreeMap<usize, RuleCatchUp>) {
        for (number, firings) in self.timers.due_by_rule(now) {
            let Some(position) = active.position(number) else { continue };
            let name = &active.rule(position).0.name;
            rules.entry(position).or_insert_with(|| empty(name)).firings = firings;
        }
    }

    /// Adds the runs that a crash or a kill cut off.
    fn add_cut_off(&self, active: &Active, rules: &mut BTreeMap<usize, RuleCatchUp>) {
        for Run { rule, at, state, .. } in &self.interrupted {
            let (RunState::Open(cursor), Some(position)) = (state, active.position(*rule)) else { continue };
            let Ok(recipients) = tables::runs::recipients(&*self.store, *rule, *at) else { continue };
            let rest = recipients.iter().filter(|customer| *customer >= cursor.0).count() as u64;
            let name = &active.rule(position).0.name;
            rules.entry(position).or_insert_with(|| empty(name)).cut_off += rest;
        }
    }

    /// What a catch-up says, in the order in which the rules act.
    pub(super) fn to_tell(
        &self,
        active: &Active,
        now: Instant,
        mut rules: BTreeMap<usize, RuleCatchUp>,
    ) -> CatchUp {
        let events = self.arrivals.keys().take_while(|arrival| arrival.event.time <= now).count() as u64;
        CatchUp {
            reason: self.hold.map_or("no daemon", |hold| hold.reason.label()).into(),
            since: self.hold.map(|hold| hold.since),
            last_tick: self.last_tick,
            events,
            rules: active.order().into_iter().filter_map(|position| rules.remove(&position)).collect(),
        }
    }

    /// Says in the log that everything is on hold, and what the end of that would let happen.
    pub(super) fn say_on_hold(&self, now: Instant) {
        let Some(Hold { reason, last_tick, .. }) = self.hold else { return };
        WentOnHold { reason: reason.label(), last_tick, why: why(reason) }.happened(&self.shared.metrics);
        if let Some(active) = &self.active {
            self.say(active, self.catch_up(active, now, Whom::All), true);
        }
    }

    /// Says in the log what the rules make of what they missed, where a start does so at once.
    pub(super) fn say_missed(&self, now: Instant) {
        if let (Some(active), true) = (&self.active, self.hold.is_none() && self.loads.is_empty()) {
            self.say(active, self.catch_up(active, now, Whom::Missed), false);
        }
    }

    fn say(&self, active: &Active, rules: BTreeMap<usize, RuleCatchUp>, on_hold: bool) {
        for rule in self.to_tell(active, Instant(i64::MIN), rules).rules {
            let what = &*rule.sentence(on_hold);
            let RuleCatchUp { missed, late, customers, .. } = &rule;
            let (missed, late) = (missed.map_or(0, |missed| missed.count), late.len() as u64);
            let (rule, customers) = (&*rule.rule, *customers);
            let said = RuleCatchesUp { rule, missed, late, customers, on_hold, what };
            said.happened(&self.shared.metrics);
        }
    }

    /// What happens when everything is let go, for who lets it.
    pub(super) fn let_go_now(&self, now: Instant) -> Vec<String> {
        let (Some(active), Some(_)) = (&self.active, self.hold) else { return Vec::new() };
        let told = self.to_tell(active, now, self.catch_up(active, now, Whom::All));
        let rule = |rule: &RuleCatchUp| format!("rule {}: {}", rule.rule, rule.sentence(false));
        let mut said: Vec<String> = told.rules.iter().take(MOST_NAMED).map(rule).collect();
        match told.rules.len().saturating_sub(MOST_NAMED) {
            0 => {}
            more => said.push(format!("and {more} more rule(s)")),
        }
        if told.events > 0 {
            said.push(format!("rules are asked about {} event(s) that came meanwhile", told.events));
        }
        said
    }

    /// What a daemon that started now would hold back, where it would: its last tick is too long ago.
    pub(super) fn would_hold(&self, hold_after: Duration, now: Instant) -> Option<CatchUp> {
        let silent = now.since(self.last_tick?);
        let active = self.active.as_ref().filter(|_| self.hold.is_none() && silent > hold_after)?;
        Some(self.to_tell(active, now, self.catch_up(active, now, Whom::All)))
    }
}

fn empty(rule: &str) -> RuleCatchUp {
    RuleCatchUp {
        rule: rule.to_owned(),
        missed: None,
        late: Vec::new(),
        if_missed: None,
        customers: 0,
        held: None,
        firings: 0,
        cut_off: 0,
    }
}

pub(super) fn missed(passed: crate::schedule::Passed) -> Missed {
    Missed { count: passed.count, first: passed.first, last: passed.last }
}

/// Why everything is on hold, in words.
pub(super) const fn why(reason: HoldReason) -> &'static str {
    match reason {
        HoldReason::Gap => "the daemon started long after its last tick",
        HoldReason::Restore => "the store was restored",
        HoldReason::ClockStep => "the clock stepped forward",
        HoldReason::Asked => "an operator asked for it",
    }
}
