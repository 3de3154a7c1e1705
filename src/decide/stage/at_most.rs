//! The rule's own `at most`: what was sent or held out counts, skips do not.

use std::borrow::Cow;

use crate::model::Instant;
use crate::record::Skip;
use crate::ruleset::{AtMost, Period, Rule};

use super::super::room::{self, Counted};
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
    let mut decisions: Vec<Instant> = world.decisions(subject.customer, subject.number).collect();
    if decisions.len() < limit.count as usize {
        return None;
    }
    decisions.sort_unstable();
    let zone = world.zone_of(subject.customer);
    let limit = (limit.count, limit.period);
    room::full(&Counted::Some(decisions), limit, 1, subject.at, &zone).map(|_| Skip::AtMost)
}
