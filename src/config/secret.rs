//! Secrets: files, or credentials that systemd hands over. Named in messages, never shown.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::read::File;
use super::{Environment, locate, value};

/// The longest secret.
pub const MAX_SECRET_BYTES: u64 = 64 * 1024;

/// Where each secret is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Secrets {
    files: BTreeMap<String, PathBuf>,
    credentials: Option<PathBuf>,
}

/// A secret's value. It does not show in debug prints.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret {
    value: String,
    /// What is odd about where it is kept, for the log.
    pub warning: Option<String>,
}

impl Secret {
    /// A secret from its value, for tests and generated ones.
    #[must_use]
    pub fn new(value: &str) -> Self {
        Self { value: value.into(), warning: None }
    }

    /// The value. It must not reach a log or a message.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.value
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// Why a secret cannot be had; names it, never shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretError(pub String);

impl fmt::Display for SecretError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for SecretError {}

impl Secrets {
    /// Whether there is a secret of that name: written in the configuration, or a credential.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.files.contains_key(name) || self.credential(name).is_some()
    }

    /// Reads a secret, without the white space around it. The credential of that name comes before
    /// the file, so that one configuration serves the desk and the service.
    ///
    /// # Errors
    /// When there is none, or it cannot be read, is empty or too long.
    pub fn read(&self, name: &str) -> Result<Secret, SecretError> {
        let refuse = |text: String| Err(SecretError(format!("the secret `{name}` {text}")));
        let (path, is_credential) = match (self.credential(name), self.files.get(name)) {
            (Some(path), _) => (path, true),
            (None, Some(path)) => (path.clone(), false),
            (None, None) => {
                return refuse(format!(
                    "is not known: write `{name} = \"secrets/{name}\"` under [secrets] of cvmd.toml, or hand it \
                     over with systemd's `LoadCredential={name}:PATH`"
                ));
            }
        };
        let place = path.display();
        let found = match fs::metadata(&path) {
            Ok(found) if found.is_file() => found,
            Ok(_) => return refuse(format!("(`{place}`) is not a file")),
            Err(error) => return refuse(format!("(`{place}`): {}", locate::unreadable(&error))),
        };
        if found.len() > MAX_SECRET_BYTES {
            return refuse(format!(
                "(`{place}`) is longer than {MAX_SECRET_BYTES} bytes: is it the right file?"
            ));
        }
        let value = match fs::read_to_string(&path) {
            Ok(value) => value.trim().to_owned(),
            Err(error) => return refuse(format!("(`{place}`): {}", locate::unreadable(&error))),
        };
        if value.is_empty() {
            return refuse(format!("(`{place}`) is empty: write the value into the file"));
        }
        let mode = found.permissions().mode() & 0o777;
        let open = !is_credential && mode & 0o026 != 0;
        let warning = open.then(|| {
            format!(
                "the secret `{name}` (`{place}`) is open to other users (mode {mode:03o}): `chmod 640` it"
            )
        });
        Ok(Secret { value, warning })
    }

    /// The names that the configuration writes.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.files.keys().map(String::as_str)
    }

    fn credential(&self, name: &str) -> Option<PathBuf> {
        // A name from a rule file must not lead out of the folder.
        let path = self.credentials.as_ref().filter(|_| is_name(name))?.join(name);
        path.is_file().then_some(path)
    }
}

pub(super) fn secrets(file: &File<'_>, folder: &Path, environment: &Environment) -> Secrets {
    let mut files = BTreeMap::new();
    for (name, at, written) in file.entries("secrets") {
        if !is_name(name) {
            let advice = "write lower-case letters, digits and `_`, beginning with a letter";
            file.error_at(at, format!("`{name}` is no name for a secret: {advice}"));
            continue;
        }
        match value::path(folder)(written) {
            Ok(path) => drop(files.insert(name.to_owned(), path)),
            Err(_) => file.error_at(
                at,
                format!("`{name}` is no path: write the path of the file that holds the secret"),
            ),
        }
    }
    Secrets { files, credentials: environment.credentials.clone() }
}

fn is_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}
