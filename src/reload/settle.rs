//! Reading a tree that others write: only what stood still for a while, with no git at work, counts.

use std::path::Path;

use super::load::{self, LoadError, Loaded, Tree};
use super::{commit, git};
use crate::clock::Clock;
use crate::failpoint;
use crate::model::Duration;

/// No change for so long, and two readings so far apart that agree: whoever wrote has finished.
const QUIET: Duration = Duration(500);
/// Read, or given up, after so long even if it is not quiet.
const LONGEST_UNREST: Duration = Duration::seconds(5);
/// Between two looks at git's lock.
const LOOK_AT_LOCK: Duration = Duration(50);
/// A lock that is there longer may have been left behind by a git that died.
const LONGEST_LOCK: Duration = Duration::seconds(30);
/// Readings at least before a tree is given up that goes on changing: one of them may have been slow.
const LEAST_READINGS: usize = 3;

/// A wait's length, which a test may have shortened.
pub(super) fn told(name: &str, usual: Duration) -> Duration {
    let ms = |told: std::time::Duration| i64::try_from(told.as_millis()).unwrap_or(i64::MAX);
    failpoint::wait(name).map_or(usual, |told| Duration(ms(told)))
}

/// For how long nothing may have changed.
pub(super) fn quiet() -> Duration {
    told("quiet", QUIET)
}

/// The longest that quiet is waited for.
pub(super) fn longest_unrest() -> Duration {
    told("unrest", LONGEST_UNREST)
}

/// Lets time pass; a wall clock that goes back meanwhile ends it early, rather than an hour late.
pub(super) async fn pause(clock: &dyn Clock, duration: Duration) {
    clock.sleep_until_or_back(clock.now().plus(duration)).await;
}

/// What came of reading a tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Settled {
    /// It stood still, and this is in it.
    Still(Loaded),
    /// It stood still, and cannot be read.
    Broken(LoadError),
    /// Somebody is still writing: it must be read again, without being told that it changed.
    Busy(LoadError),
}

impl Settled {
    /// What was read, or why nothing was.
    ///
    /// # Errors
    /// In either case in which it is no tree.
    pub fn into_result(self) -> Result<Loaded, LoadError> {
        match self {
            Self::Still(loaded) => Ok(loaded),
            Self::Broken(error) | Self::Busy(error) => Err(error),
        }
    }
}

/// Reads a tree that may be changing. Two readings, a quiet time apart, must agree, and while a git
/// command holds the index of the checkout (from before the first reading to after the second) none
/// counts. What the tree says is then what it said at both ends of a quiet time; where it says
/// `known` while git is at work for longer than can be waited for, that is no news, and is the answer.
pub async fn load_settled(root: &Path, known: Option<&Loaded>, clock: &dyn Clock) -> Settled {
    let begun = clock.boot_elapsed();
    let passed = |limit: Duration| clock.boot_elapsed().0 - begun.0 >= limit.0;
    let (longest_unrest, longest_lock) = (longest_unrest(), told("lock", LONGEST_LOCK));
    let lock = || git::lock_of(root).filter(|_| !failpoint::sabotage("reload_ignores_lock"));
    let (mut before, mut readings, mut was_locked) = (None, 0, false);
    loop {
        while lock().is_some() && !passed(longest_lock) {
            (before, was_locked) = (None, true);
            pause(clock, LOOK_AT_LOCK).await;
        }
        let now = blocking(root, load::read).await;
        if let Some(lock) = lock() {
            if passed(longest_lock) {
                let known = known.filter(|known| now.as_ref().is_ok_and(|files| *files == known.files));
                return known.map_or_else(|| Settled::Busy(locked(&lock, longest_lock)), still);
            }
            continue;
        }
        readings += 1;
        if before.as_ref() == Some(&now) || failpoint::sabotage("reload_reads_once") {
            return settled(root, now).await;
        }
        let limit = if was_locked { longest_lock } else { longest_unrest };
        if readings >= LEAST_READINGS && passed(limit) {
            return Settled::Busy(LoadError(format!(
                "`{}` went on changing while it was read: it is read again when it is quiet",
                root.display()
            )));
        }
        before = Some(now);
        pause(clock, quiet()).await;
    }
}

fn still(loaded: &Loaded) -> Settled {
    Settled::Still(loaded.clone())
}

fn locked(lock: &Path, since: Duration) -> LoadError {
    LoadError(format!(
        "git has been at work for more than {} s, for `{}` is there: the rules are read when it is gone. If no \
         git runs, one that died left it behind: `git status` shows what it had done, then remove the file",
        since.0 / 1_000,
        lock.display()
    ))
}

async fn settled(root: &Path, files: Result<Tree, LoadError>) -> Settled {
    match files {
        Ok(files) => {
            let named = |root: &Path| Ok(Loaded { commit: commit::of(root, &files), files });
            blocking(root, named).await.map_or_else(Settled::Broken, Settled::Still)
        }
        Err(error) => Settled::Broken(error),
    }
}

async fn blocking<T: Send + 'static>(
    root: &Path,
    work: impl FnOnce(&Path) -> Result<T, LoadError> + Send + 'static,
) -> Result<T, LoadError> {
    let root = root.to_owned();
    let done = tokio::task::spawn_blocking(move || work(&root)).await;
    done.unwrap_or_else(|_| Err(LoadError("reading the rules was broken off".into())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::VirtualClock;
    use crate::model::Instant;
    use std::fs;
    use std::path::PathBuf;

    struct Checkout {
        dir: tempfile::TempDir,
        clock: VirtualClock,
    }

    impl Checkout {
        fn new() -> Self {
            let dir = tempfile::tempdir().unwrap();
            fs::create_dir(dir.path().join(".git")).unwrap();
            fs::create_dir(dir.path().join("rules")).unwrap();
            fs::write(dir.path().join("rules/a.rules"), "one").unwrap();
            Self { dir, clock: VirtualClock::at(Instant(0)) }
        }

        fn path(&self, path: &str) -> PathBuf {
            self.dir.path().join(path)
        }

        /// Reads it, and does something each time that the reader sleeps; the number of naps.
        async fn read(&self, known: Option<Loaded>, mut meanwhile: impl FnMut(usize)) -> (Settled, usize) {
            let (root, clock) = (self.path("rules"), self.clock.clone());
            let reading = tokio::spawn(async move { load_settled(&root, known.as_ref(), &clock).await });
            let mut naps = 0;
            while !reading.is_finished() {
                if let Some(waking) = self.clock.next_waking().filter(|at| *at > self.clock.now()) {
                    naps += 1;
                    meanwhile(naps);
                    self.clock.advance_to(waking);
                }
                tokio::task::yield_now().await;
            }
            (reading.await.unwrap(), naps)
        }
    }

    fn text(settled: &Settled) -> &str {
        match settled {
            Settled::Still(loaded) => std::str::from_utf8(&loaded.files["a.rules"]).unwrap(),
            Settled::Broken(error) | Settled::Busy(error) => &error.0,
        }
    }

    #[tokio::test]
    async fn what_stands_still_is_read_twice_a_quiet_time_apart() {
        let checkout = Checkout::new();
        let (settled, naps) = checkout.read(None, |_| {}).await;
        assert_eq!((text(&settled), naps, checkout.clock.now()), ("one", 1, Instant(QUIET.0)));
    }

    #[tokio::test]
    async fn what_changes_between_the_readings_is_read_a_third_time() {
        let checkout = Checkout::new();
        let file = checkout.path("rules/a.rules");
        let change = |nap| {
            if nap == 1 {
                fs::write(&file, "two").unwrap();
            }
        };
        let (settled, naps) = checkout.read(None, change).await;
        assert_eq!((text(&settled), naps), ("two", 2));
    }

    #[tokio::test]
    async fn what_goes_on_changing_is_given_up_for_now() {
        let checkout = Checkout::new();
        let file = checkout.path("rules/a.rules");
        let (settled, _) = checkout.read(None, |nap| fs::write(&file, format!("{nap}")).unwrap()).await;
        assert!(
            matches!(&settled, Settled::Busy(error) if error.0.contains("went on changing")),
            "{settled:?}"
        );
        assert_eq!(checkout.clock.now(), Instant(LONGEST_UNREST.0));
    }

    #[tokio::test]
    async fn what_is_read_while_git_works_does_not_count() {
        let checkout = Checkout::new();
        let (file, lock) = (checkout.path("rules/a.rules"), checkout.path(".git/index.lock"));
        // Git begins between the two readings, and has written half of it at the second.
        let meanwhile = |nap| match nap {
            1 => {
                fs::write(&lock, "").unwrap();
                fs::write(&file, "ha").unwrap();
            }
            9 => fs::write(&file, "whole").unwrap(),
            10 => fs::remove_file(&lock).unwrap(),
            _ => {}
        };
        let (settled, naps) = checkout.read(None, meanwhile).await;
        assert_eq!((text(&settled), naps), ("whole", 11));
    }

    #[tokio::test]
    async fn a_lock_that_stays_is_said_but_not_where_nothing_changed() {
        let checkout = Checkout::new();
        fs::write(checkout.path(".git/index.lock"), "").unwrap();
        let (settled, _) = checkout.read(None, |_| {}).await;
        let Settled::Busy(error) = &settled else { panic!("{settled:?}") };
        assert!(error.0.contains("more than 30 s") && error.0.contains(".git/index.lock"), "{error}");
        assert_eq!(checkout.clock.now(), Instant(LONGEST_LOCK.0));
        let files = Tree::from([("a.rules".to_owned(), b"one".to_vec())]);
        let known = Loaded { files, commit: "abc".into() };
        let (settled, _) = checkout.read(Some(known.clone()), |_| {}).await;
        assert_eq!(settled, Settled::Still(known));
    }

    #[tokio::test]
    async fn a_root_that_is_swapped_is_not_told_as_gone() {
        let checkout = Checkout::new();
        let (root, away) = (checkout.path("rules"), checkout.path("away"));
        fs::rename(&root, &away).unwrap();
        let (settled, _) = checkout
            .read(None, |nap| {
                if nap == 1 {
                    fs::rename(&away, &root).unwrap();
                }
            })
            .await;
        assert_eq!(text(&settled), "one");
        fs::remove_dir_all(&root).unwrap();
        let (settled, _) = checkout.read(None, |_| {}).await;
        assert!(
            matches!(&settled, Settled::Broken(error) if error.0.contains("does not exist")),
            "{settled:?}"
        );
    }
}
