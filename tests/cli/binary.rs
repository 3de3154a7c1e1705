//! Running the binary in a folder of its own.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::support::leaks;

/// What a run said.
#[derive(Debug)]
pub struct Said {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

/// The binary, with an environment that says nothing.
pub fn cvmd(here: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cvmd"));
    command.current_dir(here).args(arguments).stdin(Stdio::null());
    for name in [
        "COLUMNS",
        "CVMD_LOG",
        "NO_COLOR",
        "CREDENTIALS_DIRECTORY",
        "STATE_DIRECTORY",
        "RUNTIME_DIRECTORY",
        "CVMD_LOG_FORMAT",
    ] {
        command.env_remove(name);
    }
    command
}

/// Runs it to its end.
pub fn run(here: &Path, arguments: &[&str]) -> Said {
    let output = cvmd(here, arguments).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Said {
        code: output.status.code().unwrap_or(-1),
        stdout: text(output.stdout),
        stderr: text(output.stderr),
    }
}

/// A daemon that ends with its test; its log must tell nothing of people or secrets.
pub struct Daemon {
    child: Child,
    here: PathBuf,
}

impl Daemon {
    /// Starts one, its log in `daemon.log`.
    pub fn start(here: &Path) -> Self {
        let log = File::create(here.join("daemon.log")).unwrap();
        let mut command = cvmd(here, &["run"]);
        let child = command.env("CVMD_LOG", "debug").stdout(Stdio::null()).stderr(log).spawn().unwrap();
        Self { child, here: here.into() }
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let log = std::fs::read_to_string(self.here.join("daemon.log")).unwrap_or_default();
        let found = leaks::below(&self.here, "");
        assert!(
            found.is_empty() && !log.is_empty() || std::thread::panicking(),
            "the log has {found:#?}\n{log}"
        );
    }
}

/// A new workspace.
pub fn workspace() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let said = run(dir.path(), &["init", "."]);
    assert_eq!(said.code, 0, "{said:?}");
    dir
}
