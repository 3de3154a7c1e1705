//! Which configuration file, and what systemd tells a service by its environment.

use std::path::{Path, PathBuf};

use super::{ConfigError, Problem};

/// The configuration of a machine.
pub const SYSTEM_FILE: &str = "/etc/cvmd/cvmd.toml";

/// Where a service of the machine keeps its data, and where its socket stands, for those who ask it: systemd
/// tells the service alone.
const SYSTEM_STATE: &str = "/var/lib/cvmd";
const SYSTEM_RUNTIME: &str = "/run/cvmd";

/// The part of the process's environment that a configuration depends on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Environment {
    /// `$CREDENTIALS_DIRECTORY`: a file a secret, readable by this service only.
    pub credentials: Option<PathBuf>,
    /// `$STATE_DIRECTORY`: where a service keeps its data.
    pub state: Option<PathBuf>,
    /// `$RUNTIME_DIRECTORY`: where a service keeps its socket.
    pub runtime: Option<PathBuf>,
}

impl Environment {
    /// This process's.
    #[must_use]
    pub fn of_process() -> Self {
        let path = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        // systemd joins several directories by colons; ours is the first.
        let first = |value: PathBuf| {
            value
                .to_str()
                .and_then(|text| text.split(':').next())
                .map_or_else(|| value.clone(), PathBuf::from)
        };
        Self {
            credentials: path("CREDENTIALS_DIRECTORY"),
            state: path("STATE_DIRECTORY").map(first),
            runtime: path("RUNTIME_DIRECTORY").map(first),
        }
    }

    /// The folder of the store where the configuration at `path` names none.
    pub(super) fn data(&self, path: &Path) -> PathBuf {
        let machines = || (path == Path::new(SYSTEM_FILE)).then(|| PathBuf::from(SYSTEM_STATE));
        let beside = || path.parent().unwrap_or(Path::new("")).join("data");
        self.state.clone().or_else(machines).unwrap_or_else(beside)
    }

    /// The folder of the socket where the configuration at `path` names none; `data` is the store's.
    pub(super) fn socket(&self, path: &Path, data: &Path) -> PathBuf {
        let machines = || (path == Path::new(SYSTEM_FILE)).then(|| PathBuf::from(SYSTEM_RUNTIME));
        self.runtime.clone().or_else(machines).unwrap_or_else(|| data.to_owned())
    }
}

/// The configuration file to read: the one asked for, else `cvmd.toml` in `here`, else the machine's.
///
/// # Errors
/// When the file asked for does not exist, or there is none at all.
pub fn locate(asked: Option<&Path>, here: &Path) -> Result<PathBuf, ConfigError> {
    if let Some(path) = asked {
        return match std::fs::metadata(path) {
            Ok(found) if found.is_dir() => {
                let text = "is a folder: write the path of the file, such as `--config cvmd.toml`";
                Err(ConfigError::of(Problem::file(path, text.into())))
            }
            Ok(_) => Ok(path.to_owned()),
            Err(error) => Err(ConfigError::of(Problem::file(path, unreadable(&error)))),
        };
    }
    let candidates = [here.join("cvmd.toml"), PathBuf::from(SYSTEM_FILE)];
    candidates.iter().find(|path| path.is_file()).cloned().ok_or_else(|| {
        let text = format!(
            "no configuration here nor at `{SYSTEM_FILE}`: write `--config FILE`, or make a workspace with \
             `cvmd init DIR`"
        );
        ConfigError::of(Problem::file(Path::new("cvmd.toml"), text))
    })
}

/// Why a file cannot be read, and what to do.
pub(super) fn unreadable(error: &std::io::Error) -> String {
    use std::io::ErrorKind;
    match error.kind() {
        ErrorKind::NotFound => "there is no such file".into(),
        ErrorKind::PermissionDenied => {
            "may not be read by this user: run as the service's user, or change its owner or mode".into()
        }
        ErrorKind::InvalidData => "is not UTF-8 text".into(),
        _ => format!("cannot be read: {error}"),
    }
}
