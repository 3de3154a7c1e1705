//! What is older than `[keep]` says goes, a small commit at a time: found beside the decider, removed by it, so
//! that posts and ticks wait for one commit at most. What decisions read is not among it: nothing that is
//! decided afterwards differs.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use crate::clock;
use crate::config::Keep;
use crate::failpoint;
use crate::model::{Instant, RuleNumber};
use crate::observe::{Kept, Pruned};
use crate::store::{Batch, Store, StoreError, tables};

use super::Engine;
use super::service::Service;

/// Records that one commit lets go: far from what the store takes at once.
const PART: usize = 100;

/// Before the first look, for a start has enough to do, and between two.
const FIRST: Duration = Duration::from_mins(1);
const EVERY: Duration = Duration::from_hours(1);

/// Between two commits: others want the disk, too.
const BREATH: Duration = Duration::from_millis(10);

/// One kind of what is let go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Job {
    NonSends(RuleNumber, Instant),
    Runs(RuleNumber, Instant),
    Messages(Instant),
}

/// Keys of one kind, to be removed in this order.
type Part = (Kept, Vec<Vec<u8>>);

/// A walk through all that is too old.
pub(super) struct Sweep(VecDeque<Job>);

impl Sweep {
    /// Through what is older at `now` than it is kept.
    fn new(keep: &Keep, rules: impl Iterator<Item = RuleNumber>, now: Instant) -> Self {
        let mut jobs = VecDeque::new();
        for rule in rules {
            jobs.extend(keep.non_sends.map(|kept| Job::NonSends(rule, now.minus(kept))));
            jobs.extend(keep.decisions.map(|kept| Job::Runs(rule, now.minus(kept))));
        }
        jobs.extend(keep.decisions.map(|kept| Job::Messages(now.minus(kept))));
        Self(jobs)
    }

    /// The next keys to remove, in this order; none at the end. What was found before must be gone.
    fn next(&mut self, store: &dyn Store) -> Result<Option<Part>, StoreError> {
        while let Some(job) = self.0.front() {
            let (kind, keys) = match *job {
                Job::NonSends(rule, before) => {
                    (Kept::NonSends, tables::old::non_sends(store, rule, before, PART)?)
                }
                Job::Runs(rule, before) => (Kept::Decisions, tables::old::runs(store, rule, before, PART)?),
                Job::Messages(before) => (Kept::Messages, tables::old::finished(store, before, PART)?),
            };
            if !keys.is_empty() {
                return Ok(Some((kind, keys)));
            }
            self.0.pop_front();
        }
        Ok(None)
    }
}

impl Engine {
    /// Lets go what is older than it is kept. How many records it was.
    ///
    /// # Errors
    /// When the store fails; what went is gone, the rest goes the next time.
    pub fn prune(&self, keep: &Keep, now: Instant) -> Result<u64, StoreError> {
        let mut sweep = Sweep::new(keep, self.names.values().copied(), now);
        let mut pruned = Pruned::default();
        while let Some((kind, keys)) = sweep.next(&*self.store)? {
            pruned.add(kind, keys.len() as u64);
            self.let_go_of(keys)?;
        }
        pruned.happened(&self.shared.metrics);
        Ok(pruned.records())
    }

    fn let_go_of(&self, keys: Vec<Vec<u8>>) -> Result<(), StoreError> {
        let mut batch = Batch::default();
        for key in keys {
            batch.remove(key);
        }
        failpoint::hit("prune_before_commit");
        self.store.commit(batch).wait().map(drop)
    }
}

impl Service {
    /// Lets go what is older than it is kept, now and then; returns when the store failed.
    pub(super) async fn prune_for_ever(&self) -> String {
        clock::nap(failpoint::wait("prune").unwrap_or(FIRST)).await;
        loop {
            // Removing writes, and gives the disk nothing back.
            if !self.shared.room.is_short()
                && let Err(error) = self.prune().await
            {
                return format!("the store failed: {error}");
            }
            clock::nap(failpoint::wait("prune").unwrap_or(EVERY)).await;
        }
    }

    async fn prune(&self) -> Result<(), StoreError> {
        let rules: std::collections::BTreeSet<RuleNumber> =
            self.shared.get().names.values().copied().collect();
        let mut sweep = Sweep::new(&self.config.keep, rules.into_iter(), self.clock.now());
        let mut pruned = Pruned::default();
        loop {
            let (store, decider) = (Arc::clone(&self.store), self.decider.clone());
            let part = move || -> Result<_, StoreError> {
                let Some((kind, keys)) = sweep.next(&*store)? else { return Ok((sweep, None)) };
                let count = keys.len() as u64;
                decider.work(move |engine| engine.let_go_of(keys))??;
                Ok((sweep, Some((kind, count))))
            };
            let done = tokio::task::spawn_blocking(part).await.unwrap_or(Err(StoreError::Closed))?;
            sweep = done.0;
            let Some((kind, count)) = done.1 else { break };
            pruned.add(kind, count);
            clock::nap(BREATH).await;
        }
        pruned.happened(&self.shared.metrics);
        Ok(())
    }
}
