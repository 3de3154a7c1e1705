//! What is wrong with a configuration, in a sysadmin's words.

use std::fmt;
use std::path::Path;

/// One thing that is wrong, with the place and what to write instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// `cvmd.toml:12`, or the file alone.
    pub place: String,
    /// What is wrong and what to do about it.
    pub text: String,
}

impl Problem {
    /// About a file as a whole.
    #[must_use]
    pub fn file(path: &Path, text: String) -> Self {
        Self { place: path.display().to_string(), text }
    }

    /// About a line, counted from 1.
    #[must_use]
    pub fn line(path: &Path, line: usize, text: String) -> Self {
        Self { place: format!("{}:{line}", path.display()), text }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.text)
    }
}

/// All that is wrong with a configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    /// In the order of their lines; never empty.
    pub problems: Vec<Problem>,
}

impl ConfigError {
    /// A single problem.
    #[must_use]
    pub fn of(problem: Problem) -> Self {
        Self { problems: vec![problem] }
    }
}

impl fmt::Display for ConfigError {
    /// One problem a line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.problems.iter().enumerate() {
            write!(f, "{}{problem}", if index == 0 { "" } else { "\n" })?;
        }
        Ok(())
    }
}

impl std::error::Error for ConfigError {}
