//! The store on disk as it was between two commits, while later commits go on.
//!
//! sled has no such thing. But all changes go through one writer: from the moment of the snapshot it
//! notes, before it changes a key, what the key held. A scan reads sled and puts these notes over it.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::{Arc, Mutex, PoisonError};

use super::sled_store::{SledStore, beyond};
use super::{Batch, Item, Scan, Snapshot, StoreError};

/// Records that a scan reads before it looks at the notes again.
const CHUNK: usize = 1_000;

/// What keys held when the snapshot was taken, of those that were changed since.
#[derive(Debug, Default)]
pub(super) struct Before(Mutex<BTreeMap<Vec<u8>, Option<Vec<u8>>>>);

impl Before {
    /// Notes what the keys of a batch hold; to be called before the batch is applied.
    pub(super) fn note(&self, batch: &Batch, tree: &sled::Tree) -> Result<(), sled::Error> {
        let mut notes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for (key, _) in &batch.changes {
            if !notes.contains_key(key) {
                notes.insert(key.clone(), tree.get(key)?.map(|value| value.to_vec()));
            }
        }
        Ok(())
    }

    /// Puts back what a range of keys held.
    fn put_back(&self, start: Bound<&[u8]>, end: Bound<&[u8]>, items: &mut BTreeMap<Vec<u8>, Vec<u8>>) {
        let notes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for (key, value) in notes.range::<[u8], _>((start, end)) {
            match value {
                Some(value) => drop(items.insert(key.clone(), value.clone())),
                None => drop(items.remove(key)),
            }
        }
    }
}

/// A snapshot of the store on disk. Dropped, it costs the writer nothing any more.
pub(super) struct SledSnapshot<'a> {
    pub(super) store: &'a SledStore,
    pub(super) before: Arc<Before>,
}

impl SledSnapshot<'_> {
    /// The next items from `start` on, and where those after them start, if there are any.
    fn chunk(
        &self,
        start: Bound<&[u8]>,
        end: Bound<&[u8]>,
    ) -> Result<(Vec<Item>, Option<Vec<u8>>), StoreError> {
        let read: Result<Vec<Item>, StoreError> = self.store.stored(start, end)?.take(CHUNK).collect();
        let read = read?;
        let last = read.last().filter(|_| read.len() == CHUNK).map(|(key, _)| key.clone());
        let mut items: BTreeMap<Vec<u8>, Vec<u8>> = read.into_iter().collect();
        // After sled was read: whatever changed before or meanwhile is noted by now.
        self.before.put_back(start, last.as_deref().map_or(end, Bound::Included), &mut items);
        Ok((items.into_iter().collect(), last))
    }
}

impl Snapshot for SledSnapshot<'_> {
    fn scan(&self, prefix: &[u8]) -> Scan<'_> {
        let end = beyond(prefix);
        let mut next = Some(Bound::Included(prefix.to_vec()));
        let chunks = std::iter::from_fn(move || {
            let start = next.take()?;
            let end = end.as_deref().map_or(Bound::Unbounded, Bound::Excluded);
            Some(match self.chunk(start.as_ref().map(Vec::as_slice), end) {
                Ok((items, last)) => {
                    next = last.map(Bound::Excluded);
                    items.into_iter().map(Ok).collect::<Vec<_>>()
                }
                Err(error) => vec![Err(error)],
            })
        });
        Box::new(chunks.flatten())
    }
}
