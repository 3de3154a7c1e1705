//! When an endpoint is left alone: after many failures in a row, or because it said so. Pure.
//!
//! Closed, calls go. After [`FAILURES`] failures in a row it opens: calls wait, and cost no tries.
//! After a rest one call goes to see how it is; if that fails the next rest is twice as long, if it
//! succeeds all go again.

use crate::model::{Duration, Instant};
use crate::record::{Outage, OutageKind};

/// So many failures in a row, and the endpoint is left alone.
const FAILURES: u32 = 10;
/// The first and the longest rest between two calls that see how it is.
const FIRST_REST: Duration = Duration::seconds(5);
const LONGEST_REST: Duration = Duration::seconds(600);
/// The longest that an endpoint's wish (`Retry-After`) keeps other calls back.
const LONGEST_WISH: Duration = Duration::hours(1);

/// What a call came to, as far as its endpoint is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sign<'a> {
    /// It took the call.
    Took,
    /// It did not, and may have named a time to come again.
    Failed { reason: &'a str, after: Option<Duration> },
    /// It wants no more calls.
    Gone { reason: &'a str },
}

/// What a call changed for its endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Turn {
    /// Nothing.
    Same,
    /// It is left alone from now on.
    Begins(Outage),
    /// It goes on being left alone.
    GoesOn(Outage),
    /// Calls go again.
    Ends,
}

/// How an endpoint is.
#[derive(Debug, Default)]
pub(super) struct Circuit {
    failures: u32,
    outage: Option<Outage>,
    /// One call is under way to see how it is.
    probing: bool,
    /// It asked not to be called before.
    asked: Option<Instant>,
    /// A person ended an outage, while a call may have been noting that it goes on.
    reset: bool,
}

/// Whether a call may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Passage {
    /// As many as there are.
    Open,
    /// One, to see how it is.
    Probe,
    /// None before this.
    Until(Instant),
    /// None until something happens.
    Shut,
}

impl Circuit {
    pub(super) fn passage(&self, now: Instant) -> Passage {
        if let Some(until) = self.asked.filter(|until| lies_ahead(*until, now)) {
            return match &self.outage {
                Some(Outage { kind: OutageKind::Gone, .. }) => Passage::Shut,
                Some(_) | None => Passage::Until(until),
            };
        }
        match self.outage.as_ref().map(|outage| outage.kind) {
            None => Passage::Open,
            Some(OutageKind::Gone) => Passage::Shut,
            Some(OutageKind::Failing { .. }) if self.probing => Passage::Shut,
            Some(OutageKind::Failing { until, .. }) if lies_ahead(until, now) => Passage::Until(until),
            Some(OutageKind::Failing { .. }) => Passage::Probe,
        }
    }

    /// A call goes to see how it is.
    pub(super) const fn probe(&mut self) {
        self.probing = true;
    }

    /// That call is over, whether it went or not.
    pub(super) const fn probed(&mut self) {
        self.probing = false;
    }

    /// Whether what is claimed already is better given back.
    pub(super) fn holds(&self, now: Instant) -> bool {
        self.outage.is_some() || self.asked.is_some_and(|until| lies_ahead(until, now))
    }

    pub(super) const fn outage(&self) -> Option<&Outage> {
        self.outage.as_ref()
    }

    /// As the store remembers it.
    pub(super) fn restore(&mut self, outage: Outage) {
        self.outage = Some(outage);
    }

    /// Gives what it knows to another; until when the endpoint asked not to be called.
    pub(super) fn take_over(&mut self) -> Option<Instant> {
        self.outage = None;
        self.failures = 0;
        self.asked.take()
    }

    /// Notes that the endpoint asked not to be called before an instant.
    pub(super) fn ask(&mut self, until: Option<Instant>) {
        self.asked = self.asked.max(until);
    }

    /// Forgets all: a person said so, or the address is another. Whether there was anything.
    pub(super) fn reset(&mut self) -> bool {
        let probing = self.probing;
        let before = std::mem::take(self);
        // The call that is under way has still to come back.
        (self.probing, self.reset) = (probing, true);
        before.outage.is_some() || before.asked.is_some()
    }

    /// What a call came to, at `now`; `probe` where it was the one that went to see.
    pub(super) fn sign(&mut self, sign: Sign<'_>, probe: bool, now: Instant, at: (&str, &str)) -> Turn {
        match sign {
            Sign::Took => {
                self.failures = 0;
                self.asked = None;
                match self.outage.as_ref().map(|outage| outage.kind) {
                    None if std::mem::take(&mut self.reset) => Turn::Ends,
                    // A call that was on its way does not undo its word.
                    None | Some(OutageKind::Gone) => Turn::Same,
                    Some(OutageKind::Failing { .. }) => {
                        self.outage = None;
                        Turn::Ends
                    }
                }
            }
            Sign::Gone { reason } => self.begin(OutageKind::Gone, reason, now, at),
            Sign::Failed { reason, after } => self.failed((reason, after), probe, now, at),
        }
    }

    fn failed(
        &mut self,
        (reason, after): (&str, Option<Duration>),
        probe: bool,
        now: Instant,
        at: (&str, &str),
    ) -> Turn {
        // "At once" is no wish: who says so and fails is as who says nothing.
        let wish = after.filter(|after| after.0 > 0).map(|after| Duration(after.0.min(LONGEST_WISH.0)));
        if let Some(wish) = wish {
            let before = self.asked.filter(|until| lies_ahead(*until, now));
            self.asked = before.max(Some(now.plus(wish)));
        }
        match &mut self.outage {
            Some(outage) => {
                let OutageKind::Failing { rest, until } = &mut outage.kind else { return Turn::Same };
                // What was on its way when it opened says nothing new.
                if !probe {
                    return Turn::Same;
                }
                *rest = Duration((rest.0 * 2).min(LONGEST_REST.0));
                let asked = self.asked.filter(|until| lies_ahead(*until, now));
                *until = now.plus(*rest).max(asked.unwrap_or(now));
                reason.clone_into(&mut outage.reason);
                Turn::GoesOn(outage.clone())
            }
            // Who names a time is there.
            None if wish.is_some() => Turn::Same,
            None => {
                self.failures += 1;
                if self.failures < FAILURES {
                    return Turn::Same;
                }
                let kind = OutageKind::Failing { rest: FIRST_REST, until: now.plus(FIRST_REST) };
                self.begin(kind, reason, now, at)
            }
        }
    }

    fn begin(&mut self, kind: OutageKind, reason: &str, now: Instant, (name, url): (&str, &str)) -> Turn {
        if self.outage.as_ref().is_some_and(|outage| outage.kind == OutageKind::Gone) {
            return Turn::Same;
        }
        let outage = Outage { name: name.into(), url: url.into(), since: now, reason: reason.into(), kind };
        self.failures = 0;
        self.outage = Some(outage.clone());
        Turn::Begins(outage)
    }
}

/// Whether an instant is still to be waited for. What lies further ahead than any wait was noted before
/// the clock went back.
fn lies_ahead(until: Instant, now: Instant) -> bool {
    until > now && until.since(now) <= LONGEST_WISH
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: (&str, &str) = ("crm", "http://crm.example/");
    const FAILED: Sign<'_> = Sign::Failed { reason: "500", after: None };

    fn at(seconds: i64) -> Instant {
        Instant(seconds * 1_000)
    }

    fn until(turn: &Turn) -> Instant {
        match turn {
            Turn::Begins(Outage { kind: OutageKind::Failing { until, .. }, .. })
            | Turn::GoesOn(Outage { kind: OutageKind::Failing { until, .. }, .. }) => *until,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn ten_failures_in_a_row_open_it_and_one_success_closes_it() {
        let mut circuit = Circuit::default();
        for _ in 0..9 {
            assert_eq!(circuit.sign(FAILED, false, at(0), AT), Turn::Same);
        }
        circuit.sign(Sign::Took, false, at(0), AT);
        for _ in 0..9 {
            assert_eq!(circuit.sign(FAILED, false, at(0), AT), Turn::Same);
            assert_eq!(circuit.passage(at(0)), Passage::Open);
        }
        let turn = circuit.sign(FAILED, false, at(0), AT);
        assert_eq!(until(&turn), at(5));
        assert_eq!(circuit.passage(at(4)), Passage::Until(at(5)));
        // Those that were on their way make it no longer.
        assert_eq!(circuit.sign(FAILED, false, at(4), AT), Turn::Same);
        assert_eq!(circuit.passage(at(5)), Passage::Probe);
        circuit.probe();
        assert_eq!(circuit.passage(at(30)), Passage::Shut);
        circuit.probed();
        assert_eq!(circuit.sign(Sign::Took, true, at(31), AT), Turn::Ends);
        assert_eq!(circuit.passage(at(31)), Passage::Open);
    }

    #[test]
    fn rests_double_up_to_ten_minutes_and_begin_anew() {
        let mut circuit = Circuit::default();
        let mut now = at(0);
        let mut turn = Turn::Same;
        for _ in 0..10 {
            turn = circuit.sign(FAILED, false, now, AT);
        }
        let mut rests = Vec::new();
        for _ in 0..9 {
            rests.push(until(&turn).since(now).0 / 1_000);
            now = until(&turn);
            turn = circuit.sign(FAILED, true, now, AT);
        }
        assert_eq!(rests, [5, 10, 20, 40, 80, 160, 320, 600, 600]);
        circuit.sign(Sign::Took, true, now, AT);
        for _ in 0..10 {
            turn = circuit.sign(FAILED, false, now, AT);
        }
        assert_eq!(until(&turn).since(now), FIRST_REST);
    }

    #[test]
    fn a_wish_keeps_the_others_back_an_hour_at_most_and_is_no_outage() {
        let mut circuit = Circuit::default();
        let wish = |seconds| Sign::Failed { reason: "429", after: Some(Duration::seconds(seconds)) };
        for _ in 0..20 {
            assert_eq!(circuit.sign(wish(60), false, at(0), AT), Turn::Same);
        }
        assert_eq!(circuit.passage(at(59)), Passage::Until(at(60)));
        assert_eq!(circuit.passage(at(60)), Passage::Open);
        circuit.sign(wish(86_400), false, at(60), AT);
        assert_eq!(circuit.passage(at(61)), Passage::Until(at(3_660)));
    }

    #[test]
    fn who_is_gone_stays_gone_until_somebody_says_otherwise() {
        let mut circuit = Circuit::default();
        let gone = Sign::Gone { reason: "410" };
        assert!(matches!(circuit.sign(gone, false, at(0), AT), Turn::Begins(_)));
        assert_eq!(circuit.sign(gone, false, at(0), AT), Turn::Same);
        assert_eq!(circuit.sign(Sign::Took, false, at(1), AT), Turn::Same);
        assert_eq!(circuit.sign(FAILED, false, at(1), AT), Turn::Same);
        assert_eq!(circuit.passage(at(1_000_000)), Passage::Shut);
        assert!(circuit.reset() && !circuit.reset());
        assert_eq!(circuit.passage(at(2)), Passage::Open);
    }

    #[test]
    fn who_fails_and_says_at_once_is_left_alone_as_who_says_nothing() {
        let mut circuit = Circuit::default();
        let at_once = Sign::Failed { reason: "503", after: Some(Duration(0)) };
        for _ in 1..FAILURES {
            assert_eq!(circuit.sign(at_once, false, at(0), AT), Turn::Same);
        }
        assert!(matches!(circuit.sign(at_once, false, at(0), AT), Turn::Begins(_)));
    }

    #[test]
    fn a_clock_that_goes_back_keeps_no_endpoint_alone() {
        let mut circuit = Circuit::default();
        for _ in 0..FAILURES {
            circuit.sign(FAILED, false, at(100_000), AT);
        }
        assert_eq!(circuit.passage(at(100_000)), Passage::Until(at(100_005)));
        assert_eq!(circuit.passage(at(10_000)), Passage::Probe);
        circuit.sign(FAILED, true, at(10_000), AT);
        assert_eq!(circuit.passage(at(10_000)), Passage::Until(at(10_010)));
        let mut circuit = Circuit::default();
        circuit.sign(Sign::Failed { reason: "429", after: Some(Duration::hours(1)) }, false, at(100_000), AT);
        assert_eq!(circuit.passage(at(100_000)), Passage::Until(at(103_600)));
        assert_eq!(circuit.passage(at(10_000)), Passage::Open);
        circuit.sign(
            Sign::Failed { reason: "429", after: Some(Duration::seconds(9)) },
            false,
            at(10_000),
            AT,
        );
        assert_eq!(circuit.passage(at(10_000)), Passage::Until(at(10_009)));
    }
}
