//! Waiting until whoever writes has finished.

use std::path::{Path, PathBuf};

use crate::clock::Clock;
use crate::model::Duration;

/// Between two readings that must agree.
pub(super) const BETWEEN_READS: Duration = Duration(50);
/// Between two looks at git's lock.
const LOOK_AT_LOCK: Duration = Duration(100);
/// A lock older than this was left behind by a git that died.
const LONGEST_LOCK: Duration = Duration::seconds(30);

/// Waits while a git command holds the index of the checkout that `root` lies in, at most half a
/// minute.
pub(super) async fn wait_for_git(root: &Path, clock: &dyn Clock) {
    let Some(lock) = git_folder(root).map(|folder| folder.join("index.lock")) else { return };
    let give_up = clock.now().plus(LONGEST_LOCK);
    while lock.exists() {
        if clock.now() >= give_up {
            tracing::warn!(
                lock = %lock.display(),
                "git's lock was not released: reading the rules all the same; remove it if no git runs"
            );
            return;
        }
        clock.sleep(LOOK_AT_LOCK).await;
    }
}

/// The git folder of the checkout that `root` lies in: `.git`, or for a worktree the folder that
/// the file `.git` names.
fn git_folder(root: &Path) -> Option<PathBuf> {
    let root = root.canonicalize().ok()?;
    let found = root.ancestors().map(|folder| folder.join(".git")).find(|git| git.exists())?;
    if found.is_dir() {
        return Some(found);
    }
    let text = std::fs::read_to_string(&found).ok()?;
    let named = text.strip_prefix("gitdir:")?.trim();
    Some(found.parent()?.join(named))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::VirtualClock;
    use crate::model::Instant;

    #[tokio::test]
    async fn a_lock_is_waited_for_but_not_for_ever() {
        let dir = tempfile::tempdir().unwrap();
        let (git, rules) = (dir.path().join(".git"), dir.path().join("rules"));
        std::fs::create_dir(&git).unwrap();
        std::fs::create_dir(&rules).unwrap();
        let clock = VirtualClock::at(Instant(0));
        wait_for_git(&rules, &clock).await;
        std::fs::write(git.join("index.lock"), "").unwrap();
        let waiting = tokio::spawn({
            let clock = clock.clone();
            async move { wait_for_git(&rules, &clock).await }
        });
        let mut naps = 0;
        while !waiting.is_finished() {
            if let Some(waking) = clock.next_waking() {
                clock.advance_to(waking);
                naps += 1;
            }
            tokio::task::yield_now().await;
        }
        assert!(naps >= 1 && clock.now() >= Instant(LONGEST_LOCK.0), "gave up at {}", clock.now());
    }

    #[test]
    fn a_worktree_s_lock_is_where_its_file_says() {
        let dir = tempfile::tempdir().unwrap();
        let dir = dir.path().canonicalize().unwrap();
        std::fs::create_dir_all(dir.join("work/rules")).unwrap();
        std::fs::create_dir_all(dir.join("main/.git/worktrees/work")).unwrap();
        std::fs::write(dir.join("work/.git"), "gitdir: ../main/.git/worktrees/work\n").unwrap();
        let found = git_folder(&dir.join("work/rules")).unwrap();
        assert_eq!(found.canonicalize().unwrap(), dir.join("main/.git/worktrees/work"));
    }
}
