//! Changes that were handed to the writer and are not yet in sled, so that a reader finds what was
//! committed before, durable or not.

use std::collections::BTreeMap;
use std::ops::Bound;

use super::{Batch, Scan, StoreError};

type Waiting = (u64, Option<Vec<u8>>);

/// The last waiting change of each key, with the sequence of its commit.
#[derive(Debug, Default)]
pub(super) struct Overlay {
    changes: BTreeMap<Vec<u8>, Waiting>,
}

impl Overlay {
    /// Adds a batch that was handed over.
    pub(super) fn add(&mut self, sequence: u64, batch: &Batch) {
        for (key, value) in &batch.changes {
            self.changes.insert(key.clone(), (sequence, value.clone()));
        }
    }

    /// Forgets a batch that is in sled now, but for keys that a later one changes again.
    pub(super) fn forget(&mut self, sequence: u64, batch: &Batch) {
        for (key, _) in &batch.changes {
            if self.changes.get(key).is_some_and(|(last, _)| *last == sequence) {
                self.changes.remove(key);
            }
        }
    }

    /// The waiting change of a key, if there is one: its new value, or none where it is to be removed.
    pub(super) fn get(&self, key: &[u8]) -> Option<&Option<Vec<u8>>> {
        self.changes.get(key).map(|(_, value)| value)
    }

    /// The waiting changes of a range of keys, in order.
    pub(super) fn range(&self, start: &[u8], end: Bound<&[u8]>) -> Vec<(Vec<u8>, Option<Vec<u8>>)> {
        let range = self.changes.range::<[u8], _>((Bound::Included(start), end));
        range.map(|(key, (_, value))| (key.clone(), value.clone())).collect()
    }
}

/// Merges what was waiting when a scan began into what sled holds; the waiting one wins.
pub(super) fn merge<'a>(
    waiting: Vec<(Vec<u8>, Option<Vec<u8>>)>,
    stored: impl Iterator<Item = Result<(Vec<u8>, Vec<u8>), StoreError>> + 'a,
) -> Scan<'a> {
    let mut waiting = waiting.into_iter().peekable();
    let mut stored = stored.peekable();
    Box::new(std::iter::from_fn(move || {
        loop {
            let Some((key, _)) = waiting.peek() else { return stored.next() };
            match stored.peek() {
                Some(Err(_)) => return stored.next(),
                Some(Ok((other, _))) if other < key => return stored.next(),
                Some(Ok((other, _))) if other == key => drop(stored.next()),
                Some(Ok(_)) | None => {}
            }
            if let Some((key, Some(value))) = waiting.next() {
                return Some(Ok((key, value)));
            }
        }
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_merge_is_a_map_with_the_changes_applied(
            stored: BTreeMap<u8, u8>,
            changes: Vec<(u8, Option<u8>)>,
        ) {
            let mut overlay = Overlay::default();
            let mut expected = stored.clone();
            for (sequence, (key, value)) in (0..).zip(&changes) {
                let batch = Batch { changes: vec![(vec![*key], value.map(|v| vec![v]))] };
                overlay.add(sequence, &batch);
                match value {
                    Some(value) => expected.insert(*key, *value),
                    None => expected.remove(key),
                };
            }
            let stored = stored.into_iter().map(|(key, value)| Ok((vec![key], vec![value])));
            let merged: Result<Vec<_>, StoreError> =
                merge(overlay.range(&[], Bound::Unbounded), stored).collect();
            let expected: Vec<_> = expected.into_iter().map(|(k, v)| (vec![k], vec![v])).collect();
            prop_assert_eq!(merged.unwrap(), expected);
            for (sequence, (key, value)) in (0..).zip(&changes) {
                overlay.forget(sequence, &Batch { changes: vec![(vec![*key], value.map(|v| vec![v]))] });
            }
            prop_assert!(overlay.changes.is_empty());
        }
    }
}
