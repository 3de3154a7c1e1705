//! Messages that ended before anything of them went out give their room under the caps back.

use crate::record::{Contact, ContactKind};
use crate::store::{Batch, StoreError, tables};

use super::Engine;

/// Entries that one commit takes back at most: each is a record and a mark.
const AT_ONCE: usize = 100;

impl Engine {
    /// Takes back the ledger's entries of messages that the outbox withdrew: each once, entry and mark
    /// in one commit.
    ///
    /// # Errors
    /// When the store fails.
    pub fn take_back(&mut self) -> Result<(), StoreError> {
        let marks = tables::messages::taken_back(&*self.store).collect::<Result<Vec<_>, _>>()?;
        for some in marks.chunks(AT_ONCE) {
            let mut batch = Batch::default();
            let mut entries: Vec<Contact> = Vec::new();
            for mark in some {
                let decision = mark.key.decision;
                let code = match &mark.channel {
                    Some(channel) => self.channels.iter().position(|known| known == channel),
                    None => None,
                };
                let channel = code.map(|code| u8::try_from(code).unwrap_or(15).min(15));
                if mark.channel.is_none() || channel.is_some() {
                    let entry = self.ledger.entry_of(decision.customer, decision.rule, mark.due, channel);
                    let entry = entry.map(|entry| Contact { kind: ContactKind::Withdrawn, ..entry });
                    // Remembered at once, so that a second mark of the decision finds the next entry;
                    // a commit that fails ends the engine.
                    if let Some(entry) = entry {
                        self.ledger.add(entry);
                        entries.push(entry);
                    }
                }
                tables::messages::remove_taken_back(&*self.store, &mut batch, mark.key)?;
            }
            let next = tables::ledger::append(&mut batch, self.next_ledger, &entries);
            self.store.commit(batch).wait()?;
            self.next_ledger = next;
        }
        Ok(())
    }
}
