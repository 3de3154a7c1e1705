//! Whether sled's own thread lives: it collects garbage, and dies quietly on an I/O error.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

/// What sled calls its thread.
const NAME: &str = "log flusher";

/// Looks at the list of threads before we give up knowing.
const PATIENCE: u32 = 2_000;

/// Two stores opened at once could not tell their threads apart.
static OPENING: Mutex<()> = Mutex::new(());

/// The flusher of one open store.
#[derive(Debug)]
pub(super) struct Flusher {
    /// Its place in /proc; none where there is no /proc, and then nothing is known.
    thread: Option<PathBuf>,
}

impl Flusher {
    /// Runs `open` and finds the thread that it started.
    pub(super) fn find<T, E>(open: impl FnOnce() -> Result<T, E>) -> Result<(T, Self), E> {
        let _guard = OPENING.lock().unwrap_or_else(PoisonError::into_inner);
        let before = threads();
        let opened = open()?;
        // A thread names itself once it runs, which may be a little after it was made.
        let new = (0..PATIENCE).find_map(|_| {
            let new: Vec<PathBuf> = threads().difference(&before).cloned().collect();
            std::thread::yield_now();
            (!new.is_empty()).then_some(new)
        });
        // Two would be another's that was slower than our patience: better to know nothing.
        let thread = new.and_then(|new| <[PathBuf; 1]>::try_from(new).ok()).map(|[thread]| thread);
        Ok((opened, Self { thread }))
    }

    /// Whether it runs, as far as anybody can tell.
    pub(super) fn is_alive(&self) -> bool {
        self.thread.as_ref().is_none_or(|thread| thread.exists())
    }
}

fn threads() -> BTreeSet<PathBuf> {
    let Ok(tasks) = fs::read_dir("/proc/self/task") else { return BTreeSet::new() };
    let paths = tasks.filter_map(|task| task.ok().map(|task| task.path()));
    paths.filter(|path| fs::read_to_string(path.join("comm")).is_ok_and(|name| name.trim() == NAME)).collect()
}
