//! Nothing twice: not for one occurrence, not for an edit, a revert, a restart, a rename or an import
//! of history.

use std::collections::BTreeMap;

use super::calendar::counts;
use super::reader::{Rule, Span};
use super::world::World;
use super::{Findings, Seen, about, day};
use crate::year::log::Sent;

/// What a continuous rule has that writes none.
pub(super) const USUAL: (usize, Span) = (1, Span::Days(30));

pub fn check(world: &World<'_>, seen: &Seen<'_>, findings: &mut Findings) {
    let mut occurrences: BTreeMap<(&str, i64, &str, &str, bool), &Sent> = BTreeMap::new();
    for sent in &seen.sent {
        let key = (world.root(&sent.rule), sent.occurrence, &*sent.customer, &*sent.message, sent.call);
        let before = occurrences.insert(key, sent);
        findings.hold("once per occurrence", before.is_none(), || about(sent));
    }
    // Decisions of one rule for one customer; of several messages the first stands for all.
    let mut decisions: BTreeMap<(&str, &str), Vec<&Sent>> = BTreeMap::new();
    for sent in seen.sent.iter().chain(&seen.set) {
        let of = decisions.entry((world.root(&sent.rule), &sent.customer)).or_default();
        if of.iter().all(|before| before.occurrence != sent.occurrence) {
            of.push(sent);
        }
    }
    for of in decisions.values_mut() {
        of.sort_by_key(|sent| (sent.decided, sent.occurrence));
        for pair in of.windows(2) {
            came_anew(world, seen, (pair[0], pair[1]), findings);
        }
        for (position, sent) in of.iter().enumerate() {
            at_most(world, &of[..position], sent, findings);
        }
    }
}

/// Between two sends of a continuous rule somebody looked and the condition was false.
fn came_anew(world: &World<'_>, seen: &Seen<'_>, (first, second): (&Sent, &Sent), findings: &mut Findings) {
    let continuous = |sent: &Sent| world.rule(&sent.rule, sent.decided).is_some_and(Rule::is_continuous);
    // Of movement there is a law of its own.
    let moves = world.rule(&second.rule, second.decided).is_some_and(Rule::moves);
    if moves || !continuous(first) || !continuous(second) {
        return;
    }
    let root = world.root(&second.rule);
    let edits = world.edited.get(root).map_or(&[][..], Vec::as_slice);
    let looks = world.looks(&second.customer, world.atoms(root), edits, &seen.ticks);
    let between = looks.iter().filter(|at| (first.decided + 1..second.decided).contains(at));
    let was_false = between.into_iter().any(|at| {
        let rule = world.rule(&second.rule, *at);
        rule.is_some_and(|rule| rule.moves() || world.holds(rule, &second.customer, *at) == Some(false))
    });
    findings.hold("false in between", was_false, || {
        format!("{}; before it decided {}", about(second), day(first.decided))
    });
}

/// The rule's own `at most`.
fn at_most(world: &World<'_>, before: &[&Sent], sent: &Sent, findings: &mut Findings) {
    let Some(rule) = world.rule(&sent.rule, sent.decided) else { return };
    let limit = rule.at_most.or(rule.is_continuous().then_some(USUAL));
    let Some((count, span)) = limit else { return };
    let zone = world.zone(&sent.customer, sent.decided);
    let used = before.iter().filter(|one| counts(one.due, sent.due, span, zone)).count();
    findings.hold("at most", used < count, || format!("{}: {used} before it", about(sent)));
}
