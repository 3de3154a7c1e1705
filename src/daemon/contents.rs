//! What e-mails say, each version kept once in the store: a retry repeats it under any later rules.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use crate::store::limits::BATCH_LIMIT;
use crate::store::{Batch, Store, tables};

/// The versions that the store has.
pub(super) struct Contents {
    store: Arc<dyn Store>,
    known: Mutex<BTreeSet<String>>,
}

impl Contents {
    pub(super) fn new(store: Arc<dyn Store>) -> Self {
        Self { store, known: Mutex::default() }
    }

    /// Sees to it that a text is on its way to the disk.
    ///
    /// Commits become durable in the order in which they are handed over. So no claim that is handed
    /// over after this returns, by whichever worker, outlives a crash without its text; a text that
    /// went with one worker's claim could die under another worker's. Nobody waits: where the commit
    /// fails, so does the claim's.
    pub(super) fn keep(&self, hash: &str, text: &str) {
        if self.has(hash) {
            return;
        }
        let mut batch = Batch::default();
        tables::rules::put_content(&mut batch, hash, text);
        let mut changes = batch.changes;
        while !changes.is_empty() {
            let rest = changes.split_off(changes.len().min(BATCH_LIMIT));
            drop(self.store.commit(Batch { changes }));
            changes = rest;
        }
        self.known.lock().unwrap_or_else(PoisonError::into_inner).insert(hash.to_owned());
    }

    /// The text of a hash; none where the store does not have it.
    pub(super) fn read(&self, hash: &str) -> Option<String> {
        tables::rules::content(&*self.store, hash).ok().flatten()
    }

    fn has(&self, hash: &str) -> bool {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner).contains(hash);
        known || self.read(hash).is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Memory;

    #[test]
    fn a_text_is_handed_over_before_any_claim_that_needs_it() {
        let store = Arc::new(Memory::new());
        let contents = Contents::new(store.clone());
        contents.keep("a1", "words");
        assert_eq!(tables::rules::content(&*store, "a1").unwrap().as_deref(), Some("words"));
    }

    #[test]
    fn a_text_longer_than_a_commit_is_kept_whole() {
        let store = Arc::new(Memory::new());
        let long = "x".repeat(2 * 1_024 * 1_024);
        Contents::new(store.clone()).keep("b2", &long);
        // After a crash nothing of it is missing.
        assert_eq!(Contents::new(store).read("b2"), Some(long));
    }
}
