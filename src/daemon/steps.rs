//! Steps of the wall clock, seen against the boot clock, which nobody sets.
//!
//! A rule is due by the wall clock. Where that is set forward by hours, all that was to happen in them would
//! happen at once, and go out, before anybody could say that the clock is wrong.

use std::sync::{Arc, Mutex, PoisonError};

use crate::clock::Clock;
use crate::model::{Duration, Instant, MINUTE_MS};

/// A wall clock that moves by more than this beside the boot clock was set.
pub(super) const STEP: Duration = Duration(5 * MINUTE_MS);

/// So soon after a look nothing new is to be seen: a step of [`STEP`] would show in the wall clock alone.
const SOON: Duration = Duration::seconds(1);

/// What became of the wall clock since the last look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// It is ahead of all that was seen of it; [`Steps::accept`] takes it for right.
    Forward(Duration),
    /// It went back.
    Back(Duration),
}

/// How far the wall clock is from the boot clock, in milliseconds.
#[derive(Debug, Clone, Copy)]
struct Offsets {
    /// The furthest that was accepted. A clock that goes back and comes again is not ahead: what happened by it
    /// happened.
    highest: i64,
    /// At the last look.
    last: i64,
    looked: Instant,
}

/// Watches the wall clock.
pub(super) struct Steps {
    clock: Arc<dyn Clock>,
    offsets: Mutex<Offsets>,
}

impl Steps {
    /// Takes the clock as it is now for right.
    pub(super) fn new(clock: Arc<dyn Clock>) -> Self {
        let looked = clock.now();
        let offset = looked.0.saturating_sub(clock.boot_elapsed().0);
        Self { clock, offsets: Mutex::new(Offsets { highest: offset, last: offset, looked }) }
    }

    /// Looks, and says where the clock was set. One forward is said again at each look until it is accepted.
    pub(super) fn look(&self) -> Option<Step> {
        let mut offsets = self.offsets.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.clock.now();
        let since = now.since(offsets.looked);
        if Duration(0) <= since && since < SOON {
            return None;
        }
        let offset = now.0.saturating_sub(self.clock.boot_elapsed().0);
        let ahead = Duration(offset.saturating_sub(offsets.highest));
        if ahead > STEP {
            return Some(Step::Forward(ahead));
        }
        let back = Duration(offsets.last.saturating_sub(offset));
        *offsets = Offsets { highest: offsets.highest.max(offset), last: offset, looked: now };
        (back > STEP).then_some(Step::Back(back))
    }

    /// Takes the clock as it is now for right: everything is on hold.
    pub(super) fn accept(&self) {
        let fresh = Self::new(Arc::clone(&self.clock));
        let fresh = *fresh.offsets.lock().unwrap_or_else(PoisonError::into_inner);
        let mut offsets = self.offsets.lock().unwrap_or_else(PoisonError::into_inner);
        *offsets = Offsets { highest: offsets.highest.max(fresh.highest), ..fresh };
    }

    /// Whether the clock was set forward and nobody has seen to it yet, so that nothing may go by it.
    pub(super) fn is_ahead(&self) -> bool {
        let offsets = *self.offsets.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.clock.now();
        // Without asking the boot clock at each message: by less than a step nobody is ahead by one.
        now.since(offsets.looked) > STEP
            && now.0.saturating_sub(self.clock.boot_elapsed().0).saturating_sub(offsets.highest) > STEP.0
    }
}

impl std::fmt::Debug for Steps {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Steps").field("offsets", &self.offsets).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::VirtualClock;

    fn watched() -> (VirtualClock, Steps) {
        let clock = VirtualClock::at(Instant(1_795_420_800_000));
        let steps = Steps::new(Arc::new(clock.clone()));
        (clock, steps)
    }

    #[test]
    fn time_that_passes_is_no_step_however_long_and_nor_is_one_of_five_minutes() {
        let (clock, steps) = watched();
        clock.advance(Duration::days(3));
        assert_eq!((steps.is_ahead(), steps.look()), (false, None), "a suspend, say");
        clock.step(STEP);
        assert_eq!((steps.is_ahead(), steps.look()), (false, None));
        clock.step(Duration(STEP.0 + 1));
        assert!(steps.is_ahead());
        assert_eq!(steps.look(), Some(Step::Forward(Duration(STEP.0 + 1))));
        assert!(steps.look().is_some() && steps.is_ahead(), "said until it is seen to");
        steps.accept();
        assert_eq!((steps.is_ahead(), steps.look()), (false, None));
    }

    #[test]
    fn a_clock_that_goes_back_is_said_once_and_may_come_again() {
        let (clock, steps) = watched();
        clock.step(Duration(-3 * STEP.0));
        assert_eq!(steps.look(), Some(Step::Back(Duration(3 * STEP.0))));
        clock.advance(Duration::seconds(2));
        assert_eq!(steps.look(), None);
        clock.step(Duration(3 * STEP.0));
        assert_eq!((steps.is_ahead(), steps.look()), (false, None), "what happened by it happened");
        clock.step(Duration::hours(1));
        assert_eq!(steps.look(), Some(Step::Forward(Duration::hours(1))));
    }
}
