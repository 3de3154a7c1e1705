//! Seeing that something changed. What, is found out by reading.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Notify;

use super::kernel::Kernel;
use super::load::{LoadError, Loaded};
use super::settle::{self, Settled, load_settled, pause};
use crate::clock::Clock;
use crate::model::Duration;

/// A tree is read so often even if nobody saw a change: network file systems tell nothing.
pub const POLL: Duration = Duration::seconds(60);

/// A watched tree, and what is known of it. Whatever reads it goes through here, one reading after
/// the other: an older one can never be told after a newer one.
pub struct Watch {
    root: PathBuf,
    clock: Arc<dyn Clock>,
    poke: Arc<Notify>,
    kernel: Arc<Mutex<Kernel>>,
    told: Result<Loaded, LoadError>,
    /// Something was noticed that has not been read.
    due: bool,
}

impl std::fmt::Debug for Watch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Watch").field("root", &self.root).field("due", &self.due).finish_non_exhaustive()
    }
}

impl Watch {
    /// Watches `root`, of which `known` is what its reader already has.
    #[must_use]
    pub fn start(root: PathBuf, known: Result<Loaded, LoadError>, clock: Arc<dyn Clock>) -> Self {
        let poke = Arc::new(Notify::new());
        let mut kernel = Kernel::new(Arc::clone(&poke));
        kernel.look_at(&root);
        // What changed between `known` and the first look nobody has told.
        Self { root, clock, poke, kernel: Arc::new(Mutex::new(kernel)), told: known, due: true }
    }

    /// The next tree that differs from the one before, in its files or (after a commit of what was
    /// already there) in its commit alone. Cancel safe: what was noticed is read by the next call.
    ///
    /// # Errors
    /// Why the tree could not be read; each reason is told once, until it goes away or another
    /// takes its place.
    pub async fn next(&mut self) -> Result<Loaded, LoadError> {
        loop {
            if !self.due {
                let poll = settle::told("poll", POLL);
                tokio::select! {
                    () = self.poke.notified() => {
                        self.due = true;
                        self.quiet().await;
                    }
                    () = pause(&*self.clock, poll) => self.due = true,
                }
            }
            if self.refresh().await {
                return self.told.clone();
            }
        }
    }

    /// Reads the tree now, whether something was noticed or not.
    ///
    /// # Errors
    /// Why it could not be read.
    pub async fn read(&mut self) -> Result<Loaded, LoadError> {
        self.refresh().await;
        self.told.clone()
    }

    /// Reads the tree; whether there is anything new.
    async fn refresh(&mut self) -> bool {
        self.due = true;
        self.look().await;
        let settled = load_settled(&self.root, self.told.as_ref().ok(), &*self.clock).await;
        // Nobody says when whoever writes has finished.
        self.due = matches!(settled, Settled::Busy(_));
        let update = settled.into_result();
        let is_new = update != self.told;
        self.told = update;
        is_new
    }

    /// Looks at once.
    pub fn poke(&self) {
        self.poke.notify_one();
    }

    /// Before reading: a root that was swapped meanwhile must be watched before it is read, or a change
    /// in between is seen only by the next poll.
    async fn look(&self) {
        let (kernel, root) = (Arc::clone(&self.kernel), self.root.clone());
        let look = move || kernel.lock().unwrap_or_else(PoisonError::into_inner).look_at(&root);
        if tokio::task::spawn_blocking(look).await.is_err() {
            tracing::error!("the rules' folder could not be watched: an internal error, a bug of cvmd");
        }
    }

    /// Returns when nothing has been noticed for a while, or it has been going on too long.
    async fn quiet(&self) {
        let begun = self.clock.boot_elapsed();
        while self.clock.boot_elapsed().0 - begun.0 < settle::longest_unrest().0 {
            tokio::select! {
                () = self.poke.notified() => {}
                () = pause(&*self.clock, settle::quiet()) => return,
            }
        }
    }
}
