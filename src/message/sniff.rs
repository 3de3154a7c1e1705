//! The subject inside a body's file: its first line, or its title.

/// A body's file, its subject line taken off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Body<'a> {
    /// The bytes of the file that `Subject: …` on the first line says.
    pub subject: Option<std::ops::Range<usize>>,
    /// The rest.
    pub text: &'a str,
    /// Where the rest begins, in bytes.
    pub offset: usize,
}

/// Takes `Subject: …` off the first line, and the empty line after it.
#[must_use]
pub fn split_subject(file: &str) -> Body<'_> {
    const WORD: &str = "subject:";
    let line_end = |from: usize| file[from..].find('\n').map_or(file.len(), |at| from + at + 1);
    let start = file.len() - file.trim_start_matches('\u{feff}').len();
    let first = &file[start..line_end(start)];
    if !first.get(..WORD.len()).is_some_and(|word| word.eq_ignore_ascii_case(WORD)) {
        return Body { subject: None, text: &file[start..], offset: start };
    }
    let rest = &first[WORD.len()..];
    let from = start + WORD.len() + rest.len() - rest.trim_start().len();
    let subject = from..from + rest.trim().len();
    let mut offset = start + first.len();
    if file[offset..line_end(offset)].trim().is_empty() {
        offset = line_end(offset);
    }
    Body { subject: Some(subject).filter(|range| !range.is_empty()), text: &file[offset..], offset }
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
            let body = split_subject(file);
            let found = body.subject.clone().map(|range| &file[range]);
            assert_eq!((found, body.text), (subject, text), "{file:?}");
            assert_eq!(&file[body.offset..], body.text);
        }
    }

    #[test]
    fn a_title_is_found_and_unfolded() {
        assert_eq!(title("<html><TITLE>\n A &amp; B </title>", "title").map(|t| t.0), Some("A & B".into()));
        assert_eq!(title("<title></title>", "title"), None);
        assert_eq!(title("<title>open", "title"), None);
    }
}
