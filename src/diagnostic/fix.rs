//! Applying fixes: what `check --fix` does to a file.

use super::position::bytes;
use super::{Applicability, Diagnostic, FileId, Fix, Sources};

/// A file's text with its safe fixes applied, and how many were.
///
/// Of fixes that overlap the first one is taken; the others are for the next run. Fixes that need
/// review are never applied.
#[must_use]
pub fn apply_fixes(sources: &Sources, file: FileId, diagnostics: &[Diagnostic]) -> (String, usize) {
    apply_safe(sources, file, diagnostics.iter().filter_map(|diagnostic| diagnostic.fix.as_ref()))
}

/// As [`apply_fixes`], of fixes from wherever they come.
#[must_use]
pub fn apply_safe<'a>(
    sources: &Sources,
    file: FileId,
    fixes: impl Iterator<Item = &'a Fix>,
) -> (String, usize) {
    let safe = fixes.filter(|fix| fix.applicability == Applicability::Safe && fix.span.file == file);
    apply(sources.text(file), safe)
}

/// Applies these fixes, whatever their applicability.
fn apply<'a>(text: &str, fixes: impl Iterator<Item = &'a Fix>) -> (String, usize) {
    let mut fixes: Vec<&Fix> = fixes.collect();
    fixes.sort_by_key(|fix| (fix.span.start, fix.span.end));
    let (mut out, mut at, mut applied) = (String::with_capacity(text.len()), 0, 0);
    let mut last: Option<&Fix> = None;
    for fix in fixes {
        let range = bytes(text, fix.span);
        // Two insertions at one place, or the same fix twice, are one too many.
        if range.start < at || last.is_some_and(|last| last.span == fix.span) {
            continue;
        }
        out.push_str(&text[at..range.start]);
        out.push_str(&fix.replacement);
        (at, applied, last) = (range.end, applied + 1, Some(fix));
    }
    out.push_str(&text[at..]);
    (out, applied)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::{Code, Span};

    fn diagnostic(start: u32, end: u32, replacement: &str, applicability: Applicability) -> Diagnostic {
        let span = Span { file: FileId(0), start, end };
        Diagnostic {
            code: Code::ForeignSpelling,
            message: String::new(),
            span,
            label: String::new(),
            why: String::new(),
            fix: Some(Fix { span, replacement: replacement.into(), applicability }),
        }
    }

    #[test]
    fn only_safe_fixes_that_do_not_overlap_are_applied() {
        let mut sources = Sources::default();
        let file = sources.add("a.rules", "a == b && ç == d");
        let found = [
            diagnostic(7, 9, "and", Applicability::Safe),
            diagnostic(2, 4, "=", Applicability::Safe),
            diagnostic(2, 4, "=", Applicability::Safe),
            diagnostic(3, 6, "never", Applicability::Safe),
            diagnostic(13, 15, "=", Applicability::NeedsReview),
        ];
        assert_eq!(apply_fixes(&sources, file, &found), ("a = b and ç == d".to_owned(), 2));
    }
}
