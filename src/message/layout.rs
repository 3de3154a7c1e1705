//! Layouts: what stands around the bodies of many messages.

use std::ops::Range;

use super::scan::{Tag, pieces};

/// The placeholder of a layout at which the body stands.
const BODY: &str = "body";
/// The placeholder of a layout at which the subject stands.
const SUBJECT: &str = "subject";

/// What a layout is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Frame {
    /// HTML.
    Html,
    /// Text.
    Text,
}

/// A template in a layout: what is sent.
///
/// # Errors
/// Where the layout has no `{{ body }}` (none), or a second one: its bytes.
pub fn frame(layout: &str, kind: Frame, body: &str, subject: &str) -> Result<String, Option<Range<usize>>> {
    let mut out = String::with_capacity(layout.len() + body.len());
    let (mut at, mut bodies) = (0, 0);
    for piece in pieces(layout) {
        let name = layout[piece.inside.clone()].trim_matches(['-', '+', ' ']);
        if piece.tag != Tag::Value || !matches!(name, BODY | SUBJECT) {
            continue;
        }
        out.push_str(&layout[at..piece.whole.start]);
        if name == BODY {
            bodies += 1;
            if bodies > 1 {
                return Err(Some(piece.whole));
            }
            out.push_str(body.trim_end());
        } else {
            out.push_str(&written(subject, kind));
        }
        at = piece.whole.end;
    }
    out.push_str(&layout[at..]);
    if bodies == 0 { Err(None) } else { Ok(out) }
}

/// A template of a subject within another: as HTML its own letters are escaped, as what fills it is.
fn written(subject: &str, kind: Frame) -> String {
    let escaped = |text: &str| match kind {
        Frame::Html => text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;"),
        Frame::Text => text.to_owned(),
    };
    let mut out = String::new();
    let mut at = 0;
    for piece in pieces(subject) {
        out.push_str(&escaped(&subject[at..piece.whole.start]));
        out.push_str(&subject[piece.whole.clone()]);
        at = piece.whole.end;
    }
    out + &escaped(&subject[at..])
}

/// Whether a body is a whole page of HTML: it needs no layout.
#[must_use]
pub fn is_page(html: &str) -> bool {
    let lower = html.to_ascii_lowercase();
    lower.contains("<html") || lower.contains("<!doctype") || lower.contains("<body")
}

/// A fragment of HTML as a page, where no layout is written: letters of a size that can be read, on lines
/// that are not too long.
#[must_use]
pub fn page(fragment: &str, language: Option<&str>) -> String {
    let language = language.map_or_else(String::new, |tag| format!(" lang=\"{tag}\""));
    format!(
        "<!doctype html>\n<html{language}>\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n</head>\n\
         <body style=\"margin: 0; padding: 24px; font-family: Arial, Helvetica, sans-serif; font-size: 16px; \
         line-height: 1.5; color: #1a1a1a;\">\n<div style=\"max-width: 600px; margin: 0 auto;\">\n\
         {fragment}</div>\n</body>\n</html>\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_stands_where_its_layout_says() {
        let layout = "<title>{{ subject }}</title>{# {{ body }} #}<p>{{- body -}}</p>{{ first_name }}";
        let made = frame(layout, Frame::Html, "<b>{{ x }}</b>\n", "A & {{ a & b }}").unwrap();
        assert_eq!(
            made,
            "<title>A &amp; {{ a & b }}</title>{# {{ body }} #}<p><b>{{ x }}</b></p>{{ first_name }}"
        );
        assert_eq!(frame("{{ subject }}", Frame::Text, "b", "A & B"), Err(None));
        assert_eq!(frame("{{ body }}{{ body }}", Frame::Text, "b", ""), Err(Some(10..20)));
        assert_eq!(frame("{{ body }} {{ subject }}", Frame::Text, "b", "A & B").unwrap(), "b A & B");
    }
}
