//! What happens: one struct an event, which logs and counts together.

use tracing::{debug, error, info, warn};

use super::Metrics;
use super::metrics::{ByKind, Delivery, Labelled, Rows};
use crate::model::Instant;
use crate::record::{FinishedMessage, MessageState};

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

/// A message or a call ended.
#[derive(Debug)]
pub struct Delivered<'a>(pub &'a FinishedMessage);

impl Delivered<'_> {
    /// Says so. What was sent is for `debug`: there may be millions; what was not, somebody may want to know.
    pub fn happened(&self, metrics: &Metrics) {
        let FinishedMessage { key, rule, channel, state, attempts, result, .. } = self.0;
        let (id, word) = (key.to_string(), state.label());
        let channel = channel.to_string();
        metrics.deliveries.get_or_create(&Delivery { channel, result: word }).inc();
        if *state == MessageState::Sent {
            debug!(message_id = id, rule, attempts, result, "{word}");
        } else {
            warn!(message_id = id, rule, attempts, result, "{word}");
        }
    }
}

/// Nobody knows whether a message went out.
#[derive(Debug)]
#[expect(missing_docs, reason = "the message's identity and rule, and why")]
pub struct InDoubt<'a> {
    pub message: String,
    pub rule: &'a str,
    pub reason: &'a str,
}

impl InDoubt<'_> {
    /// Says so.
    pub fn happened(&self, metrics: &Metrics) {
        let Self { message, rule, reason } = self;
        let result = MessageState::InDoubt.label();
        metrics.deliveries.get_or_create(&Delivery { channel: "email".into(), result }).inc();
        warn!(message, rule, reason, "a message is in doubt: see `cvmd outbox list`");
    }
}

/// Rules were taken over.
#[derive(Debug)]
#[expect(missing_docs, reason = "as in the answer to a reload")]
pub struct RulesTaken<'a> {
    pub rule_set: &'a str,
    pub commit: &'a str,
    pub rules: u64,
    pub changed: bool,
}

impl RulesTaken<'_> {
    /// Says so.
    pub fn happened(&self, metrics: &Metrics) {
        let Self { rule_set, commit, rules, changed } = self;
        metrics.reloads.get_or_create(&Labelled { result: "taken over" }).inc();
        info!(rule_set, commit, rules, changed, "rules are read");
    }
}

/// Rules were refused; those before them run.
#[derive(Debug)]
pub struct RulesRefused<'a> {
    /// In a sentence.
    pub reason: &'a str,
    /// What was found wrong.
    pub diagnostics: &'a [String],
    /// The commit of the refused files; none where they cannot be read.
    pub commit: Option<&'a str>,
}

impl RulesRefused<'_> {
    /// Says so.
    pub fn happened(&self, metrics: &Metrics) {
        metrics.reloads.get_or_create(&Labelled { result: "refused" }).inc();
        error!(reason = self.reason, diagnostics = self.diagnostics.join(" | "), "rules are not taken over");
    }
}

/// The store's disk is nearly full, or is so no more.
#[derive(Debug)]
pub struct DiskTurned {
    /// Bytes that are free.
    pub free: u64,
    /// What is wrong; none: nothing any more.
    pub short: Option<String>,
}

impl DiskTurned {
    /// Says so.
    pub fn happened(&self, metrics: &Metrics) {
        let Self { free, short } = self;
        if let Some(why) = short {
            metrics.disk_shortages.inc();
            error!(free, why, "the disk is nearly full: everything that can wait does");
        } else {
            info!(free, "the disk has room again: everything goes on");
        }
    }
}

/// What a retention lets go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    /// Decisions, with their runs.
    Decisions,
    /// Who was passed over.
    NonSends,
    /// What became of messages.
    Messages,
}

impl Kept {
    /// All of them.
    pub(super) const ALL: [Self; 3] = [Self::Decisions, Self::NonSends, Self::Messages];

    /// A word for it.
    pub(super) const fn label(self) -> &'static str {
        match self {
            Self::Decisions => "decisions",
            Self::NonSends => "non-sends",
            Self::Messages => "messages",
        }
    }
}

/// Old records were let go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Pruned {
    decisions: u64,
    non_sends: u64,
    messages: u64,
}

impl Pruned {
    /// So many more of a kind.
    pub const fn add(&mut self, kind: Kept, records: u64) {
        *self.of(kind) += records;
    }

    const fn of(&mut self, kind: Kept) -> &mut u64 {
        match kind {
            Kept::Decisions => &mut self.decisions,
            Kept::NonSends => &mut self.non_sends,
            Kept::Messages => &mut self.messages,
        }
    }

    /// All of them.
    #[must_use]
    pub const fn records(&self) -> u64 {
        self.decisions + self.non_sends + self.messages
    }

    /// Says so, where there were any.
    pub fn happened(mut self, metrics: &Metrics) {
        for kind in Kept::ALL {
            metrics.pruned.get_or_create(&ByKind { kind: kind.label() }).inc_by(*self.of(kind));
        }
        if self.records() > 0 {
            let Self { decisions, non_sends, messages } = self;
            info!(decisions, non_sends, messages, "records older than `[keep]` says are let go");
        }
    }
}

/// Something was posted, and kept as far as it was good.
#[derive(Debug, Clone, Copy)]
#[expect(missing_docs, reason = "rows, by what came of them")]
pub struct Posted {
    pub kind: &'static str,
    pub accepted: u64,
    pub unchanged: u64,
    pub rejected: u64,
}

impl Posted {
    /// Says so.
    pub fn happened(&self, metrics: &Metrics) {
        let Self { kind, accepted, unchanged, rejected } = *self;
        count_rows(
            metrics,
            "post",
            [("accepted", accepted), ("unchanged", unchanged), ("rejected", rejected)],
        );
        debug!(kind, accepted, unchanged, rejected, "posted");
    }
}

/// A file was imported.
#[derive(Debug, Clone, Copy)]
#[expect(missing_docs, reason = "rows, by what came of them")]
pub struct RowsImported {
    pub accepted: u64,
    pub unchanged: u64,
    pub rejected: u64,
}

impl RowsImported {
    /// Says so.
    pub fn happened(&self, metrics: &Metrics) {
        let Self { accepted, unchanged, rejected } = *self;
        count_rows(
            metrics,
            "file",
            [("accepted", accepted), ("unchanged", unchanged), ("rejected", rejected)],
        );
        debug!(accepted, unchanged, rejected, "a file was imported");
    }
}

fn count_rows(metrics: &Metrics, by: &'static str, counts: [(&'static str, u64); 3]) {
    for (result, count) in counts {
        metrics.rows.get_or_create(&Rows { by, result }).inc_by(count);
    }
}

/// Seconds since 1970, with fractions.
#[expect(clippy::cast_precision_loss, reason = "milliseconds of this millennium are exact")]
pub(super) fn seconds(at: Instant) -> f64 {
    at.0 as f64 / 1_000.0
}
