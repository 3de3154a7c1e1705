//! Characters into tokens: comments out, texts kept whole, hidden characters and merge markers found.

use std::ops::Range;

use crate::diagnostic::{Applicability, Code, Diagnostic, FileId, Fix, Span};

/// What kind of token it is: as much as the splitter needs to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::language) enum TokenKind {
    /// Letters, digits and `_`, beginning with no digit.
    Word,
    /// Anything beginning with a digit.
    Number,
    /// A text in quotes of any kind.
    Text,
    /// One other character.
    Symbol,
    /// Something of which the diagnostic is made already: its clause is broken.
    Broken,
}

/// A token with its bytes `start..end`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::language) struct Token {
    /// First byte.
    pub(in crate::language) start: usize,
    /// One past the last byte.
    pub(in crate::language) end: usize,
    /// Its kind.
    pub(in crate::language) kind: TokenKind,
    /// Whether it is the first on its line.
    pub(in crate::language) first: bool,
    /// Whether it stands in column 1.
    pub(in crate::language) column_one: bool,
}

/// A scanned file.
#[derive(Debug)]
pub(in crate::language) struct Scan {
    /// The text, byte for byte as long, with comments and stray characters replaced by spaces.
    pub(in crate::language) masked: String,
    /// Its tokens in order.
    pub(in crate::language) tokens: Vec<Token>,
    /// Its comments in order, each from its `#` to the end of its line.
    pub(in crate::language) comments: Vec<Range<usize>>,
    /// Whether it began with a byte order mark.
    pub(in crate::language) bom: bool,
    /// What was wrong with its characters.
    pub(in crate::language) diagnostics: Vec<Diagnostic>,
}

impl Scan {
    /// A token's text.
    pub(in crate::language) fn text(&self, token: &Token) -> &str {
        self.masked.get(token.start..token.end).unwrap_or("")
    }
}

/// Windows editors begin files with it; it means nothing.
const BOM: char = '\u{feff}';

/// Scans a whole file.
pub(in crate::language) fn scan(file: FileId, text: &str) -> Scan {
    let mut scanner = Scanner {
        file,
        text,
        masked: text.as_bytes().to_vec(),
        tokens: Vec::new(),
        comments: Vec::new(),
        diagnostics: Vec::new(),
        in_conflict: false,
    };
    let mut start = if text.starts_with(BOM) { BOM.len_utf8() } else { 0 };
    scanner.mask(0, start);
    for line in text[start..].split_inclusive('\n') {
        scanner.line(start, line.strip_suffix('\n').map_or(line, |l| l.strip_suffix('\r').unwrap_or(l)));
        start += line.len();
    }
    let Scanner { masked, tokens, comments, diagnostics, .. } = scanner;
    // Whole characters were replaced by spaces, so the bytes are still UTF-8.
    let bom = text.starts_with(BOM);
    Scan { masked: String::from_utf8(masked).unwrap_or_default(), tokens, comments, bom, diagnostics }
}

struct Scanner<'a> {
    file: FileId,
    text: &'a str,
    masked: Vec<u8>,
    tokens: Vec<Token>,
    comments: Vec<Range<usize>>,
    diagnostics: Vec<Diagnostic>,
    in_conflict: bool,
}

impl Scanner<'_> {
    fn mask(&mut self, start: usize, end: usize) {
        self.masked[start..end].fill(b' ');
    }

    fn line(&mut self, start: usize, line: &str) {
        if self.merge_marker(start, line) {
            return;
        }
        let end = start + line.len();
        let (mut at, mut first) = (start, true);
        while let Some(c) = self.text[at..end].chars().next() {
            let next = at + c.len_utf8();
            if c == ' ' || c == '\t' {
                at = next;
                continue;
            }
            if c == '#' {
                self.hidden_in(at, end);
                self.mask(at, end);
                self.comments.push(at..end);
                return;
            }
            if let Some(what) = hidden(c) {
                let blank = self.hidden_character(at, c, what, false);
                self.mask(at, next);
                if !blank {
                    self.tokens.push(Token {
                        start: at,
                        end: next,
                        kind: TokenKind::Broken,
                        first,
                        column_one: at == start,
                    });
                    first = false;
                }
                at = next;
                continue;
            }
            let (stop, kind) = self.token(at, end, c);
            self.tokens.push(Token { start: at, end: stop, kind, first, column_one: at == start });
            (at, first) = (stop, false);
        }
    }

    /// Where the token that begins at `at` ends, and its kind.
    fn token(&mut self, at: usize, end: usize, c: char) -> (usize, TokenKind) {
        let rest = &self.text[at..end];
        if let Some(length) = text_length(rest, c, self.text[..at].chars().next_back()) {
            self.hidden_in(at, at + length);
            return (at + length, TokenKind::Text);
        }
        if c == '"' || c == '“' || c == '„' {
            self.unfinished(at, end);
            return (end, TokenKind::Broken);
        }
        let word = |c: char| (c.is_alphanumeric() || c == '_') && (c.is_ascii() || hidden(c).is_none());
        if word(c) {
            let length = rest.find(|c| !word(c)).unwrap_or(rest.len());
            let kind = if c.is_ascii_digit() { TokenKind::Number } else { TokenKind::Word };
            return (at + length, kind);
        }
        (at + c.len_utf8(), TokenKind::Symbol)
    }

    /// A line that Git left behind; one diagnostic a conflict.
    fn merge_marker(&mut self, start: usize, line: &str) -> bool {
        let marker = ["<<<<<<<", "|||||||", "=======", ">>>>>>>"]
            .into_iter()
            .find(|m| line.strip_prefix(*m).is_some_and(|rest| rest.is_empty() || rest.starts_with(' ')));
        let Some(marker) = marker else { return false };
        if !self.in_conflict {
            self.diagnostics.push(Diagnostic {
                code: Code::MergeMarker,
                message: format!("an unfinished merge left `{marker}` behind"),
                span: self.span(start, start + line.len()),
                label: "two versions of the file stand here".into(),
                why:
                    "somebody has to choose one of them: keep what is right, delete the other and the marker \
                      lines"
                        .into(),
                fix: None,
            });
        }
        self.in_conflict = !marker.starts_with('>');
        self.mask(start, start + line.len());
        true
    }

    /// The hidden characters inside a comment or text, where joiners and marks of right-to-left
    /// writing have their place but overrides have not.
    fn hidden_in(&mut self, start: usize, end: usize) {
        for (offset, c) in self.text[start..end].char_indices() {
            if let Some(what) = hidden(c).filter(|_| !is_writing(c)) {
                self.hidden_character(start + offset, c, what, true);
            }
        }
    }

    /// Whether it only was a blank of another kind.
    fn hidden_character(&mut self, at: usize, c: char, what: &str, in_text: bool) -> bool {
        let replacement = match c {
            c if is_space(c) => " ",
            '\r' | '\u{85}' | '\u{2028}' | '\u{2029}' if !in_text => "\n",
            _ => "",
        };
        let span = self.span(at, at + c.len_utf8());
        self.diagnostics.push(Diagnostic {
            code: Code::HiddenCharacter,
            message: format!("{what} (U+{:04X}) stands here", u32::from(c)),
            span,
            label: "cannot be seen".into(),
            why: "the file reads otherwise than it looks, and a reviewer would approve what they do not see"
                .into(),
            fix: Some(Fix {
                span,
                replacement: replacement.into(),
                applicability: if replacement == " " {
                    Applicability::Safe
                } else {
                    Applicability::NeedsReview
                },
            }),
        });
        replacement == " "
    }

    fn unfinished(&mut self, at: usize, end: usize) {
        let line = self.text[at..end].trim_end_matches(|c: char| c.is_whitespace() || c == ',' || c == ')');
        let opening = self.text[at..].chars().next().map_or(1, char::len_utf8);
        // `subject "` alone: nothing to enclose.
        let close = at + line.len().max(opening);
        let inner = self.text[at + opening..close].to_owned();
        self.hidden_in(at, end);
        self.diagnostics.push(Diagnostic {
            code: Code::UnfinishedText,
            message: "a text in quotes does not end on its line".into(),
            span: self.span(at, close),
            label: "begins here".into(),
            why: "without its closing `\"` the rest of the file would be read as text".into(),
            fix: Some(Fix {
                span: self.span(at, close),
                replacement: format!("\"{inner}\""),
                applicability: Applicability::NeedsReview,
            }),
        });
        self.mask(at, end);
    }

    fn span(&self, start: usize, end: usize) -> Span {
        super::super::span(self.file, start, end)
    }
}

/// The length of the text that begins here, if one does and ends on this line.
fn text_length(rest: &str, c: char, before: Option<char>) -> Option<usize> {
    let closing: &[char] = match c {
        '"' => &['"'],
        // An apostrophe inside a word or number (`1'000`) opens nothing.
        '\'' if before.is_none_or(|b| !b.is_alphanumeric()) => &['\''],
        '“' | '”' | '„' => &['”', '“', '"'],
        '‘' | '’' | '‚' => &['’', '‘'],
        '«' => &['»'],
        _ => return None,
    };
    let inside = &rest[c.len_utf8()..];
    let at = inside.find(closing)?;
    let close = inside[at..].chars().next().map_or(0, char::len_utf8);
    Some(c.len_utf8() + at + close)
}

/// What a hidden character is called, if it is one.
fn hidden(c: char) -> Option<&'static str> {
    Some(match c {
        '\0' => "a zero byte",
        '\r' => "a lone carriage return",
        '\t' => return None,
        '\u{a0}' | '\u{2007}' | '\u{202f}' => "a space that does not break",
        '\u{3000}' => "a wide space",
        '\u{1680}' | '\u{2000}'..='\u{200a}' | '\u{205f}' => "a space of another width",
        '\u{ad}' => "a soft hyphen",
        '\u{200b}'..='\u{200d}'
        | '\u{2060}'..='\u{2064}'
        | '\u{34f}'
        | '\u{180e}'
        | '\u{206a}'..='\u{206f}' => "a character without width",
        // Letters to the machine, nothing to the eye.
        '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{2800}' | '\u{3164}' | '\u{ffa0}' => {
            "an empty letter"
        }
        '\u{fe00}'..='\u{fe0f}' | '\u{e0100}'..='\u{e01ef}' => "a mark that only changes how a letter looks",
        '\u{e0000}'..='\u{e007f}' => "a tag that nobody sees",
        '\u{fff9}'..='\u{fffb}' => "a mark of annotation",
        '\u{200e}' | '\u{200f}' | '\u{61c}' => "a mark of writing direction",
        '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => "an override of the writing direction",
        '\u{feff}' => "a byte order mark inside the text",
        '\u{85}' | '\u{2028}' | '\u{2029}' => "a foreign line end",
        c if c.is_control() => "a control character",
        _ => return None,
    })
}

/// Spaces that are no plain space.
const fn is_space(c: char) -> bool {
    matches!(c, '\u{a0}' | '\u{1680}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{205f}' | '\u{3000}')
}

/// Hidden characters that belong into written text: joiners and looks of emoji and of Persian, the
/// flags of regions, marks of Hebrew and Arabic, spaces of any width, soft hyphens.
fn is_writing(c: char) -> bool {
    is_space(c)
        || matches!(c, '\u{200c}'..='\u{200f}' | '\u{61c}' | '\u{ad}' | '\t')
        || matches!(c, '\u{fe00}'..='\u{fe0f}' | '\u{e0020}'..='\u{e007f}')
}
