//! Ticks, and what events let happen.

use tracing::{info, warn};

use super::super::Metrics;
use super::super::metrics::Labelled;
use super::seconds;
use crate::model::Instant;

/// How a tick ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TickEnd {
    /// Rules were looked at.
    Done,
    /// Everything waits for a person.
    OnHold,
    /// An import is not complete.
    WaitsForImport,
    /// The disk is nearly full.
    WaitsForRoom,
}

/// A tick ended.
#[derive(Debug)]
pub struct Ticked<'a> {
    /// When.
    pub at: Instant,
    /// How.
    pub end: TickEnd,
    /// Rules that looked at everybody.
    pub rules: u64,
    /// Who matched and was not decided before.
    pub matched: u64,
    /// Decisions, those of events among them.
    pub decisions: u64,
    /// Occurrences that were passed over: the rule, how many, the last of them.
    pub missed: &'a [(String, u64, Instant)],
}

impl Ticked<'_> {
    /// Says so.
    pub fn happened(&self, metrics: &Metrics) {
        let result = match self.end {
            TickEnd::Done => "done",
            TickEnd::OnHold => "on hold",
            TickEnd::WaitsForImport => "waits for an import",
            TickEnd::WaitsForRoom => "waits for room",
        };
        metrics.ticks.get_or_create(&Labelled { result }).inc();
        metrics.last_tick.set(seconds(self.at));
        metrics.matches.inc_by(self.matched);
        metrics.decisions.inc_by(self.decisions);
        for (rule, count, last) in self.missed {
            metrics.missed.inc_by(*count);
            warn!(rule, count, last = last.to_string(), "occurrences were missed and passed over");
        }
        if self.decisions > 0 {
            info!(rules = self.rules, matched = self.matched, decisions = self.decisions, "tick");
        }
    }
}

/// Rules on events were asked, or their waits were over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "as in the report that it is made of")]
pub struct EventsDecided {
    pub asked: u64,
    pub began: u64,
    pub restarted: u64,
    pub matched: u64,
    pub decisions: u64,
    pub gone: u64,
}

impl EventsDecided {
    /// Says so.
    pub fn happened(&self, metrics: &Metrics) {
        let Self { asked, began, restarted, matched, decisions, gone } = *self;
        metrics.matches.inc_by(matched);
        metrics.decisions.inc_by(decisions);
        info!(asked, began, restarted, matched, decisions, gone, "events");
    }
}
