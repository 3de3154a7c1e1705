//! Tags of a template taken out while its text becomes HTML, so that no rule of Markdown or MJML reads
//! them, and what they are filled with later is never read as markup.

use std::ops::Range;

use super::scan::{Piece, Tag, pieces};

/// What a tag's token begins with.
const MARK: &str = "tagx";

/// How a tag comes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// As it was.
    Text,
    /// A part of an address: what it is filled with is encoded.
    PartOfLink,
    /// An address begins with it.
    Link,
}

impl Place {
    const fn letter(self) -> char {
        match self {
            Self::Text => 't',
            Self::PartOfLink => 'p',
            Self::Link => 'l',
        }
    }

    const fn filter(self) -> Option<&'static str> {
        match self {
            Self::Text => None,
            Self::PartOfLink => Some("urlencode"),
            Self::Link => Some("url"),
        }
    }
}

/// A template's tags.
#[derive(Debug)]
pub(super) struct Tokens<'t> {
    template: &'t str,
    pieces: Vec<Piece>,
    /// What no token of which the template holds by itself.
    mark: String,
}

impl<'t> Tokens<'t> {
    /// A template with a word in place of each tag, and the tags.
    pub(super) fn take(template: &'t str) -> (String, Self) {
        let mut mark = MARK.to_owned();
        while template.contains(&mark) {
            mark.push('x');
        }
        let tokens = Self { template, pieces: pieces(template), mark };
        let mut text = String::with_capacity(template.len());
        let mut at = 0;
        for (number, piece) in tokens.pieces.iter().enumerate() {
            text.push_str(&template[at..piece.whole.start]);
            text.push_str(&tokens.word(number, Place::Text));
            at = piece.whole.end;
        }
        text.push_str(&template[at..]);
        (text, tokens)
    }

    fn word(&self, number: usize, place: Place) -> String {
        format!("{}{number}{}", self.mark, place.letter())
    }

    /// The first token of a text: its bytes, its number and its place.
    fn find(&self, text: &str) -> Option<(Range<usize>, usize, Place)> {
        let mut from = 0;
        while let Some(start) = text[from..].find(&self.mark).map(|at| from + at) {
            let rest = &text[start + self.mark.len()..];
            let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
            let place = [Place::Text, Place::PartOfLink, Place::Link]
                .into_iter()
                .find(|place| rest[digits..].starts_with(place.letter()));
            let number = rest[..digits].parse().ok().filter(|number| *number < self.pieces.len());
            if let (Some(place), Some(number)) = (place, number) {
                return Some((start..start + self.mark.len() + digits + 1, number, place));
            }
            from = start + self.mark.len();
        }
        None
    }

    /// A text cut at its tokens: what stands before each, and the number; the rest.
    fn cut<'x>(&self, mut text: &'x str) -> (Vec<(&'x str, usize, Place)>, &'x str) {
        let mut found = Vec::new();
        while let Some((range, number, place)) = self.find(text) {
            found.push((&text[..range.start], number, place));
            text = &text[range.end..];
        }
        (found, text)
    }

    /// Whether a text is nothing but tags that show nothing themselves: `{% if … %}`.
    pub(super) fn is_silent(&self, text: &str) -> bool {
        let (found, rest) = self.cut(text.trim());
        let silent = |number: usize| self.pieces[number].tag != Tag::Value;
        !found.is_empty()
            && rest.trim().is_empty()
            && found.iter().all(|(before, number, _)| before.trim().is_empty() && silent(*number))
    }

    /// Whether a silent text begins a loop (`for`), or ends one (`endfor`).
    pub(super) fn loops(&self, text: &str, word: &str) -> bool {
        let (found, _) = self.cut(text.trim());
        let first = |number: usize| {
            let inside = &self.template[self.pieces[number].inside.clone()];
            inside.trim_matches(['-', '+', ' ']).split_whitespace().next() == Some(word)
        };
        matches!(found.as_slice(), [(_, number, _)] if first(*number))
    }

    /// An address in which tokens stand: what fills them is encoded.
    pub(super) fn in_link(&self, link: &str) -> String {
        let (found, rest) = self.cut(link);
        let mut out = String::new();
        for (before, number, _) in found {
            out.push_str(before);
            let place = if out.is_empty() { Place::Link } else { Place::PartOfLink };
            out.push_str(&self.word(number, place));
        }
        out + rest
    }

    /// Where some bytes of the text with tokens stand in the template.
    pub(super) fn range(&self, taken: Range<usize>) -> Option<Range<usize>> {
        let range = self.place(taken.start).start..self.place(taken.end).end;
        self.template.get(range.clone()).filter(|_| !range.is_empty()).map(|_| range)
    }

    /// Where a byte of the text with tokens stands in the template: in a token, the whole tag.
    fn place(&self, wanted: usize) -> Range<usize> {
        let (mut text, mut at) = (0, 0);
        for (number, piece) in self.pieces.iter().enumerate() {
            let before = piece.whole.start - at;
            if wanted <= text + before {
                break;
            }
            text += before;
            let word = self.word(number, Place::Text).len();
            if wanted < text + word {
                return piece.whole.clone();
            }
            (text, at) = (text + word, piece.whole.end);
        }
        let here = at + (wanted - text);
        here..here
    }

    /// A text with the tags again where their tokens stood; what only looks like a tag is shown as it is.
    ///
    /// # Errors
    /// The bytes of the first tag, in the template, that decides what is shown and was lost or moved.
    pub(super) fn put_back(&self, text: &str) -> Result<String, Range<usize>> {
        let mut out = String::with_capacity(text.len());
        let (found, rest) = self.cut(text);
        let blocks = |number: &usize| self.pieces[*number].tag == Tag::Block;
        let stands: Vec<usize> = found.iter().map(|(_, number, _)| *number).filter(|n| blocks(n)).collect();
        let stood: Vec<usize> = (0..self.pieces.len()).filter(blocks).collect();
        if stands != stood {
            let lost = stood.iter().enumerate().find(|(at, number)| stands.get(*at) != Some(number));
            let lost = lost.or(stood.iter().enumerate().next_back()).map_or(0, |(_, number)| *number);
            return Err(self.pieces[lost].whole.clone());
        }
        for (before, number, place) in found {
            let last = out.rsplit("{%").next().unwrap_or_default().trim_matches(['-', '+', ' ']);
            out.push_str(&if last == "raw %}" { before.to_owned() } else { shown(before) });
            self.push(&mut out, number, place);
        }
        out.push_str(&shown(rest));
        Ok(out)
    }

    fn push(&self, out: &mut String, number: usize, place: Place) {
        let piece = &self.pieces[number];
        let whole = &self.template[piece.whole.clone()];
        let Some(filter) = place.filter().filter(|_| piece.tag == Tag::Value) else {
            out.push_str(whole);
            return;
        };
        let inside = &self.template[piece.inside.clone()];
        let (from, value, to) = (
            if inside.starts_with('-') { "-" } else { "" },
            inside.trim_matches(['-', '+', ' ']),
            if inside.ends_with('-') { "-" } else { "" },
        );
        // A link that is one placeholder alone needs no parentheses to be read.
        let plain = value.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.'));
        let (open, close) = if plain { ("", "") } else { ("(", ")") };
        out.extend(["{{", from, " ", open, value, close, " | ", filter, " ", to, "}}"]);
    }
}

/// A text without tags as a template that shows just that.
fn shown(text: &str) -> String {
    ["{{", "{%", "{#"].iter().fold(text.to_owned(), |text, open| {
        if text.contains(open) { text.replace(open, &format!("{{{{ '{open}' }}}}")) } else { text }
    })
}
