//! Files on their way between a command and the daemon.
//!
//! The daemon may not be able to read the user's files, and must not be made to: it gets their
//! bytes, keeps them in a folder of its own, and knows them by tokens that it made itself.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use ring::rand::SecureRandom;

use crate::clock::Clock;
use crate::model::{Duration, Instant};

/// What goes over at once.
pub const CHUNK_BYTES: usize = 4 * 1024 * 1024;
/// All files in the spool together.
pub const MAX_SPOOLED_BYTES: u64 = 64 * 1024 * 1024 * 1024;
/// More files at once are no import.
const MAX_FILES: usize = 10_000;
/// A file that nobody touched for so long was left behind by a command that died.
const FORGOTTEN_AFTER: Duration = Duration::hours(1);

/// The folder of such files.
#[derive(Clone)]
pub struct Spool {
    folder: PathBuf,
    clock: Arc<dyn Clock>,
    files: Arc<Mutex<BTreeMap<String, Entry>>>,
}

impl std::fmt::Debug for Spool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Spool").field("folder", &self.folder).finish_non_exhaustive()
    }
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    bytes: u64,
    touched: Instant,
    /// Part of an import under way: not forgotten, however long it takes.
    in_use: bool,
}

impl Spool {
    /// Opens the folder `spool` in the data folder, and empties it: what is in it was left by a
    /// daemon that died.
    ///
    /// # Errors
    /// When the folder cannot be made or emptied.
    pub fn open(data: &Path, clock: Arc<dyn Clock>) -> io::Result<Self> {
        let folder = data.join("spool");
        match fs::remove_dir_all(&folder) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => {}
        }
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&folder)?;
        Ok(Self { folder, clock, files: Arc::default() })
    }

    /// Makes an empty file and gives its token.
    ///
    /// # Errors
    /// When the disk refuses, or there are too many files.
    pub fn create(&self) -> io::Result<String> {
        self.forget_old();
        let mut random = [0; 16];
        let refuse = |_| io::Error::other("no random numbers");
        ring::rand::SystemRandom::new().fill(&mut random).map_err(refuse)?;
        let token = random.iter().fold(String::new(), |token, byte| format!("{token}{byte:02x}"));
        let mut files = self.lock();
        if files.len() >= MAX_FILES {
            return Err(io::Error::other(format!("more than {MAX_FILES} files are being handed over")));
        }
        OpenOptions::new().write(true).create_new(true).mode(0o600).open(self.folder.join(&token))?;
        let entry = Entry { bytes: 0, touched: self.clock.now(), in_use: false };
        files.insert(token.clone(), entry);
        Ok(token)
    }

    /// Adds a chunk that begins at `offset`, which must be the file's end.
    ///
    /// # Errors
    /// When the disk refuses, the spool is full, the token is not known or the offset is wrong.
    pub fn append(&self, token: &str, offset: u64, chunk: &[u8]) -> io::Result<()> {
        let mut files = self.lock();
        let all: u64 = files.values().map(|entry| entry.bytes).sum();
        let entry = files.get_mut(token).filter(|entry| !entry.in_use).ok_or_else(unknown)?;
        if entry.bytes != offset {
            return Err(io::Error::other(format!("a chunk begins at {offset}, not at {}", entry.bytes)));
        }
        if all + chunk.len() as u64 > MAX_SPOOLED_BYTES {
            return Err(io::Error::other(format!(
                "more than {MAX_SPOOLED_BYTES} bytes are being handed over"
            )));
        }
        let mut file = OpenOptions::new().append(true).open(self.folder.join(token))?;
        file.write_all(chunk)?;
        entry.bytes += chunk.len() as u64;
        entry.touched = self.clock.now();
        Ok(())
    }

    /// The chunk that begins at `offset`; empty at the end.
    ///
    /// # Errors
    /// When the disk refuses, or the token is not known.
    pub fn read(&self, token: &str, offset: u64) -> io::Result<Vec<u8>> {
        let known = self.lock().get_mut(token).map(|entry| entry.touched = self.clock.now());
        known.ok_or_else(unknown)?;
        let mut file = File::open(self.folder.join(token))?;
        file.seek(SeekFrom::Start(offset))?;
        let mut chunk = Vec::new();
        file.take(CHUNK_BYTES as u64).read_to_end(&mut chunk)?;
        Ok(chunk)
    }

    /// The file of a token, from now on until [`Spool::remove`] in use.
    pub(super) fn take(&self, token: &Path) -> Option<PathBuf> {
        let token = token.to_str()?;
        self.lock().get_mut(token)?.in_use = true;
        Some(self.folder.join(token))
    }

    /// Lets others read what was written to the file of a token.
    pub(super) fn release(&self, token: &Path) {
        let mut files = self.lock();
        if let Some(entry) = token.to_str().and_then(|token| files.get_mut(token)) {
            (entry.touched, entry.in_use) = (self.clock.now(), false);
        }
    }

    /// Removes the file of a token, if it is known.
    pub fn remove(&self, token: &str) {
        if self.lock().remove(token).is_some() {
            // What cannot be removed is removed when the spool is opened next.
            let _ = fs::remove_file(self.folder.join(token));
        }
    }

    fn forget_old(&self) {
        let limit = self.clock.now().minus(FORGOTTEN_AFTER);
        let old = |(token, entry): (&String, &Entry)| {
            (!entry.in_use && entry.touched < limit).then(|| token.clone())
        };
        let forgotten: Vec<String> = self.lock().iter().filter_map(old).collect();
        for token in &forgotten {
            self.remove(token);
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, Entry>> {
        self.files.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn unknown() -> io::Error {
    io::Error::new(io::ErrorKind::NotFound, "no such file is being handed over")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::VirtualClock;

    #[test]
    fn a_file_goes_in_by_chunks_and_is_forgotten_when_nobody_fetches_it() {
        let dir = tempfile::tempdir().unwrap();
        let clock = VirtualClock::at(Instant(0));
        fs::create_dir(dir.path().join("spool")).unwrap();
        fs::write(dir.path().join("spool/left-behind"), "x").unwrap();
        let spool = Spool::open(dir.path(), Arc::new(clock.clone())).unwrap();
        assert_eq!(fs::read_dir(dir.path().join("spool")).unwrap().count(), 0);
        let token = spool.create().unwrap();
        spool.append(&token, 0, b"one ").unwrap();
        spool.append(&token, 4, b"two").unwrap();
        assert!(spool.append(&token, 4, b"again").is_err());
        assert_eq!(spool.read(&token, 4).unwrap(), b"two");
        assert_eq!(spool.read(&token, 7).unwrap(), b"");
        for strange in ["../cvmd.toml", "left-behind", ""] {
            assert!(spool.read(strange, 0).is_err() && spool.append(strange, 0, b"x").is_err(), "{strange}");
            assert_eq!(spool.take(Path::new(strange)), None);
        }
        let used = spool.create().unwrap();
        assert!(spool.take(Path::new(&used)).is_some());
        assert!(spool.append(&used, 0, b"x").is_err());
        clock.advance(Duration::hours(2));
        spool.create().unwrap();
        assert!(spool.read(&token, 0).is_err(), "forgotten");
        assert!(spool.read(&used, 0).is_ok(), "in use");
        spool.remove(&used);
        assert_eq!(fs::read_dir(dir.path().join("spool")).unwrap().count(), 1);
    }
}
