//! `file:line:column: error[E312]: …`, which editors and `grep` understand.

use std::fmt::Write as _;

use super::super::{Diagnostic, Position, Sources};
use super::{MAX_SHOWN, severity};

pub(super) fn render(sources: &Sources, diagnostics: &[Diagnostic]) -> String {
    let mut out = String::new();
    for diagnostic in diagnostics.iter().take(MAX_SHOWN) {
        let place = Position::of(sources, diagnostic.span);
        let _ = writeln!(
            out,
            "{}:{}:{}: {}[{}]: {}",
            one_line(sources.path(diagnostic.span.file)),
            place.line,
            place.column,
            severity(diagnostic),
            diagnostic.code.number(),
            one_line(&diagnostic.message),
        );
    }
    out.push_str(&more(diagnostics.len()));
    out
}

/// The line that says how many are not shown.
pub(super) fn more(count: usize) -> String {
    match count.checked_sub(MAX_SHOWN) {
        None | Some(0) => String::new(),
        Some(rest) => format!("… and {rest} more\n"),
    }
}

/// A message can quote what somebody wrote: no control character of it reaches a terminal or a log.
pub(super) fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}
