//! One process a store: an own lock file, taken before anything else is touched.

use std::fs::{self, File, TryLockError};
use std::io::Write;
use std::path::Path;

use super::{StoreError, failure};

/// The lock's file name in the store's directory. It stays when the lock is released: removing it
/// would let two processes lock two files of one name.
pub const LOCK_FILE: &str = "lock";

/// Holds the store until dropped; the kernel releases it when the process ends, however it ends.
#[derive(Debug)]
pub(super) struct Lock {
    _file: File,
}

impl Lock {
    /// Takes the lock and writes this process's id into it, for whoever is refused.
    pub(super) fn take(directory: &Path) -> Result<Self, StoreError> {
        let path = directory.join(LOCK_FILE);
        let failed = |error| failure::io(directory, "locking", &error);
        let mut file = File::options()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .open(&path)
            .map_err(failed)?;
        let locked = patiently(|| match file.try_lock() {
            Ok(()) => Some(Ok(())),
            Err(TryLockError::WouldBlock) => None,
            Err(TryLockError::Error(error)) => Some(Err(failed(error))),
        });
        locked.unwrap_or_else(|| Err(held(directory, &path)))?;
        file.set_len(0).map_err(failed)?;
        writeln!(file, "{}", std::process::id()).map_err(failed)?;
        Ok(Self { _file: file })
    }
}

/// Tries for half a second. A program that the last owner was starting as it ended holds copies of
/// its locks until it runs; so do sled's threads for a moment after a store was closed.
pub(super) fn patiently<T>(mut attempt: impl FnMut() -> Option<T>) -> Option<T> {
    (0..50).find_map(|n| {
        if n > 0 {
            #[expect(clippy::disallowed_methods, reason = "2026-11: the kernel's time, not the rules'")]
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        attempt()
    })
}

fn held(directory: &Path, path: &Path) -> StoreError {
    // Whoever took the lock an instant ago may not have written its id yet.
    let owner = fs::read_to_string(path).unwrap_or_default();
    let owner = match owner.trim() {
        "" => "another process".to_owned(),
        pid => format!("another cvmd (process {pid})"),
    };
    StoreError::Locked(format!(
        "{owner} uses the store in `{}`: stop it first, or give this one another `data` directory in cvmd.toml",
        directory.display()
    ))
}
