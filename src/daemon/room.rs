//! Room on the store's disk. Before it is full the daemon stops what can wait: ticks, sends, posts, imports.
//! What is left is for what cannot: who unsubscribes, what a person asks, what is under way.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use crate::clock;
use crate::observe::DiskTurned;
use crate::store;

use super::Engine;
use super::service::Service;

/// Between two looks: what comes in the meantime must have room below the limit.
const EVERY: Duration = Duration::from_secs(1);

/// What is over must stay over for a while: a tenth more than the limit has to be free for that.
const MORE: u64 = 10;

/// Bytes of a megabyte, as the configuration counts.
const MB: u64 = 1_000_000;

/// What is watched.
#[derive(Debug)]
struct Watched {
    directory: PathBuf,
    limit: u64,
}

/// The room on a store's disk, as it was seen last; there is always enough where nothing is watched.
#[derive(Debug, Default)]
pub(super) struct Room {
    watched: OnceLock<Watched>,
    free: AtomicU64,
    short: AtomicBool,
}

impl Room {
    /// Watches the disk of a directory from now on, and looks at once; a limit of 0 means that nobody looks.
    pub(super) fn watch(&self, directory: &Path, limit: u64) {
        if limit > 0 {
            // Whoever watches already goes on.
            let _ = self.watched.set(Watched { directory: directory.to_owned(), limit });
            self.look();
        }
    }

    /// Looks at the disk; whether it turned from enough to short, or back. Where it does not say, nothing
    /// turns: what then fails says why.
    pub(super) fn look(&self) -> bool {
        let Some(Watched { directory, limit }) = self.watched.get() else { return false };
        let Ok(free) = store::free_bytes(directory) else { return false };
        self.free.store(free, Ordering::Relaxed);
        let was = self.is_short();
        let short = free < if was { limit.saturating_add(limit / MORE) } else { *limit };
        self.short.store(short, Ordering::Relaxed);
        short != was
    }

    /// Whether everything that can wait must.
    pub(super) fn is_short(&self) -> bool {
        self.short.load(Ordering::Relaxed)
    }

    /// How many bytes were free, where anybody looks.
    pub(super) fn free(&self) -> Option<u64> {
        self.watched.get().map(|_| self.free.load(Ordering::Relaxed))
    }

    /// What is wrong, for people; none while there is enough.
    pub(super) fn sentence(&self) -> Option<String> {
        let Watched { directory, limit } = self.watched.get().filter(|_| self.is_short())?;
        let (free, enough) = (megabytes(self.free()?), megabytes(limit.saturating_add(limit / MORE)));
        Some(format!(
            "the disk of `{}` has {free} left: nothing is decided, sent, posted or imported until {enough} are free; \
             make room, it goes on by itself (`[daemon] min_free` is {})",
            directory.display(),
            megabytes(*limit)
        ))
    }
}

/// Whole megabytes, rounded down: what is said to be there is there.
fn megabytes(bytes: u64) -> String {
    format!("{} MB", bytes / MB)
}

impl Engine {
    /// Looks whether there is room for more of what can wait.
    ///
    /// # Errors
    /// With a sentence for people where there is none.
    pub(super) fn has_room(&self) -> Result<(), String> {
        let room = &self.shared.room;
        room.look();
        room.sentence().map_or(Ok(()), Err)
    }
}

impl Service {
    /// Looks at the disk again and again; returns never.
    pub(super) async fn watch_room(&self) {
        let mut said = false;
        loop {
            let room = &self.shared.room;
            room.look();
            // Others look, too: what was said counts, not who saw it.
            if room.is_short() != said {
                said = !said;
                let free = room.free().unwrap_or_default();
                DiskTurned { free, short: room.sentence() }.happened(&self.shared.metrics);
                if !said {
                    self.outbox.recheck();
                    self.wake.notify_one();
                }
            }
            clock::nap(EVERY).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_looks_where_the_limit_is_zero() {
        let room = Room::default();
        room.watch(Path::new("/"), 0);
        assert!(!room.look() && !room.is_short() && room.free().is_none() && room.sentence().is_none());
    }

    #[test]
    fn a_disk_below_the_limit_is_short_and_says_so() {
        let folder = tempfile::tempdir().unwrap();
        let room = Room::default();
        room.watch(folder.path(), u64::MAX / 2);
        assert!(room.is_short());
        let said = room.sentence().unwrap();
        assert!(said.contains("nothing is decided") && said.contains(" MB left"), "{said}");
        let enough = Room::default();
        enough.watch(folder.path(), 1);
        assert!(!enough.is_short() && enough.free().unwrap() > 0 && enough.sentence().is_none());
    }
}
