//! What the kernel tells of a tree and of the way that leads to it.

use std::collections::VecDeque;
use std::os::unix::fs::MetadataExt;
use std::path::{Component, Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use notify_debouncer_full::notify::event::{AccessKind, AccessMode};
use notify_debouncer_full::notify::{EventKind, RecommendedWatcher, RecursiveMode};
use notify_debouncer_full::{DebounceEventResult, Debouncer, RecommendedCache, new_debouncer};
use tokio::sync::Notify;

use super::{git, load, settle};
use crate::failpoint;

/// Events are gathered for this part of a quiet time.
const GATHERED: i64 = 5;
/// The kernel follows so many links in a path, too.
const MOST_LINKS: usize = 40;

/// Where a change counts.
#[derive(Debug, Default)]
struct Places {
    /// Links on the way to the root, the root itself, or the first folder on the way that is missing:
    /// one of these may be replaced as a whole.
    entries: Vec<PathBuf>,
    /// Everything below counts.
    trees: Vec<PathBuf>,
}

impl Places {
    fn concern(&self, path: &Path) -> bool {
        self.entries.iter().any(|entry| entry == path) || self.trees.iter().any(|tree| path.starts_with(tree))
    }
}

/// A folder under watch: by its path, and by what it is, for a path may be given to another folder.
type Watched = (PathBuf, RecursiveMode, Option<(u64, u64)>);

/// What the kernel watches for us; without it (too many watches, no inotify) the poll remains.
#[derive(Debug)]
pub(super) struct Kernel {
    debouncer: Option<Debouncer<RecommendedWatcher, RecommendedCache>>,
    watched: Vec<Watched>,
    places: Arc<Mutex<Places>>,
    /// Something happened since the watches were set: a folder may have been replaced by one that the
    /// kernel does not look at.
    doubtful: Arc<AtomicBool>,
    /// Whether it was said that a folder cannot be watched.
    complained: bool,
}

impl Kernel {
    /// `poke` is told of each change.
    pub(super) fn new(poke: Arc<Notify>) -> Self {
        let (places, doubtful) = (Arc::<Mutex<Places>>::default(), Arc::<AtomicBool>::default());
        let handler = {
            let (places, doubtful) = (Arc::clone(&places), Arc::clone(&doubtful));
            move |seen: DebounceEventResult| {
                if is_change(&seen, &places.lock().unwrap_or_else(PoisonError::into_inner)) {
                    doubtful.store(true, Ordering::Relaxed);
                    poke.notify_one();
                }
            }
        };
        let gather = crate::model::Duration(settle::quiet().0 / GATHERED).to_std();
        let debouncer = new_debouncer(gather, None, handler);
        if let Err(error) = &debouncer {
            tracing::warn!(%error, "file changes cannot be watched: the rules are read every minute instead");
        }
        let debouncer = debouncer.ok().filter(|_| !failpoint::sabotage("kernel_is_silent"));
        Self { debouncer, watched: Vec::new(), places, doubtful, complained: false }
    }

    /// Watches the folder that the root leads to, with all below, the folders of all that leads there
    /// (each may be replaced as a whole), and git's own, where a commit shows. Must be called before the
    /// tree is read: what changes afterwards is told.
    pub(super) fn look_at(&mut self, root: &Path) {
        let Some(debouncer) = &mut self.debouncer else { return };
        let Ok(root) = std::path::absolute(root) else { return };
        let mut places = Places { entries: way_to(&root), trees: Vec::new() };
        let mut wanted: Vec<Watched> = Vec::new();
        let mut want = |folder: PathBuf, mode| {
            if !wanted.iter().any(|(known, ..)| *known == folder) {
                let found = std::fs::metadata(&folder).ok();
                wanted.push((folder, mode, found.map(|found| (found.dev(), found.ino()))));
            }
        };
        let real = root.canonicalize().ok().filter(|real| real.is_dir());
        if let Some(real) = &real {
            want(real.clone(), RecursiveMode::Recursive);
            places.trees.push(real.clone());
        }
        let inside = |folder: &Path| real.as_ref().is_some_and(|real| folder.starts_with(real));
        if let Some(git) = git::folder_of(&root).filter(|git| !inside(git)) {
            want(git.clone(), RecursiveMode::NonRecursive);
            places.trees.push(git);
        }
        for entry in &places.entries {
            want(load::parent(entry), RecursiveMode::NonRecursive);
        }
        if !self.doubtful.swap(false, Ordering::Relaxed) && wanted == self.watched {
            return;
        }
        *self.places.lock().unwrap_or_else(PoisonError::into_inner) = places;
        for (folder, ..) in self.watched.drain(..) {
            // A folder that is gone is watched no more: that is no news.
            let _ = debouncer.unwatch(&folder);
        }
        for (folder, mode, _) in &wanted {
            if let Err(error) = debouncer.watch(folder, *mode) {
                if !self.complained {
                    let folder = folder.display();
                    tracing::warn!(%folder, %error, "a folder of rules cannot be watched: it is read every minute");
                }
                self.complained = true;
            }
        }
        self.watched = wanted;
    }
}

/// The links on the way to `root`, and where it ends: the root's own place, or that of the first folder
/// that is missing.
fn way_to(root: &Path) -> Vec<PathBuf> {
    let mut entries = Vec::new();
    let mut ahead: VecDeque<PathBuf> =
        root.components().map(|part| PathBuf::from(part.as_os_str())).collect();
    let (mut reached, mut links) = (PathBuf::new(), 0);
    while let Some(part) = ahead.pop_front() {
        if let Some(Component::ParentDir) = part.components().next() {
            reached.pop();
            continue;
        }
        let next = reached.join(&part);
        match std::fs::read_link(&next) {
            Ok(target) if links < MOST_LINKS => {
                links += 1;
                entries.push(next);
                for part in target.components().rev() {
                    ahead.push_front(PathBuf::from(part.as_os_str()));
                }
            }
            Ok(_) | Err(_) => {
                reached = next;
                if !reached.exists() {
                    break;
                }
            }
        }
    }
    entries.push(reached);
    entries
}

/// Whether what was seen may be a change: our own reading, which the kernel tells too, is none, nor is
/// what happens beside the root. An error or an overflow may have swallowed one.
fn is_change(seen: &DebounceEventResult, places: &Places) -> bool {
    let reads = |kind: &EventKind| matches!(kind, EventKind::Access(access) if *access != AccessKind::Close(AccessMode::Write));
    match seen {
        Ok(events) => events.iter().any(|event| {
            event.need_rescan() || !reads(&event.kind) && event.paths.iter().any(|path| places.concern(path))
        }),
        Err(_) => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use notify_debouncer_full::DebouncedEvent;
    use notify_debouncer_full::notify::Event;
    use notify_debouncer_full::notify::event::{CreateKind, Flag};
    use std::fs;
    use std::os::unix::fs::symlink;

    fn seen(event: Event) -> Vec<DebouncedEvent> {
        #[expect(clippy::disallowed_methods, reason = "an event of notify's has a time of its clock")]
        let now = std::time::Instant::now();
        vec![DebouncedEvent::new(event, now)]
    }

    #[test]
    fn reading_is_no_change_and_an_overflow_may_be_one() {
        let places = Places { entries: vec!["/r/rules".into()], trees: vec!["/r/rules".into()] };
        let at = |kind, path: &str| is_change(&Ok(seen(Event::new(kind).add_path(path.into()))), &places);
        let created = EventKind::Create(CreateKind::File);
        assert!(at(created, "/r/rules/sub/a.rules") && at(created, "/r/rules"));
        assert!(!at(created, "/r/beside") && !at(created, "/r/rules.old"));
        assert!(!at(EventKind::Access(AccessKind::Open(AccessMode::Any)), "/r/rules/a.rules"));
        assert!(at(EventKind::Access(AccessKind::Close(AccessMode::Write)), "/r/rules/a.rules"));
        let overflow = Event::new(EventKind::Other).set_flag(Flag::Rescan);
        assert!(is_change(&Ok(seen(overflow)), &places));
    }

    #[test]
    fn every_link_on_the_way_may_be_swapped() {
        let dir = tempfile::tempdir().unwrap();
        let dir = dir.path().canonicalize().unwrap();
        fs::create_dir_all(dir.join("releases/5/rules")).unwrap();
        symlink("releases/5", dir.join("current")).unwrap();
        symlink("../../current/rules", dir.join("releases/5/live")).unwrap();
        let root = dir.join("current/rules");
        assert_eq!(way_to(&root), [dir.join("current"), dir.join("releases/5/rules")]);
        let live = way_to(&dir.join("releases/5/live"));
        let links = [dir.join("releases/5/live"), dir.join("current"), dir.join("releases/5/rules")];
        assert_eq!(live, links);
        assert_eq!(way_to(&dir.join("gone/with/all")), [dir.join("gone")]);
        symlink("round", dir.join("round")).unwrap();
        assert!(way_to(&dir.join("round")).len() <= MOST_LINKS + 1);
    }
}
