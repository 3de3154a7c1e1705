//! Rules that wait after an event: which wait an event begins, and which it ends.

use crate::model::{Duration, Instant};
use crate::record::{EventRef, Timer};

/// What an event changes for one rule and one customer.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Waits {
    /// The ordinals of the waits that it ends: it came during them.
    pub ended: Vec<u32>,
    /// Whether its own wait begins.
    pub begins: bool,
}

/// Meets a new event with such events that the rule waits after already; `each`: events do not meet.
/// `followed` says whether another such event is known that lies behind it and before an instant: one
/// that came late was met before it came, whatever became of that other.
///
/// What remains does not depend on the order in which events come.
#[must_use]
pub fn wait(
    waiting: &[(u32, &Timer)],
    event: &EventRef,
    after: Duration,
    each: bool,
    followed: impl FnOnce(Instant) -> bool,
) -> Waits {
    let waiting: Vec<&(u32, &Timer)> = waiting.iter().filter(|(_, timer)| timer.waits).collect();
    if waiting.iter().any(|(_, timer)| timer.event == *event) {
        return Waits::default();
    }
    if each {
        return Waits { ended: Vec::new(), begins: true };
    }
    let during = |(_, timer): &&&(u32, &Timer)| timer.event < *event && event.time < timer.due;
    let ended = waiting.iter().filter(during).map(|(n, _)| *n).collect();
    Waits { ended, begins: !followed(event.time.plus(after)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn event(time: i64) -> EventRef {
        EventRef { time: Instant(time), name: "cart".into(), id: format!("e{time}"), did: Vec::new() }
    }

    /// The times of the events that wait after all have come, in this order.
    fn after_all(times: &[i64], after: i64, each: bool) -> Vec<i64> {
        let mut waiting: Vec<(u32, Timer)> = Vec::new();
        for (n, time) in (0_u32..).zip(times) {
            let known = &times[..n as usize];
            let followed = |until: Instant| known.iter().any(|other| other > time && *other < until.0);
            let borrowed: Vec<(u32, &Timer)> = waiting.iter().map(|(n, timer)| (*n, timer)).collect();
            let waits = wait(&borrowed, &event(*time), Duration(after), each, followed);
            waiting.retain(|(n, _)| !waits.ended.contains(n));
            if waits.begins {
                let due = Instant(time + after);
                waiting.push((n, Timer { due, waits: true, event: event(*time) }));
            }
        }
        let mut left: Vec<i64> = waiting.iter().map(|(_, timer)| timer.event.time.0).collect();
        left.sort_unstable();
        left
    }

    #[test]
    fn an_event_during_the_wait_begins_it_anew() {
        assert_eq!(after_all(&[0, 5], 10, false), [5]);
        assert_eq!(after_all(&[0, 9, 18], 10, false), [18], "as often as one comes");
        assert_eq!(after_all(&[0, 10], 10, false), [0, 10], "the first wait was over");
        assert_eq!(after_all(&[0, 5], 10, true), [0, 5]);
        assert_eq!(after_all(&[0, 0], 10, true), [0], "the same event is one event");
    }

    proptest! {
        #[test]
        fn the_order_in_which_events_come_does_not_matter(
            (times, shuffled) in prop::collection::btree_set(0_i64..60, 0..12).prop_flat_map(|times| {
                let times: Vec<i64> = times.into_iter().collect();
                (Just(times.clone()), Just(times).prop_shuffle())
            }),
            after in 1_i64..20,
        ) {
            // Those after which nothing comes within the wait.
            let left: Vec<i64> = times
                .iter()
                .filter(|&&time| times.iter().all(|&other| other <= time || other >= time + after))
                .copied()
                .collect();
            prop_assert_eq!(&after_all(&times, after, false), &left);
            prop_assert_eq!(&after_all(&shuffled, after, true), &times);
            prop_assert_eq!(&after_all(&shuffled, after, false), &left);
        }
    }
}
