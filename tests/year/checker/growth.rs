//! A run whose audience grew too much waits for a person; nobody is used up by it, and no other run waits.
//!
//! Said of scheduled rules that go by one clock: of the others the engine's own tests say it.

use std::collections::{BTreeMap, BTreeSet};

use super::calendar::occurrences;
use super::reader::{Book, Clock, Rule};
use super::timetable::{clock, in_season};
use super::truth::Atom;
use super::world::World;
use super::{Findings, Seen, day};
use crate::year::script::{HOUR, Ms};

/// The median of so many runs is the measure.
const RUNS: usize = 5;

/// Fewer more are never held for.
const AT_LEAST: usize = 100;

/// A run that waits: its occurrence, the tick that found it, whom it means.
#[derive(Debug, Clone, Copy)]
struct Waiting {
    at: Ms,
    tick: Ms,
    audience: usize,
}

/// What is known of a rule's runs.
#[derive(Default)]
struct Runs {
    audiences: Vec<usize>,
    /// Whether these are all that count.
    known: bool,
    /// The condition of the last run that sent anything.
    ran: Option<Vec<Atom>>,
    waiting: Vec<Waiting>,
}

impl Runs {
    fn grew(&self, audience: usize, percent: usize) -> bool {
        let mut last = self.audiences[self.audiences.len().saturating_sub(RUNS)..].to_vec();
        last.sort_unstable();
        let Some(upper) = last.get(last.len() / 2) else { return false };
        // Twice, for the median of two is between them.
        let twice = upper + last[(last.len() - 1) / 2];
        let more = (2 * audience).saturating_sub(twice);
        more >= 2 * AT_LEAST && 100 * more > percent * twice
    }

    /// A run that nothing held.
    fn ran(&mut self, rule: &Rule, audience: usize, sent: bool) {
        if self.ran.as_ref() != Some(&rule.when) {
            // Another condition meant other people, as soon as one of them was meant for sure.
            self.audiences.clear();
            self.known &= sent;
            if sent {
                self.ran = Some(rule.when.clone());
            }
        }
        self.audiences.push(audience);
        self.known |= self.audiences.len() >= RUNS;
    }
}

/// Of a rule and an instant at which somebody said yes: the tick at which that run was found.
pub type Released = BTreeMap<(String, Ms), Ms>;

/// The runs that a person let go.
pub fn find(world: &World<'_>, seen: &Seen<'_>, findings: &mut Findings) -> Released {
    let mut decided: BTreeMap<(&str, Ms), BTreeSet<Ms>> = BTreeMap::new();
    for sent in seen.decided() {
        decided.entry((world.root(&sent.rule), sent.occurrence)).or_default().insert(sent.decided);
    }
    let mut held: BTreeMap<(&str, Ms), u64> = BTreeMap::new();
    for (rule, at, ..) in seen.passed.iter().filter(|(.., reason)| *reason == "held") {
        *held.entry((world.root(rule), *at)).or_default() += 1;
    }
    let mut released = Released::new();
    for root in super::roots(world) {
        of_rule(world, seen, root, (&decided, &held), &mut released, findings);
    }
    released
}

/// When a rule went by one clock, asked nobody who moved, and sent marketing.
fn is_asked(book: &Book, rule: &Rule) -> bool {
    let marketing = |message: &String| book.messages.get(message).is_some_and(|one| one.marketing);
    !rule.draft && !rule.moves() && rule.clock != Clock::Customer && rule.sends.iter().any(marketing)
}

/// The occurrences that a tick found in time, each with that tick.
fn served(world: &World<'_>, seen: &Seen<'_>, root: &str) -> Vec<(Ms, Ms)> {
    let mut all = Vec::new();
    for (position, (since, book)) in world.books.iter().enumerate() {
        let from = (*since).max(world.start);
        let until = world.books.get(position + 1).map_or(world.end, |(at, _)| (*at).min(world.end));
        let rule = book.rules.iter().find(|(one, _)| world.root(one) == root).map(|(_, rule)| rule);
        let Some(rule) = rule.filter(|rule| is_asked(book, rule)) else { continue };
        let Some(every) = &rule.every else { continue };
        let clock = clock(world, rule, "", from);
        for at in occurrences(every, &clock, from + 1, until - 1) {
            let tick = seen.ticks.get(seen.ticks.partition_point(|tick| *tick < at));
            let late = at + rule.grace.unwrap_or(HOUR);
            let Some(tick) = tick.filter(|tick| **tick < late.min(until)) else { continue };
            if in_season(rule, at, &clock) {
                all.push((at, *tick));
            }
        }
    }
    all
}

/// By rule and occurrence.
type ByRun<'a, T> = BTreeMap<(&'a str, Ms), T>;

fn of_rule(
    world: &World<'_>,
    seen: &Seen<'_>,
    root: &str,
    (decided, held): (&ByRun<'_, BTreeSet<Ms>>, &ByRun<'_, u64>),
    released: &mut Released,
    findings: &mut Findings,
) {
    let said = seen.resumed.iter().filter(|(rule, _, _, runs)| world.root(rule) == root && *runs > 0);
    let mut said = said.map(|(_, at, ..)| *at).peekable();
    let mut runs = Runs { known: true, ..Runs::default() };
    for (at, tick) in served(world, seen, root) {
        while let Some(yes) = said.next_if(|yes| *yes <= tick) {
            goes_on(world, root, yes, (&mut runs, decided), released, findings);
        }
        let Some(rule) = world.rule(root, tick) else { continue };
        let settled = super::complete::settled(world, root, rule, at);
        let audience = world.audience(root, rule, tick).len();
        let same = runs.ran.as_ref() == Some(&rule.when);
        let grew = world.book(tick).growth.is_some_and(|percent| runs.grew(audience, percent));
        let must = settled && runs.known && same && grew;
        let held = held.get(&(root, at)).copied().unwrap_or_default();
        let text = || format!("{root} at {}: {audience} after {:?}", day(at), runs.audiences);
        findings.hold("a run is held only if it grew", held == 0 || must || !runs.known || !settled, text);
        let when = decided.get(&(root, at));
        // It may be let go later: what is decided then is looked at there.
        let at_once = when.into_iter().flatten().any(|when| *when - tick < 1_000);
        findings.hold("a run that grew waits", !must || !at_once, text);
        if held > 0 {
            *findings.bound.entry("growth: a run".into()).or_default() += 1;
            runs.waiting.push(Waiting { at, tick, audience });
        } else if settled {
            runs.ran(rule, audience, at_once);
        } else {
            runs = Runs { waiting: runs.waiting, ..Runs::default() };
        }
    }
    for yes in said {
        goes_on(world, root, yes, (&mut runs, decided), released, findings);
    }
}

/// A person says yes: of several that wait the last goes on, and is the measure from then on.
fn goes_on(
    world: &World<'_>,
    root: &str,
    yes: Ms,
    (runs, decided): (&mut Runs, &BTreeMap<(&str, Ms), BTreeSet<Ms>>),
    released: &mut Released,
    findings: &mut Findings,
) {
    let waiting = std::mem::take(&mut runs.waiting);
    findings.hold("only what waits is let go", !waiting.is_empty(), || format!("{root} at {}", day(yes)));
    let Some(last) = waiting.last() else { return };
    released.insert((root.to_owned(), yes), last.tick);
    for one in &waiting {
        let instants = decided.get(&(root, one.at)).cloned().unwrap_or_default();
        let outside = instants.iter().any(|at| *at != yes || one.at != last.at);
        findings.hold("a held run waits until a person says so", !outside, || {
            format!("{root} at {}: decided {:?}, let go {}", day(one.at), instants, day(yes))
        });
    }
    let when = world.rule(root, last.tick).map(|rule| rule.when.clone());
    *runs = Runs { audiences: vec![last.audience], known: true, ran: when, waiting: Vec::new() };
}
