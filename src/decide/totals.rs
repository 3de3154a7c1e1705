//! How many marketing messages became due when, everybody's together: what caps in total read.

use std::collections::BTreeMap;

use crate::model::{HOUR_MS, Instant};
use crate::record::{Contact, ContactKind};

/// Counts of marketing messages by channel and instant, and by whole hours, so that a month is
/// counted in some hundred steps.
#[derive(Debug, Clone, Default)]
pub struct Totals {
    channels: BTreeMap<u8, Counts>,
}

#[derive(Debug, Clone, Default)]
struct Counts {
    hours: BTreeMap<i64, usize>,
    instants: BTreeMap<Instant, usize>,
}

impl Counts {
    fn between(&self, from: Instant, to: Instant) -> usize {
        if from > to {
            return 0;
        }
        let (first, last) = (from.0.div_euclid(HOUR_MS), to.0.div_euclid(HOUR_MS));
        let exact =
            |from: Instant, to: Instant| self.instants.range(from..=to).map(|(_, n)| n).sum::<usize>();
        if last - first < 2 {
            return exact(from, to);
        }
        let whole: usize = self.hours.range(first + 1..last).map(|(_, n)| n).sum();
        exact(from, Instant((first + 1) * HOUR_MS - 1)) + whole + exact(Instant(last * HOUR_MS), to)
    }
}

impl Totals {
    /// Nothing.
    pub(super) const fn new() -> Self {
        Self { channels: BTreeMap::new() }
    }

    /// Counts a contact, or takes it back (`by` is 1 or −1); only marketing messages count.
    pub(super) fn count(&mut self, contact: &Contact, by: isize) {
        if contact.kind == ContactKind::Marketing {
            self.add(contact.channel, contact.at, by);
        }
    }

    /// Counts one at an instant, or takes it back.
    pub(super) fn add(&mut self, channel: u8, at: Instant, by: isize) {
        let counts = self.channels.entry(channel).or_default();
        let hour = counts.hours.entry(at.0.div_euclid(HOUR_MS)).or_default();
        *hour = hour.saturating_add_signed(by);
        let instant = counts.instants.entry(at).or_default();
        *instant = instant.saturating_add_signed(by);
        if *instant == 0 {
            counts.instants.remove(&at);
        }
    }

    fn counts(&self, channel: Option<u8>) -> impl Iterator<Item = &Counts> {
        let wanted = move |code: &u8| channel.is_none_or(|channel| channel == *code);
        self.channels.iter().filter(move |(code, _)| wanted(code)).map(|(_, counts)| counts)
    }

    /// How many became due between two instants, both included, on one channel (its code) or all.
    #[must_use]
    pub fn between(&self, channel: Option<u8>, from: Instant, to: Instant) -> usize {
        self.counts(channel).map(|counts| counts.between(from, to)).sum()
    }

    /// The instants between two, both included, at which something became due, and how much.
    #[must_use]
    pub fn instants(&self, channel: Option<u8>, from: Instant, to: Instant) -> BTreeMap<Instant, usize> {
        let mut all = BTreeMap::new();
        if from <= to {
            for (at, n) in self.counts(channel).flat_map(|counts| counts.instants.range(from..=to)) {
                *all.entry(*at).or_default() += n;
            }
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{CustomerNumber, RuleNumber};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn whole_hours_count_what_their_instants_do(
            ats in proptest::collection::vec((0..20 * HOUR_MS, 0_u8..2), 0..60),
            from in 0..20 * HOUR_MS, length in -1..20 * HOUR_MS,
        ) {
            let mut totals = Totals::default();
            for (at, channel) in &ats {
                let (customer, rule) = (CustomerNumber(0), RuleNumber(0));
                let kind = ContactKind::Marketing;
                let contact = Contact { customer, rule, kind, at: Instant(*at), channel: *channel, further: false };
                totals.count(&contact, 1);
            }
            let inside = |at: i64| from <= at && at <= from + length;
            let (start, end) = (Instant(from), Instant(from + length));
            prop_assert_eq!(totals.between(None, start, end), ats.iter().filter(|(at, _)| inside(*at)).count());
            let ones = ats.iter().filter(|(at, channel)| inside(*at) && *channel == 1).count();
            prop_assert_eq!(totals.between(Some(1), start, end), ones);
            prop_assert_eq!(totals.instants(Some(1), start, end).values().sum::<usize>(), ones);
        }
    }
}
