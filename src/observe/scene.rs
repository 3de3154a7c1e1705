//! How a daemon is at one moment: what gauges say.

use std::collections::BTreeMap;

use super::Metrics;
use super::events::seconds;
use super::metrics::{ByState, RulesInfo};
use crate::model::Instant;
use crate::record::MessageState;

/// The rules that run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RulesSeen {
    /// How many.
    pub count: u64,
    /// Their commit, as far as it is known.
    pub commit: String,
    /// The hash of their text.
    pub rule_set: String,
    /// Since when they run; none: since a time before this process.
    pub since: Option<Instant>,
}

/// How a daemon is at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a gauge of its own")]
pub struct Scene {
    /// The moment.
    pub now: Instant,
    /// When the daemon started.
    pub started: Instant,
    /// When it looks at everybody next.
    pub next_tick: Instant,
    /// What runs; none: nothing.
    pub rules: Option<RulesSeen>,
    /// Whether the last reading of the rules was refused.
    pub reload_failed: bool,
    /// Whether everything waits for a person.
    pub on_hold: bool,
    /// Whether rules wait for an import to be complete.
    pub waits_for_import: bool,
    /// Pauses in force.
    pub pauses: u64,
    /// Customers.
    pub customers: u64,
    /// Orders.
    pub orders: u64,
    /// Open messages by the word of their state; a state without one may be missing.
    pub outbox: BTreeMap<&'static str, u64>,
    /// When the oldest of them was decided.
    pub oldest: Option<Instant>,
    /// Mail and webhooks by which nothing goes out.
    pub unreachable: u64,
    /// Bytes on disk and commits since the start; none: they cannot be read.
    pub store: Option<(u64, u64)>,
    /// Whether the store takes nothing any more.
    pub store_failed: bool,
    /// Bytes free on the store's disk; none: nobody looks.
    pub disk_free: Option<u64>,
    /// Whether they are too few.
    pub disk_short: bool,
}

/// The states of a message that is not over.
const OPEN: [MessageState; 4] =
    [MessageState::Pending, MessageState::Claimed, MessageState::Retry, MessageState::InDoubt];

impl Metrics {
    /// Sets the gauges.
    pub(super) fn look_at(&self, scene: &Scene) {
        let count = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        self.start.set(seconds(scene.started));
        self.next_tick.set(seconds(scene.next_tick));
        self.reload_successful.set(i64::from(!scene.reload_failed));
        self.rules_info.clear();
        if let Some(RulesSeen { commit, rule_set, since, .. }) = &scene.rules {
            let labels = RulesInfo { commit: commit.clone(), rule_set: rule_set.clone() };
            self.rules_info.get_or_create(&labels).set(1);
            self.rules_since.set(seconds(since.unwrap_or(scene.started)));
        }
        self.rules.set(count(scene.rules.as_ref().map_or(0, |rules| rules.count)));
        self.on_hold.set(i64::from(scene.on_hold));
        self.waits_for_import.set(i64::from(scene.waits_for_import));
        self.pauses.set(count(scene.pauses));
        for state in OPEN.map(MessageState::label) {
            let messages = scene.outbox.get(state).copied().unwrap_or_default();
            self.outbox.get_or_create(&ByState { state }).set(count(messages));
        }
        self.oldest
            .set(scene.oldest.map_or(0.0, |oldest| seconds(Instant(scene.now.since(oldest).0.max(0)))));
        self.unreachable.set(count(scene.unreachable));
        if let Some((bytes, commits)) = scene.store {
            self.store_size.set(count(bytes));
            self.commits.inc_by(commits.saturating_sub(self.commits.get()));
        }
        self.store_failed.set(i64::from(scene.store_failed));
        self.disk_free.set(count(scene.disk_free.unwrap_or_default()));
        self.disk_short.set(i64::from(scene.disk_short));
        self.customers.set(count(scene.customers));
        self.orders.set(count(scene.orders));
    }
}
