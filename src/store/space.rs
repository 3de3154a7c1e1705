//! Room on the disk.

use std::io;
use std::path::Path;

use crate::failpoint;

/// Bytes that this user may still write to the file system of a directory, which must exist.
///
/// # Errors
/// When the file system does not say.
pub fn free_bytes(directory: &Path) -> io::Result<u64> {
    if let Some(told) = failpoint::free_bytes() {
        return Ok(told);
    }
    let found = rustix::fs::statvfs(directory)?;
    Ok(found.f_bavail.saturating_mul(found.f_frsize))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disk_says_how_much_room_it_has() {
        let folder = tempfile::tempdir().unwrap();
        assert!(free_bytes(folder.path()).unwrap() > 0);
        assert!(free_bytes(&folder.path().join("gone")).is_err());
    }
}
