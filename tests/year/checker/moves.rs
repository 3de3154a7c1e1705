//! Who moved, worked out from the script alone; and that rules on movement fire for it, once.

use std::collections::{BTreeMap, BTreeSet};

use super::reader::{Book, Rule};
use super::truth::{Atom, Move, Track};
use super::world::World;
use super::{Findings, Seen, about, day};
use crate::year::log::Sent;
use crate::year::script::{DAY, MINUTE, Ms};

/// How old a change may be by the times in the data, and how long a continuous rule sees it.
const RECENT: Ms = DAY;

/// All moves in what some rule asks for.
pub fn find<'a>(world: &World<'a>, ticks: &[Ms]) -> BTreeMap<Track, BTreeMap<&'a str, Vec<Move>>> {
    let rules = world.books.iter().flat_map(|(_, book)| book.rules.values());
    let atoms = rules.flat_map(|rule| &rule.when);
    let tracks: BTreeSet<&Track> = atoms
        .filter_map(|atom| match atom {
            Atom::Moved(moved) => Some(&moved.track),
            Atom::Compares(..) => None,
        })
        .collect();
    let of = |track: &&Track| {
        let moves = world.customers().map(|customer| (customer, of_customer(world, track, customer, ticks)));
        ((*track).clone(), moves.collect())
    };
    tracks.iter().map(of).collect()
}

/// What a track is defined by.
fn definition<'b>(book: &'b Book, track: &Track) -> Vec<&'b Atom> {
    match track {
        Track::Field(name) => book
            .segments
            .get(name)
            .into_iter()
            .flatten()
            .filter_map(|(_, when)| when.as_ref())
            .flatten()
            .collect(),
        Track::Audience(name) => book.audiences[name].iter().collect(),
    }
}

/// Where somebody was at an instant, by what was known at another; `None`: unknown.
fn place(world: &World<'_>, track: &Track, customer: &str, (at, known): (Ms, Ms)) -> Option<String> {
    let book = world.book(known);
    let holds = |atoms: &[Atom]| world.all(atoms, customer, (at, known), Vec::new(), None);
    match track {
        Track::Audience(name) => {
            holds(&book.audiences[name]).map(|is| if is { "in" } else { "out" }.to_owned())
        }
        Track::Field(name) => match book.segments.get(name) {
            None => {
                let value = world.person_known(customer, (at, known))?.fields.get(name.as_str())?;
                (!value.is_empty()).then(|| value.clone())
            }
            Some(places) => {
                for (place, when) in places {
                    match when.as_ref().map_or(Some(true), |when| holds(when)) {
                        Some(true) => return Some(place.clone()),
                        Some(false) => {}
                        None => return None,
                    }
                }
                None
            }
        },
    }
}

fn of_customer(world: &World<'_>, track: &Track, customer: &str, ticks: &[Ms]) -> Vec<Move> {
    let mut edits = Vec::new();
    for pair in world.books.windows(2) {
        if definition(&pair[0].1, track) != definition(&pair[1].1, track) {
            edits.push(pair[1].0);
        }
    }
    let atoms = || world.books.iter().flat_map(|(_, book)| definition(book, track));
    let mut looks: Vec<(Ms, bool)> =
        world.looks(customer, atoms(), &edits, ticks).into_iter().map(|at| (at, false)).collect();
    // An edit of the definition places everybody anew, in silence.
    looks.extend(edits.iter().map(|at| (*at, true)));
    looks.sort_by_key(|(at, silent)| (*at, !silent));
    let ages: BTreeSet<Ms> = atoms().filter_map(Atom::ages).collect();
    let mut moves = Vec::new();
    let mut last: Option<String> = None;
    for (at, silent) in looks {
        let here = place(world, track, customer, (at, at));
        if silent {
            last = here;
            continue;
        }
        let Some(here) = here.filter(|here| last.as_ref() != Some(here)) else { continue };
        let from = last.replace(here.clone());
        let counts = if from.is_none() {
            // A customer becomes their first place who is one for less than a day.
            world.began(customer, at).is_some_and(|first| at - first < RECENT)
        } else {
            let times = world.orders(customer).iter().filter(|(learnt, ..)| *learnt <= at).map(|one| one.1);
            let changes = times.flat_map(|time| ages.iter().map(move |age| time + age).chain([time]));
            let mut looked: Vec<Ms> = changes.flat_map(|time| [time - 1, time, time + 1]).collect();
            looked.extend(world.news(customer).into_iter().map(|time| time - 1));
            looked.retain(|time| *time > at - RECENT && *time <= at);
            looked.push(at - RECENT);
            let was = |time: &Ms| place(world, track, customer, (*time, at)).as_ref() != Some(&here);
            looked.iter().any(was)
        };
        if counts {
            moves.push(Move { learnt: at, from, to: here });
        }
    }
    moves
}

/// The moves that a continuous rule sees: of the last day, since it last decided.
pub fn seen<'w>(
    world: &'w World<'_>,
    rule: &Rule,
    (root, customer): (&str, &str),
    at: Ms,
) -> Vec<(&'w Track, &'w Move)> {
    let decided = world.decided.get(root).and_then(|of| of.get(customer)).map_or(&[][..], Vec::as_slice);
    let since = decided[..decided.partition_point(|one| *one < at)].last().copied().unwrap_or(Ms::MIN);
    let from = since.max(at - RECENT);
    of_rule(world, rule, customer).filter(|(_, one)| one.learnt > from && one.learnt <= at).collect()
}

/// The moves that a scheduled rule may see: of the last two days.
pub fn lately<'w>(world: &'w World<'_>, rule: &Rule, customer: &str, at: Ms) -> Vec<(&'w Track, &'w Move)> {
    of_rule(world, rule, customer).filter(|(_, one)| one.learnt > at - 2 * DAY && one.learnt <= at).collect()
}

/// The moves that a rule asks for.
fn of_rule<'w>(
    world: &'w World<'_>,
    rule: &Rule,
    customer: &str,
) -> impl Iterator<Item = (&'w Track, &'w Move)> {
    let mut found = Vec::new();
    for atom in &rule.when {
        let Atom::Moved(moved) = atom else { continue };
        let (track, all) = world.moves.get_key_value(&moved.track).unwrap();
        for one in all.get(customer).into_iter().flatten() {
            if moved.means(track, one, &world.book(one.learnt).orders) {
                found.push((track, one));
            }
        }
    }
    found.into_iter()
}

pub fn check(world: &World<'_>, seen: &Seen<'_>, findings: &mut Findings) {
    let mut last: BTreeMap<(&str, &str), Ms> = BTreeMap::new();
    let mut decided: Vec<&Sent> = seen.decided().collect();
    decided.sort_by_key(|sent| sent.decided);
    let mut done: BTreeSet<(&str, &str, Ms)> = BTreeSet::new();
    for sent in decided {
        let Some(rule) = world.rule(&sent.rule, sent.decided).filter(|rule| rule.moves()) else { continue };
        let root = world.root(&sent.rule);
        if !done.insert((root, &sent.customer, sent.decided)) {
            continue;
        }
        let before = last.insert((root, &sent.customer), sent.decided);
        // A scheduled rule looks back to its previous occurrence, a day before, or to its last look.
        let back = if rule.is_continuous() { RECENT } else { 2 * DAY };
        let from = before.unwrap_or(Ms::MIN).max(sent.decided - back);
        let moved = of_rule(world, rule, &sent.customer)
            .any(|(_, one)| one.learnt > from && one.learnt <= sent.decided);
        findings.hold("once for a movement", moved, || about(sent));
        *findings.bound.entry("movement: a contact".into()).or_default() += 1;
    }
    for name in super::roots(world) {
        for customer in world.customers() {
            each(world, seen, (name, customer), findings);
        }
    }
}

/// Each move of a customer that a continuous rule asks for: at the tick that learnt it, something is
/// on record.
fn each(world: &World<'_>, seen: &Seen<'_>, (name, customer): (&str, &str), findings: &mut Findings) {
    let Some(first) = world.rule(name, world.start).filter(|rule| rule.moves() && rule.is_continuous())
    else {
        return;
    };
    let decided = world.decided.get(name).and_then(|of| of.get(customer)).map_or(&[][..], Vec::as_slice);
    for (track, one) in of_rule(world, first, customer) {
        let Some(rule) = world.rule(name, one.learnt) else { continue };
        if one.learnt > world.end - 2 * DAY
            || world.holds_moved(rule, customer, one.learnt, vec![(track, one)]) != Some(true)
        {
            continue;
        }
        // What it sees of before: the rule has not decided on that one yet.
        let still = seen_before(world, rule, (name, customer), one.learnt);
        let at_once = decided.iter().any(|at| (one.learnt..=one.learnt + MINUTE).contains(at));
        let passed = seen.passed_on(name, customer, one.learnt);
        findings.hold("nobody is lost who moves", at_once || passed || still, || {
            format!("{name}: {customer} to {} at {}", one.to, day(one.learnt))
        });
    }
}

/// Whether the rule saw an older move still, on which it could not decide.
fn seen_before(world: &World<'_>, rule: &Rule, pair: (&str, &str), at: Ms) -> bool {
    let all = self::seen(world, rule, pair, at);
    all.iter().any(|(_, one)| one.learnt < at)
}
