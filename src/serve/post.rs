//! What integrators post, and what is said of it.

use std::future::Future;
use std::pin::Pin;

use serde::Serialize;

/// What became of a body. The answer's JSON is stable.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Posted {
    /// Lines that were taken and say something new.
    pub accepted: u64,
    /// Lines that say what was known already.
    pub unchanged: u64,
    /// What was not taken, by line; the first [`MAX_LISTED`] of it.
    pub rejected: Vec<RejectedLine>,
    /// Keys that are no field, each once, the first [`MAX_IGNORED`] of them: perhaps misspelt.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ignored: Vec<String>,
    /// How much more was not taken.
    #[serde(skip_serializing_if = "is_none")]
    pub more_rejected: u64,
}

/// What of a body's rejects is listed at most.
pub const MAX_LISTED: usize = 1_000;

/// Keys that are named as no field at most, and the letters of each.
pub const MAX_IGNORED: usize = 50;
/// Letters of a key that is no field that are shown.
pub const MAX_IGNORED_CHARS: usize = 64;

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
const fn is_none(count: &u64) -> bool {
    *count == 0
}

/// A line, or a field of one, that was not taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RejectedLine {
    /// The line of NDJSON, or the position in an array, from 1.
    pub line: u64,
    /// The id of the customer, order or event, as far as there is one.
    pub id: Option<String>,
    /// Why, for programs.
    pub code: &'static str,
    /// Why, for people; may quote the data.
    pub message: String,
    /// What was not taken.
    pub scope: Scope,
}

/// How much of a line was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// Nothing of it was.
    Line,
    /// All but a field.
    Field,
}

impl Posted {
    /// Whether anything was good.
    #[must_use]
    pub const fn is_good(&self) -> bool {
        self.accepted + self.unchanged > 0
    }
}

/// What became of a post.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Taken {
    /// It was looked at line by line, and what was good is durable.
    Kept(Posted),
    /// It cannot be read at all; says what to do.
    Unreadable(String),
    /// It has too many lines; says what to do.
    TooMuch(String),
    /// Too much is on its way to the disk: it may come again later.
    Busy,
    /// The disk is nearly full; says so. Nothing of it was taken.
    NoRoom,
    /// It should have worked and did not; how much of it was taken is not known.
    Failed(String),
}

/// What becomes of a post, on its way.
pub type Taking<'a> = Pin<Box<dyn Future<Output = Taken> + Send + 'a>>;
