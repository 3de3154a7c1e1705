//! How a command ends.

use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;

/// What the process says to its caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Exit {
    /// Fine, warnings included.
    Fine,
    /// Errors in the rules.
    Errors,
    /// The job could not be done: usage, files, network.
    Trouble,
}

impl Exit {
    /// The worse of two.
    pub(super) const fn worse(self, other: Self) -> Self {
        match (self, other) {
            (Self::Trouble, _) | (_, Self::Trouble) => Self::Trouble,
            (Self::Errors, _) | (_, Self::Errors) => Self::Errors,
            (Self::Fine, Self::Fine) => Self::Fine,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Fine => 0,
            Exit::Errors => 1,
            Exit::Trouble => 2,
        })
    }
}

/// Why a command ended early.
#[derive(Debug)]
pub(super) enum Failure {
    /// Said to the user.
    Said(Exit, String),
    /// Whoever read our output went away: nobody is left to be told.
    ReaderGone,
}

impl Failure {
    /// The job could not be done; lower-case, says what to do.
    pub(super) fn trouble(text: impl Into<String>) -> Self {
        Self::Said(Exit::Trouble, text.into())
    }

    /// Says it on stderr.
    pub(super) fn report(self) -> Exit {
        match self {
            Self::Said(exit, text) => {
                complain(&text);
                exit
            }
            Self::ReaderGone => Exit::Fine,
        }
    }
}

impl From<io::Error> for Failure {
    /// Of writing to stdout: all other errors are given words where they happen.
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            Self::ReaderGone
        } else {
            Self::trouble(format!("the output cannot be written: {error}"))
        }
    }
}

/// `error: …` on stderr.
pub(super) fn complain(text: &str) {
    let mut stderr = io::stderr().lock();
    let head =
        if super::output::may_colour(stderr.is_terminal()) { "\x1b[1;31merror\x1b[0m" } else { "error" };
    // Without a stderr there is nowhere to complain that there is none.
    let _ = writeln!(stderr, "{head}: {}", super::plain::lines(text, false));
}
