//! Lines into a text, with the comments at their ends in one column.

use std::fmt::Write as _;

use super::indent::Written;

/// Wider lines do not move the comments of their neighbours.
const WIDEST: usize = 60;
/// Blanks before a comment, at least.
const BEFORE_COMMENT: usize = 2;

/// The whole text; its lines end as the first one of `before` does.
pub(super) fn join(lines: &[Written<'_>], before: &str) -> String {
    let end = match before.find('\n') {
        Some(at) if before[..at].ends_with('\r') => "\r\n",
        Some(_) | None => "\n",
    };
    let mut out = String::with_capacity(before.len());
    let mut start = 0;
    while start < lines.len() {
        let length = 1 + lines[start + 1..].iter().take_while(|line| goes_on(line)).count();
        let block = &lines[start..start + length];
        let column = column(block);
        for line in block {
            if line.below_blank {
                out.push_str(end);
            }
            write_line(&mut out, line, column);
            out.push_str(end);
        }
        start += length;
    }
    out
}

/// Whether a line belongs to the block above it: neither an empty line nor one of a comment alone parts
/// them.
const fn goes_on(line: &Written<'_>) -> bool {
    !line.below_blank && !line.code.is_empty()
}

/// The column of the comments of a block.
fn column(block: &[Written<'_>]) -> usize {
    let commented = block.iter().filter(|line| line.comment.is_some());
    commented.map(width).filter(|width| *width <= WIDEST).max().unwrap_or(0) + BEFORE_COMMENT
}

fn width(line: &Written<'_>) -> usize {
    line.indent + line.code.chars().count()
}

fn write_line(out: &mut String, line: &Written<'_>, column: usize) {
    // Writing to a string never fails.
    let _ = write!(out, "{:1$}{2}", "", line.indent, line.code);
    let Some(comment) = line.comment else { return };
    let blanks = match width(line) {
        _ if line.code.is_empty() => 0,
        width if width > WIDEST => BEFORE_COMMENT,
        width => column - width,
    };
    let _ = write!(out, "{:blanks$}{comment}", "");
}
