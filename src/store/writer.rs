//! The one thread that writes: takes all batches that wait, applies them, syncs once, answers all.

use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::mpsc::Receiver;
use std::sync::{Arc, Mutex, PoisonError, RwLock, Weak};
use std::time::Duration;

use tokio::sync::oneshot::Sender;

use super::limits::{BATCH_LIMIT, GROUP_LIMIT};
use super::overlay::Overlay;
use super::snapshot::Before;
use super::{Batch, Sequence, StoreError, failure};
use crate::failpoint;

/// A batch on its way.
pub(super) struct Commit {
    pub(super) sequence: u64,
    pub(super) batch: Batch,
    pub(super) answer: Sender<Result<Sequence, StoreError>>,
}

/// What the writer is asked to do, in this order.
pub(super) enum Order {
    /// Make a batch durable.
    Commit(Commit),
    /// Note from now on what keys held before they change, and say so.
    Snapshot(Sender<Arc<Before>>),
}

/// What the writer and the readers share.
#[derive(Debug, Default)]
pub(super) struct Shared {
    pub(super) overlay: RwLock<Overlay>,
    /// The first error; once set, nothing is written any more.
    pub(super) failure: Mutex<Option<StoreError>>,
    /// Groups synced, commits made durable.
    pub(super) counts: Mutex<Counts>,
}

/// What the writer did since the store was opened.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Counts {
    pub(super) groups: u64,
    pub(super) commits: u64,
}

impl Shared {
    pub(super) fn failure(&self) -> Option<StoreError> {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn fail(&self, error: StoreError) {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
    }
}

/// The writer's side of an open store.
pub(super) struct Writer {
    pub(super) directory: PathBuf,
    pub(super) config: sled::Config,
    pub(super) tree: sled::Tree,
    /// An own handle on sled's file: `flush` writes, and only this syncs.
    pub(super) file: File,
    pub(super) sync_delay: Option<Duration>,
    pub(super) shared: Arc<Shared>,
    /// Those that may still be read.
    pub(super) snapshots: Vec<Weak<Before>>,
}

impl Writer {
    /// Runs until every sender is gone. After an error it goes on answering, with that error.
    pub(super) fn run(mut self, orders: &Receiver<Order>) {
        let mut next = orders.recv().ok();
        while let Some(order) = next.take() {
            match order {
                Order::Commit(first) => {
                    let mut group = vec![first];
                    while group.len() < GROUP_LIMIT {
                        match orders.try_recv() {
                            Ok(Order::Commit(commit)) => group.push(commit),
                            other => {
                                next = other.ok();
                                break;
                            }
                        }
                    }
                    self.make_durable(group);
                }
                Order::Snapshot(answer) => self.begin_snapshot(answer),
            }
            next = next.or_else(|| orders.recv().ok());
        }
    }

    /// All batches before it are applied by now.
    fn begin_snapshot(&mut self, answer: Sender<Arc<Before>>) {
        let before = Arc::new(Before::default());
        self.snapshots.retain(|snapshot| snapshot.strong_count() > 0);
        self.snapshots.push(Arc::downgrade(&before));
        // Whoever went away needs none.
        let _ = answer.send(before);
    }

    fn make_durable(&self, group: Vec<Commit>) {
        let result = match self.shared.failure() {
            Some(error) => Err(error),
            // sled asserts rather than returns some errors; its panic must not end the thread unseen.
            None => catch_unwind(AssertUnwindSafe(|| self.write(&group))).unwrap_or_else(|_| {
                // Often it panics over an error of the disk, which asks for another remedy.
                let first = failure::first(&self.directory, &self.config);
                let inside = "writing ended in an internal error of sled";
                Err(first.unwrap_or_else(|| failure::damaged(&self.directory, inside)))
            }),
        };
        match result {
            Ok(()) => {
                let mut counts = self.shared.counts.lock().unwrap_or_else(PoisonError::into_inner);
                counts.groups += 1;
                counts.commits += group.len() as u64;
            }
            Err(ref error) => self.shared.fail(error.clone()),
        }
        failpoint::hit("commit_before_reply");
        for commit in group {
            // Whoever dropped the receipt does not want to know.
            let _ = commit.answer.send(result.clone().map(|()| Sequence(commit.sequence)));
        }
    }

    fn write(&self, group: &[Commit]) -> Result<(), StoreError> {
        let failed = |error| failure::sled(&self.directory, "writing to", error);
        for some in joined(group) {
            for snapshot in self.snapshots.iter().filter_map(Weak::upgrade) {
                some.iter()
                    .try_for_each(|commit| snapshot.note(&commit.batch, &self.tree))
                    .map_err(failed)?;
            }
            let mut batch = sled::Batch::default();
            for (key, value) in some.iter().flat_map(|commit| &commit.batch.changes) {
                match value {
                    Some(value) => batch.insert(key.as_slice(), value.as_slice()),
                    None => batch.remove(key.as_slice()),
                }
            }
            self.tree.apply_batch(batch).map_err(failed)?;
            // Only now: a reader who no longer finds it here must find it in the tree.
            let mut overlay = self.shared.overlay.write().unwrap_or_else(PoisonError::into_inner);
            for commit in some {
                overlay.forget(commit.sequence, &commit.batch);
            }
        }
        failpoint::hit("commit_before_sync");
        if failpoint::sabotage("ack_before_sync") {
            return Ok(());
        }
        self.tree.flush().map_err(failed)?;
        // After a failed sync the kernel drops the dirty pages: trying again would succeed and lie.
        self.file.sync_data().map_err(|error| failure::io(&self.directory, "syncing", &error))?;
        failpoint::synced(&self.directory);
        if let Some(delay) = self.sync_delay.or_else(failpoint::sync_delay) {
            #[expect(clippy::disallowed_methods, reason = "benchmarks and tests only; imitates a slow disk")]
            std::thread::sleep(delay);
        }
        Ok(())
    }
}

/// Parts a group into runs of commits that together are no larger than one may be. Each run is one
/// batch of sled's: a batch costs it a write of its own, and of two changes of a key it keeps the
/// later one. What must be whole stays whole.
fn joined(group: &[Commit]) -> Vec<&[Commit]> {
    let (mut runs, mut first, mut changes) = (Vec::new(), 0, 0);
    for (index, commit) in group.iter().enumerate() {
        if index > first && changes + commit.batch.changes.len() > BATCH_LIMIT {
            runs.push(&group[first..index]);
            (first, changes) = (index, 0);
        }
        changes += commit.batch.changes.len();
    }
    runs.push(&group[first..]);
    runs
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn runs_keep_order_and_limit(sizes in proptest::collection::vec(0..=BATCH_LIMIT, 1..40)) {
            let commit = |(sequence, size)| Commit {
                sequence,
                batch: Batch { changes: vec![(vec![1], None); size] },
                answer: super::super::Receipt::new().0,
            };
            let group: Vec<Commit> = (0..).zip(sizes).map(commit).collect();
            let runs = joined(&group);
            let size = |run: &&[Commit]| run.iter().map(|commit| commit.batch.changes.len()).sum::<usize>();
            prop_assert!(runs.iter().all(|run| !run.is_empty() && size(run) <= BATCH_LIMIT));
            prop_assert!(runs.windows(2).all(|two| size(&two[0]) + two[1][0].batch.changes.len() > BATCH_LIMIT));
            let order: Vec<u64> = runs.iter().flat_map(|run| run.iter().map(|commit| commit.sequence)).collect();
            prop_assert_eq!(order, (0..group.len() as u64).collect::<Vec<_>>());
        }
    }
}
