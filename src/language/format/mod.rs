//! One layout for rule files: blanks, indentation and empty lines, never a word.
//!
//! Where a line ends is the author's to say, but for an `and` or `or` at its end, which begins the
//! next one instead. What is written is read again: unless it makes the same tree, with each comment
//! at its place, the text is left as it is.

mod indent;
mod join;
mod line;
mod mark;
mod spacing;

use crate::diagnostic::{Diagnostic, FileId};

use super::parse;
use super::split::{Scan, items, scan};
use indent::Writer;
use mark::Marks;

/// Why a file keeps its layout.
#[derive(Debug, Clone, PartialEq)]
pub enum Unformatted {
    /// It cannot be read; what was found in it.
    Mistakes(Vec<Diagnostic>),
    /// It would no longer be read as the same, be it that it would grow beyond a limit of the language.
    ReadsOtherwise,
}

/// A rule file in the one layout of the language.
///
/// Lines end as the first one ends (LF, or CR LF), the last one too; a byte order mark is left out.
///
/// # Errors
/// Where the file has a mistake, or would be read otherwise.
pub fn format(file: FileId, text: &str) -> Result<String, Unformatted> {
    let (tree, found) = parse(file, text);
    if !found.is_empty() {
        return Err(Unformatted::Mistakes(found));
    }
    let before = scan(file, text);
    let out = layout(file, text, &before);
    if out == text {
        return Ok(out);
    }
    let (again, found) = parse(file, &out);
    let same = found.is_empty()
        && tree.says_the_same(&again)
        && comments(text, &before) == comments(&out, &scan(file, &out));
    if same { Ok(out) } else { Err(Unformatted::ReadsOtherwise) }
}

/// Each comment, and after how many tokens it stands: that says beside which words of which clause.
fn comments<'t>(text: &'t str, scan: &Scan) -> Vec<(usize, &'t str)> {
    let before = |at: usize| scan.tokens.partition_point(|token| token.start < at);
    scan.comments.iter().map(|range| (before(range.start), line::comment(text, range))).collect()
}

/// The text anew.
fn layout(file: FileId, text: &str, scan: &Scan) -> String {
    // A file without a mistake is all items.
    let items = items(file, scan, &mut Vec::new());
    let marks = Marks::of(scan, &items);
    let lines = line::lines(text, scan, &marks);
    let mut writer = Writer::new(text, scan, &marks, &lines);
    for index in 0..lines.len() {
        writer.line(index);
    }
    join::join(&writer.written, text)
}
