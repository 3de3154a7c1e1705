//! What the movements of rules come to: who moved since when the rule looks, and what to say of it.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;

use crate::compile::Leaf;
use crate::evaluate::{Moment, MoveSeen};
use crate::model::{Bitmap, CustomerNumber, Duration, Instant, RuleNumber};
use crate::population::Population;
use crate::ruleset::{Change, Expr, ExprKind, Frame, Movement, Timetable};
use crate::schedule;
use crate::store::{Batch, tables};

use super::super::Engine;
use super::super::active::Active;
use super::super::clocks::clock_of;
use super::track::Tracked;
use super::{Followed, IN_MEMORY, Learnt, RECENT};

/// After occurrences that were missed a scheduled rule looks so far back before the last of them.
const MISSED: Duration = Duration::days(7);

impl Engine {
    /// Who moved, by the leaves of the program of the rules that run, as the rules see it at an
    /// instant. A leaf is none where no record says it: before the rule was there.
    pub(in super::super) fn moved(
        &self,
        active: &Active,
        at: Instant,
        clock: &TimeZone,
    ) -> Vec<Option<Bitmap>> {
        active.program.leaves().iter().map(|leaf| self.leaf(active, *leaf, (at, clock))).collect()
    }

    fn leaf(&self, active: &Active, leaf: Leaf, (at, clock): (Instant, &TimeZone)) -> Option<Bitmap> {
        let (tracked, followed, (since, until)) = self.followed(active, leaf, (at, clock))?;
        let (_, number) = active.rule(leaf.rule?);
        let once = active.rules.rules[leaf.rule?].is_continuous();
        let codes = codes(followed, tracked);
        let counts = |entry: &&Learnt| {
            entry.learnt <= until
                && means(leaf.movement.change, entry, &codes)
                && !(once && self.decided(number, entry, at))
        };
        Some(followed.since(since).iter().filter(counts).map(|entry| entry.moved.customer.0).collect())
    }

    /// What a leaf is of, and the first and the last instant at which a move that it sees was learnt.
    fn followed<'a>(
        &'a self,
        active: &'a Active,
        leaf: Leaf,
        (at, clock): (Instant, &TimeZone),
    ) -> Option<(&'a Tracked, &'a Followed, (Instant, Instant))> {
        let (rule, number) = active.rule(leaf.rule?);
        if rule.on_event().is_some() {
            // A move is learnt by a tick, after the event: nothing can be said of it then.
            return None;
        }
        let tracked = active.tracks.find(leaf.movement)?;
        let (_, followed) = self.moves.find(&tracked.name)?;
        let began = *followed.record.followers.get(&number)?;
        if at < began {
            return None;
        }
        let (after, until) = match rule.timetable() {
            None => (at.minus(RECENT), at),
            Some(timetable) => self.window(number, timetable, (at, clock)),
        };
        Some((tracked, followed, (began.max(Instant(after.0.saturating_add(1))), until)))
    }

    /// The instants after which and until which moves concern a scheduled rule that fires at `at`:
    /// from when it looked last, or from its previous occurrence where it never did. Occurrences
    /// that were missed meanwhile are made up for, but for what is long past.
    ///
    /// In customer time each zone has its own occurrences, whenever other zones looked, and a window
    /// ends at the occurrence that runs: what is learnt between it and the tick that serves it
    /// belongs to the next, so that no move is met twice.
    fn window(
        &self,
        rule: RuleNumber,
        timetable: &Timetable,
        (at, clock): (Instant, &TimeZone),
    ) -> (Instant, Instant) {
        let before = |at: Instant| schedule::previous_at_or_before(&timetable.schedule, clock, at);
        if timetable.frame == Frame::Customer {
            let last = before(at).unwrap_or(at.minus(IN_MEMORY));
            // The one that runs now is not its own predecessor.
            let runs = at.since(last) < timetable.if_missed;
            let previous = if runs { before(Instant(last.0 - 1)) } else { Some(last) };
            return (previous.unwrap_or(at.minus(IN_MEMORY)), if runs { last } else { at });
        }
        let before = before(Instant(at.0 - 1));
        let occurrence = before.unwrap_or(at.minus(IN_MEMORY));
        let after = match self.moves.looked.get(&rule).filter(|looked| **looked < at) {
            Some(looked) => (*looked).max(occurrence.minus(MISSED)),
            None => occurrence,
        };
        (after, at)
    }

    /// Whether the rule decided for the customer after it could see this move.
    fn decided(&self, rule: RuleNumber, entry: &Learnt, at: Instant) -> bool {
        let contacts = self.ledger.of(entry.moved.customer);
        contacts.iter().filter(|contact| contact.rule == rule).any(|contact| {
            let decided = self.moves.decided_at(contact);
            decided >= entry.learnt && decided < at
        })
    }

    /// What a rule's movements come to for one customer, with when they moved last.
    pub(in super::super) fn moves_told(
        &self,
        active: &Active,
        rule: usize,
        customer: CustomerNumber,
        (at, clock): (Instant, &TimeZone),
    ) -> Vec<MoveSeen> {
        let of_rule = active.program.leaves().iter().filter(|leaf| leaf.rule == Some(rule));
        of_rule
            .map(|leaf| MoveSeen {
                movement: leaf.movement,
                holds: self.leaf(active, *leaf, (at, clock)).map(|members| members.contains(customer.0)),
                note: self.last_moved(active, *leaf, customer, at),
            })
            .collect()
    }

    fn last_moved(&self, active: &Active, leaf: Leaf, customer: CustomerNumber, at: Instant) -> String {
        let nothing =
            || "no move is on record: movement is followed only while a rule asks for it".to_owned();
        let Some(tracked) = active.tracks.find(leaf.movement) else { return nothing() };
        let Some((_, followed)) = self.moves.find(&tracked.name) else { return nothing() };
        let (_, number) = match leaf.rule {
            Some(rule) => active.rule(rule),
            None => return nothing(),
        };
        let Some(began) = followed.record.followers.get(&number).filter(|began| **began <= at) else {
            return nothing();
        };
        match self.moves.last_move(&tracked.name, customer, at) {
            None => format!("has not moved since {began}, when this rule began to look"),
            Some(entry) => {
                let name =
                    |code: u16| followed.record.places.get(usize::from(code)).map_or("?", String::as_str);
                let moved = match entry.moved.from {
                    Some(from) => format!("moved from {} to {}", name(from), name(entry.moved.to)),
                    None => format!("became {}, their first place", name(entry.moved.to)),
                };
                let seen =
                    if self.decided(number, &entry, at) { "; this rule has decided on it" } else { "" };
                format!("{moved} at {}, learnt at {}{seen}", entry.moved.happened, entry.learnt)
            }
        }
    }

    /// The moves that a decision goes by: the clause, and what happened.
    pub(in super::super) fn moves_that_matter(
        &self,
        active: &Active,
        rule: usize,
        customer: CustomerNumber,
        at: Instant,
    ) -> Vec<(String, String)> {
        let mut asked = Vec::new();
        movements(&active.rules.rules[rule].when, &mut asked);
        if asked.is_empty() {
            return Vec::new();
        }
        let clock = clock_of(active, &self.population, &active.rules.rules[rule], customer);
        let told = self.moves_told(active, rule, customer, (at, &clock));
        let holds = |movement: Movement| {
            told.iter().find(|seen| seen.movement == movement && seen.holds == Some(true))
        };
        asked
            .iter()
            .filter_map(|(text, movement)| Some(((*text).to_owned(), holds(*movement)?.note.clone())))
            .collect()
    }

    /// Notes when a scheduled rule that asks for movement looked; the record goes with the commit
    /// that says that the occurrence is served.
    pub(in super::super) fn looked(&mut self, rule: RuleNumber, tick: Instant, batch: &mut Batch) {
        if self.moves.follows(rule) {
            let looked = self.moves.looked.entry(rule).or_insert(tick);
            *looked = tick.max(*looked);
            tables::movement::put_looked(batch, rule, *looked);
        }
    }

    /// As [`Engine::looked`], ahead of a commit that is awaited: any later one is durable only after
    /// this.
    pub(in super::super) fn remember_looked(&mut self, rule: RuleNumber, tick: Instant) {
        let mut batch = Batch::default();
        self.looked(rule, tick, &mut batch);
        if !batch.is_empty() {
            drop(self.store.commit(batch));
        }
    }
}

impl Active {
    /// The leaves for one customer whose decision waits: a movement that was decided on stands while
    /// the customer is still where it led.
    pub(in super::super) fn still_there(
        &self,
        population: &Population,
        customer: CustomerNumber,
        now: Instant,
    ) -> Vec<Option<Bitmap>> {
        let moment = Moment::new(&self.tracks.program, now, &self.zone);
        let is_in = |tracked: &Tracked, place: u32| {
            let node = tracked.nodes.get(place as usize);
            node.is_some_and(|node| moment.truth(population, customer, *node) == Some(true))
        };
        let there = |leaf: &Leaf| {
            let tracked = self.tracks.find(leaf.movement)?;
            let still = match leaf.movement.change {
                Change::Becomes(place) | Change::Changes { to: Some(place), .. } => is_in(tracked, place),
                Change::Changes { from: Some(place), to: None } => !is_in(tracked, place),
                Change::Changes { from: None, to: None } | Change::Rises | Change::Falls => true,
            };
            Some(still.then_some(customer.0).into_iter().collect())
        };
        self.program.leaves().iter().map(there).collect()
    }
}

/// The movements of a condition, with their words; none stands under a `not`.
fn movements<'e>(condition: &'e Expr, into: &mut Vec<(&'e str, Movement)>) {
    if let ExprKind::Moved(movement) = &condition.kind {
        into.push((&condition.text, *movement));
    }
    for part in condition.children() {
        movements(part, into);
    }
}

/// The positions of a track's places in the rule set, by their codes in the store.
fn codes(followed: &Followed, tracked: &Tracked) -> BTreeMap<u16, u32> {
    let place = |(position, name): (u32, &String)| Some((followed.code(name)?, position));
    (0_u32..).zip(&tracked.places).filter_map(place).collect()
}

/// Whether a move is one that is meant. A place that is none any more is left by nobody.
fn means(change: Change, entry: &Learnt, codes: &BTreeMap<u16, u32>) -> bool {
    let Some(to) = codes.get(&entry.moved.to) else { return false };
    match entry.moved.from {
        None => change.means(None, *to),
        Some(from) => codes.get(&from).is_some_and(|from| change.means(Some(*from), *to)),
    }
}
