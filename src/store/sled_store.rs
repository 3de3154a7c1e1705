//! The store on disk.

use std::fs::{self, File};
use std::ops::Bound;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use super::flusher::Flusher;
use super::limits::{self, QUEUE_LIMIT};
use super::lock::{Lock, patiently};
use super::overlay::merge;
use super::snapshot::SledSnapshot;
use super::writer::{Commit, Order, Shared, Writer};
use super::{Batch, Item, Receipt, Scan, Snapshot, Stats, Store, StoreError, compact, failure, tables};
use crate::failpoint;

/// How a store is opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// Bytes of sled's page cache.
    pub cache_bytes: u64,
    /// Waits so long after each sync, as a slow disk would. For benchmarks only.
    pub sync_delay: Option<Duration>,
}

impl Default for Options {
    fn default() -> Self {
        Self { cache_bytes: 256 * 1_024 * 1_024, sync_delay: None }
    }
}

/// A store in a directory. Closed when dropped, after what was committed is durable.
///
/// Any error of the disk makes it fail for good: each later commit answers that error and
/// [`Store::failure`] says it. The daemon exits then and systemd starts it anew; reads go on, so that
/// it can say what happened.
#[derive(Debug)]
pub struct SledStore {
    directory: PathBuf,
    /// Knows the first error of sled's threads.
    config: sled::Config,
    db: Option<sled::Db>,
    shared: Arc<Shared>,
    /// The order of commits is the order in which this is held.
    sender: Mutex<Option<SyncSender<Order>>>,
    last: AtomicU64,
    writer: Option<JoinHandle<()>>,
    flusher: Flusher,
    /// Released last.
    _lock: Lock,
}

/// Opens the store in a directory, making it where there is none.
///
/// # Errors
/// [`StoreError::Locked`] while another process has it, [`StoreError::Corrupt`] where it is damaged,
/// [`StoreError::Newer`] where a newer version made it, else [`StoreError::Io`].
pub fn open(directory: &Path) -> Result<SledStore, StoreError> {
    open_with(directory, &Options::default())
}

/// Opens the store in a directory in a certain way.
///
/// # Errors
/// As [`open`].
pub fn open_with(directory: &Path, options: &Options) -> Result<SledStore, StoreError> {
    let failed = |error: std::io::Error| failure::io(directory, "opening", &error);
    compact::put_back(directory).map_err(failed)?;
    fs::create_dir_all(directory).map_err(failed)?;
    let lock = Lock::take(directory)?;
    compact::clear(directory).map_err(failed)?;
    remove_leftovers(directory).map_err(failed)?;
    failpoint::hit("open_before_sled");
    let config = sled::Config::new()
        .path(directory)
        .cache_capacity(options.cache_bytes)
        // Never none: without its flusher sled collects no garbage.
        .flush_every_ms(Some(500));
    let (db, flusher) = Flusher::find(|| open_sled(directory, &config))?;
    let file = File::options().write(true).open(directory.join("db")).map_err(failed)?;
    // What a killed process wrote and did not sync reads back, and must not get lost any more.
    file.sync_data().map_err(failed)?;
    sync_names(directory).map_err(failed)?;
    failpoint::synced(directory);
    let shared = Arc::new(Shared::default());
    let writer = Writer {
        directory: directory.to_owned(),
        config: config.clone(),
        tree: sled::Tree::clone(&db),
        file,
        sync_delay: options.sync_delay,
        shared: Arc::clone(&shared),
        snapshots: Vec::new(),
    };
    let (sender, receiver) = sync_channel(QUEUE_LIMIT);
    let thread = std::thread::Builder::new().name("store writer".into());
    let writer = thread.spawn(move || writer.run(&receiver)).map_err(failed)?;
    let store = SledStore {
        directory: directory.to_owned(),
        config,
        db: Some(db),
        shared,
        sender: Mutex::new(Some(sender)),
        last: AtomicU64::new(0),
        writer: Some(writer),
        flusher,
        _lock: lock,
    };
    failpoint::hit("open_before_identity");
    tables::meta::prepare(&store)?;
    Ok(store)
}

/// A kill while sled writes its snapshot leaves one that it takes for a damaged store.
fn remove_leftovers(directory: &Path) -> std::io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.starts_with("snap.") && name.ends_with(".generating") {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

/// sled syncs neither its small configuration nor the names of its files.
fn sync_names(directory: &Path) -> std::io::Result<()> {
    File::open(directory.join("conf"))?.sync_all()?;
    File::open(directory)?.sync_all()?;
    match directory.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => File::open(parent)?.sync_all(),
        Some(_) | None => Ok(()),
    }
}

fn open_sled(directory: &Path, config: &sled::Config) -> Result<sled::Db, StoreError> {
    // sled asserts on some kinds of damage.
    let open = || {
        catch_unwind(AssertUnwindSafe(|| config.open()))
            .map_err(|_| failure::damaged(directory, "opening it ended in an internal error of sled"))?
            .map_err(|error| failure::sled(directory, "opening", error))
    };
    // sled has a lock of its own, which it says in these words only.
    let is_locked = |error: &StoreError| match error {
        StoreError::Io(text) => text.contains("could not acquire lock"),
        StoreError::Locked(_)
        | StoreError::Corrupt(_)
        | StoreError::Newer(_)
        | StoreError::Refused(_)
        | StoreError::Closed => false,
    };
    let opened = patiently(|| Some(open()).filter(|opened| !opened.as_ref().is_err_and(is_locked)));
    opened.unwrap_or_else(open)
}

/// The first key beyond all that begin with `prefix`; none where there is no such key.
pub(super) fn beyond(prefix: &[u8]) -> Option<Vec<u8>> {
    let last = prefix.iter().rposition(|&byte| byte < u8::MAX)?;
    let mut end = prefix[..=last].to_vec();
    end[last] += 1;
    Some(end)
}

impl SledStore {
    /// How many groups were synced since it was opened, for tests and benchmarks.
    #[must_use]
    pub fn groups(&self) -> u64 {
        self.shared.counts.lock().unwrap_or_else(PoisonError::into_inner).groups
    }

    fn db(&self) -> Result<&sled::Db, StoreError> {
        self.db.as_ref().ok_or(StoreError::Closed)
    }

    /// What sled holds of a range of keys, without what is on its way there; ends after an error.
    pub(super) fn stored(
        &self,
        start: Bound<&[u8]>,
        end: Bound<&[u8]>,
    ) -> Result<impl Iterator<Item = Result<Item, StoreError>> + use<'_>, StoreError> {
        let mut failed = false;
        Ok(self.db()?.range::<&[u8], _>((start, end)).map_while(move |item| {
            // After an error sled may answer the same one for ever.
            let go_on = !failed;
            failed |= item.is_err();
            go_on.then(|| match item {
                Ok((key, value)) => Ok((key.to_vec(), value.to_vec())),
                Err(error) => Err(failure::sled(&self.directory, "reading", error)),
            })
        }))
    }

    fn hand_over(&self, batch: Batch) -> Result<Receipt, StoreError> {
        limits::check(&batch)?;
        if let Some(error) = self.failure() {
            return Err(error);
        }
        let sender = self.sender.lock().unwrap_or_else(PoisonError::into_inner);
        let sender = sender.as_ref().ok_or(StoreError::Closed)?;
        let sequence = self.last.fetch_add(1, Ordering::Relaxed) + 1;
        let (answer, receipt) = Receipt::new();
        self.shared.overlay.write().unwrap_or_else(PoisonError::into_inner).add(sequence, &batch);
        let commit = Commit { sequence, batch, answer };
        // Waits while the queue is full: whoever commits too fast for the disk is slowed down here.
        sender.send(Order::Commit(commit)).map_err(|_| StoreError::Closed)?;
        Ok(receipt)
    }
}

impl Store for SledStore {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        if let Some(waiting) = self.shared.overlay.read().unwrap_or_else(PoisonError::into_inner).get(key) {
            return Ok(waiting.clone());
        }
        let value = self.db()?.get(key).map_err(|error| failure::sled(&self.directory, "reading", error))?;
        Ok(value.map(|value| value.to_vec()))
    }

    fn scan(&self, prefix: &[u8], from: &[u8]) -> Scan<'_> {
        let start = if from > prefix { from } else { prefix }.to_vec();
        let end = beyond(prefix);
        let bound = end.as_deref().map_or(Bound::Unbounded, Bound::Excluded);
        if end.as_ref().is_some_and(|end| *end <= start) {
            return Box::new(std::iter::empty());
        }
        // Taken before sled is asked: what leaves it later is in sled by then.
        let waiting = self.shared.overlay.read().unwrap_or_else(PoisonError::into_inner).range(&start, bound);
        let stored = match self.stored(Bound::Included(&start), bound) {
            Ok(stored) => stored,
            Err(error) => return Box::new(std::iter::once(Err(error))),
        };
        merge(waiting, stored)
    }

    fn commit(&self, batch: Batch) -> Receipt {
        self.hand_over(batch).unwrap_or_else(Receipt::refused)
    }

    fn snapshot(&self) -> Result<Box<dyn Snapshot + '_>, StoreError> {
        self.failure().map_or(Ok(()), Err)?;
        let (answer, begun) = tokio::sync::oneshot::channel();
        let sender = self.sender.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let sent = sender.ok_or(StoreError::Closed)?.send(Order::Snapshot(answer));
        sent.map_err(|_| StoreError::Closed)?;
        let before = begun.blocking_recv().map_err(|_| StoreError::Closed)?;
        // What was handed over before it may have failed meanwhile.
        self.failure().map_or(Ok(()), Err)?;
        Ok(Box::new(SledSnapshot { store: self, before }))
    }

    fn stats(&self) -> Result<Stats, StoreError> {
        let failed = |error| failure::sled(&self.directory, "measuring", error);
        let counts = *self.shared.counts.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(Stats {
            bytes: self.db()?.size_on_disk().map_err(failed)?,
            commits: counts.commits,
            free: super::free_bytes(&self.directory).ok(),
        })
    }

    fn failure(&self) -> Option<StoreError> {
        let known = self.shared.failure();
        if known.is_none() && !self.flusher.is_alive() {
            self.shared.fail(failure::flusher(&self.directory, &self.config));
        }
        self.shared.failure()
    }
}

impl Drop for SledStore {
    fn drop(&mut self) {
        self.sender.get_mut().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(writer) = self.writer.take() {
            // It catches its own panics; nothing is left to say about one here.
            let _ = writer.join();
        }
        // Before the lock is released.
        self.db.take();
    }
}
