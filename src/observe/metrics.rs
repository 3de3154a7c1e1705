//! The metrics of one daemon, by Prometheus' conventions: base units, `_total` for what only grows.

use std::sync::Mutex;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Metric, Registry, Unit};

use super::events::Kept;
use crate::record::{MessageState, Skip};

/// Seconds, with fractions.
pub(super) type Seconds = Gauge<f64, AtomicU64>;

/// A label `result` with a fixed word.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct Labelled {
    pub(super) result: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct ByReason {
    pub(super) reason: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct ByKind {
    pub(super) kind: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct ByState {
    pub(super) state: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct Delivery {
    pub(super) channel: String,
    pub(super) result: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct Rows {
    pub(super) by: &'static str,
    pub(super) result: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct Outages {
    pub(super) kind: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct RulesInfo {
    pub(super) commit: String,
    pub(super) rule_set: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct BuildInfo {
    version: &'static str,
}

/// All metrics of a daemon. What is counted as it happens is a counter or a histogram; what is looked up is a
/// gauge, filled from a [`super::Scene`] when somebody asks.
#[derive(Debug)]
pub struct Metrics {
    pub(super) registry: Registry,
    /// One exposition at a time: its gauges are of one moment.
    pub(super) exposing: Mutex<()>,
    pub(super) ticks: Family<Labelled, Counter>,
    pub(super) matches: Counter,
    pub(super) decisions: Counter,
    pub(super) missed: Counter,
    pub(super) not_sent: Family<ByReason, Counter>,
    pub(super) deliveries: Family<Delivery, Counter>,
    pub(super) reloads: Family<Labelled, Counter>,
    pub(super) rows: Family<Rows, Counter>,
    pub(super) holds: Family<ByReason, Counter>,
    pub(super) holds_over: Counter,
    pub(super) catch_ups: Family<Labelled, Counter>,
    pub(super) clock_steps: Family<Labelled, Counter>,
    pub(super) runs_held: Counter,
    pub(super) recovered: Family<ByState, Counter>,
    pub(super) outages: Family<Outages, Counter>,
    pub(super) outages_over: Counter,
    pub(super) tripped: Counter,
    pub(super) suppressed: Family<ByReason, Counter>,
    pub(super) unsubscribes: Counter,
    pub(super) erasures: Counter,
    pub(super) damaged: Counter,
    pub(super) commits: Counter,
    pub(super) pruned: Family<ByKind, Counter>,
    pub(super) tick_duration: Histogram,
    pub(super) evaluation_duration: Histogram,
    pub(super) decision_duration: Histogram,
    pub(super) last_tick: Seconds,
    pub(super) next_tick: Seconds,
    pub(super) start: Seconds,
    pub(super) reload_successful: Gauge,
    pub(super) rules_since: Seconds,
    pub(super) rules_info: Family<RulesInfo, Gauge>,
    pub(super) rules: Gauge,
    pub(super) on_hold: Gauge,
    pub(super) waits_for_import: Gauge,
    pub(super) pauses: Gauge,
    pub(super) outbox: Family<ByState, Gauge>,
    pub(super) oldest: Seconds,
    pub(super) unreachable: Gauge,
    pub(super) store_size: Gauge,
    pub(super) store_failed: Gauge,
    pub(super) disk_free: Gauge,
    pub(super) disk_short: Gauge,
    pub(super) disk_shortages: Counter,
    pub(super) customers: Gauge,
    pub(super) orders: Gauge,
}

/// From a millisecond to about a minute and a half.
fn durations() -> Histogram {
    Histogram::new(exponential_buckets(0.001, 3.0, 11))
}

/// Registers metrics under their names.
struct Registrar(Registry);

impl Registrar {
    fn add<M: Metric + Clone>(&mut self, name: &str, help: &str, metric: M) -> M {
        self.0.register(name, help, metric.clone());
        metric
    }

    fn seconds<M: Metric + Clone>(&mut self, name: &str, help: &str, metric: M) -> M {
        self.0.register_with_unit(name, help, Unit::Seconds, metric.clone());
        metric
    }

    fn bytes(&mut self, name: &str, help: &str) -> Gauge {
        let metric = Gauge::default();
        self.0.register_with_unit(name, help, Unit::Bytes, metric.clone());
        metric
    }
}

impl Default for Metrics {
    #[expect(clippy::too_many_lines, reason = "a table of what is counted")]
    fn default() -> Self {
        let mut to = Registrar(Registry::with_prefix("cvmd"));
        let build: Family<BuildInfo, Gauge> = Family::default();
        build.get_or_create(&BuildInfo { version: env!("CARGO_PKG_VERSION") }).set(1);
        to.add("build_info", "The version that runs", build);
        let mut metrics = Self {
            exposing: Mutex::new(()),
            ticks: to.add("ticks", "Looks at everybody, by what came of them", Family::default()),
            matches: to.add(
                "matches",
                "Customers who matched a rule when it looked and were not decided for that match before; \
                 who is not sent to is counted again at each tick",
                Counter::default(),
            ),
            decisions: to.add("decisions", "Decisions to send, call or set", Counter::default()),
            missed: to.add("missed_occurrences", "Scheduled times that were passed over", Counter::default()),
            not_sent: to.add(
                "not_sent",
                "Customers who matched and were not decided for, by reason; of a rule without a schedule each \
                 counts once a day",
                Family::default(),
            ),
            deliveries: to.add("deliveries", "Messages and calls that ended, by result", Family::default()),
            reloads: to.add("rules_reloads", "Readings of changed rules, by what came of them", Family::default()),
            rows: to.add("imported_rows", "Rows of imports and posts, by what came of them", Family::default()),
            holds: to.add("holds", "Times that everything was put on hold, by reason", Family::default()),
            holds_over: to.add("holds_released", "Holds that a person ended", Counter::default()),
            catch_ups: to.add(
                "catch_ups",
                "Rules that had something to catch up with, by whether that waited for a person",
                Family::default(),
            ),
            clock_steps: to.add("clock_steps", "Times that the clock was set, by direction", Family::default()),
            runs_held: to.add("runs_held", "Runs that were held for a person", Counter::default()),
            recovered: to.add(
                "recovered_messages",
                "Messages that were under way when the process before this one ended, by what was known",
                Family::default(),
            ),
            outages: to.add("outages", "Ways out that were left alone for a while, by kind", Family::default()),
            outages_over: to.add("outages_over", "Webhooks that are called again", Counter::default()),
            tripped: to.add("rules_tripped", "Rules that a policy paused", Counter::default()),
            suppressed: to.add("suppressed_addresses", "Addresses that were refused for good", Family::default()),
            unsubscribes: to.add("unsubscribes", "People who unsubscribed by a link", Counter::default()),
            erasures: to.add("erasures", "Customers who were erased", Counter::default()),
            damaged: to.add("damaged_records", "Records that did not read back and were left out", Counter::default()),
            commits: to.add("store_commits", "Commits made durable", Counter::default()),
            pruned: to.add(
                "store_pruned_records",
                "Records that were older than `[keep]` says and let go, by kind",
                Family::default(),
            ),
            tick_duration: to.seconds("tick_duration", "How long a tick took the decider", durations()),
            evaluation_duration: to.seconds(
                "evaluation_duration",
                "How long it took to find who matches, of a tick",
                durations(),
            ),
            decision_duration: to.seconds(
                "decision_duration",
                "How long it took to decide and make that durable, of a tick",
                durations(),
            ),
            last_tick: to.seconds("last_tick_timestamp", "When the last tick ended", Seconds::default()),
            next_tick: to.seconds("next_tick_timestamp", "When the next tick is due", Seconds::default()),
            start: to.seconds("start_timestamp", "When the daemon started", Seconds::default()),
            reload_successful: to.add(
                "rules_last_reload_successful",
                "Whether the last reading of the rules was taken over; 0: those before it run",
                Gauge::default(),
            ),
            rules_since: to.seconds("rules_since_timestamp", "Since when these rules run", Seconds::default()),
            rules_info: to.add("rules_info", "The rules that run", Family::default()),
            rules: to.add("rules", "How many rules run", Gauge::default()),
            on_hold: to.add("on_hold", "Whether everything waits for `cvmd resume all`", Gauge::default()),
            waits_for_import: to.add(
                "waits_for_import",
                "Whether rules wait for an import to be complete",
                Gauge::default(),
            ),
            pauses: to.add("pauses", "How many pauses are in force", Gauge::default()),
            outbox: to.add("outbox_messages", "Messages that are not over, by state", Family::default()),
            oldest: to.seconds(
                "outbox_oldest_age",
                "How long ago the oldest message that is not over was decided",
                Seconds::default(),
            ),
            unreachable: to.add(
                "unreachable_routes",
                "Mail or webhooks by which nothing goes out at present",
                Gauge::default(),
            ),
            store_size: to.bytes("store_size", "The store on disk"),
            store_failed: to.add("store_failed", "Whether the store takes nothing any more", Gauge::default()),
            disk_free: to.bytes(
                "disk_free",
                "Room on the store's disk, looked at every second; without `[daemon] min_free` 0",
            ),
            disk_short: to.add(
                "disk_short",
                "Whether everything that can wait does until the disk has more room",
                Gauge::default(),
            ),
            disk_shortages: to.add("disk_shortages", "How often that began", Counter::default()),
            customers: to.add("customers", "Customers in the store", Gauge::default()),
            orders: to.add("orders", "Orders in the store", Gauge::default()),
            registry: Registry::default(),
        };
        metrics.registry = to.0;
        metrics.begin_at_zero();
        metrics
    }
}

impl Metrics {
    /// What was not counted yet is there all the same: a rate needs a first value.
    fn begin_at_zero(&self) {
        for reason in Skip::ALL {
            drop(self.not_sent.get_or_create(&ByReason { reason: reason.label() }));
        }
        for result in ["done", "on hold", "waits for an import", "waits for room"] {
            drop(self.ticks.get_or_create(&Labelled { result }));
        }
        for result in ["taken over", "refused"] {
            drop(self.reloads.get_or_create(&Labelled { result }));
        }
        for state in [MessageState::Sent, MessageState::Dead, MessageState::Withdrawn] {
            drop(self.deliveries.get_or_create(&Delivery { channel: "email".into(), result: state.label() }));
        }
        for reason in ["gap", "restore", "clock step", "asked"] {
            drop(self.holds.get_or_create(&ByReason { reason }));
        }
        for result in ["forward", "back", "behind"] {
            drop(self.clock_steps.get_or_create(&Labelled { result }));
        }
        for kind in Kept::ALL {
            drop(self.pruned.get_or_create(&ByKind { kind: kind.label() }));
        }
        for by in ["file", "post"] {
            for result in ["accepted", "unchanged", "rejected"] {
                drop(self.rows.get_or_create(&Rows { by, result }));
            }
        }
    }

    /// So many more customers matched and were not decided for, for this reason.
    pub fn not_sent(&self, reason: Skip, customers: u64) {
        self.not_sent.get_or_create(&ByReason { reason: reason.label() }).inc_by(customers);
    }

    /// What a tick took: all of it, and of that to find who matches.
    pub fn took(&self, tick: Duration, evaluation: Duration) {
        self.tick_duration.observe(tick.as_secs_f64());
        self.evaluation_duration.observe(evaluation.as_secs_f64());
        self.decision_duration.observe(tick.saturating_sub(evaluation).as_secs_f64());
    }
}
