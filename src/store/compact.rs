//! A store written anew: what was removed from it stands in its files no more.
//!
//! sled lets go of old bytes when it pleases. Here everything that is still there is copied into a new
//! store beside the old one, and the two change places. A crash at any instant leaves one of them whole:
//!
//! ```text
//! store  store.compacting           copying: the old one counts
//!        store.compacting  store.before    between the two renames: the old one goes back
//! store                    store.before    done: the old one is removed
//! ```

use std::ffi::OsString;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use super::limits::BATCH_LIMIT;
use super::lock::Lock;
use super::sled_store::open;
use super::{Batch, Receipt, Store, StoreError, failure};
use crate::failpoint;
use crate::record::key::{self, MetaRecord};

/// Batches on their way at once.
const WAITING: usize = 32;

/// Writes the store in a directory anew; nobody may have it open. Bytes on disk before and after.
///
/// # Errors
/// [`StoreError::Locked`] while somebody has it, else what opening, reading or writing a store answers;
/// the old store is as it was then.
pub fn compact(directory: &Path) -> Result<(u64, u64), StoreError> {
    let failed = |error: io::Error| failure::io(directory, "compacting", &error);
    let (new, before) = (beside(directory, "compacting"), beside(directory, "before"));
    let old_bytes = {
        let old = open(directory)?;
        remove(&new).map_err(failed)?;
        let into = open(&new)?;
        copy(&old, &into)?;
        old.stats()?.bytes
    };
    failpoint::hit("compact_copied");
    let lock = Lock::take(directory)?;
    fs::rename(directory, &before).map_err(failed)?;
    failpoint::hit("compact_between");
    fs::rename(&new, directory).map_err(failed)?;
    sync_parent(directory).map_err(failed)?;
    failpoint::hit("compact_swapped");
    drop(lock);
    // Opening it removes the old one.
    let new_bytes = open(directory)?.stats()?.bytes;
    Ok((old_bytes, new_bytes))
}

/// Copies everything from one store into an empty one; who the store is comes last.
fn copy(from: &dyn Store, to: &dyn Store) -> Result<(), StoreError> {
    let identity = key::meta(MetaRecord::Identity);
    let (mut batch, mut last) = (Batch::default(), Batch::default());
    let mut receipts: Vec<Receipt> = Vec::new();
    for item in from.snapshot()?.scan(&[]) {
        let (key, value) = item?;
        if key == identity {
            last.put(key, value);
            continue;
        }
        batch.put(key, value);
        if batch.changes.len() == BATCH_LIMIT {
            receipts.push(to.commit(std::mem::take(&mut batch)));
        }
        if receipts.len() == WAITING {
            receipts.drain(..).try_for_each(|receipt| receipt.wait().map(drop))?;
        }
    }
    receipts.push(to.commit(batch));
    receipts.into_iter().try_for_each(|receipt| receipt.wait().map(drop))?;
    to.commit(last).wait().map(drop)
}

/// Before a store is opened: puts the old one back where a crash came between the two renames.
pub(super) fn put_back(directory: &Path) -> io::Result<()> {
    let before = beside(directory, "before");
    if !directory.exists() && before.exists() {
        fs::rename(&before, directory)?;
        sync_parent(directory)?;
    }
    Ok(())
}

/// Once a store is locked: removes what a compaction left beside it.
pub(super) fn clear(directory: &Path) -> io::Result<()> {
    remove(&beside(directory, "before"))
}

fn remove(directory: &Path) -> io::Result<()> {
    match fs::remove_dir_all(directory) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}

fn beside(directory: &Path, end: &str) -> PathBuf {
    let mut name = OsString::from(directory.as_os_str());
    name.push(".");
    name.push(end);
    PathBuf::from(name)
}

fn sync_parent(directory: &Path) -> io::Result<()> {
    match directory.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => File::open(parent)?.sync_all(),
        Some(_) | None => Ok(()),
    }
}
