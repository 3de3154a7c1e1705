//! Places where the crash tests kill the process, and switches that break it on purpose.
//!
//! A release has none of it: without debug assertions all functions are empty. With them:
//! - `CVMD_FAILPOINT=after_claim=3` aborts at the third hit of that place (several by comma);
//! - `CVMD_FAILPOINT_LOG=file` appends the name of each place that is passed, a line each, so that a
//!   test can tell that it was;
//! - `CVMD_SABOTAGE=claim_after_send` turns on the mistakes named, which the tests must catch;
//!   `CVMD_SABOTAGE=stage_off:cap` switches a stage off;
//! - `CVMD_POWER_LOSS=folder` keeps an image of the store's files there as they were after the last
//!   sync: what a disk would hold after a loss of power;
//! - `CVMD_SYNC_DELAY=file`: each sync takes as many milliseconds longer as stand in that file;
//! - `CVMD_FREE_BYTES=file`: the disk has as many bytes free as stand in that file;
//! - `CVMD_STALL=file`: whoever passes a place that is named in that file stands still there until it is not;
//! - `CVMD_CLOCK_SHIFT=60000` lets the process live so many milliseconds later, so that a test need
//!   not wait for a rule's time; `CVMD_CLOCK_SHIFT=@file` as many as stand in that file by now: a wall
//!   clock that somebody sets;
//! - `CVMD_JOURNAL=socket`: there listens the journal that stderr is of;
//! - `CVMD_WAITS=quiet=50,poll=1000` lets the waits of a reload last so many milliseconds (`quiet`,
//!   `unrest`, `lock`, `poll`), so that a test may see hundreds of them.

#[cfg(debug_assertions)]
#[expect(clippy::disallowed_methods, reason = "a crash test crashes")]
mod live {
    use std::collections::BTreeMap;
    use std::fs::{self, File, OpenOptions};
    use std::io::{self, Write};
    use std::path::{Path, PathBuf};
    use std::sync::{Mutex, OnceLock, PoisonError};

    struct Plan {
        abort_at: BTreeMap<String, u64>,
        log: Option<File>,
        hits: BTreeMap<&'static str, u64>,
    }

    fn plan() -> &'static Mutex<Plan> {
        static PLAN: OnceLock<Mutex<Plan>> = OnceLock::new();
        PLAN.get_or_init(|| {
            let wanted = std::env::var("CVMD_FAILPOINT").unwrap_or_default();
            let abort_at = wanted.split(',').filter_map(|one| {
                let (name, count) = one.split_once('=')?;
                Some((name.trim().to_owned(), count.trim().parse().ok()?))
            });
            let log = std::env::var_os("CVMD_FAILPOINT_LOG")
                .and_then(|path| OpenOptions::new().create(true).append(true).open(path).ok());
            Mutex::new(Plan { abort_at: abort_at.collect(), log, hits: BTreeMap::new() })
        })
    }

    /// Counts a pass of the place `name`, notes it in the log, and aborts where this was asked for.
    pub fn hit(name: &'static str) {
        let mut plan = plan().lock().unwrap_or_else(PoisonError::into_inner);
        let count = plan.hits.entry(name).or_default();
        *count += 1;
        let abort = plan.abort_at.get(name) == plan.hits.get(name);
        if let Some(log) = &mut plan.log {
            // One write, so that lines of two processes do not mix; a full disk only loses the line.
            let _ = log.write_all(format!("{name}\n").as_bytes());
        }
        if abort {
            std::process::abort();
        }
    }

    /// Whether the mistake `name` is turned on.
    #[must_use]
    pub fn sabotage(name: &str) -> bool {
        names().split(',').any(|one| one.trim() == name)
    }

    fn names() -> &'static str {
        static NAMES: OnceLock<String> = OnceLock::new();
        NAMES.get_or_init(|| std::env::var("CVMD_SABOTAGE").unwrap_or_default())
    }

    /// Whether `stage` is switched off: `CVMD_SABOTAGE=stage_off:cap`.
    #[must_use]
    pub fn is_off(stage: &str) -> bool {
        names().split(',').any(|one| one.trim().strip_prefix("stage_off:") == Some(stage))
    }

    /// Keeps an image of the files in `directory`, which were synced just now, where this was asked
    /// for. A kill leaves the former image or this one: whole is `disk`, or `new` where there is no
    /// `disk`.
    ///
    /// # Panics
    /// When it cannot be kept: the crash test cannot go on.
    pub fn synced(directory: &Path) {
        static FOLDER: OnceLock<Option<PathBuf>> = OnceLock::new();
        let folder = FOLDER.get_or_init(|| std::env::var_os("CVMD_POWER_LOSS").map(PathBuf::from));
        if let Some(folder) = folder {
            keep_image(directory, folder).expect("the image of the disk can be kept");
        }
    }

    fn keep_image(directory: &Path, folder: &Path) -> io::Result<()> {
        let (new, old, disk) = (folder.join("new"), folder.join("old"), folder.join("disk"));
        for rest in [&new, &old] {
            match fs::remove_dir_all(rest) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                Ok(()) | Err(_) => {}
            }
        }
        fs::create_dir_all(&new)?;
        for entry in fs::read_dir(directory)? {
            let entry = entry?;
            if entry.file_type()?.is_file() {
                // sled removes its snapshots as it likes.
                match fs::copy(entry.path(), new.join(entry.file_name())) {
                    Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                    Ok(_) | Err(_) => {}
                }
            }
        }
        if disk.exists() {
            fs::rename(&disk, &old)?;
        }
        fs::rename(&new, &disk)
    }

    /// How much longer a sync takes.
    #[must_use]
    pub fn sync_delay() -> Option<std::time::Duration> {
        static FILE: OnceLock<Option<PathBuf>> = OnceLock::new();
        let file = FILE.get_or_init(|| std::env::var_os("CVMD_SYNC_DELAY").map(PathBuf::from)).as_ref()?;
        fs::read_to_string(file).ok()?.trim().parse().ok().map(std::time::Duration::from_millis)
    }

    /// How many bytes are free on the disk, where this process was told.
    #[must_use]
    pub fn free_bytes() -> Option<u64> {
        static FILE: OnceLock<Option<PathBuf>> = OnceLock::new();
        let file = FILE.get_or_init(|| std::env::var_os("CVMD_FREE_BYTES").map(PathBuf::from)).as_ref()?;
        fs::read_to_string(file).ok()?.trim().parse().ok()
    }

    /// Stands still while `place` is a line of the file of `CVMD_STALL`.
    pub fn stand_still(place: &str) {
        static FILE: OnceLock<Option<PathBuf>> = OnceLock::new();
        let file = FILE.get_or_init(|| std::env::var_os("CVMD_STALL").map(PathBuf::from));
        let named = |file: &PathBuf| {
            fs::read_to_string(file).is_ok_and(|names| names.lines().any(|name| name == place))
        };
        while file.as_ref().is_some_and(named) {
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
    }

    /// How long the wait `name` lasts in this process, where it was told.
    #[must_use]
    pub fn wait(name: &str) -> Option<std::time::Duration> {
        static WAITS: OnceLock<String> = OnceLock::new();
        let waits = WAITS.get_or_init(|| std::env::var("CVMD_WAITS").unwrap_or_default());
        let mut waits = waits.split(',').filter_map(|one| one.trim().split_once('='));
        let (_, told) = waits.find(|(known, _)| *known == name)?;
        told.parse().ok().map(std::time::Duration::from_millis)
    }

    /// Where the journal listens for this process, where it was told.
    #[must_use]
    pub fn journal() -> Option<PathBuf> {
        std::env::var_os("CVMD_JOURNAL").map(PathBuf::from)
    }

    /// By how many milliseconds this process's wall clock is ahead.
    #[must_use]
    pub fn clock_shift() -> i64 {
        static TOLD: OnceLock<String> = OnceLock::new();
        let told = TOLD.get_or_init(|| std::env::var("CVMD_CLOCK_SHIFT").unwrap_or_default());
        let read = |text: &str| text.trim().parse().ok();
        match told.strip_prefix('@') {
            Some(file) => fs::read_to_string(file).ok().as_deref().and_then(read),
            None => read(told),
        }
        .unwrap_or(0)
    }
}

#[cfg(debug_assertions)]
pub use live::{
    clock_shift, free_bytes, hit, is_off, journal, sabotage, stand_still, sync_delay, synced, wait,
};

/// Does nothing: there are no debug assertions.
#[cfg(not(debug_assertions))]
#[inline]
pub fn hit(_name: &'static str) {}

/// Always false: there are no debug assertions.
#[cfg(not(debug_assertions))]
#[inline]
#[must_use]
pub fn sabotage(_name: &str) -> bool {
    false
}

/// Always false: there are no debug assertions.
#[cfg(not(debug_assertions))]
#[inline]
#[must_use]
pub fn is_off(_stage: &str) -> bool {
    false
}

/// Does nothing: there are no debug assertions.
#[cfg(not(debug_assertions))]
#[inline]
pub fn synced(_directory: &std::path::Path) {}

/// Always none: there are no debug assertions.
#[cfg(not(debug_assertions))]
#[inline]
#[must_use]
pub fn sync_delay() -> Option<std::time::Duration> {
    None
}

/// Always none: there are no debug assertions.
#[cfg(not(debug_assertions))]
#[inline]
#[must_use]
pub fn free_bytes() -> Option<u64> {
    None
}

/// Does nothing: there are no debug assertions.
#[cfg(not(debug_assertions))]
#[inline]
pub fn stand_still(_place: &str) {}

/// Always zero: there are no debug assertions.
#[cfg(not(debug_assertions))]
#[inline]
#[must_use]
pub fn clock_shift() -> i64 {
    0
}

/// Always none: there are no debug assertions.
#[cfg(not(debug_assertions))]
#[inline]
#[must_use]
pub fn journal() -> Option<std::path::PathBuf> {
    None
}

/// Always none: there are no debug assertions.
#[cfg(not(debug_assertions))]
#[inline]
#[must_use]
pub fn wait(_name: &str) -> Option<std::time::Duration> {
    None
}
