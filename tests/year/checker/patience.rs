//! A continuous rule that something stopped tries again for a while, and no longer.

use std::collections::BTreeMap;

use super::calendar::counts;
use super::reader::Rule;
use super::repeats::USUAL;
use super::world::World;
use super::{Findings, Seen, about};
use crate::year::log::Sent;
use crate::year::script::{DAY, HOUR, Ms};

/// How long a rule tries that does not say.
const A_WEEK: Ms = 7 * DAY;

/// Decisions by rule and person, in the order of time: of all their records.
type Decided<'a> = BTreeMap<(&'a str, String), Vec<&'a Sent>>;

pub fn check(world: &World<'_>, seen: &Seen<'_>, findings: &mut Findings) {
    let mut decided: Decided<'_> = BTreeMap::new();
    for sent in seen.decided() {
        let pair = (world.root(&sent.rule), world.person_of(&sent.customer));
        decided.entry(pair).or_default().push(sent);
    }
    for of in decided.values_mut() {
        of.sort_by_key(|sent| sent.decided);
    }
    for name in super::roots(world) {
        for customer in world.customers() {
            let nothing = Vec::new();
            let of = decided.get(&(name, world.person_of(customer))).unwrap_or(&nothing);
            for span in matches(world, seen, name, customer) {
                tried(world, seen, (name, customer), span, of, findings);
            }
        }
    }
}

/// Rules of which this file says something: of movement, seasons and rehearsals others do.
fn tries(rule: &Rule) -> bool {
    rule.is_continuous() && !rule.moves() && rule.from.is_none() && !rule.draft
}

/// From which tick to which the rule's condition held: until somebody saw that it was false.
fn matches(world: &World<'_>, seen: &Seen<'_>, name: &str, customer: &str) -> Vec<(Ms, Ms)> {
    let edits = world.edited.get(name).map_or(&[][..], Vec::as_slice);
    let mut began: Option<Ms> = None;
    let mut found = Vec::new();
    for look in world.looks(customer, world.atoms(name), edits, &seen.ticks) {
        let Some(rule) = world.rule(name, look) else { continue };
        match tries(rule).then(|| world.holds(rule, customer, look)) {
            None => began = None,
            Some(Some(true)) => drop(began.get_or_insert(look)),
            Some(Some(false)) => found.extend(began.take().map(|since| (since, look))),
            Some(None) => {}
        }
    }
    found.extend(began.map(|since| (since, world.end)));
    found
}

/// One match: it is decided in time or never.
fn tried(
    world: &World<'_>,
    seen: &Seen<'_>,
    (name, customer): (&str, &str),
    (since, until): (Ms, Ms),
    decided: &[&Sent],
    findings: &mut Findings,
) {
    let first = decided
        .iter()
        .find(|sent| sent.customer == customer && sent.decided >= since && sent.decided < until);
    let end = first.map_or(until, |sent| sent.decided + 1);
    let Some(start) = allowed(world, seen, (name, customer), (since, end), decided) else { return };
    let Some(rule) = world.rule(name, first.map_or(start, |sent| sent.decided)) else { return };
    let patience = rule.gives_up.unwrap_or(A_WEEK);
    let mut count = |what: &str| *findings.bound.entry(format!("give up: {what}")).or_default() += 1;
    if let Some(sent) = first {
        if sent.decided > start {
            count("decided after it was tried");
        }
        return findings.hold("gives up in time", sent.decided - start <= patience, || {
            format!("{}: tried since {}", about(sent), super::day(start))
        });
    }
    let long = until - start > patience + HOUR && could(world, rule, customer, start);
    if long && seen.passed_on(name, customer, start) {
        count("tried for so long");
    }
}

/// The first tick of a match at which the rule's own `at most` allows it; a process that dies in it
/// remembers nothing of it.
fn allowed(
    world: &World<'_>,
    seen: &Seen<'_>,
    (name, customer): (&str, &str),
    (since, until): (Ms, Ms),
    decided: &[&Sent],
) -> Option<Ms> {
    let ticks = &seen.ticks[seen.ticks.partition_point(|at| *at < since)..];
    let ticks = &ticks[..ticks.partition_point(|at| *at < until)];
    let before: Vec<&&Sent> = decided.iter().filter(|sent| sent.decided < until - 1).collect();
    let free = |at: Ms| {
        let Some(rule) = world.rule(name, at) else { return false };
        let (count, span) = rule.at_most.unwrap_or(USUAL);
        let zone = world.zone(customer, at);
        let counted = |sent: &&&&Sent| sent.due > at || counts(sent.due, at, span, zone);
        before.iter().filter(counted).count() < count
    };
    let first = ticks.partition_point(|at| !free(*at));
    let start = *ticks.get(first)?;
    Some(ticks.get(first + 1).copied().filter(|next| next - start < 1_000).unwrap_or(start))
}

/// Whether nothing stood in the way that ends a match at once.
fn could(world: &World<'_>, rule: &Rule, customer: &str, at: Ms) -> bool {
    let book = world.book(at);
    let channels = rule.sends.iter().filter_map(|message| book.messages.get(message));
    let mut all = channels.map(|message| {
        let field = if message.channel == "email" { "email" } else { "phone" };
        let address = world.person(customer, at).and_then(|person| person.fields.get(field));
        (!message.marketing || world.consents(customer, &message.channel, at))
            && address.is_some_and(|address| !address.is_empty())
            && (message.channel != "email" || !world.suppressed(customer, at))
    });
    !rule.sends.is_empty() && all.all(|could| could)
}
