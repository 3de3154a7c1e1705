//! Whether one more fits under a limit: in every window that it would fall into, those that end later
//! among them, because what waits counts already.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;

use crate::model::Instant;
use crate::ruleset::Period;
use crate::schedule::{leaves, window_start};

use super::Totals;

/// What a limit counts.
pub(super) enum Counted<'a> {
    /// One person's, sorted.
    Some(Vec<Instant>),
    /// Everybody's on a channel (its code) or all, and those of the slice under way.
    All {
        /// What is durable.
        totals: &'a Totals,
        /// What is not yet.
        fresh: Option<&'a Totals>,
        /// On which channel.
        channel: Option<u8>,
    },
}

impl Counted<'_> {
    /// How many between two instants, both included.
    fn between(&self, from: Instant, to: Instant) -> usize {
        match self {
            Self::Some(instants) => {
                let before = |end: Instant| instants.partition_point(|at| *at <= end);
                before(to).saturating_sub(instants.partition_point(|at| *at < from))
            }
            Self::All { totals, fresh, channel } => {
                totals.between(*channel, from, to)
                    + fresh.map_or(0, |fresh| fresh.between(*channel, from, to))
            }
        }
    }

    /// The instants between two, both included, and how many at each.
    fn instants(&self, from: Instant, to: Instant) -> BTreeMap<Instant, usize> {
        let mut all = BTreeMap::new();
        match self {
            Self::Some(instants) => {
                for at in instants.iter().filter(|at| from <= **at && **at <= to) {
                    *all.entry(*at).or_default() += 1;
                }
            }
            Self::All { totals, fresh, channel } => {
                all = totals.instants(*channel, from, to);
                for (at, n) in fresh.map(|fresh| fresh.instants(*channel, from, to)).unwrap_or_default() {
                    *all.entry(at).or_default() += n;
                }
            }
        }
        all
    }

    /// The instant of the `nth` oldest (from 1) between two, both included.
    fn nth(&self, from: Instant, to: Instant, nth: usize) -> Option<Instant> {
        let mut seen = 0;
        let reaches = |(_, n): &(Instant, usize)| {
            seen += n;
            seen >= nth
        };
        self.instants(from, to).into_iter().find(reaches).map(|(at, _)| at)
    }
}

/// That a limit has no room, and since which instant it has some again; none: never.
pub(super) struct Full(pub(super) Option<Instant>);

/// Whether `wanted` more at an instant do not fit: some window of the period that holds the instant
/// would count more than `count`. Windows that end later are looked at too.
pub(super) fn full(
    counted: &Counted<'_>,
    (count, period): (u32, Period),
    wanted: usize,
    at: Instant,
    zone: &TimeZone,
) -> Option<Full> {
    let count = count as usize;
    let over = |end: Instant| {
        let start = window_start(period, end, zone);
        if start > at {
            return None;
        }
        let used = counted.between(start, end);
        let excess = (used + wanted).checked_sub(count).filter(|excess| *excess > 0)?;
        // So many must leave before there is room; without them there never is.
        let last = counted.nth(start, end, excess).filter(|_| excess <= used);
        Some(Full(last.and_then(|last| leaves(period, last, zone))))
    };
    // Beyond the instant at which this one leaves the period no window holds it.
    let horizon = leaves(period, at, zone).unwrap_or(Instant(i64::MAX));
    if counted.between(Instant(at.0.saturating_add(1)), horizon) == 0 {
        return over(at);
    }
    let later = counted.instants(Instant(at.0.saturating_add(1)), horizon).into_keys();
    std::iter::once(at).chain(later).find_map(over)
}
