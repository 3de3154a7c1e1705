//! What is wrong with a rule file, said so that a marketer can mend it: code, span, why and fix.
//!
//! Knows files and spans; not what the language means.

use std::fmt;
use std::sync::Arc;

/// A file by its position in [`Sources`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId(pub u32);

/// Bytes `start..end` of a file.
///
/// Written with `{:-?}` it is no more than its name: so two trees are compared by what they say,
/// wherever it stands.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// The file.
    pub file: FileId,
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

impl fmt::Debug for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if f.sign_minus() {
            return f.write_str("Span");
        }
        let Self { file, start, end } = self;
        f.debug_struct("Span").field("file", file).field("start", start).field("end", end).finish()
    }
}

/// The texts that were read, by path relative to the rules' root, sorted.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    files: Vec<Source>,
}

/// A text that was read.
#[derive(Debug, Clone)]
struct Source {
    path: Arc<str>,
    text: Arc<str>,
    /// Where each line begins, the first at 0: asked for once an expression, so not counted anew.
    lines: Arc<[usize]>,
}

impl Sources {
    /// Adds a file; paths must be added in sorted order for stable output.
    pub fn add(&mut self, path: &str, text: &str) -> FileId {
        let lines = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        self.files.push(Source { path: path.into(), text: text.into(), lines });
        FileId(u32::try_from(self.files.len() - 1).unwrap_or(u32::MAX))
    }

    /// A file's path.
    #[must_use]
    pub fn path(&self, file: FileId) -> &Arc<str> {
        &self.files[file.0 as usize].path
    }

    /// A file's text.
    #[must_use]
    pub fn text(&self, file: FileId) -> &Arc<str> {
        &self.files[file.0 as usize].text
    }

    /// The line of a byte of a file, from 1, and the byte at which this line begins. What lies beyond
    /// the text is on its last line.
    #[must_use]
    pub fn line(&self, file: FileId, at: usize) -> (usize, usize) {
        let lines = &self.files[file.0 as usize].lines;
        // The first line begins at 0, so there is one before every byte.
        let line = lines.partition_point(|start| *start <= at).max(1);
        (line, lines[line - 1])
    }

    /// All files.
    pub fn iter(&self) -> impl Iterator<Item = (FileId, &Arc<str>, &Arc<str>)> {
        (0_u32..).zip(&self.files).map(|(id, file)| (FileId(id), &file.path, &file.text))
    }
}

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The rule set does not load.
    Error,
    /// It loads; a person should look.
    Warning,
    /// It loads and is right; it could be better. Said on request only.
    Advice,
}

/// Whether a fix may be applied without looking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Applicability {
    /// Keeps the meaning that was meant beyond doubt.
    Safe,
    /// A guess: look before you take it.
    NeedsReview,
}

/// A proposed change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fix {
    /// What to replace.
    pub span: Span,
    /// By what.
    pub replacement: String,
    /// How sure we are.
    pub applicability: Applicability,
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// What kind of thing.
    pub code: Code,
    /// The headline: lower-case, a marketer's words, user text in backticks.
    pub message: String,
    /// Where.
    pub span: Span,
    /// What to say under the span; may be empty.
    pub label: String,
    /// Why it matters.
    pub why: String,
    /// What to write instead, where there is one answer.
    pub fix: Option<Fix>,
}

mod code;
mod fix;
mod position;
mod render;
mod shorten;

pub use code::Code;
pub use fix::{apply_fixes, apply_safe};
pub use position::Position;
pub use render::{Format, MAX_SHOWN};
pub use shorten::MAX_WORDS_BYTES;
