//! Whether a blank stands between two tokens of a line.

use super::super::split::{Scan, TokenKind};

/// The functions, which hold their parenthesis; all other words stand apart from theirs.
const FUNCTIONS: [&str; 7] = ["count", "sum", "average", "min", "max", "first", "last"];

/// Whether a blank stands before this token, which is not the first of its line.
///
/// What was written without a blank (`10%`, `order.total`, `yes/no`, `Europe/Madrid`) stays so, but for
/// signs that stand apart: `=`, `<`, `|`, a comma, a parenthesis, a text.
pub(super) fn blank_before(scan: &Scan, index: usize) -> bool {
    let (left, right) = (&scan.tokens[index - 1], &scan.tokens[index]);
    let (before, after) = (scan.text(left), scan.text(right));
    let apart = left.end < right.start;
    let is_text = |kind| kind == TokenKind::Text;
    match (before, after) {
        (_, "," | ")") | ("(", _) => false,
        (",", _) => true,
        _ if is_sign(before) && is_sign(after) => apart,
        _ if is_sign(before) || is_sign(after) => true,
        (_, "(") => !FUNCTIONS.contains(&before),
        (")", _) => true,
        _ => apart || is_text(left.kind) || is_text(right.kind),
    }
}

/// A piece of `=`, `!=`, `<=` and their like, or the bar between choices.
fn is_sign(text: &str) -> bool {
    matches!(text, "=" | "!" | "<" | ">" | "|")
}
