//! Subject and preview inside a body's file: its first lines, or its title.

use std::ops::Range;

/// A body's file, its head taken off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Body<'a> {
    /// The bytes of the file that `Subject: …` says in its head.
    pub subject: Option<Range<usize>>,
    /// Likewise of `Preview: …`.
    pub preview: Option<Range<usize>>,
    /// The rest.
    pub text: &'a str,
    /// Where the rest begins, in bytes.
    pub offset: usize,
}

/// Takes `Subject: …` and `Preview: …` off the first lines, each once, and the empty line after them.
#[must_use]
pub fn split_head(file: &str) -> Body<'_> {
    let line_end = |from: usize| file[from..].find('\n').map_or(file.len(), |at| from + at + 1);
    let start = file.len() - file.trim_start_matches('\u{feff}').len();
    let mut offset = start;
    let (mut subject, mut preview) = (None, None);
    loop {
        let line = &file[offset..line_end(offset)];
        let (part, word) = match (&subject, &preview) {
            (None, _) if begins(line, "subject:") => (&mut subject, "subject:"),
            (_, None) if begins(line, "preview:") => (&mut preview, "preview:"),
            _ => break,
        };
        let rest = &line[word.len()..];
        let from = offset + word.len() + rest.len() - rest.trim_start().len();
        *part = Some(from..from + rest.trim().len());
        offset += line.len();
    }
    if offset > start && file[offset..line_end(offset)].trim().is_empty() {
        offset = line_end(offset);
    }
    let said = |part: Option<Range<usize>>| part.filter(|range| !range.is_empty());
    Body { subject: said(subject), preview: said(preview), text: &file[offset..], offset }
}

fn begins(line: &str, word: &str) -> bool {
    line.get(..word.len()).is_some_and(|first| first.eq_ignore_ascii_case(word))
}

/// The text of an HTML file's `<title>`, or of another element, with its place in bytes; the common
/// entities undone.
#[must_use]
pub fn title(html: &str, element: &str) -> Option<(String, std::ops::Range<usize>)> {
    let lower = html.to_ascii_lowercase();
    let open = lower.find(&format!("<{element}"))?;
    let start = open + lower[open..].find('>')? + 1;
    let end = start + lower[start..].find(&format!("</{element}"))?;
    let inner = &html[start..end];
    let text = inner.split_whitespace().collect::<Vec<_>>().join(" ");
    let text =
        [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&nbsp;", " "), ("&amp;", "&")]
            .iter()
            .fold(text, |text, (entity, plain)| text.replace(entity, plain));
    (!text.is_empty()).then_some((text, start..end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_is_the_subject_only_where_it_says_so() {
        for (file, subject, text) in [
            ("Subject: We miss you\n\nDear", Some("We miss you"), "Dear"),
            ("subject:hi\r\nDear", Some("hi"), "Dear"),
            ("\u{feff}Subject: x", Some("x"), ""),
            ("Subject:\nDear", None, "Dear"),
            ("Dear\nSubject: x", None, "Dear\nSubject: x"),
            ("Sübject: x", None, "Sübject: x"),
            ("", None, ""),
        ] {
            let body = split_head(file);
            let found = body.subject.clone().map(|range| &file[range]);
            assert_eq!((found, body.text), (subject, text), "{file:?}");
            assert_eq!(&file[body.offset..], body.text);
            assert_eq!(body.preview, None, "{file:?}");
        }
    }

    #[test]
    fn a_preview_stands_beside_the_subject_in_either_order() {
        for (file, subject, preview, text) in [
            ("Subject: A\nPreview: B\n\nDear", Some("A"), Some("B"), "Dear"),
            ("PREVIEW: B\r\nsubject: A\r\nDear", Some("A"), Some("B"), "Dear"),
            ("Preview: B\n\nSubject: A", None, Some("B"), "Subject: A"),
            ("Subject: A\nSubject: B\n", Some("A"), None, "Subject: B\n"),
            ("Subject: A\nPreview:\nDear", Some("A"), None, "Dear"),
        ] {
            let body = split_head(file);
            let of = |range: Option<Range<usize>>| range.map(|range| &file[range]);
            assert_eq!((of(body.subject), of(body.preview), body.text), (subject, preview, text), "{file:?}");
        }
    }

    #[test]
    fn a_title_is_found_and_unfolded() {
        assert_eq!(title("<html><TITLE>\n A &amp; B </title>", "title").map(|t| t.0), Some("A & B".into()));
        assert_eq!(title("<title></title>", "title"), None);
        assert_eq!(title("<title>open", "title"), None);
    }
}
