//! Which rules fire in a tick, for whom, and what was missed.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;

use crate::failpoint;
use crate::model::{Bitmap, Instant};
use crate::record::RuleMemory;
use crate::ruleset::{Frame, Rule, Timetable, Trigger};
use crate::schedule::{Due, Occasions, Passed, Since, civil_of, due, in_season, is_met, look_from, zone_of};
use crate::store::StoreError;

use super::Engine;
use super::active::Active;
use super::clocks::{Group, Question, groups};
use super::tick::TickReport;

/// A rule that fires in this tick.
pub(super) struct Firing {
    pub(super) position: usize,
    /// The instant at which its sends count: the occurrence, or now.
    pub(super) at: Instant,
    /// Its condition, by the clocks of those for whom it fires.
    pub(super) question: Question,
}

/// For whom a rule fires at one instant, by their clocks.
type Clocks = Vec<(TimeZone, Option<Bitmap>)>;

/// What is due of a rule: at which instants for whom, and what was passed over.
#[derive(Default)]
pub(super) struct Found {
    pub(super) runs: BTreeMap<Instant, Clocks>,
    /// For whom an occurrence runs after its instant was behind others.
    late: Clocks,
    pub(super) passed: Option<Passed>,
}

impl Found {
    /// Adds what is due by one clock. A run is known by its instant: one that is behind the rule
    /// already must not come again.
    fn add(&mut self, due: &Due, served: Option<Instant>, zone: TimeZone, members: Option<Bitmap>) {
        match due.run {
            Some(at) if served.is_some_and(|served| at <= served) => self.late.push((zone, members)),
            Some(at) => self.runs.entry(at).or_default().push((zone, members)),
            None => {}
        }
        // Of several zones: the whole span, and the most that any of them missed.
        self.passed = match (self.passed, due.passed) {
            (Some(one), Some(other)) => Some(Passed {
                first: one.first.min(other.first),
                last: one.last.max(other.last),
                count: one.count.max(other.count),
            }),
            (one, other) => one.or(other),
        };
    }

    /// Puts what is late into the first run of this tick, so that it is behind the rule when that
    /// one is over.
    fn finish(mut self, now: Instant) -> Self {
        if !self.late.is_empty() {
            let at = self.runs.first_key_value().map_or(now, |(at, _)| *at);
            self.runs.entry(at).or_default().append(&mut self.late);
        }
        self
    }
}

impl Engine {
    /// Which rules fire now, in the order in which they meet the caps. A scheduled rule's missed
    /// occurrences are noted as served, so that they are said once.
    pub(super) fn firings(
        &mut self,
        active: &Active,
        now: Instant,
        report: &mut TickReport,
    ) -> Result<Vec<Firing>, StoreError> {
        let all = self.due(active, now);
        for (position, found) in &all {
            let (rule, number) = active.rule(*position);
            if rule.is_continuous() {
                self.begin_season(rule, number, &active.zone, now)?;
            }
            if let Some(passed) = found.passed {
                report.missed.push((rule.name.clone(), passed));
                self.passed.insert(number, passed);
                // With a run it is remembered when that one is over.
                if found.runs.is_empty() {
                    self.remember_served(active, rule, number, (passed.last, None))?;
                }
            } else if !found.runs.is_empty() {
                self.passed.remove(&number);
            }
        }
        Ok(firings_of(active, all))
    }

    /// What is due of each rule, in the order in which they meet the caps.
    pub(super) fn due(&self, active: &Active, now: Instant) -> Vec<(usize, Found)> {
        let mut all = Vec::new();
        // Made once, and only where a rule goes by them.
        let mut zones: Option<Vec<Group>> = None;
        let nothing = RuleMemory::default();
        for position in active.order() {
            let (rule, number) = active.rule(position);
            if self.amnesiac.contains_key(&number) {
                continue;
            }
            let memory = self.memories.get(&number).unwrap_or(&nothing);
            let found = match &rule.trigger {
                // Asked when one comes.
                Trigger::Event(_) => continue,
                Trigger::Continuous
                    if !failpoint::is_off("season") && !in_season(rule.season, &active.zone, now) =>
                {
                    continue;
                }
                Trigger::Continuous => {
                    let runs = BTreeMap::from([(now, vec![(active.zone.clone(), None)])]);
                    Found { runs, ..Found::default() }
                }
                Trigger::Scheduled(timetable) => match timetable.frame {
                    Frame::Workspace | Frame::Zone(_) => by_one_clock(active, rule, timetable, memory, now),
                    Frame::Customer => {
                        let zones = zones.get_or_insert_with(|| groups(&self.population));
                        by_own_clocks(active, rule, timetable, memory, zones, now)
                    }
                },
            };
            all.push((position, found));
        }
        all
    }
}

/// What is due, rule by rule and instant by instant.
pub(super) fn firings_of(active: &Active, all: Vec<(usize, Found)>) -> Vec<Firing> {
    let firings = all.into_iter().flat_map(|(position, found)| {
        let root = active.program.rules()[position];
        let firing = move |(at, clocks)| Firing { position, at, question: Question { root, clocks } };
        found.runs.into_iter().map(firing)
    });
    firings.collect()
}

/// From where on the occurrences of a rule are looked at, for customers of one zone.
fn from(
    memory: &RuleMemory,
    timetable: &Timetable,
    own: Option<&TimeZone>,
    (workspace, now): (&TimeZone, Instant),
) -> Instant {
    let began = memory.began.unwrap_or(now);
    match (memory.served, &memory.served_by) {
        (Some(at), Some(by)) => {
            let then = TimeZone::get(&by.workspace).unwrap_or_else(|_| workspace.clone());
            let since = Since::Served { at, by: &by.timetable, workspace: &then };
            look_from(timetable, since, own, workspace)
        }
        (served, _) => served.unwrap_or(began),
    }
}

fn by_one_clock(
    active: &Active,
    rule: &Rule,
    timetable: &Timetable,
    memory: &RuleMemory,
    now: Instant,
) -> Found {
    let zone = zone_of(&timetable.frame, None, &active.zone);
    let from = from(memory, timetable, None, (&active.zone, now));
    let occasions = Occasions::new(timetable, rule.season, zone.clone());
    let mut found = Found::default();
    found.add(&due(&occasions, from, timetable.if_missed, now), memory.served, zone, None);
    found.finish(now)
}

/// In customer time an occurrence is a civil date and time; each zone has its own instant of it,
/// and all instants up to `served` are behind every zone. Who moved to another zone since meets
/// what they have not met, and nothing twice.
fn by_own_clocks(
    active: &Active,
    rule: &Rule,
    timetable: &Timetable,
    memory: &RuleMemory,
    zones: &[Group],
    now: Instant,
) -> Found {
    let mut found = Found::default();
    for group in zones {
        let zone = zone_of(&timetable.frame, group.own.as_ref(), &active.zone);
        let from = from(memory, timetable, group.own.as_ref(), (&active.zone, now));
        let occasions = Occasions::new(timetable, rule.season, zone.clone());
        let due = due(&occasions, from, timetable.if_missed, now);
        let moved = memory.met.iter().filter(|(customer, _)| group.members.contains(customer.0));
        let mut members = group.members.clone();
        // What the zone had met before they came.
        let before =
            occasions.previous_at_or_before(now.min(from)).filter(|at| now.since(*at) < timetable.if_missed);
        let mut missed = Bitmap::new();
        for (customer, met) in moved {
            let unmet = |at: Instant| {
                civil_of(at, &zone).is_some_and(|civil| !is_met(&timetable.schedule, met.civil, civil))
            };
            match due.run {
                Some(at) if !unmet(at) => {
                    members.remove(customer.0);
                }
                Some(_) => {}
                None => {
                    let just_moved = memory.served == Some(met.as_of);
                    if just_moved && before.is_some_and(unmet) {
                        missed.insert(customer.0);
                    }
                }
            }
        }
        if !missed.is_empty() {
            found.late.push((zone.clone(), Some(missed)));
        }
        found.add(&due, memory.served, zone, Some(members));
    }
    found.finish(now)
}
