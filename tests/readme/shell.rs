//! One bash for all commands, so that `cd` and `&` mean what they mean to a reader.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use cvmd::clock::{Clock, SystemClock};

use super::block::Said;
use crate::support::leaks;

/// No command says this; it ends what one says.
const END: &str = "\u{1}end ";

pub struct Shell {
    bash: Child,
    folder: PathBuf,
    /// All that was said, for the daemons among it.
    said: String,
    to: Option<ChildStdin>,
    from: BufReader<ChildStdout>,
}

impl Shell {
    /// A shell in `folder` that finds this build's `cvmd`.
    pub fn start(folder: &Path) -> Self {
        let bin = Path::new(env!("CARGO_BIN_EXE_cvmd")).parent().unwrap();
        let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
        let mut command = Command::new("bash");
        command.args(["--noprofile", "--norc"]).current_dir(folder).env("PATH", path);
        for name in [
            "BASH_ENV",
            "COLUMNS",
            "CVMD_LOG",
            "CREDENTIALS_DIRECTORY",
            "STATE_DIRECTORY",
            "RUNTIME_DIRECTORY",
            "CVMD_LOG_FORMAT",
        ] {
            command.env_remove(name);
        }
        Self::of(command, folder)
    }

    /// A shell that `command` starts; what a daemon writes below `folder` must say nothing of persons.
    pub fn of(mut command: Command, folder: &Path) -> Self {
        let mut bash = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let to = bash.stdin.take();
        let from = BufReader::new(bash.stdout.take().unwrap());
        let mut shell = Self { bash, folder: folder.into(), said: String::new(), to, from };
        // A failed test must not leave a daemon behind.
        shell.run("exec 2>&1; trap 'kill $(jobs -p) 2>/dev/null' EXIT");
        shell
    }

    /// Runs a command to its end.
    pub fn run(&mut self, command: &str) -> Said {
        let to = self.to.as_mut().unwrap();
        write!(to, "{command}\nprintf '\\n\\001end %s\\n' $?\n").unwrap();
        to.flush().unwrap();
        let mut timed = Vec::new();
        loop {
            let mut line = String::new();
            assert!(self.from.read_line(&mut line).unwrap() > 0, "the shell ended in `{command}`");
            let line = line.trim_end_matches('\n');
            if let Some(code) = line.strip_prefix(END) {
                // The line break before the mark is ours.
                if timed.last().is_some_and(|(_, line): &(i64, String)| line.is_empty()) {
                    timed.pop();
                }
                return Said { code: code.parse().unwrap(), timed };
            }
            self.said += &format!("{line}\n");
            timed.push((SystemClock.boot_elapsed().0, line.to_owned()));
        }
    }
}

impl Drop for Shell {
    fn drop(&mut self) {
        // The end of its input ends the shell, and its trap ends the rest.
        drop(self.to.take());
        let _ = self.bash.wait();
        let found = leaks::below(&self.folder, &self.said);
        assert!(found.is_empty() || std::thread::panicking(), "the logs have {found:#?}");
    }
}
