//! sled's and the file system's errors in an operator's words.

use std::io;
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
}
