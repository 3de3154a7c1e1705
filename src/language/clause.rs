//! One clause: its text, where it stands, and what the grammar made of it.

use crate::diagnostic::{Diagnostic, FileId, Span};

use super::compat;
use super::grammar::{self, Node, Rule};
use super::split::ItemWord;
use super::syntax_error;
use super::tree::Name;
use super::{fault, span};

/// A clause as it is read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Clause<'a> {
    /// Its file.
    pub(super) file: FileId,
    /// The item it belongs to.
    pub(super) item: ItemWord,
    /// Where it begins in the file.
    pub(super) base: usize,
    /// Its text, comments masked.
    pub(super) text: &'a str,
    /// The same bytes as they were written.
    pub(super) written: &'a str,
}

impl<'a> Clause<'a> {
    /// Bytes of the clause as a span of the file.
    pub(super) fn span(&self, start: usize, end: usize) -> Span {
        span(self.file, self.base + start, self.base + end)
    }

    /// Where a node stands, without the blanks that the grammar may have read behind it.
    pub(super) fn place(&self, node: &Node<'_>) -> Span {
        let start = node.as_span().start();
        self.span(start, start + node.as_str().trim_end().len())
    }

    /// The whole of what is written in a span of this clause.
    pub(super) fn written(&self, place: Span) -> &'a str {
        let (start, end) = (place.start as usize - self.base, place.end as usize - self.base);
        self.written.get(start..end).unwrap_or("")
    }

    /// Reads the clause. Nothing where it was broken or is not available; why is then in `found`.
    ///
    /// Foreign spellings and capitals are answered here and read as what they mean.
    pub(super) fn read(&self, rule: Rule, found: &mut Vec<Diagnostic>) -> Option<Node<'a>> {
        let node = match grammar::read(rule, self.text) {
            Ok(node) => node,
            Err(error) => {
                found.push(syntax_error::diagnostic(self, &error));
                return None;
            }
        };
        let mut unavailable = None;
        for piece in node.clone().into_inner().flatten() {
            if let Some(what) = compat::unavailable(piece.as_rule()) {
                unavailable = unavailable.or(Some((self.place(&piece), what)));
            } else if let Some(diagnostic) = compat::answer(self, &piece) {
                found.push(diagnostic);
            }
        }
        if let Some((place, what)) = unavailable {
            let words = self.written(place).split_whitespace().collect::<Vec<_>>().join(" ");
            let what = if what.is_empty() { format!("`{words}`") } else { what.to_owned() };
            found.push(fault::not_available(place, &what));
        }
        Some(node)
    }

    /// A name, plain, foreign or in quotes.
    pub(super) fn name(&self, node: &Node<'_>) -> Name {
        let place = self.place(node);
        let text = node.as_str().trim_end();
        if matches!(node.as_rule(), Rule::string | Rule::compat_string) {
            let inner = node.clone().into_inner().next();
            return Name {
                text: inner.map_or("", |inner| inner.as_str()).to_owned(),
                span: place,
                quoted: true,
            };
        }
        Name { text: text.to_owned(), span: place, quoted: false }
    }
}
