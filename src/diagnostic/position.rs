//! Lines and columns of bytes, as people and editors count them.

use super::{FileId, Sources, Span};

/// A span in lines and columns, both from 1; columns count characters, the end is the column after
/// the last character.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// Line of the first character.
    pub line: usize,
    /// Column of the first character.
    pub column: usize,
    /// Line of the end.
    pub end_line: usize,
    /// Column of the end.
    pub end_column: usize,
}

impl Position {
    /// Where a span stands. Spans beyond the text end at its end.
    #[must_use]
    pub fn of(sources: &Sources, span: Span) -> Self {
        let (line, column) = line_and_column(sources, span.file, span.start as usize);
        let (end_line, end_column) = line_and_column(sources, span.file, span.end.max(span.start) as usize);
        Self { line, column, end_line, end_column }
    }
}

/// The bytes of a span inside its text, on character boundaries.
pub(super) fn bytes(text: &str, span: Span) -> std::ops::Range<usize> {
    let start = floor(text, span.start as usize);
    start..ceiling(text, span.end as usize).max(start)
}

/// The last character boundary up to `at`.
fn floor(text: &str, at: usize) -> usize {
    (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}

/// The first character boundary from `at` on.
fn ceiling(text: &str, at: usize) -> usize {
    (at..text.len()).find(|at| text.is_char_boundary(*at)).unwrap_or(text.len())
}

fn line_and_column(sources: &Sources, file: FileId, at: usize) -> (usize, usize) {
    let text = sources.text(file);
    let at = floor(text, at);
    let (line, start) = sources.line(file, at);
    // A byte order mark is no character of the line.
    let column = text[start..at].chars().filter(|c| *c != '\u{feff}').count() + 1;
    (line, column)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_characters_from_one() {
        let mut sources = Sources::default();
        let file = sources.add("a.rules", "\u{feff}añb\n\tçd\r\n");
        let at = |start, end| {
            let place = Position::of(&sources, Span { file, start, end });
            (place.line, place.column, place.end_line, place.end_column)
        };
        assert_eq!(at(3, 4), (1, 1, 1, 2));
        assert_eq!(at(6, 7), (1, 3, 1, 4));
        assert_eq!(at(9, 11), (2, 2, 2, 3));
        assert_eq!(at(9_999, 9_999), (3, 1, 3, 1));
        assert_eq!(file, FileId(0));
    }
}
