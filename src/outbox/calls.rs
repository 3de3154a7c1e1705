//! How much an endpoint bears: calls at once, calls in a span of time. Pure.

use std::collections::VecDeque;

use super::circuit::{Circuit, Passage};
use crate::model::{Duration, Instant};

/// Room for calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Room {
    /// So many may be taken now.
    For(usize),
    /// One, to see how the endpoint is.
    Probe,
    /// None before this.
    Until(Instant),
    /// None until something happens.
    None,
}

/// What a queue of calls keeps of its endpoint. The queue of e-mail has one that limits nothing.
#[derive(Debug, Default)]
pub(super) struct Calls {
    /// Workers that may have something at once; none: all.
    pub(super) at_once: Option<usize>,
    /// So many calls in any span of this length.
    pub(super) rate: Option<(usize, Duration)>,
    pub(super) circuit: Circuit,
    /// Workers that the queue has.
    pub(super) workers: usize,
    /// Workers that have something.
    busy: usize,
    /// When the last calls were taken, as far as the rate asks.
    taken: VecDeque<Instant>,
}

impl Calls {
    /// How many of `most` may be taken now.
    pub(super) fn room(&self, now: Instant, most: usize) -> Room {
        if self.at_once.is_some_and(|limit| self.busy >= limit) {
            return Room::None;
        }
        let probe = match self.circuit.passage(now) {
            Passage::Open => false,
            Passage::Probe => true,
            Passage::Until(at) => return Room::Until(at),
            Passage::Shut => return Room::None,
        };
        let free = match self.rate {
            None => most,
            Some((calls, span)) => {
                // What lies ahead was noted before the clock went back.
                let counts = |at: &&Instant| at.plus(span) > now && **at <= now;
                let used = self.taken.iter().rev().take_while(counts).count();
                if used >= calls {
                    // When the oldest of the last so many leaves the span.
                    let first = self.taken.len().checked_sub(calls).and_then(|at| self.taken.get(at));
                    return first.map_or(Room::None, |at| Room::Until(at.plus(span)));
                }
                // One by one: the next is for the next free worker.
                most.min(1)
            }
        };
        if probe { Room::Probe } else { Room::For(free) }
    }

    /// A worker took so many.
    pub(super) fn take(&mut self, now: Instant, count: usize, probe: bool) {
        self.busy += 1;
        if probe {
            self.circuit.probe();
        }
        if let Some((calls, _)) = self.rate {
            self.taken.extend(std::iter::repeat_n(now, count));
            while self.taken.len() > calls {
                self.taken.pop_front();
            }
        }
    }

    /// A worker is through; `unused` of what it took at that instant were no calls after all. Whether
    /// that may let another one go.
    pub(super) fn give_back(&mut self, taken: Instant, unused: usize, probe: bool) -> bool {
        let was_full = self.at_once.is_some_and(|limit| self.busy >= limit);
        self.busy = self.busy.saturating_sub(1);
        if probe {
            self.circuit.probed();
        }
        for _ in 0..unused {
            if let Some(found) = self.taken.iter().rposition(|at| *at == taken) {
                self.taken.remove(found);
            }
        }
        was_full || probe || unused > 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn so_many_workers_and_no_more_have_something() {
        let mut calls = Calls { at_once: Some(2), ..Calls::default() };
        assert_eq!(calls.room(Instant(0), 4), Room::For(4));
        calls.take(Instant(0), 4, false);
        calls.take(Instant(0), 1, false);
        assert_eq!(calls.room(Instant(0), 4), Room::None);
        calls.give_back(Instant(0), 0, false);
        assert_eq!(calls.room(Instant(0), 4), Room::For(4));
    }

    #[test]
    fn what_was_no_call_uses_no_room_up() {
        let mut calls = Calls { rate: Some((1, Duration::seconds(1))), ..Calls::default() };
        calls.take(Instant(0), 1, false);
        assert_eq!(calls.room(Instant(10), 4), Room::Until(Instant(1_000)));
        calls.give_back(Instant(0), 1, false);
        assert_eq!(calls.room(Instant(10), 4), Room::For(1));
    }

    #[test]
    fn a_clock_that_goes_back_keeps_nobody_waiting() {
        let mut calls = Calls { rate: Some((1, Duration::seconds(60))), ..Calls::default() };
        calls.take(Instant(86_400_000), 1, false);
        assert_eq!(calls.room(Instant(0), 4), Room::For(1));
        calls.take(Instant(0), 1, false);
        assert_eq!(calls.room(Instant(1), 4), Room::Until(Instant(60_000)));
    }

    proptest! {
        /// Whatever the steps: no span holds more than its number, and a wait is never for nothing.
        #[test]
        fn no_span_has_more_than_its_limit(
            limit in 1_usize..6, steps in prop::collection::vec(0_i64..700, 1..80),
        ) {
            let span = Duration::seconds(1);
            let mut calls = Calls { rate: Some((limit, span)), ..Calls::default() };
            let (mut now, mut made) = (Instant(0), Vec::new());
            for step in steps {
                now = Instant(now.0 + step);
                match calls.room(now, 4) {
                    Room::For(count) => {
                        calls.take(now, count, false);
                        calls.give_back(now, 0, false);
                        made.extend(std::iter::repeat_n(now, count));
                    }
                    Room::Until(at) => {
                        prop_assert!(at > now);
                        let busy = made.iter().filter(|call| call.plus(span) > now).count();
                        prop_assert_eq!(busy, limit);
                    }
                    other => prop_assert!(false, "{:?}", other),
                }
            }
            for (n, call) in made.iter().enumerate() {
                let within = made[n..].iter().filter(|other| **other < call.plus(span)).count();
                prop_assert!(within <= limit, "{} in one span", within);
            }
        }
    }
}
