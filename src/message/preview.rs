//! The preview: what mail programs show beside the subject, hidden at the top of the HTML.

/// What hides it, in each of the programs.
const HIDDEN: &str = "display:none;font-size:1px;line-height:1px;max-height:0;max-width:0;opacity:0;\
    overflow:hidden;mso-hide:all;";

/// A page, or a fragment of one, with a preview at its top.
pub(super) fn within(html: &str, preview: &str) -> String {
    let hidden = format!("<div style=\"{HIDDEN}\">{}</div>", escaped(preview));
    let at = top(html);
    format!("{}{hidden}{}", &html[..at], &html[at..])
}

/// A text as HTML.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// Where what is shown begins: behind `<body …>`, else behind the head of a page, else at the start.
fn top(html: &str) -> usize {
    // Bytes keep their places: only letters of ASCII change.
    let lower = html.to_ascii_lowercase();
    let end_of = |tag: &str| opening(&lower, tag).map(|start| tag_end(&lower, start));
    end_of("<body")
        .or_else(|| end_of("</head"))
        .or_else(|| end_of("<html"))
        .or_else(|| end_of("<!doctype"))
        .unwrap_or(0)
}

/// Where a tag begins that is no part of a comment.
fn opening(lower: &str, tag: &str) -> Option<usize> {
    let mut from = 0;
    loop {
        let found = from + lower[from..].find(tag)?;
        let comment = lower[from..found].find("<!--").map(|at| from + at);
        if let Some(comment) = comment {
            from = comment + lower[comment..].find("-->")? + "-->".len();
            continue;
        }
        // `<bodyguard>` is another tag.
        if lower[found + tag.len()..].starts_with(|c: char| c == '>' || c == '/' || c.is_ascii_whitespace()) {
            return Some(found);
        }
        from = found + tag.len();
    }
}

/// One past the `>` of a tag; in an attribute's text it ends nothing.
fn tag_end(lower: &str, start: usize) -> usize {
    let mut quote = None;
    for (at, c) in lower[start..].char_indices() {
        match (c, quote) {
            ('"' | '\'', None) => quote = Some(c),
            (c, Some(open)) if c == open => quote = None,
            ('>', None) => return start + at + 1,
            _ => {}
        }
    }
    lower.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_stands_first_in_what_is_shown() {
        for (html, before, after) in [
            ("<p>x</p>", "", "<p>x</p>"),
            ("", "", ""),
            ("<html><BODY class=\"a>b\" >x", "<html><BODY class=\"a>b\" >", "x"),
            ("<!-- <body> --><body>x", "<!-- <body> --><body>", "x"),
            (
                "<!--[if mso]><body><![endif]--><head></head>x",
                "<!--[if mso]><body><![endif]--><head></head>",
                "x",
            ),
            ("<!doctype html>\n<p>x", "<!doctype html>", "\n<p>x"),
            ("<bodyguard>x", "", "<bodyguard>x"),
            // A tag that never ends is none.
            ("<body", "", "<body"),
            ("<!-- <body>", "", "<!-- <body>"),
        ] {
            let made = within(html, "5 < 6 & \"more\"");
            let rest = made.strip_prefix(before).unwrap_or_else(|| panic!("{made}"));
            let hidden = rest.strip_suffix(after).unwrap_or_else(|| panic!("{made}"));
            assert_eq!(hidden, format!("<div style=\"{HIDDEN}\">5 &lt; 6 &amp; \"more\"</div>"));
        }
    }
}
