//! Messages that go by another queue than before: their webhook has another name now.

use super::{Entry, Index, Place, Standing};
use crate::record::MessageKey;

impl Index {
    /// Moves what stands in one queue to another, each message in its turn; what a worker has it brings
    /// back to its new queue by itself.
    pub(in crate::outbox) fn rehome(&mut self, from: usize, to: usize) {
        let stays = |entry: &Entry| entry.queue != from || matches!(entry.standing, Standing::Taken(_));
        let moving: Vec<MessageKey> =
            self.entries.iter().filter(|(_, entry)| !stays(entry)).map(|(key, _)| *key).collect();
        for key in moving {
            let Some(entry) = self.entries.get(&key).cloned() else { continue };
            self.leave(key, &entry);
            let name = self.queues[from].line.domains.name(entry.place.domain).to_owned();
            self.queues[from].line.domains.part(entry.place.domain);
            let line = &mut self.queues[to].line;
            let place = Place { domain: line.domains.join(&name), ..entry.place };
            if let Standing::Due(at) = entry.standing {
                line.insert(place, at, key);
            }
            self.entries.insert(key, Entry { queue: to, place, ..entry });
        }
        self.queues[to].changed.notify_waiters();
    }
}
