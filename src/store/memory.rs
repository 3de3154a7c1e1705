//! The store in memory: for tests, and for looking at files without a daemon. It can crash.
//!
//! A commit is durable at once, unless durability is [held back](Memory::hold): then batches wait,
//! visible to readers, until [released](Memory::release) as one group.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot::Sender;

use super::{Batch, Receipt, Scan, Sequence, Snapshot, Stats, Store, StoreError, limits, tables};

type Map = BTreeMap<Vec<u8>, Vec<u8>>;

/// A batch that readers see and a power loss undoes.
#[derive(Debug)]
struct Waiting {
    sequence: u64,
    /// What its keys held before, in the order of its changes.
    undo: Vec<(Vec<u8>, Option<Vec<u8>>)>,
    answer: Sender<Result<Sequence, StoreError>>,
}

#[derive(Debug, Default)]
struct Inner {
    map: Map,
    waiting: Vec<Waiting>,
    hold: bool,
    last: u64,
    commits: u64,
    groups: u64,
    /// Every batch since it was made, where a history is kept.
    history: Option<Vec<Batch>>,
    /// Commits until the disk fails, where it is to fail.
    left: Option<u64>,
    failure: Option<StoreError>,
}

/// A store in memory.
#[derive(Debug, Default)]
pub struct Memory(Mutex<Inner>);

impl Memory {
    /// A new store. Its id and its secret are zeros, so that tests decide the same each time.
    #[must_use]
    pub fn new() -> Self {
        let store = Self::default();
        let mut batch = Batch::default();
        tables::meta::put_identity(&mut batch, &tables::meta::identity_of([0; 48]));
        drop(store.commit(batch));
        store
    }

    /// A new store that remembers every batch, for [`Memory::history`].
    #[must_use]
    pub fn with_history() -> Self {
        let store = Self::new();
        store.lock().history = Some(Vec::new());
        store
    }

    /// Every batch committed since the store was made by [`Memory::with_history`], durable or not; a
    /// test replays any prefix of it into a new store and goes on from there.
    #[must_use]
    pub fn history(&self) -> Vec<Batch> {
        self.lock().history.clone().unwrap_or_default()
    }

    /// Holds durability back: from now on no commit is answered until [`Memory::release`].
    pub fn hold(&self) {
        self.lock().hold = true;
    }

    /// Makes durable what waits, as one group, and answers in order; later commits are durable at
    /// once again.
    pub fn release(&self) {
        let mut inner = self.lock();
        inner.hold = false;
        let group = std::mem::take(&mut inner.waiting);
        if !group.is_empty() {
            inner.groups += 1;
            inner.commits += group.len() as u64;
        }
        for waiting in group {
            // Whoever dropped the receipt does not want to know.
            let _ = waiting.answer.send(Ok(Sequence(waiting.sequence)));
        }
    }

    /// How many commits are not durable.
    #[must_use]
    pub fn undurable(&self) -> usize {
        self.lock().waiting.len()
    }

    /// How many groups became durable.
    #[must_use]
    pub fn groups(&self) -> u64 {
        self.lock().groups
    }

    /// The store as after a power loss at this instant: what is not durable is gone. This one goes
    /// on, so that a test can look at many such instants.
    #[must_use]
    pub fn crash(&self) -> Self {
        self.crash_keeping(0)
    }

    /// As [`Memory::crash`], where the disk had the first `kept` undurable batches already: what
    /// survives is always a prefix of what was committed.
    #[must_use]
    pub fn crash_keeping(&self, kept: usize) -> Self {
        let inner = self.lock();
        let mut map = inner.map.clone();
        for (key, before) in inner.waiting.iter().skip(kept).rev().flat_map(|lost| lost.undo.iter().rev()) {
            apply(&mut map, key, before.as_ref());
        }
        Self(Mutex::new(Inner { map, ..Inner::default() }))
    }

    /// Lets the disk fail after `commits` more commits, for good.
    pub fn fail_after(&self, commits: u64) {
        self.lock().left = Some(commits);
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn apply(map: &mut Map, key: &[u8], value: Option<&Vec<u8>>) -> Option<Vec<u8>> {
    match value {
        Some(value) => map.insert(key.to_vec(), value.clone()),
        None => map.remove(key),
    }
}

impl Inner {
    /// Refuses the batch where it is too large or the disk has failed.
    fn admit(&mut self, batch: &Batch) -> Result<(), StoreError> {
        limits::check(batch)?;
        if self.failure.is_none() && self.left == Some(0) {
            let error = StoreError::Io("the disk failed, as this test asked for".into());
            // What waited is lost with it, as on a disk.
            for waiting in self.waiting.drain(..) {
                let _ = waiting.answer.send(Err(error.clone()));
            }
            self.failure = Some(error);
        }
        self.left = self.left.map(|left| left.saturating_sub(1));
        self.failure.clone().map_or(Ok(()), Err)
    }
}

impl Store for Memory {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.lock().map.get(key).cloned())
    }

    fn scan(&self, prefix: &[u8], from: &[u8]) -> Scan<'_> {
        let prefix = prefix.to_vec();
        let mut start =
            Bound::Included(if from > prefix.as_slice() { from.to_vec() } else { prefix.clone() });
        Box::new(std::iter::from_fn(move || {
            let inner = self.lock();
            let (key, value) = inner.map.range((start.clone(), Bound::Unbounded)).next()?;
            start = Bound::Excluded(key.clone());
            key.starts_with(&prefix).then(|| Ok((key.clone(), value.clone())))
        }))
    }

    fn commit(&self, batch: Batch) -> Receipt {
        let mut inner = self.lock();
        if let Err(error) = inner.admit(&batch) {
            return Receipt::refused(error);
        }
        inner.last += 1;
        let sequence = inner.last;
        let (answer, receipt) = Receipt::new();
        let mut undo = Vec::new();
        for (key, value) in &batch.changes {
            let before = apply(&mut inner.map, key, value.as_ref());
            undo.push((key.clone(), before));
        }
        if let Some(history) = &mut inner.history {
            history.push(batch);
        }
        if inner.hold {
            inner.waiting.push(Waiting { sequence, undo, answer });
        } else {
            inner.groups += 1;
            inner.commits += 1;
            // The receiver is in our hands.
            let _ = answer.send(Ok(Sequence(sequence)));
        }
        receipt
    }

    fn snapshot(&self) -> Result<Box<dyn Snapshot + '_>, StoreError> {
        self.failure().map_or(Ok(()), Err)?;
        Ok(Box::new(Durable(self.crash())))
    }

    fn stats(&self) -> Result<Stats, StoreError> {
        let inner = self.lock();
        let bytes = inner.map.iter().map(|(key, value)| (key.len() + value.len()) as u64).sum();
        Ok(Stats { bytes, commits: inner.commits, free: None })
    }

    fn failure(&self) -> Option<StoreError> {
        self.lock().failure.clone()
    }
}

/// A copy of what was durable.
struct Durable(Memory);

impl Snapshot for Durable {
    fn scan(&self, prefix: &[u8]) -> Scan<'_> {
        Store::scan(&self.0, prefix, prefix)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(store: &Memory, key: u8, value: u8) -> Receipt {
        let mut batch = Batch::default();
        batch.put(vec![key], vec![value]);
        store.commit(batch)
    }

    #[test]
    fn a_crash_loses_what_is_not_durable_and_keeps_a_prefix() {
        let store = Memory::new();
        put(&store, 1, 1).wait().unwrap();
        store.hold();
        let receipts = [put(&store, 1, 2), put(&store, 2, 2), put(&store, 1, 3)];
        assert_eq!(store.get(&[1]).unwrap(), Some(vec![3]));
        let seen = |store: &Memory| (store.get(&[1]).unwrap(), store.get(&[2]).unwrap());
        assert_eq!(seen(&store.crash()), (Some(vec![1]), None));
        assert_eq!(seen(&store.crash_keeping(1)), (Some(vec![2]), None));
        assert_eq!(seen(&store.crash_keeping(2)), (Some(vec![2]), Some(vec![2])));
        assert_eq!(seen(&store.crash_keeping(9)), (Some(vec![3]), Some(vec![2])));
        let groups = store.groups();
        store.release();
        assert_eq!(store.groups(), groups + 1);
        let order: Vec<u64> = receipts.into_iter().map(|receipt| receipt.wait().unwrap().0).collect();
        assert!(order.is_sorted());
        assert_eq!(seen(&store.crash()), (Some(vec![3]), Some(vec![2])));
    }

    #[test]
    fn a_failed_disk_stays_failed() {
        let store = Memory::new();
        store.fail_after(1);
        put(&store, 1, 1).wait().unwrap();
        for _ in 0..2 {
            assert!(matches!(put(&store, 1, 2).wait(), Err(StoreError::Io(_))));
        }
        assert!(store.failure().is_some());
        assert_eq!(store.get(&[1]).unwrap(), Some(vec![1]));
    }
}
