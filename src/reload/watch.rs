//! Seeing that something changed. What, is found out by reading.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use notify_debouncer_full::notify::event::{AccessKind, AccessMode};
use notify_debouncer_full::notify::{EventKind, RecommendedWatcher, RecursiveMode};
use notify_debouncer_full::{DebounceEventResult, Debouncer, RecommendedCache, new_debouncer};
use tokio::sync::{Notify, mpsc};
use tokio::task::JoinHandle;

use super::load::{self, LoadError, Loaded, load_settled};
use crate::clock::Clock;
use crate::model::Duration;

/// A tree is read so often even if nobody saw a change: network file systems tell nothing.
pub const POLL: Duration = Duration::seconds(60);
/// No change for so long: whoever wrote has finished.
const QUIET: Duration = Duration(500);
/// Read after so long even if it is not quiet.
const LONGEST_UNREST: Duration = Duration::seconds(5);
/// The kernel's events are gathered for so long.
const GATHER: std::time::Duration = std::time::Duration::from_millis(100);

/// A watched tree. Dropping it ends the watching.
#[derive(Debug)]
pub struct Watch {
    updates: mpsc::Receiver<Result<Loaded, LoadError>>,
    poke: Arc<Notify>,
    task: JoinHandle<()>,
}

impl Watch {
    /// Watches `root`, of which `known` is what its reader already has. Must be called inside a
    /// tokio runtime.
    #[must_use]
    pub fn start(root: PathBuf, known: Loaded, clock: Arc<dyn Clock>) -> Self {
        // One update at a time: the next is read when the last has been taken.
        let (sender, updates) = mpsc::channel(1);
        let poke = Arc::new(Notify::new());
        let task = tokio::spawn(watch(root, known, clock, Arc::clone(&poke), sender));
        Self { updates, poke, task }
    }

    /// The next tree that differs from the one before, in its files or (after a commit of what was
    /// already there) in its commit alone. Cancel safe.
    ///
    /// # Errors
    /// Why the tree could not be read; each reason is told once, until it goes away or another
    /// takes its place.
    pub async fn next(&mut self) -> Result<Loaded, LoadError> {
        match self.updates.recv().await {
            Some(update) => update,
            // The task ends only with the watch.
            None => std::future::pending().await,
        }
    }

    /// Looks at once.
    pub fn poke(&self) {
        self.poke.notify_one();
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn watch(
    root: PathBuf,
    known: Loaded,
    clock: Arc<dyn Clock>,
    poke: Arc<Notify>,
    updates: mpsc::Sender<Result<Loaded, LoadError>>,
) {
    let mut kernel = Kernel::new(Arc::clone(&poke));
    let mut told = Ok(known);
    loop {
        kernel.look_at(&root);
        tokio::select! {
            () = poke.notified() => quiet(&poke, &*clock).await,
            () = clock.sleep(POLL) => {}
        }
        // Before reading: a root that was swapped meanwhile must be watched before it is read, or
        // a change in between is seen only by the next poll.
        kernel.look_at(&root);
        let update = load_settled(&root, &*clock).await;
        if update != told {
            told.clone_from(&update);
            if updates.send(update).await.is_err() {
                return;
            }
        }
    }
}

/// Returns when nothing has been noticed for a while, or it has been going on too long.
async fn quiet(poke: &Notify, clock: &dyn Clock) {
    let give_up = clock.now().plus(LONGEST_UNREST);
    loop {
        tokio::select! {
            () = poke.notified() => {}
            () = clock.sleep(QUIET) => return,
            () = clock.sleep_until(give_up) => return,
        }
    }
}

/// Whether what was seen may be a change: our own reading, which the kernel tells too, is none. An
/// error or an overflow may have swallowed one.
fn is_change(seen: &DebounceEventResult) -> bool {
    let reads = |kind: &EventKind| matches!(kind, EventKind::Access(access) if *access != AccessKind::Close(AccessMode::Write));
    match seen {
        Ok(events) => events.iter().any(|event| event.need_rescan() || !reads(&event.kind)),
        Err(_) => true,
    }
}

/// What the kernel watches for us; without it (too many watches, no inotify) the poll remains.
struct Kernel {
    debouncer: Option<Debouncer<RecommendedWatcher, RecommendedCache>>,
    /// The folders under watch, and whether with all below.
    watched: Vec<(PathBuf, RecursiveMode)>,
}

impl Kernel {
    fn new(poke: Arc<Notify>) -> Self {
        let handler = move |seen: DebounceEventResult| {
            if is_change(&seen) {
                poke.notify_one();
            }
        };
        let debouncer = new_debouncer(GATHER, None, handler);
        if let Err(error) = &debouncer {
            tracing::warn!(%error, "file changes cannot be watched: the rules are read every minute instead");
        }
        Self { debouncer: debouncer.ok(), watched: Vec::new() }
    }

    /// Watches the root's parent (the root may be replaced as a whole) and the folder that the root
    /// leads to, with all below.
    fn look_at(&mut self, root: &Path) {
        let Some(debouncer) = &mut self.debouncer else { return };
        let mut wanted = vec![(load::parent(root), RecursiveMode::NonRecursive)];
        if let Ok(real) =
            root.canonicalize().map(|real| if real.is_dir() { real } else { load::parent(&real) })
        {
            wanted.push((real, RecursiveMode::Recursive));
        }
        if wanted == self.watched {
            return;
        }
        for (folder, _) in self.watched.drain(..) {
            // A folder that is gone is watched no more: that is no news.
            let _ = debouncer.unwatch(&folder);
        }
        for (folder, mode) in &wanted {
            if let Err(error) = debouncer.watch(folder, *mode) {
                tracing::warn!(folder = %folder.display(), %error, "a folder of rules cannot be watched");
            }
        }
        self.watched = wanted;
    }
}
