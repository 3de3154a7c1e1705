//! For people: the line, a mark under it, why it matters, and the fix.

use std::ops::Range;

use annotate_snippets::renderer::{DEFAULT_TERM_WIDTH, DecorStyle};
use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

use super::super::position::bytes;
use super::super::{Diagnostic, Position, Severity, Sources};
use super::short::{more, one_line};
use super::{MAX_SHOWN, fix_name};

pub(super) fn render(sources: &Sources, diagnostics: &[Diagnostic], colour: bool) -> String {
    let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
    let renderer = renderer.decor_style(DecorStyle::Ascii).term_width(DEFAULT_TERM_WIDTH);
    let shown: Vec<String> =
        diagnostics.iter().take(MAX_SHOWN).map(|diagnostic| one(&renderer, sources, diagnostic)).collect();
    let mut out = shown.join("\n");
    let rest = more(diagnostics.len());
    if !rest.is_empty() {
        out.push('\n');
        out.push_str(&rest);
    }
    out
}

fn one(renderer: &Renderer, sources: &Sources, diagnostic: &Diagnostic) -> String {
    let (first_line, text, mark) = excerpt(sources, diagnostic);
    let level = match diagnostic.code.severity() {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Advice => Level::INFO.with_name("advice"),
    };
    let mut annotation = AnnotationKind::Primary.span(mark);
    if !diagnostic.label.is_empty() {
        annotation = annotation.label(one_line(&diagnostic.label));
    }
    let path = sources.path(diagnostic.span.file).as_ref();
    let snippet = Snippet::source(text).line_start(first_line).path(path).annotation(annotation);
    let mut group: Group<'_> =
        level.primary_title(one_line(&diagnostic.message)).id(diagnostic.code.number()).element(snippet);
    if !diagnostic.why.is_empty() {
        group = group.element(Level::NOTE.with_name("why").message(one_line(&diagnostic.why)));
    }
    if let Some(fix) = &diagnostic.fix {
        group = group.element(Level::HELP.with_name(fix_name(fix)).message(words(&fix.replacement)));
    }
    layout(&renderer.render(&[group]))
}

/// What a fix puts in the place of the marked words.
fn words(replacement: &str) -> String {
    match replacement {
        "" => "leave it out".into(),
        "\n" => "a new line".into(),
        blank if blank.trim().is_empty() => "a plain space".into(),
        line if line.starts_with('\n') && !line.trim().contains('\n') => {
            format!("a line more: {}", line.trim())
        }
        other => other.into(),
    }
}

/// Spans over more lines than these are marked on their first line only.
const MOST_LINES: usize = 6;

/// The lines that a diagnostic is about, the number of the first, and the marked bytes in them.
fn excerpt<'a>(sources: &'a Sources, diagnostic: &Diagnostic) -> (usize, &'a str, Range<usize>) {
    let text = sources.text(diagnostic.span.file);
    let range = bytes(text, diagnostic.span);
    let start = text[..range.start].rfind('\n').map_or(0, |at| at + 1);
    let line_end = |at: usize| text[at..].find('\n').map_or(text.len(), |end| at + end);
    let many = text[range.clone()].matches('\n').count() >= MOST_LINES;
    let marked = if many { range.start..line_end(range.start) } else { range };
    let excerpt = &text[start..line_end(marked.end)];
    // A byte order mark would shift the columns by one.
    let bom = if start == 0 && excerpt.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    let line = Position::of(sources, diagnostic.span).line;
    let within = |at: usize| at.saturating_sub(start + bom);
    (line, &excerpt[bom..], within(marked.start)..within(marked.end))
}

/// A blank before everything below the headline, and none between the mark and the reasons.
fn layout(drawn: &str) -> String {
    let lines: Vec<&str> = drawn.lines().collect();
    let mut out = String::with_capacity(drawn.len() + lines.len());
    for (index, line) in lines.iter().enumerate() {
        let bare_bar = plain(line).trim() == "|";
        let reason_follows =
            lines.get(index + 1).is_some_and(|next| plain(next).trim_start().starts_with("= "));
        if bare_bar && reason_follows {
            continue;
        }
        if index > 0 {
            out.push(' ');
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}

/// A line without its colours.
fn plain(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        if c == '\u{1b}' {
            // `ESC [ … letter`
            chars.by_ref().find(char::is_ascii_alphabetic);
        } else {
            out.push(c);
        }
    }
    out
}
