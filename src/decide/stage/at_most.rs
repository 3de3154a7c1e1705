//! The rule's own `at most`: what was sent or held out counts, skips do not.

use std::borrow::Cow;

use crate::record::Skip;
use crate::ruleset::{AtMost, Period, Rule};
use crate::schedule::window_start;

use super::{Subject, World};

/// What a continuous rule has that writes none.
const CONTINUOUS: AtMost = AtMost { count: 1, period: Period::RollingDays(30) };

/// The limit in force for a rule: its own, else once per 30 days where it is continuous.
#[must_use]
pub fn at_most_of(rule: &Rule) -> Option<Cow<'_, AtMost>> {
    match (&rule.at_most, rule.is_continuous()) {
        (Some(written), _) => Some(Cow::Borrowed(written)),
        (None, true) => Some(Cow::Owned(CONTINUOUS)),
        (None, false) => None,
    }
}

/// Takes out who had this rule often enough.
pub(super) fn judge(subject: &Subject<'_>, world: &World<'_>) -> Option<Skip> {
    let limit = at_most_of(subject.rule)?;
    let contacts = world.ledger.of_rule(subject.customer, subject.number);
    if contacts < limit.count as usize {
        return None;
    }
    let start = window_start(limit.period, subject.at, &world.zone_of(subject.customer));
    let used = world
        .ledger
        .count_since(subject.customer, start, |contact| contact.rule == subject.number && !contact.further);
    (used >= limit.count as usize).then_some(Skip::AtMost)
}
