//! From text to syntax: split into items and clauses, parse each clause, build the tree.
//!
//! Knows the grammar; not what a name means nor which types fit.

mod build;
mod clause;
mod compat;
mod describe;
mod distance;
mod fault;
mod foreign;
mod format;
mod grammar;
mod habit;
mod limit;
mod split;
mod syntax_error;
pub mod tree;

pub use distance::{edit_distance, nearest, nearest_within};
pub use format::{Unformatted, format};
pub use limit::{MAX_CLAUSE_BYTES, MAX_DIAGNOSTICS, MAX_FILE_BYTES, MAX_ITEMS, MAX_NESTING};

use crate::diagnostic::{Diagnostic, FileId, Span};

/// Reads a rule file.
///
/// Never panics. Every broken clause has a diagnostic of its own and is left out of the tree; an
/// item without a name is left out as a whole. Diagnostics come in the order of the text.
#[must_use]
pub fn parse(file: FileId, text: &str) -> (tree::File, Vec<Diagnostic>) {
    let mut tree = tree::File { id: file, items: Vec::new() };
    if text.len() > MAX_FILE_BYTES {
        let message = format!("the file is larger than {MAX_FILE_BYTES} bytes");
        return (tree, vec![fault::too_large(span(file, 0, beginning(text)), message)]);
    }
    let scan = split::scan(file, text);
    let mut found = scan.diagnostics.clone();
    for raw in split::items(file, &scan, &mut found) {
        if found.len() > MAX_DIAGNOSTICS {
            break;
        }
        tree.items.extend(build::build(file, text, &scan, &raw, &mut found));
    }
    found.sort_by_key(|diagnostic| (diagnostic.span.start, diagnostic.span.end));
    bound(&mut found);
    (tree, found.into_iter().map(Diagnostic::shortened).collect())
}

/// How many characters of a line are marked where a whole file or clause is meant.
const LONGEST_SHOWN: usize = 80;

/// The bytes of a text's first line, as far as it is marked.
fn beginning(text: &str) -> usize {
    text.lines().next().unwrap_or("").chars().take(LONGEST_SHOWN).map(char::len_utf8).sum()
}

/// Cuts the list at its limit and says so.
fn bound(found: &mut Vec<Diagnostic>) {
    if found.len() <= MAX_DIAGNOSTICS {
        return;
    }
    found.truncate(MAX_DIAGNOSTICS);
    if let Some(last) = found.last().map(|last| last.span) {
        found.push(fault::too_large(last, too_many_mistakes()));
    }
}

/// What is said where a file has more mistakes than are shown.
#[must_use]
pub fn too_many_mistakes() -> String {
    format!("more than {MAX_DIAGNOSTICS} mistakes in one file; the others are not shown")
}

/// Bytes of a file as a span. Files are bounded, so that positions fit.
fn span(file: FileId, start: usize, end: usize) -> Span {
    let position = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
    Span { file, start: position(start), end: position(end) }
}
