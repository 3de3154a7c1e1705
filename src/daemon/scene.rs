//! How the daemon is, for its gauges: from what is known without asking the decider, which an import or a tick may
//! keep busy just when somebody looks.

use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};

use crate::model::Instant;
use crate::observe::{RulesSeen, Scene};
use crate::store::{Store, tables};

use super::service::Service;

/// The hash of the rules that the store calls good, and since when it does.
fn last_rules(store: &dyn Store) -> Option<(String, Instant)> {
    let last = tables::rules::active(store).ok().flatten()?;
    Some((last.hash.to_string(), last.since))
}

impl Service {
    /// How it is now.
    pub(super) async fn scene(&self) -> Scene {
        let (store, outbox) = (Arc::clone(&self.store), Arc::clone(&self.outbox));
        // The one asks the disk, the other goes through all that waits.
        let look = move || (store.stats().ok(), last_rules(&*store), outbox.counts());
        let (stats, last, counts) = tokio::task::spawn_blocking(look).await.unwrap_or_default();
        let seen = self.shared.get();
        let reload_failed = self.refused.lock().unwrap_or_else(PoisonError::into_inner).is_some();
        let rules = seen.active.as_ref().map(|active| RulesSeen {
            count: active.rules.rules.len() as u64,
            commit: active.rules.commit.clone(),
            rule_set: active.rules.hash.to_string(),
            since: last.filter(|(hash, _)| *hash == active.rules.hash.to_string()).map(|(_, since)| since),
        });
        Scene {
            now: self.clock.now(),
            started: self.started,
            next_tick: Instant(self.next_tick.load(Ordering::Relaxed)),
            rules,
            reload_failed,
            on_hold: seen.on_hold,
            waits_for_import: seen.waits_for_load,
            pauses: seen.pauses.0.len() as u64,
            customers: seen.population.len(),
            orders: seen.population.orders(),
            outbox: counts.by_state,
            oldest: counts.oldest,
            unreachable: self.outbox.troubles().len() as u64,
            store: stats.map(|stats| (stats.bytes, stats.commits)),
            store_failed: self.store.failure().is_some(),
            disk_free: self.shared.room.free(),
            disk_short: self.shared.room.is_short(),
        }
    }
}
