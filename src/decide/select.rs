//! Who of those who match a rule would be sent now, and why the others not.

use std::collections::BTreeMap;

use crate::model::{Bitmap, CustomerNumber, Duration, Instant, RuleNumber};
use crate::record::{HeldFor, RuleMemory, Skip};
use crate::ruleset::Rule;

use super::slice::contacts;
use super::{Subject, World, is_off, settle};

/// How long a continuous rule that writes no `give up after` tries again after a reason that may pass.
pub const GIVE_UP_AFTER: Duration = Duration::days(7);

/// What a look at everybody came to. Nothing in it is final but what it says of the memory.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Selection {
    /// How many matched and were not decided for this match already.
    pub matched: u64,
    /// Who would be sent.
    pub recipients: Bitmap,
    /// Who not, by reason.
    pub skipped: BTreeMap<Skip, Bitmap>,
    /// Why the run is held, if it is. Its recipients then stand under [`Skip::Held`] too.
    pub held: Option<HeldFor>,
    /// Whether this passed over those who matched when a rule with `new matches only` began.
    pub settles: bool,
    /// Whose memory is cleared: the condition has been false.
    pub rearmed: Bitmap,
    /// Whose match is used up without a decision: no consent, no address, or tried long enough.
    pub used_up: Bitmap,
    /// Who begins to be tried again.
    pub trying: Bitmap,
    /// Who is no longer tried, because they do not match any more or it took too long.
    pub given_up: Bitmap,
}

/// Looks at everybody who matches (`truth`) or certainly does not (`falsity`).
///
/// `at` is the instant at which sends would count: a schedule's occurrence, or now.
#[must_use]
pub fn select(
    world: &World<'_>,
    (rule, number): (&Rule, RuleNumber),
    memory: &RuleMemory,
    (truth, falsity): (&Bitmap, &Bitmap),
    at: Instant,
) -> Selection {
    let continuous = rule.is_continuous();
    let mut selection = Selection::default();
    let mut candidates = truth.clone();
    if continuous {
        if !is_off("spent") {
            candidates.subtract(&memory.spent);
        }
        selection.rearmed = memory.spent.clone();
        selection.rearmed.intersect(falsity);
        selection.given_up = memory.trying.keys().map(|customer| customer.0).collect();
        selection.given_up.intersect(falsity);
    }
    if rule.new_matches_only && continuous && !memory.settled {
        // Those who match when the rule is new are no new matches; once is enough to say so.
        selection.settles = true;
        if !candidates.is_empty() {
            selection.used_up = candidates.clone();
            selection.skipped.insert(Skip::MatchedBefore, candidates);
        }
        return selection;
    }
    selection.matched = candidates.len();
    // Who of several records of one person comes first has the occurrence.
    let mut served = world.served.clone();
    // Who comes first has the room under the rule's limit: only as many are recipients as it lets through.
    let mut fresh = rule.in_all.is_some().then(|| world.ledger.beside());
    for customer in candidates.iter().map(CustomerNumber) {
        if continuous && tried_for(memory, customer, at).is_some_and(|tried| tried > give_up_after(rule)) {
            // Nobody looked for a while: what was to be tried so long is not sent later.
            selection.used_up.insert(customer.0);
            selection.given_up.insert(customer.0);
            continue;
        }
        let subject = Subject { rule, number, customer, at };
        let world = &World { served: &served, fresh: fresh.as_ref(), ..*world };
        match settle(&subject, world) {
            Ok(due) => {
                selection.recipients.insert(customer.0);
                let entries = fresh.is_some().then(|| contacts(world, &subject, due.at));
                if let (Some(fresh), Some(entries)) = (&mut fresh, entries) {
                    for entry in entries {
                        fresh.add(entry);
                    }
                }
                served.insert(customer.0);
            }
            Err(skip) => pass_over(&mut selection, memory, customer, skip, (at, rule)),
        }
    }
    // A rehearsal reaches nobody, however many it means.
    // A limit of its own says how many may be meant.
    let limit = world.rules.workspace.first_run;
    let first = !rule.draft && rule.in_all.is_none() && first_run(memory, rule);
    if first && selection.recipients.len() > limit {
        hold(&mut selection, rule, memory, (at, HeldFor::FirstRun { limit }));
    }
    if !continuous {
        (selection.used_up, selection.trying) = (Bitmap::new(), Bitmap::new());
    }
    selection
}

/// Holds a run for a person: nobody is used up by it.
pub fn hold(selection: &mut Selection, rule: &Rule, memory: &RuleMemory, (at, why): (Instant, HeldFor)) {
    selection.held = Some(why);
    for customer in selection.recipients.clone().iter().map(CustomerNumber) {
        pass_over(selection, memory, customer, Skip::Held, (at, rule));
    }
    if !rule.is_continuous() {
        (selection.used_up, selection.trying) = (Bitmap::new(), Bitmap::new());
    }
}

/// Notes why somebody is not sent, and what that means for the next ticks.
fn pass_over(
    selection: &mut Selection,
    memory: &RuleMemory,
    customer: CustomerNumber,
    skip: Skip,
    (at, rule): (Instant, &Rule),
) {
    selection.skipped.entry(skip).or_default().insert(customer.0);
    if skip == Skip::AtMost {
        // The match stays open: it fires as soon as the rule's own `at most` allows it.
    } else if !skip.tries_again() {
        selection.used_up.insert(customer.0);
    } else if let Some(tried) = tried_for(memory, customer, at) {
        if tried >= give_up_after(rule) {
            selection.used_up.insert(customer.0);
            selection.given_up.insert(customer.0);
        }
    } else {
        selection.trying.insert(customer.0);
    }
}

/// How long a match has been tried again and again; none where it was not yet passed over.
fn tried_for(memory: &RuleMemory, customer: CustomerNumber, at: Instant) -> Option<Duration> {
    memory.trying.get(&customer).map(|since| at.since(*since))
}

/// How long a rule tries again.
fn give_up_after(rule: &Rule) -> Duration {
    if is_off("give_up_after") { Duration(i64::MAX) } else { rule.give_up_after.unwrap_or(GIVE_UP_AFTER) }
}

/// Whether this would be the rule's first run, or the first after its condition was edited.
#[must_use]
pub fn first_run(memory: &RuleMemory, rule: &Rule) -> bool {
    !memory.released && memory.ran != Some(condition_of(rule))
}

/// SHA-256 of a rule's condition as written, white space folded: whether `when` was edited.
#[must_use]
pub fn condition_of(rule: &Rule) -> [u8; 32] {
    let folded = rule.when.text.split_whitespace().collect::<Vec<_>>().join(" ");
    let digest = ring::digest::digest(&ring::digest::SHA256, folded.as_bytes());
    let mut hash = [0; 32];
    hash.copy_from_slice(digest.as_ref());
    hash
}
