//! Where items and clauses begin, by token.

use super::super::grammar::Rule;
use super::super::split::{Chunk, ChunkKind, ItemWord, RawItem, Scan, chunks};

/// What begins at a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Begin {
    /// An item.
    Item,
    /// A clause of it.
    Clause,
    /// A `then`.
    Then,
    /// A further action.
    Action,
}

/// What is known of the tokens of a file.
#[derive(Debug)]
pub(super) struct Marks {
    begins: Vec<Option<Begin>>,
    items: Vec<Place>,
    /// Of each token, its item.
    item_of: Vec<usize>,
}

/// What is known of an item.
#[derive(Debug)]
pub(super) struct Place {
    /// Whether it is a bare `when … then …`.
    pub(super) bare: bool,
    /// Whether all of it stands on one line.
    pub(super) one_line: bool,
    /// For segments: the column of each `when` and `otherwise` behind a name that begins its line.
    column: Option<usize>,
}

/// By how much the clauses of an item are indented.
pub(super) const STEP: usize = 2;

impl Marks {
    pub(super) fn of(scan: &Scan, items: &[RawItem]) -> Self {
        let count = scan.tokens.len();
        let mut marks = Self { begins: vec![None; count], items: Vec::new(), item_of: vec![0; count] };
        for (index, item) in items.iter().enumerate() {
            marks.item_of[item.tokens.clone()].fill(index);
            let chunks = chunks(scan, item);
            for chunk in &chunks {
                // `, then` with nothing behind it has no token; it is a mistake.
                if let Some(begin) = marks.begins.get_mut(chunk.tokens.start) {
                    *begin = Some(match chunk.kind {
                        ChunkKind::Action { first: true, .. } => Begin::Then,
                        ChunkKind::Action { first: false, .. } => Begin::Action,
                        ChunkKind::Read(_) | ChunkKind::Unavailable(_) => Begin::Clause,
                    });
                }
            }
            marks.begins[item.tokens.start] = Some(Begin::Item);
            marks.items.push(Place {
                bare: item.word == ItemWord::When,
                one_line: scan.tokens[item.tokens.clone()].iter().skip(1).all(|token| !token.first),
                column: widest_name(scan, &chunks).map(|width| STEP + width + 1),
            });
        }
        marks
    }

    /// What begins at a token, if anything.
    pub(super) fn begins(&self, token: usize) -> Option<Begin> {
        self.begins.get(token).copied().flatten()
    }

    /// The item of a token.
    pub(super) fn item(&self, token: usize) -> &Place {
        &self.items[self.item_of[token]]
    }

    /// The column at which a token stands in line with others, where that is so.
    pub(super) fn column(&self, scan: &Scan, token: usize) -> Option<usize> {
        let name = token.checked_sub(1).filter(|_| matches!(word(scan, token), "when" | "otherwise"))?;
        let behind_name = self.begins(name) == Some(Begin::Clause) && scan.tokens[name].first;
        self.item(token).column.filter(|_| behind_name)
    }
}

fn word(scan: &Scan, token: usize) -> &str {
    scan.tokens.get(token).map_or("", |token| scan.text(token))
}

/// The width of the longest name of a segment that begins its line.
fn widest_name(scan: &Scan, chunks: &[Chunk]) -> Option<usize> {
    let places = chunks.iter().filter(|chunk| chunk.kind == ChunkKind::Read(Rule::place_clause));
    let names = places.map(|chunk| &scan.tokens[chunk.tokens.start]).filter(|name| name.first);
    names.map(|name| scan.text(name).chars().count()).max()
}
