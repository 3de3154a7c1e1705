//! How others feel that a thread goes on: what it asks of its store is counted.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::store::{Batch, Receipt, Scan, Snapshot, Stats, Store, StoreError};

/// A count that moves while somebody works. Clones count together.
#[derive(Debug, Clone, Default)]
pub(super) struct Pulse(Arc<AtomicU64>);

impl Pulse {
    /// Something was done.
    pub(super) fn beat(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    /// How much was done so far: only whether it moved says anything.
    pub(super) fn count(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// A store whose reads and commits beat a pulse: an import of an hour, or a start that reads millions of
/// customers, is told from a thread that stands still, and nobody has to think of it.
pub(super) struct Felt {
    store: Arc<dyn Store>,
    pulse: Pulse,
}

impl Felt {
    /// The same store, felt.
    pub(super) fn shared(store: &Arc<dyn Store>, pulse: &Pulse) -> Arc<dyn Store> {
        Arc::new(Self { store: Arc::clone(store), pulse: pulse.clone() })
    }
}

impl Store for Felt {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.pulse.beat();
        self.store.get(key)
    }

    fn scan(&self, prefix: &[u8], from: &[u8]) -> Scan<'_> {
        Box::new(self.store.scan(prefix, from).inspect(|_| self.pulse.beat()))
    }

    fn commit(&self, batch: Batch) -> Receipt {
        // After it: who waits for a writer that stands still does not go on.
        let receipt = self.store.commit(batch);
        self.pulse.beat();
        receipt
    }

    fn snapshot(&self) -> Result<Box<dyn Snapshot + '_>, StoreError> {
        self.store.snapshot()
    }

    fn stats(&self) -> Result<Stats, StoreError> {
        self.store.stats()
    }

    fn failure(&self) -> Option<StoreError> {
        self.store.failure()
    }
}
