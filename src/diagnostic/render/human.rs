//! For people: the line, a mark under it, why it matters, and the fix.

use std::ops::Range;

use annotate_snippets::renderer::{DEFAULT_TERM_WIDTH, DecorStyle};
use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};

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
    let excerpt = excerpt(sources, diagnostic);
    let level = match diagnostic.code.severity() {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Advice => Level::INFO.with_name("advice"),
    };
    let mut annotation = AnnotationKind::Primary.span(excerpt.mark);
    if !diagnostic.label.is_empty() {
        annotation = annotation.label(one_line(&diagnostic.label));
    }
    let path = one_line(sources.path(diagnostic.span.file));
    let mut group: Group<'_> =
        Group::with_title(level.primary_title(one_line(&diagnostic.message)).id(diagnostic.code.number()));
    let mut snippet = Snippet::source(excerpt.text).line_start(excerpt.line).annotation(annotation);
    if excerpt.cut {
        // What is shown begins in the middle of a line, so the place cannot be counted from it.
        let place = Position::of(sources, diagnostic.span);
        group = group.element(Origin::path(path).line(place.line).char_column(place.column));
    } else {
        snippet = snippet.path(path);
    }
    group = group.element(snippet);
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
            format!("a line more: {}", one_line(line.trim()))
        }
        other => other.split('\n').map(one_line).collect::<Vec<_>>().join("\n"),
    }
}

/// Spans over more lines than these are marked on their first line only.
const MOST_LINES: usize = 6;

/// Longer lines are shown around the mark only.
const MOST_BYTES: usize = 2_000;
/// What is shown of a long line before the mark, of the mark, and behind it.
const AROUND: usize = 200;

/// The lines that a diagnostic is about.
struct Excerpt {
    /// The number of the first of them.
    line: usize,
    text: String,
    /// The marked bytes of the text.
    mark: Range<usize>,
    /// Whether it begins within a line.
    cut: bool,
}

fn excerpt(sources: &Sources, diagnostic: &Diagnostic) -> Excerpt {
    let file = diagnostic.span.file;
    let text = sources.text(file);
    let range = bytes(text, diagnostic.span);
    let start = sources.line(file, range.start).1;
    let line_end = |at: usize| text[at..].find('\n').map_or(text.len(), |end| at + end);
    let many = text[range.clone()].matches('\n').count() >= MOST_LINES;
    let mut marked = if many { range.start..line_end(range.start) } else { range };
    let (mut from, mut to) = (start, line_end(marked.end));
    if to - from > MOST_BYTES {
        marked.end = marked.end.min(text.ceil_char_boundary(marked.start + AROUND));
        from = from.max(text.floor_char_boundary(marked.start.saturating_sub(AROUND)));
        to = to.min(text.ceil_char_boundary(marked.end + AROUND));
    }
    let (text, mark) = visible(&text[from..to], marked.start - from..marked.end - from);
    Excerpt { line: sources.line(file, from).0, text, mark, cut: from > start }
}

/// A text without what would move the cursor or the columns, and where its marked bytes then are.
fn visible(text: &str, mark: Range<usize>) -> (String, Range<usize>) {
    let mut out = String::with_capacity(text.len());
    let mut moved = mark.clone();
    for (at, c) in text.char_indices() {
        if at == mark.start {
            moved.start = out.len();
        }
        if at == mark.end {
            moved.end = out.len();
        }
        let rest = &text[at + c.len_utf8()..];
        match c {
            // A byte order mark has no width; the end of a line of Windows is an end.
            '\u{feff}' => {}
            '\r' if rest.is_empty() || rest.starts_with('\n') => {}
            // The renderer shows the others by their pictures.
            '\r' | '\u{80}'..='\u{9f}' => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    if mark.start >= text.len() {
        moved.start = out.len();
    }
    if mark.end >= text.len() {
        moved.end = out.len();
    }
    (out, moved)
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
