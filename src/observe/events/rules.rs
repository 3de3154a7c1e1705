//! Rules that are read.

use tracing::{error, info};

use super::super::Metrics;
use super::super::metrics::Labelled;

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
