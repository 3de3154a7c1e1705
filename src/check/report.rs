//! What the checker found so far, and how it says it.

use std::sync::Arc;

use crate::diagnostic::{Applicability, Code, Diagnostic, FileId, Fix, Sources, Span};
use crate::ruleset::Place;

/// A diagnostic in the making.
pub(super) struct Problem(Diagnostic);

/// Begins a diagnostic: its code, where, and the headline.
pub(super) fn problem(code: Code, span: Span, message: impl Into<String>) -> Problem {
    Problem(Diagnostic {
        code,
        message: message.into(),
        span,
        label: String::new(),
        why: String::new(),
        fix: None,
    })
}

impl Problem {
    /// What to say under the span.
    pub(super) fn label(mut self, label: impl Into<String>) -> Self {
        self.0.label = label.into();
        self
    }

    /// Why it matters.
    pub(super) fn why(mut self, why: impl Into<String>) -> Self {
        self.0.why = why.into();
        self
    }

    /// A fix that keeps the meaning beyond doubt.
    pub(super) fn safe(self, span: Span, replacement: impl Into<String>) -> Self {
        self.fix(span, replacement.into(), Applicability::Safe)
    }

    /// A fix that is a guess.
    pub(super) fn review(self, span: Span, replacement: impl Into<String>) -> Self {
        self.fix(span, replacement.into(), Applicability::NeedsReview)
    }

    /// A fix that replaces the span by a near name, where there is one.
    pub(super) fn near(self, span: Span, name: Option<&str>) -> Self {
        match name {
            Some(name) => self.review(span, name),
            None => self,
        }
    }

    pub(super) fn into_diagnostic(self) -> Diagnostic {
        self.0.shortened()
    }

    fn fix(mut self, span: Span, replacement: String, applicability: Applicability) -> Self {
        self.0.fix = Some(Fix { span, replacement, applicability });
        self
    }
}

/// The sources and what was found in them.
pub(super) struct Report<'a> {
    pub(super) sources: &'a Sources,
    found: Vec<Diagnostic>,
    written_out: Vec<Fix>,
    answered: Vec<(Code, Span)>,
}

impl<'a> Report<'a> {
    pub(super) fn new(sources: &'a Sources) -> Self {
        Self { sources, found: Vec::new(), written_out: Vec::new(), answered: Vec::new() }
    }

    pub(super) fn add(&mut self, problem: Problem) {
        self.found.push(problem.into_diagnostic());
    }

    /// What the parser said of this place under this code is mended by what was found here: it is not
    /// said beside it.
    pub(super) fn answers(&mut self, code: Code, span: Span) {
        self.answered.push((code, span));
    }

    /// Takes out what is answered by what was found here: all that lies inside of the place, and the
    /// innermost around it.
    pub(super) fn leave_out_answered(&self, diagnostics: &mut Vec<Diagnostic>) {
        let holds = |outer: Span, inner: Span| {
            outer.file == inner.file && outer.start <= inner.start && inner.end <= outer.end
        };
        for &(code, span) in &self.answered {
            let around = diagnostics.iter().filter(|one| one.code == code && holds(one.span, span));
            let innermost = around.map(|one| one.span).min_by_key(|one| one.end - one.start);
            diagnostics
                .retain(|one| one.code != code || !(holds(span, one.span) || innermost == Some(one.span)));
        }
    }

    /// What is right as it stands and can be said in full; `check --fix` does so.
    pub(super) fn write_out(&mut self, span: Span, replacement: String) {
        self.written_out.push(Fix { span, replacement, applicability: Applicability::Safe });
    }

    /// What can be said in full so far.
    pub(super) fn take_written_out(&mut self) -> Vec<Fix> {
        std::mem::take(&mut self.written_out)
    }

    /// All diagnostics, by place; each once.
    pub(super) fn finish(mut self) -> Vec<Diagnostic> {
        self.found.sort_by_key(|d| (d.span, d.code));
        self.found.dedup();
        self.found
    }

    /// The text under a span; empty where the span does not fit its file.
    pub(super) fn text(&self, span: Span) -> &'a str {
        let text: &'a str = self.sources.text(span.file);
        text.get(span.start as usize..span.end as usize).unwrap_or_default()
    }

    /// The text under a span on one line, without comments: what people see in `explain`.
    pub(super) fn one_line(&self, span: Span) -> Arc<str> {
        let lines = self.text(span).lines().map(without_comment);
        lines.flat_map(str::split_whitespace).collect::<Vec<_>>().join(" ").into()
    }

    /// File and line of a span's beginning.
    pub(super) fn place(&self, span: Span) -> Place {
        let (line, _) = self.sources.line(span.file, span.start as usize);
        Place { file: self.sources.path(span.file).clone(), line: u32::try_from(line).unwrap_or(u32::MAX) }
    }
}

/// The text of a line, without what is blank around it and without its comment.
pub(super) fn line_of(sources: &Sources, place: &Place) -> Option<Span> {
    let (file, _, text) = sources.iter().find(|(_, path, _)| **path == place.file)?;
    let line = usize::try_from(place.line).ok()?.checked_sub(1)?;
    let start = match line {
        0 => 0,
        _ => text.match_indices('\n').nth(line - 1)?.0 + 1,
    };
    let words = without_comment(text[start..].lines().next().unwrap_or_default());
    let indent = words.len() - words.trim_start().len();
    Some(span(file, start + indent..start + words.trim_end().len().max(indent)))
}

/// A line up to its comment: the first `#` outside of quotes.
pub(super) fn without_comment(line: &str) -> &str {
    comment_start(line).map_or(line, |at| &line[..at])
}

/// Where a line's comment begins.
pub(super) fn comment_start(line: &str) -> Option<usize> {
    let mut quoted = false;
    let mut escaped = false;
    for (at, c) in line.char_indices() {
        match c {
            '"' if !escaped => quoted = !quoted,
            '#' if !quoted => return Some(at),
            _ => {}
        }
        escaped = quoted && c == '\\' && !escaped;
    }
    None
}

/// A span from one byte offset to another.
pub(super) fn span(file: FileId, range: std::ops::Range<usize>) -> Span {
    let narrow = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
    Span { file, start: narrow(range.start), end: narrow(range.end) }
}

/// The empty span after another: where something can be inserted.
pub(super) fn after(span: Span) -> Span {
    Span { start: span.end, ..span }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_begin_outside_of_quotes() {
        assert_eq!(without_comment("when a # b"), "when a ");
        assert_eq!(without_comment("subject \"a # b\" # c"), "subject \"a # b\" ");
        assert_eq!(without_comment("no comment"), "no comment");
    }

    #[test]
    fn a_place_counts_lines_from_one() {
        let mut sources = Sources::default();
        let file = sources.add("a.rules", "x\ny # c\n  z");
        let report = Report::new(&sources);
        assert_eq!(report.place(span(file, 8..9)).to_string(), "a.rules:3");
        assert_eq!(&*report.one_line(span(file, 0..11)), "x y z");
        assert_eq!(report.text(span(file, 5..99)), "");
    }
}
