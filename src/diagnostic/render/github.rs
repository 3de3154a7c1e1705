//! Workflow commands of GitHub Actions: annotations on the lines of a pull request.
//!
//! <https://docs.github.com/actions/reference/workflow-commands-for-github-actions>

use std::fmt::Write as _;

use super::super::{Diagnostic, Position, Severity, Sources};
use super::{MAX_SHOWN, fix_name, severity};

pub(super) fn render(sources: &Sources, diagnostics: &[Diagnostic]) -> String {
    let mut out = String::new();
    for diagnostic in diagnostics.iter().take(MAX_SHOWN) {
        let place = Position::of(sources, diagnostic.span);
        let mut text = format!("{}\nwhy: {}", diagnostic.message, diagnostic.why);
        if let Some(fix) = &diagnostic.fix {
            let _ = write!(text, "\n{}: {}", fix_name(fix), fix.replacement);
        }
        let title = format!("{}[{}]", severity(diagnostic), diagnostic.code.number());
        // GitHub counts the last column itself in, and takes columns only within one line.
        let columns = if place.line == place.end_line {
            format!(
                ",col={},endColumn={}",
                place.column,
                place.end_column.saturating_sub(1).max(place.column)
            )
        } else {
            String::new()
        };
        let _ = writeln!(
            out,
            "::{} file={},line={},endLine={}{columns},title={}::{}",
            command(diagnostic),
            property(sources.path(diagnostic.span.file)),
            place.line,
            place.end_line,
            property(&title),
            data(&text),
        );
    }
    if let Some(rest) = diagnostics.len().checked_sub(MAX_SHOWN).filter(|rest| *rest > 0) {
        let _ = writeln!(out, "::notice::and {rest} more");
    }
    out
}

/// The kind of annotation.
const fn command(diagnostic: &Diagnostic) -> &'static str {
    match diagnostic.code.severity() {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Advice => "notice",
    }
}

/// What would end a message or begin another command.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// What would end a property besides.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
