//! A rule's limit over all customers together: `at most 2000 per day`. It stands where `reach` does, at the
//! end, for it counts those who would really be sent.

use crate::record::Skip;

use super::super::Totals;
use super::super::room::{self, Counted};
use super::{Subject, World};

static NONE: Totals = Totals::new();

/// Takes out, for now, whom the rule would send to beyond its limit.
pub(super) fn judge(subject: &Subject<'_>, world: &World<'_>) -> Option<Skip> {
    let limit = subject.rule.in_all.as_ref()?;
    let totals = world.ledger.decided(subject.number).unwrap_or(&NONE);
    let fresh = world.fresh.and_then(|fresh| fresh.decided(subject.number));
    let counted = Counted::All { totals, fresh, channel: None };
    room::full(&counted, (limit.count, limit.period), 1, subject.at, world.zone).map(|_| Skip::InAll)
}
