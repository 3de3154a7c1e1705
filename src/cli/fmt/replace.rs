//! Replacing a file at once.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{MetadataExt as _, chown};
use std::path::Path;

/// Gives a file another text: whoever reads it sees the old one or the new one, whole. Permissions stay,
/// and so does the owner where this user may give files away; a link goes on leading where it led.
///
/// # Errors
/// Where the file may not be written, or its folder not be written to.
pub(super) fn replace(path: &Path, text: &str) -> io::Result<()> {
    let path = path.canonicalize()?;
    let before = fs::metadata(&path)?;
    if before.permissions().readonly() {
        // A new file in its place would not ask.
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, "it is read-only"));
    }
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    // Hidden, so that no reload takes it for one of the rules.
    let part = path.with_file_name(format!(".{name}.{}.fmt", std::process::id()));
    let written = write(&part, text, &before).and_then(|()| fs::rename(&part, &path));
    if written.is_err() {
        // The first error is the one to be told.
        let _ = fs::remove_file(&part);
    }
    written
}

fn write(part: &Path, text: &str, before: &fs::Metadata) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).open(part)?;
    file.write_all(text.as_bytes())?;
    let now = file.metadata()?;
    if (now.uid(), now.gid()) != (before.uid(), before.gid()) {
        // Only root may; another user's copy is as good.
        let _ = chown(part, Some(before.uid()), Some(before.gid()));
    }
    // After the owner: giving a file away takes rights from it.
    file.set_permissions(before.permissions())?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    #[test]
    fn a_link_stays_one_and_permissions_are_kept() {
        let dir = tempfile::tempdir().unwrap();
        let (file, link) = (dir.path().join("a.rules"), dir.path().join("b.rules"));
        fs::write(&file, "old").unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
        symlink("a.rules", &link).unwrap();
        replace(&link, "new").unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read_to_string(&file).unwrap(), "new");
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o640);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 2, "something is left behind");
    }

    #[test]
    fn what_is_read_only_is_not_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("a.rules");
        fs::write(&file, "old").unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o444)).unwrap();
        assert!(replace(&file, "new").is_err());
        assert_eq!(fs::read_to_string(&file).unwrap(), "old");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }
}
