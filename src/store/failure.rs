//! sled's and the file system's errors in an operator's words.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

use super::StoreError;

/// An I/O error on the store in `directory`.
pub(super) fn io(directory: &Path, doing: &str, error: &io::Error) -> StoreError {
    let directory = directory.display();
    let advice = match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            "free space on its disk, then start cvmd again; what was acknowledged is safe"
        }
        io::ErrorKind::PermissionDenied => {
            "give the user that runs cvmd the right to write there (under systemd: `StateDirectory=`)"
        }
        io::ErrorKind::ReadOnlyFilesystem => {
            "mount its disk for writing, then start cvmd again; look into the kernel's log first, for disks \
             turn read-only when they fail"
        }
        io::ErrorKind::FileTooLarge => {
            "lift the limit on the size of files (`ulimit -f`, under systemd `LimitFSIZE=`), then start cvmd \
             again; what was acknowledged is safe"
        }
        _ => "look into the kernel's log for errors of its disk, then start cvmd again",
    };
    StoreError::Io(format!("{doing} the store in `{directory}` failed: {error}; {advice}"))
}

/// sled's error while `doing` something to the store in `directory`.
pub(super) fn sled(directory: &Path, doing: &str, error: sled::Error) -> StoreError {
    match error {
        sled::Error::Io(error) => io(directory, doing, &error),
        sled::Error::Corruption { at, .. } => {
            let place = at.map_or_else(String::new, |at| format!(" (near {at:?})"));
            damaged(directory, &format!("its files do not read back{place}"))
        }
        sled::Error::Unsupported(text) | sled::Error::ReportableBug(text) => damaged(directory, &text),
        sled::Error::CollectionNotFound(_) => damaged(directory, "its data tree is missing"),
    }
}

/// The first error that any of sled's threads met while it wrote. Whoever hears of the trouble second
/// hand (a thread that is gone, a panic) learns here what it was.
pub(super) fn first(directory: &Path, config: &sled::Config) -> Option<StoreError> {
    config.global_error().err().map(|error| sled(directory, "writing to", error))
}

/// What ails a store whose flusher ended: sled's own word, else what writing beside it says.
pub(super) fn flusher(directory: &Path, config: &sled::Config) -> StoreError {
    if let Some(error) = first(directory, config) {
        return error;
    }
    if let Err(error) = probe(directory) {
        return io(directory, "writing to", &error);
    }
    StoreError::Io(format!(
        "sled stopped cleaning up the store in `{}`, as it does after an error of the disk; look whether the \
         disk is full, and into the kernel's log, then start cvmd again; what was acknowledged is safe",
        directory.display()
    ))
}

/// Bytes of a probe: more than sled writes at once, which is a segment of half a megabyte.
const PROBE_BYTES: usize = 1_024 * 1_024;

/// Writes a file beside sled's and removes it.
fn probe(directory: &Path) -> io::Result<()> {
    let path = directory.join("probe");
    let write = || {
        let mut file = File::create(&path)?;
        file.write_all(&vec![0; PROBE_BYTES])?;
        file.sync_all()
    };
    let written = write();
    // Where it cannot be removed, the next probe writes over it.
    let _ = fs::remove_file(&path);
    written
}

/// A store that cannot be used as it is.
pub(super) fn damaged(directory: &Path, what: &str) -> StoreError {
    let directory = directory.display();
    StoreError::Corrupt(format!(
        "the store in `{directory}` is damaged: {what}; keep a copy of the directory, then restore the last \
         export into an empty one with `cvmd store import`"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_says_what_to_do() {
        let error = sled::Error::Io(io::ErrorKind::StorageFull.into());
        let StoreError::Io(text) = sled(Path::new("/var/lib/cvmd"), "writing to", error) else {
            panic!("not an I/O error")
        };
        assert!(text.contains("`/var/lib/cvmd`") && text.contains("free space"), "{text}");
    }

    #[test]
    fn a_probe_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        probe(folder.path()).unwrap();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
        let gone = folder.path().join("gone");
        assert!(probe(&gone).is_err());
        let StoreError::Io(text) = flusher(&gone, &sled::Config::new()) else { panic!("not an I/O error") };
        assert!(text.starts_with("writing to the store"), "{text}");
    }
}
