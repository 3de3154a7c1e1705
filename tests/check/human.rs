//! Diagnostics as the golden files show them.

use std::fmt::Write;

use cvmd::check::Checked;
use cvmd::diagnostic::{Applicability, Diagnostic, Severity, Sources, Span};

pub(crate) fn human(checked: &Checked) -> String {
    checked.diagnostics.iter().map(|found| one(&checked.sources, found)).collect::<Vec<_>>().join("\n")
}

fn one(sources: &Sources, found: &Diagnostic) -> String {
    let severity = match found.code.severity() {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    let (line, column, text, width) = place(sources, found.span);
    let margin = " ".repeat(line.to_string().len());
    let mut out = format!("{severity}[{}]: {}\n", found.code.number(), found.message);
    let _ = writeln!(out, "{margin}--> {}:{line}:{column}", sources.path(found.span.file));
    let _ = writeln!(out, "{margin} |\n{line} | {text}");
    let _ = writeln!(out, "{margin} | {}{} {}", " ".repeat(column - 1), "^".repeat(width), found.label);
    let _ = writeln!(out, "{margin} = why: {}", found.why);
    if let Some(fix) = &found.fix {
        let how = match fix.applicability {
            Applicability::Safe => "safe",
            Applicability::NeedsReview => "needs review",
        };
        let before = &sources.text(fix.span.file)[fix.span.start as usize..fix.span.end as usize];
        let _ = writeln!(out, "{margin} = fix ({how}): {before:?} -> {:?}", fix.replacement);
    }
    out
}

/// Line and column from 1, the line, and how many letters of it are meant.
fn place(sources: &Sources, span: Span) -> (usize, usize, String, usize) {
    let text = sources.text(span.file);
    let (start, end) = (span.start as usize, span.end as usize);
    let line_start = text[..start].rfind('\n').map_or(0, |at| at + 1);
    let line_end = text[start..].find('\n').map_or(text.len(), |at| start + at);
    let line = text[..start].matches('\n').count() + 1;
    let width = text[start..end.min(line_end).max(start)].chars().count().max(1);
    (line, text[line_start..start].chars().count() + 1, text[line_start..line_end].to_owned(), width)
}
