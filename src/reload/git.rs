//! Where git keeps what it does to a checkout, and whether it is at work.

use std::path::{Path, PathBuf};

/// The git folder of the checkout that `root` lies in: `.git`, or for a worktree or a submodule the
/// folder that the file `.git` names.
pub(super) fn folder_of(root: &Path) -> Option<PathBuf> {
    let root = root.canonicalize().ok()?;
    let found = root.ancestors().map(|folder| folder.join(".git")).find(|git| git.exists())?;
    if found.is_dir() {
        return Some(found);
    }
    let text = std::fs::read_to_string(&found).ok()?;
    let named = text.strip_prefix("gitdir:")?.trim();
    Some(found.parent()?.join(named))
}

/// The lock that a git command holds now which writes to the checkout that `root` lies in.
pub(super) fn lock_of(root: &Path) -> Option<PathBuf> {
    folder_of(root).map(|folder| folder.join("index.lock")).filter(|lock| lock.exists())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn a_worktree_s_lock_is_where_its_file_says() {
        let dir = tempfile::tempdir().unwrap();
        let dir = dir.path().canonicalize().unwrap();
        fs::create_dir_all(dir.join("work/rules")).unwrap();
        fs::create_dir_all(dir.join("main/.git/worktrees/work")).unwrap();
        fs::write(dir.join("work/.git"), "gitdir: ../main/.git/worktrees/work\n").unwrap();
        let found = folder_of(&dir.join("work/rules")).unwrap();
        assert_eq!(found.canonicalize().unwrap(), dir.join("main/.git/worktrees/work"));
        assert_eq!(lock_of(&dir.join("work/rules")), None);
        fs::write(dir.join("main/.git/worktrees/work/index.lock"), "").unwrap();
        assert!(lock_of(&dir.join("work/rules")).is_some());
    }
}
