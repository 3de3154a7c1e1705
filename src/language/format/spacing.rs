//! Whether a blank stands between two tokens of a line.

use super::super::split::{Scan, TokenKind};

/// The functions, which hold their parenthesis; all other words stand apart from theirs.
const FUNCTIONS: [&str; 7] = ["count", "sum", "average", "min", "max", "first", "last"];

/// Whether a blank stands before this token, which is not the first of its line.
///
/// What was written without a blank (`10%`, `order.total`, `yes/no`, `Europe/Madrid`) stays so, but for
/// what stands apart: a text, what follows a comma, a parenthesis, a sign. In a `bare` rule, which is a
/// jotting, a sign may touch what stands on both sides of it: `when segment=lapsing`.
pub(super) fn blank_before(scan: &Scan, index: usize, bare: bool) -> bool {
    let (left, right) = (&scan.tokens[index - 1], &scan.tokens[index]);
    let (before, after) = (scan.text(left), scan.text(right));
    let apart = left.end < right.start;
    let is_text = |kind| kind == TokenKind::Text;
    match (before, after) {
        (_, "," | ")") | ("(", _) => false,
        (",", _) => true,
        _ if is_sign(before) && is_sign(after) => apart,
        _ if is_sign(before) => !(bare && is_tight(scan, index - 1)),
        _ if is_sign(after) => !(bare && is_tight(scan, index)),
        (_, "(") => !FUNCTIONS.contains(&before),
        (")", _) => true,
        _ => apart || is_text(left.kind) || is_text(right.kind),
    }
}

/// A piece of `=`, `!=`, `<=` and their like, or the bar between choices.
fn is_sign(text: &str) -> bool {
    matches!(text, "=" | "!" | "<" | ">" | "|")
}

/// Whether the sign of which this token is a piece touches what stands on both sides of it.
fn is_tight(scan: &Scan, piece: usize) -> bool {
    let sign = |index: usize| scan.tokens.get(index).is_some_and(|token| is_sign(scan.text(token)));
    let touches = |left: usize| {
        let (left, right) = (scan.tokens.get(left), scan.tokens.get(left + 1));
        left.zip(right).is_some_and(|(left, right)| left.end == right.start)
    };
    let first = (0..=piece).rev().take_while(|index| sign(*index)).last().unwrap_or(piece);
    let last = (piece..scan.tokens.len()).take_while(|index| sign(*index)).last().unwrap_or(piece);
    first.checked_sub(1).is_some_and(touches) && touches(last)
}
