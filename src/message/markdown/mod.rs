//! Markdown (`CommonMark`) as two templates, HTML and text.
//!
//! It is read before anything is filled in: a first name `**x** <script>` is shown as these letters.

mod text;

use std::ops::Range;

use pulldown_cmark::{CowStr, Event, Parser, Tag, TagEnd};

use super::token::Tokens;

/// A body in Markdown, as templates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Markdown {
    /// A fragment of HTML, for a layout.
    pub html: String,
    /// Readable text.
    pub text: String,
}

/// Turns a template in Markdown into HTML and text. Placeholders in addresses are encoded; lines of nothing
/// but `{% … %}` leave no trace.
///
/// # Errors
/// The bytes of a `{% … %}` that stands where Markdown has no place for it, as in the middle of a link.
pub fn markdown(template: &str) -> Result<Markdown, Range<usize>> {
    let (source, tokens) = Tokens::take(template);
    let source = alone(&source, &tokens);
    let mut events = silent(Parser::new(&source).collect(), &tokens);
    around_lists(&mut events, &tokens);
    for event in &mut events {
        if let Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) = event {
            *dest_url = CowStr::from(tokens.in_link(dest_url));
        }
    }
    let text = tokens.put_back(&text::write(&events, &tokens))?;
    let mut html = String::new();
    pulldown_cmark::html::push_html(&mut html, events.into_iter());
    Ok(Markdown { html: tokens.put_back(&html)?, text })
}

/// Empty lines around each line that is nothing but silent tags, so that it is no part of a paragraph or a
/// list.
fn alone(source: &str, tokens: &Tokens<'_>) -> String {
    let mut out = String::with_capacity(source.len());
    let mut fence: Option<char> = None;
    for line in source.split_inclusive('\n') {
        let mark = ["```", "~~~"].iter().find(|mark| line.trim_start().starts_with(*mark));
        if let Some(mark) = mark.and_then(|mark| mark.chars().next()) {
            fence = match fence {
                None => Some(mark),
                Some(open) if open == mark => None,
                Some(open) => Some(open),
            };
        }
        if fence.is_none() && !line.starts_with([' ', '\t']) && tokens.is_silent(line) {
            out.push('\n');
            out.push_str(line.trim_end());
            out.push_str("\n\n");
        } else {
            out.push_str(line);
        }
    }
    out
}

/// Paragraphs of nothing but silent tags become these tags alone.
fn silent<'s>(events: Vec<Event<'s>>, tokens: &Tokens<'_>) -> Vec<Event<'s>> {
    let mut out: Vec<Event<'s>> = Vec::with_capacity(events.len());
    for event in events {
        if event == Event::End(TagEnd::Paragraph)
            && let Some(start) = out.iter().rposition(|event| *event == Event::Start(Tag::Paragraph))
        {
            let inside: Option<String> = out[start + 1..].iter().map(plain).collect();
            if let Some(inside) = inside.filter(|inside| tokens.is_silent(inside)) {
                out.truncate(start);
                out.push(Event::Html(inside.trim().to_owned().into()));
                continue;
            }
        }
        out.push(event);
    }
    out
}

fn plain<'e>(event: &'e Event<'_>) -> Option<&'e str> {
    match event {
        Event::Text(text) => Some(text),
        Event::SoftBreak => Some(" "),
        _ => None,
    }
}

/// A loop around one list becomes a loop within it: its entries are one list.
fn around_lists(events: &mut [Event<'_>], tokens: &Tokens<'_>) {
    for start in 0..events.len().saturating_sub(1) {
        let begins = matches!(&events[start], Event::Html(text) if tokens.loops(text, "for"));
        if !begins || !matches!(events[start + 1], Event::Start(Tag::List(_))) {
            continue;
        }
        let mut depth = 0_usize;
        let end = events[start + 1..].iter().position(|event| {
            match event {
                Event::Start(Tag::List(_)) => depth += 1,
                Event::End(TagEnd::List(_)) => depth -= 1,
                _ => {}
            }
            depth == 0
        });
        let Some(end) = end.map(|end| start + 1 + end) else { continue };
        if matches!(events.get(end + 1), Some(Event::Html(text)) if tokens.loops(text, "endfor")) {
            events.swap(start, start + 1);
            events.swap(end, end + 1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markdown_becomes_html_and_text_around_its_placeholders() {
        let given = "# Hello {{ first_name | default('friend') }}\n\nYou are *worth* **{{ clv | money }}**,\n\
            see [your page](https://shop.example/{{ id }}?n={{ first_name | default('x') }}) or\n\
            [this]({{ cart.url }}).\n\n{% if tier is defined %}\nYour tier: {{ tier }}\n{% endif %}\n\n\
            {% for item in cart.items %}\n- {{ item }}\n{% endfor %}\n\n1. one\n2. two & <b>three</b>\n\n\
            > quoted\n> twice\n\n---\n\n![A shoe](https://shop.example/s.png)\nBye\\\nbye";
        let made = markdown(given).unwrap();
        assert_eq!(
            made.html,
            "<h1>Hello {{ first_name | default('friend') }}</h1>\n\
             <p>You are <em>worth</em> <strong>{{ clv | money }}</strong>,\n\
             see <a href=\"https://shop.example/{{ id | urlencode }}?n={{ (first_name | default('x')) | urlencode }}\">your page</a> or\n\
             <a href=\"{{ cart.url | url }}\">this</a>.</p>\n\
             {% if tier is defined %}\n<p>Your tier: {{ tier }}</p>\n{% endif %}\n\
             <ul>\n{% for item in cart.items %}\n<li>{{ item }}</li>\n{% endfor %}</ul>\n\
             <ol>\n<li>one</li>\n<li>two &amp; <b>three</b></li>\n</ol>\n\
             <blockquote>\n<p>quoted\ntwice</p>\n</blockquote>\n<hr />\n\
             <p><img src=\"https://shop.example/s.png\" alt=\"A shoe\" />\nBye<br />\nbye</p>\n"
        );
        assert_eq!(
            made.text,
            "Hello {{ first_name | default('friend') }}\n\n\
             You are worth {{ clv | money }}, \
             see your page <https://shop.example/{{ id | urlencode }}?n={{ (first_name | default('x')) | urlencode }}> or \
             this <{{ cart.url | url }}>.\n\
             {% if tier is defined %}\nYour tier: {{ tier }}\n{% endif %}\n\
             {% for item in cart.items %}- {{ item }}\n{% endfor %}\n\
             1. one\n2. two & three\n\n> quoted twice\n\n---\n\n[A shoe] Bye\nbye\n"
        );
    }

    #[test]
    fn what_only_looks_like_a_tag_is_shown_and_a_tag_that_gets_lost_is_told() {
        let made = markdown("\\{\\{ x }} {% raw %}{{ y }}{% endraw %}").unwrap();
        assert_eq!(made.text, "{{ '{{' }} x }} {% raw %}{{ y }}{% endraw %}\n");
        let lost = "[a]: https://x.example/{% if a is defined %}\n\nHello{% endif %}\n";
        assert_eq!(&lost[markdown(lost).unwrap_err()], "{% if a is defined %}");
    }

    proptest::proptest! {
        #[test]
        fn nothing_panics(template in "[a*_`#>\\[\\]()<{}%|\n 1.!~-]{0,60}") {
            let _ = markdown(&template);
        }
    }
}
