//! The lines of a file as their tokens and comments.

use std::ops::Range;

use super::super::split::{Scan, Token};
use super::mark::Marks;

/// A line that is not empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    /// Its tokens; none where it is a comment alone.
    pub(super) tokens: Range<usize>,
    /// The bytes of the comment that ends it.
    pub(super) comment: Option<Range<usize>>,
    /// Whether the line above it is empty.
    pub(super) below_blank: bool,
    /// Whether it is indented.
    pub(super) indented: bool,
}

/// The text of a comment, without the blanks at its end.
pub(super) fn comment<'t>(text: &'t str, range: &Range<usize>) -> &'t str {
    text[range.clone()].trim_end_matches([' ', '\t'])
}

/// The lines of a file that are not empty, each `and` and `or` where it is to stand.
pub(super) fn lines(text: &str, scan: &Scan, marks: &Marks) -> Vec<Line> {
    let mut lines = Vec::new();
    let (mut token, mut comment, mut start, mut below_blank) = (0, 0, 0, false);
    for line in text.split_inclusive('\n') {
        let end = start + line.len();
        let tokens = token..token + scan.tokens[token..].iter().take_while(|one| one.start < end).count();
        let behind = scan.comments.get(comment).filter(|range| range.start < end).cloned();
        (token, comment) = (tokens.end, comment + usize::from(behind.is_some()));
        if tokens.is_empty() && behind.is_none() {
            below_blank = true;
        } else {
            let indented = line.starts_with([' ', '\t']);
            lines.push(Line { tokens, comment: behind, below_blank, indented });
            below_blank = false;
        }
        start = end;
    }
    move_joints(&mut lines, scan, marks);
    lines
}

/// An `and` or `or` at a line's end begins the next line instead, as in a chain it does everywhere.
fn move_joints(lines: &mut Vec<Line>, scan: &Scan, marks: &Marks) {
    for index in 1..lines.len() {
        let (above, line) = (&lines[index - 1], &lines[index]);
        if above.comment.is_none() && ends_with_joint(&above.tokens, scan) && goes_on(line, scan, marks) {
            lines[index - 1].tokens.end -= 1;
            lines[index].tokens.start -= 1;
            if lines[index - 1].tokens.is_empty() {
                lines[index].below_blank |= lines[index - 1].below_blank;
            }
        }
    }
    lines.retain(|line| !line.tokens.is_empty() || line.comment.is_some());
}

fn word<'s>(scan: &'s Scan, token: &Token) -> &'s str {
    scan.text(token)
}

/// Whether these tokens end with a joint: where one follows a comparison or stands in a list, it is a
/// value of that name.
fn ends_with_joint(tokens: &Range<usize>, scan: &Scan) -> bool {
    let text = |index: usize| word(scan, &scan.tokens[index]);
    let Some(last) = tokens.end.checked_sub(1).filter(|last| tokens.contains(last)) else { return false };
    let is_value =
        last.checked_sub(1).is_some_and(|before| ["=", "<", ">", "(", ","].contains(&text(before)));
    matches!(text(last), "and" | "or") && !is_value
}

/// Whether a line goes on with the clause above it, and with no joint of its own.
fn goes_on(line: &Line, scan: &Scan, marks: &Marks) -> bool {
    let Some(first) = Some(line.tokens.start).filter(|first| line.tokens.contains(first)) else {
        return false;
    };
    marks.begins(first).is_none() && !matches!(word(scan, &scan.tokens[first]), "and" | "or" | ")")
}
