//! Markdown as plain text: paragraphs on one line each, links with their address behind them.

use pulldown_cmark::{Event, Tag, TagEnd};

use super::super::token::Tokens;

/// What is being written.
#[derive(Default)]
struct Writer {
    out: String,
    /// The block under way.
    block: String,
    /// Before each line: of quotes and lists.
    margins: Vec<String>,
    /// Before the next line alone: `- `, `3. `.
    marker: Option<String>,
    /// Whether an empty line comes before the next block.
    gap: bool,
    /// The lists around, each with its next number if it has numbers.
    lists: Vec<Option<u64>>,
    /// The links around: the address, and where their text began.
    links: Vec<(String, usize)>,
    /// Where the text of an image began.
    image: Option<usize>,
    code: bool,
}

/// The text of a document.
pub(super) fn write(events: &[Event<'_>], tokens: &Tokens<'_>) -> String {
    let mut writer = Writer::default();
    for event in events {
        match event {
            Event::Start(tag) => writer.start(tag),
            Event::End(tag) => writer.end(*tag),
            Event::Text(text) if writer.code => writer.block.push_str(text),
            Event::Text(text) => writer.block.push_str(&text.replace('\n', " ")),
            Event::Code(text) => writer.block.push_str(text),
            Event::SoftBreak => writer.block.push(' '),
            Event::HardBreak => writer.block.push('\n'),
            Event::Html(html) if tokens.is_silent(html) => writer.tag(html),
            Event::Html(html) | Event::InlineHtml(html) => writer.html(html),
            Event::Rule => {
                writer.flush();
                writer.block.push_str("---");
                writer.flush();
                writer.gap = true;
            }
            // Of extensions that are not switched on.
            Event::InlineMath(_)
            | Event::DisplayMath(_)
            | Event::FootnoteReference(_)
            | Event::TaskListMarker(_) => {}
        }
    }
    writer.flush();
    writer.out
}

impl Writer {
    fn start(&mut self, tag: &Tag<'_>) {
        match tag {
            Tag::BlockQuote(_) => {
                self.flush();
                // The empty line before it does not belong to it.
                self.part();
                self.margins.push("> ".into());
            }
            Tag::CodeBlock(_) => {
                self.flush();
                self.code = true;
            }
            Tag::List(first) => {
                self.flush();
                self.lists.push(*first);
            }
            Tag::Item => {
                self.flush();
                let marker = match self.lists.last_mut() {
                    Some(Some(number)) => {
                        *number += 1;
                        format!("{}. ", *number - 1)
                    }
                    Some(None) | None => "- ".into(),
                };
                self.margins.push(" ".repeat(marker.len()));
                self.marker = Some(marker);
            }
            Tag::Link { dest_url, .. } => self.links.push((dest_url.to_string(), self.block.len())),
            Tag::Image { .. } => self.image = self.image.or(Some(self.block.len())),
            _ => {}
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Paragraph | TagEnd::Heading(_) | TagEnd::HtmlBlock => {
                self.flush();
                self.gap = true;
            }
            TagEnd::BlockQuote(_) => {
                self.flush();
                self.margins.pop();
                self.gap = true;
            }
            TagEnd::CodeBlock => {
                self.flush();
                (self.code, self.gap) = (false, true);
            }
            TagEnd::Item => {
                self.flush();
                self.marker = None;
                self.margins.pop();
            }
            TagEnd::List(_) => {
                self.flush();
                self.lists.pop();
                self.gap = self.gap || self.lists.is_empty();
            }
            TagEnd::Link => {
                let Some((link, start)) = self.links.pop() else { return };
                if self.block.get(start..) != Some(link.trim_start_matches("mailto:")) {
                    self.block.extend([" <", &link, ">"]);
                }
            }
            TagEnd::Image => {
                let Some(start) = self.image.take().filter(|start| *start <= self.block.len()) else {
                    return;
                };
                // Without words of its own a picture is no loss.
                if self.block.len() > start {
                    self.block.insert(start, '[');
                    self.block.push(']');
                }
            }
            _ => {}
        }
    }

    /// A tag that shows nothing: no line of its own.
    fn tag(&mut self, tag: &str) {
        self.flush();
        if !self.lists.is_empty() && self.gap {
            // Within a list it stands before the entries that it is about.
            self.out.push('\n');
            self.gap = false;
        }
        self.out.push_str(tag);
    }

    /// HTML without its tags; a line break is one.
    fn html(&mut self, html: &str) {
        let mut rest = html;
        while let Some(open) = rest.find('<') {
            self.words(&rest[..open]);
            let close = rest[open..].find('>').map_or(rest.len(), |close| open + close + 1);
            let name = rest[open + 1..close].trim_start_matches('/').to_ascii_lowercase();
            if ["br", "p", "div", "tr", "li", "h1", "h2", "h3"].iter().any(|block| {
                name.strip_prefix(block).is_some_and(|rest| !rest.starts_with(|c: char| c.is_alphanumeric()))
            }) {
                self.block.push('\n');
            }
            rest = &rest[close..];
        }
        self.words(rest);
    }

    fn words(&mut self, html: &str) {
        let pairs =
            [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&nbsp;", " "), ("&amp;", "&")];
        let text = pairs.iter().fold(html.to_owned(), |text, (entity, plain)| text.replace(entity, plain));
        self.block.push_str(&text);
    }

    /// Writes the empty line that is owed, if any.
    fn part(&mut self) {
        if std::mem::take(&mut self.gap) {
            let margin = if self.marker.is_some() { String::new() } else { self.margins.concat() };
            self.out.push_str(margin.trim_end());
            self.out.push('\n');
        }
    }

    /// Writes the block under way, each of its lines behind the margins.
    fn flush(&mut self) {
        let block = std::mem::take(&mut self.block);
        let block = if self.code { block.trim_end() } else { block.trim() };
        if block.is_empty() {
            return;
        }
        self.part();
        let margin = self.margins.concat();
        for line in block.lines() {
            let line = if self.code { line } else { line.trim() };
            match self.marker.take() {
                Some(marker) => {
                    let outer = self.margins.split_last().map_or(String::new(), |(_, outer)| outer.concat());
                    self.out.push_str(&outer);
                    self.out.push_str(&marker);
                }
                None => self.out.push_str(&margin),
            }
            self.out.push_str(line);
            self.out.push('\n');
        }
    }
}
