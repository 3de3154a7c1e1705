//! Rules that wait after an event, in memory: by whom, and by when they are due.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{CustomerNumber, Instant, RuleNumber};
use crate::record::Timer;
use crate::store::tables::events::TimerPlace;

/// All timers of a store.
#[derive(Debug, Default)]
pub(super) struct Timers {
    by_place: BTreeMap<TimerPlace, Timer>,
    by_due: BTreeSet<(Instant, TimerPlace)>,
}

impl Timers {
    /// Adds a timer, in place of the one that stood there.
    pub(super) fn put(&mut self, place: TimerPlace, timer: Timer) {
        self.by_due.insert((timer.due, place));
        if let Some(before) = self.by_place.insert(place, timer)
            && self.by_place[&place].due != before.due
        {
            self.by_due.remove(&(before.due, place));
        }
    }

    /// Takes a timer out.
    pub(super) fn remove(&mut self, place: TimerPlace) {
        if let Some(timer) = self.by_place.remove(&place) {
            self.by_due.remove(&(timer.due, place));
        }
    }

    /// Takes a customer's timers out.
    pub(super) fn remove_customer(&mut self, customer: CustomerNumber) {
        let places: Vec<TimerPlace> =
            self.by_place.keys().filter(|place| place.1 == customer).copied().collect();
        for place in places {
            self.remove(place);
        }
    }

    /// A rule's timers for a customer, by their ordinals.
    pub(super) fn of(&self, rule: RuleNumber, customer: CustomerNumber) -> Vec<(u32, &Timer)> {
        let range = (rule, customer, 0)..=(rule, customer, u32::MAX);
        self.by_place.range(range).map(|((_, _, n), timer)| (*n, timer)).collect()
    }

    /// Those whose time has come.
    pub(super) fn ready(&self, now: Instant) -> Vec<(TimerPlace, Timer)> {
        let due = self.by_due.iter().take_while(|(due, _)| *due <= now);
        due.map(|(_, place)| (*place, self.by_place[place].clone())).collect()
    }

    /// How many of each rule's have come.
    pub(super) fn due_by_rule(&self, now: Instant) -> BTreeMap<RuleNumber, u64> {
        let mut rules = BTreeMap::new();
        for (_, place) in self.by_due.iter().take_while(|(due, _)| *due <= now) {
            *rules.entry(place.0).or_default() += 1;
        }
        rules
    }

    /// When the next one is due, of one rule or of all.
    pub(super) fn next_due(&self, rule: Option<RuleNumber>) -> Option<Instant> {
        let of = |place: &TimerPlace| rule.is_none_or(|rule| place.0 == rule);
        self.by_due.iter().find(|(_, place)| of(place)).map(|(due, _)| *due)
    }

    /// How many wait, of one rule or of all.
    pub(super) fn count(&self, rule: Option<RuleNumber>) -> u64 {
        match rule {
            None => self.by_place.len() as u64,
            Some(rule) => {
                let range = (rule, CustomerNumber(0), 0)..=(rule, CustomerNumber(u32::MAX), u32::MAX);
                self.by_place.range(range).count() as u64
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::EventRef;

    fn timer(due: i64) -> Timer {
        let event = EventRef { time: Instant(due), name: "cart".into(), id: "e".into(), did: Vec::new() };
        Timer { due: Instant(due), waits: true, event }
    }

    #[test]
    fn a_timer_is_found_by_whom_and_by_when() {
        let mut timers = Timers::default();
        let place = |customer, n| (RuleNumber(1), CustomerNumber(customer), n);
        timers.put(place(1, 0), timer(10));
        timers.put(place(1, 1), timer(30));
        timers.put(place(2, 0), timer(25));
        timers.put(place(1, 0), timer(20));
        assert_eq!((timers.count(None), timers.count(Some(RuleNumber(2)))), (3, 0));
        assert_eq!(timers.next_due(Some(RuleNumber(1))), Some(Instant(20)));
        assert_eq!(timers.of(RuleNumber(1), CustomerNumber(1)).len(), 2);
        let ready = |now| timers.ready(Instant(now)).iter().map(|(place, _)| *place).collect::<Vec<_>>();
        assert_eq!(ready(19), []);
        assert_eq!(ready(25), [place(1, 0), place(2, 0)]);
        assert_eq!(timers.due_by_rule(Instant(25)), BTreeMap::from([(RuleNumber(1), 2)]));
        timers.remove(place(1, 0));
        assert_eq!(timers.next_due(None), Some(Instant(25)));
    }
}
