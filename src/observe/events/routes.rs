//! Ways by which nothing goes out for a while, and rules that do harm.

use tracing::{info, warn};

use super::super::Metrics;
use super::super::metrics::Outages;
use crate::model::Instant;

fn count(metrics: &Metrics, kind: &'static str) {
    metrics.outages.get_or_create(&Outages { kind }).inc();
}

/// A webhook is not called for now.
#[derive(Debug)]
pub struct EndpointLeftAlone<'a> {
    /// Its name.
    pub webhook: &'a str,
    /// What the last call came to.
    pub reason: &'a str,
    /// Until one call finds out; none: until a person says so, for it answered 410.
    pub until: Option<Instant>,
}

impl EndpointLeftAlone<'_> {
    /// Says so.
    pub fn happened(&self, metrics: &Metrics) {
        let Self { webhook, reason, until } = self;
        match until {
            None => {
                count(metrics, "webhook gone");
                warn!(webhook, reason, "its calls wait until `cvmd resume webhook NAME`, or another address");
            }
            Some(until) => {
                count(metrics, "webhook failing");
                let until = until.to_string();
                warn!(webhook, reason, until, "too many calls in a row failed: the others wait");
            }
        }
    }
}

/// A webhook is called again.
#[derive(Debug)]
pub struct CalledAgain<'a>(pub &'a str);

impl CalledAgain<'_> {
    /// Says so.
    pub fn happened(&self, metrics: &Metrics) {
        metrics.outages_over.inc();
        info!(webhook = self.0, "a webhook is called again");
    }
}

/// Nothing goes out by a way.
#[derive(Debug)]
#[expect(missing_docs, reason = "the way, what is wrong, and when it is tried again")]
pub struct Unreachable<'a> {
    pub route: &'a str,
    pub reason: &'a str,
    pub until: Instant,
}

impl Unreachable<'_> {
    /// Says so.
    pub fn happened(&self, metrics: &Metrics) {
        count(metrics, "route");
        let Self { route, reason, until } = self;
        let until = until.to_string();
        warn!(route, reason, until, "cannot deliver: messages wait");
    }
}

/// A mail server is left alone for a while; others take its mail.
#[derive(Debug)]
#[expect(missing_docs, reason = "the server, what is wrong, and when it is tried again")]
pub struct RelaySetAside<'a> {
    pub relay: &'a str,
    pub reason: &'a str,
    pub until: Instant,
}

impl RelaySetAside<'_> {
    /// Says so.
    pub fn happened(&self, metrics: &Metrics) {
        count(metrics, "mail server");
        let Self { relay, reason, until } = self;
        let until = until.to_string();
        warn!(relay, reason, until, "a mail server is left alone for a while");
    }
}

/// A domain wants less mail. Which one may tell whose it is, and is not said.
#[derive(Debug)]
#[expect(missing_docs, reason = "what it said, and until when it is left alone")]
pub struct SlowedDown<'a> {
    pub reason: &'a str,
    pub until: Instant,
}

impl SlowedDown<'_> {
    /// Says so.
    pub fn happened(&self, metrics: &Metrics) {
        count(metrics, "domain");
        let Self { reason, until } = self;
        let until = until.to_string();
        info!(reason, until, "a recipient's domain wants less mail of us: its messages wait");
    }
}

/// A policy's guard paused a rule.
#[derive(Debug)]
#[expect(missing_docs, reason = "the rule, and the figures by which it was paused")]
pub struct RuleTripped<'a> {
    pub rule: &'a str,
    pub sign: &'a str,
    pub did: u64,
    pub sends: u64,
    pub above: &'a str,
    pub place: &'a str,
}

impl RuleTripped<'_> {
    /// Says so.
    pub fn happened(&self, metrics: &Metrics) {
        metrics.tripped.inc();
        let Self { rule, sign, did, sends, above, place } = self;
        warn!(
            rule,
            sign, did, sends, above, place, "a policy paused a rule: `cvmd resume rule NAME` lets it go on"
        );
    }
}
