//! Whose clock a rule is read from: its frame, for everybody or by the zones in which people live.

use jiff::tz::TimeZone;

use crate::compile::NodeId;
use crate::evaluate::{Match, Moment};
use crate::model::{Bitmap, CustomerNumber, Instant};
use crate::population::Population;
use crate::ruleset::{Frame, Rule};
use crate::schedule::{Occasions, zone_of};

use super::Engine;
use super::active::Active;

/// Those who live by one clock.
#[derive(Debug, Clone)]
pub(super) struct Group {
    /// Their own zone; none where it is not known.
    pub(super) own: Option<TimeZone>,
    pub(super) members: Bitmap,
}

/// Everybody by their own zone.
pub(super) fn groups(population: &Population) -> Vec<Group> {
    let Some(field) = population.schema().find("time_zone") else {
        return vec![Group { own: None, members: population.everybody() }];
    };
    let mut groups = Vec::new();
    let mut unknown = Bitmap::new();
    for (name, members) in population.by_text(field) {
        match name.and_then(|name| TimeZone::get(name).ok()) {
            Some(zone) => groups.push(Group { own: Some(zone), members }),
            None => unknown.union(&members),
        }
    }
    if !unknown.is_empty() {
        groups.push(Group { own: None, members: unknown });
    }
    groups
}

/// The zones in which people live; `None` for the workspace's, that of those whose zone is not known.
fn own_zones(population: &Population) -> Vec<Option<TimeZone>> {
    let Some(field) = population.schema().find("time_zone") else { return vec![None] };
    let (names, unknown) = population.texts_of(field);
    let mut zones: Vec<Option<TimeZone>> =
        names.into_iter().filter_map(|name| TimeZone::get(name).ok()).map(Some).collect();
    if unknown || zones.is_empty() {
        zones.push(None);
    }
    zones
}

/// When a scheduled rule fires next, for whoever comes first.
pub(super) fn next_firing(
    active: &Active,
    population: &Population,
    rule: &Rule,
    after: Instant,
) -> Option<Instant> {
    let timetable = rule.timetable()?;
    let next = |own: Option<&TimeZone>| {
        let zone = zone_of(&timetable.frame, own, &active.zone);
        Occasions::new(timetable, rule.season, zone).next_after(after)
    };
    match timetable.frame {
        Frame::Workspace | Frame::Zone(_) => next(None),
        Frame::Customer => own_zones(population).iter().filter_map(|own| next(own.as_ref())).min(),
    }
}

/// The clock by which a rule's calendar words are read for a customer.
pub(super) fn clock_of(
    active: &Active,
    population: &Population,
    rule: &Rule,
    customer: CustomerNumber,
) -> TimeZone {
    let Some(timetable) = rule.timetable() else { return active.zone.clone() };
    let own = || {
        let name = population.text(customer, population.schema().find("time_zone")?)?;
        TimeZone::get(name).ok()
    };
    match timetable.frame {
        Frame::Workspace | Frame::Zone(_) => zone_of(&timetable.frame, None, &active.zone),
        Frame::Customer => own().unwrap_or_else(|| active.zone.clone()),
    }
}

/// A condition to be asked, and by whose clocks: each for everybody, or for some.
#[derive(Debug, Clone)]
pub(super) struct Question {
    pub(super) root: NodeId,
    pub(super) clocks: Vec<(TimeZone, Option<Bitmap>)>,
}

impl Question {
    /// The rule's condition for everybody, each by the clock that the rule goes by.
    pub(super) fn everybody(active: &Active, population: &Population, position: usize) -> Self {
        let (rule, _) = active.rule(position);
        let clocks = match rule.timetable().map(|timetable| &timetable.frame) {
            None => vec![(active.zone.clone(), None)],
            Some(frame @ (Frame::Workspace | Frame::Zone(_))) => {
                vec![(zone_of(frame, None, &active.zone), None)]
            }
            Some(frame @ Frame::Customer) => groups(population)
                .into_iter()
                .map(|group| (zone_of(frame, group.own.as_ref(), &active.zone), Some(group.members)))
                .collect(),
        };
        Self { root: active.program.rules()[position], clocks }
    }
}

/// Which question, and about whom.
type Asked<'a> = (usize, Option<&'a Bitmap>);

impl Engine {
    /// Answers questions at an instant, in their order; each clock is looked at once.
    pub(super) fn answers(
        &self,
        active: &Active,
        population: &Population,
        now: Instant,
        questions: &[Question],
    ) -> Vec<Match> {
        let mut clocks: Vec<(&TimeZone, Vec<Asked<'_>>)> = Vec::new();
        for (index, question) in questions.iter().enumerate() {
            for (zone, members) in &question.clocks {
                let asked = (index, members.as_ref());
                match clocks.iter_mut().find(|(known, _)| *known == zone) {
                    Some((_, asks)) => asks.push(asked),
                    None => clocks.push((zone, vec![asked])),
                }
            }
        }
        let mut answers = vec![Match::default(); questions.len()];
        for (zone, asks) in clocks {
            let roots: Vec<NodeId> = asks.iter().map(|(index, _)| questions[*index].root).collect();
            let moment = Moment::new(&active.program, now, zone).with_moved(self.moved(active, now, zone));
            let found = moment.evaluate(population, &roots);
            for ((index, members), mut found) in asks.into_iter().zip(found) {
                if let Some(members) = members {
                    found.truth.intersect(members);
                    found.falsity.intersect(members);
                }
                answers[index].truth.union(&found.truth);
                answers[index].falsity.union(&found.falsity);
            }
        }
        answers
    }
}
