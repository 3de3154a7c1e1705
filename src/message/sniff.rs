//! The subject inside a body's file: its first line, or its title.

/// A body's file, its subject line taken off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Body<'a> {
    /// What `Subject: …` on the first line says.
    pub subject: Option<&'a str>,
    /// The rest.
    pub text: &'a str,
    /// Where the rest begins, in bytes.
    pub offset: usize,
}

/// Takes `Subject: …` off the first line, and the empty line after it.
#[must_use]
pub fn split_subject(file: &str) -> Body<'_> {
    let start = file.len() - file.trim_start_matches('\u{feff}').len();
    let first_end = file[start..].find('\n').map_or(file.len(), |at| start + at + 1);
    let first = file[start..first_end].trim();
    let Some(subject) = first
        .get(.."subject:".len())
        .filter(|word| word.eq_ignore_ascii_case("subject:"))
        .map(|word| first[word.len()..].trim())
    else {
        return Body { subject: None, text: &file[start..], offset: start };
    };
    let mut offset = first_end;
    let second_end = file[offset..].find('\n').map_or(file.len(), |at| offset + at + 1);
    if file[offset..second_end].trim().is_empty() {
        offset = second_end;
    }
    Body { subject: Some(subject).filter(|s| !s.is_empty()), text: &file[offset..], offset }
}

/// The text of an HTML file's `<title>`, with its place in bytes; the common entities undone.
#[must_use]
pub fn title(html: &str) -> Option<(String, std::ops::Range<usize>)> {
    let lower = html.to_ascii_lowercase();
    let open = lower.find("<title")?;
    let start = open + lower[open..].find('>')? + 1;
    let end = start + lower[start..].find("</title")?;
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
            assert_eq!((body.subject, body.text), (subject, text), "{file:?}");
            assert_eq!(&file[body.offset..], body.text);
        }
    }

    #[test]
    fn a_title_is_found_and_unfolded() {
        assert_eq!(title("<html><TITLE>\n A &amp; B </title>").map(|t| t.0), Some("A & B".into()));
        assert_eq!(title("<title></title>"), None);
        assert_eq!(title("<title>open"), None);
    }
}
