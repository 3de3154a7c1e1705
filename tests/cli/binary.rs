//! Running the binary in a folder of its own.

use std::path::Path;
use std::process::{Command, Stdio};

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
    for name in ["COLUMNS", "CVMD_LOG", "NO_COLOR", "CREDENTIALS_DIRECTORY", "STATE_DIRECTORY"] {
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

/// A new workspace.
pub fn workspace() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let said = run(dir.path(), &["init", "."]);
    assert_eq!(said.code, 0, "{said:?}");
    dir
}
