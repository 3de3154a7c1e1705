//! Mail as `.eml` files in a folder: for a first look, for tests, for another program to pick up.
//!
//! A file has the message's key for a name and is written whole or not at all, so that a repeat
//! leaves the same file with the same bytes.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use super::Outcome;
use super::email::Built;

/// A folder that takes mail.
#[derive(Debug, Clone)]
pub struct Folder {
    path: PathBuf,
}

impl Folder {
    /// Makes the folder where there is none.
    ///
    /// # Errors
    /// When it cannot be made; the text names it.
    pub fn open(path: &Path) -> Result<Self, String> {
        fs::create_dir_all(path)
            .map_err(|error| format!("the mail folder `{}` cannot be made: {error}", path.display()))?;
        Ok(Self { path: path.to_owned() })
    }

    /// Where a message of this key stands once it was written.
    #[must_use]
    pub fn file_of(&self, mail: &Built) -> PathBuf {
        self.path.join(format!("{}.eml", mail.key))
    }

    /// Writes one message; a disk that refuses is a reason to try again.
    #[must_use]
    pub fn send(&self, mail: &Built) -> Outcome {
        match self.write(mail) {
            Ok(()) => Outcome::Sent { reply: format!("written to {}.eml", mail.key) },
            Err(error) => {
                let folder = self.path.display();
                Outcome::Unreachable {
                    reason: format!("the mail folder `{folder}` cannot be written: {error}"),
                }
            }
        }
    }

    /// A temporary name first, synced before it is renamed: a reader never sees half a message, and
    /// one that is reported as written is there after a power loss.
    fn write(&self, mail: &Built) -> std::io::Result<()> {
        let temporary = self.path.join(format!(".{}.tmp", mail.key));
        let mut file = fs::File::create(&temporary)?;
        file.write_all(&mail.bytes)?;
        file.sync_all()?;
        fs::rename(&temporary, self.file_of(mail))?;
        fs::File::open(&self.path)?.sync_all()
    }
}
