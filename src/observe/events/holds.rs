//! What waits for a person: the whole daemon, or a rule's run; and what a clock that was set has to do with it.

use tracing::{info, warn};

use super::super::Metrics;
use super::super::metrics::{ByReason, Labelled};
use crate::model::{Duration, Instant};

/// Nothing is decided or sent any more until a person says so.
#[derive(Debug)]
pub struct WentOnHold<'a> {
    /// `gap`, `restore`, `clock step`, `asked`.
    pub reason: &'static str,
    /// When everybody was looked at last.
    pub last_tick: Option<Instant>,
    /// In a sentence.
    pub why: &'a str,
}

impl WentOnHold<'_> {
    /// Says so.
    pub fn happened(&self, metrics: &Metrics) {
        let Self { reason, last_tick, why } = self;
        metrics.holds.get_or_create(&ByReason { reason }).inc();
        let last_tick = last_tick.map(|at| at.to_string());
        warn!(reason, last_tick, why, "on hold: see `cvmd status`, `cvmd resume all` goes on");
    }
}

/// A hold is over.
#[derive(Debug)]
#[expect(missing_docs, reason = "why and since when it was")]
pub struct HoldOver {
    pub reason: &'static str,
    pub since: Instant,
}

impl HoldOver {
    /// Says so.
    pub fn happened(&self, metrics: &Metrics) {
        metrics.holds_over.inc();
        let (reason, since) = (self.reason, self.since.to_string());
        info!(reason, since, "the hold is over");
    }
}

/// What a rule makes of what it missed, before it does.
#[derive(Debug)]
pub struct RuleCatchesUp<'a> {
    /// Its name.
    pub rule: &'a str,
    /// Occurrences that are passed over.
    pub missed: u64,
    /// Occurrences that run late.
    pub late: u64,
    /// For how many customers it acts.
    pub customers: u64,
    /// Whether it waits for the end of a hold.
    pub on_hold: bool,
    /// In a sentence.
    pub what: &'a str,
}

impl RuleCatchesUp<'_> {
    /// Says so.
    pub fn happened(&self, metrics: &Metrics) {
        let Self { rule, missed, late, customers, on_hold, what } = self;
        let result = if *on_hold { "on hold" } else { "at once" };
        metrics.catch_ups.get_or_create(&Labelled { result }).inc();
        let says = if *on_hold { "the end of the hold would let it catch up" } else { "it catches up now" };
        warn!(rule, missed, late, customers, what, "{says}");
    }
}

/// The wall clock was set.
#[derive(Debug)]
#[expect(missing_docs, reason = "by how much, and whether forward")]
pub struct ClockStepped {
    pub by: Duration,
    pub forward: bool,
}

impl ClockStepped {
    /// Says so.
    pub fn happened(&self, metrics: &Metrics) {
        let result = if self.forward { "forward" } else { "back" };
        metrics.clock_steps.get_or_create(&Labelled { result }).inc();
        let by = self.by.to_string();
        if self.forward {
            warn!(by, "the clock was set forward");
        } else {
            warn!(
                by,
                "the clock was set back: nothing is done twice, and what is scheduled or decided waits until it has passed the last tick"
            );
        }
    }
}

/// A start found a clock that is behind what was done by it.
#[derive(Debug)]
#[expect(missing_docs, reason = "the two instants")]
pub struct ClockBehind {
    pub now: Instant,
    pub last_tick: Instant,
}

impl ClockBehind {
    /// Says so.
    pub fn happened(&self, metrics: &Metrics) {
        metrics.clock_steps.get_or_create(&Labelled { result: "behind" }).inc();
        let (now, last_tick) = (self.now.to_string(), self.last_tick.to_string());
        warn!(
            now,
            last_tick,
            "the clock is behind the last tick: what is scheduled or decided waits until it has passed it"
        );
    }
}

/// A rule's run waits for a person.
#[derive(Debug)]
#[expect(missing_docs, reason = "the rule, how many it means, and why")]
pub struct RunHeld<'a> {
    pub rule: &'a str,
    pub customers: u64,
    pub why: &'a str,
}

impl RunHeld<'_> {
    /// Says so.
    pub fn happened(&self, metrics: &Metrics) {
        metrics.runs_held.inc();
        let Self { rule, customers, why } = self;
        warn!(rule, customers, why, "its run is held: `cvmd resume rule NAME` releases it");
    }
}
