//! One object a line, keys stable from the first release.

use serde::Serialize;

use super::super::{Applicability, Diagnostic, Fix, Position, Sources};
use super::severity;

#[derive(Serialize)]
struct Object<'a> {
    code: &'a str,
    severity: &'a str,
    /// The lint's name; null for what is none.
    name: Option<&'a str>,
    message: &'a str,
    why: &'a str,
    file: &'a str,
    line: usize,
    column: usize,
    end_line: usize,
    end_column: usize,
    fix: Option<FixObject<'a>>,
}

/// What to replace, by what; lines and columns from 1, columns in characters, the end exclusive.
#[derive(Serialize)]
struct FixObject<'a> {
    replacement: &'a str,
    applicability: &'a str,
    line: usize,
    column: usize,
    end_line: usize,
    end_column: usize,
}

pub(super) fn render(sources: &Sources, diagnostics: &[Diagnostic]) -> String {
    let mut out = String::new();
    for diagnostic in diagnostics {
        let place = Position::of(sources, diagnostic.span);
        let object = Object {
            code: diagnostic.code.number(),
            severity: severity(diagnostic),
            name: diagnostic.code.lint(),
            message: &diagnostic.message,
            why: &diagnostic.why,
            file: sources.path(diagnostic.span.file),
            line: place.line,
            column: place.column,
            end_line: place.end_line,
            end_column: place.end_column,
            fix: diagnostic.fix.as_ref().map(|fix| fix_object(sources, fix)),
        };
        // Strings and numbers always serialise.
        out.push_str(&serde_json::to_string(&object).unwrap_or_default());
        out.push('\n');
    }
    out
}

fn fix_object<'a>(sources: &Sources, fix: &'a Fix) -> FixObject<'a> {
    let place = Position::of(sources, fix.span);
    FixObject {
        replacement: &fix.replacement,
        applicability: match fix.applicability {
            Applicability::Safe => "safe",
            Applicability::NeedsReview => "needs review",
        },
        line: place.line,
        column: place.column,
        end_line: place.end_line,
        end_column: place.end_column,
    }
}
