//! An item's tokens into clauses, each with the grammar's entry rule that reads it.

use std::ops::Range;

use super::super::grammar::Rule;
use super::item::RawItem;
use super::scan::{Scan, Token, TokenKind};
use super::table::webhook_clause;
use super::word::ItemWord;

/// How a chunk is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::language) enum ChunkKind {
    /// By this rule of the grammar.
    Read(Rule),
    /// The first action of a `then` clause, its `then` included, or a further one.
    Action {
        /// Whether a new `then` clause begins.
        first: bool,
        /// In people's words what it is, where this version does not run it.
        unavailable: Option<&'static str>,
    },
    /// Good language that this version does not run, in people's words.
    Unavailable(&'static str),
}

/// A piece of an item that is read alone.
#[derive(Debug, Clone)]
pub(in crate::language) struct Chunk {
    /// How.
    pub(in crate::language) kind: ChunkKind,
    /// Which tokens.
    pub(in crate::language) tokens: Range<usize>,
}

/// Cuts an item into chunks, the first of them its head (but for a bare rule, which has none).
pub(in crate::language) fn chunks(scan: &Scan, item: &RawItem) -> Vec<Chunk> {
    let range = item.tokens.clone();
    let head_end = (range.start + 1..range.end).find(|&at| scan.tokens[at].first).unwrap_or(range.end);
    let mut cutter = Cutter { scan, item: item.word, range, head_end, chunks: Vec::new() };
    let head = cutter.head();
    if let Some(rule) = head {
        cutter.begin(ChunkKind::Read(rule), item.tokens.start);
    }
    let mut index = item.tokens.start + usize::from(head.is_some());
    while index < item.tokens.end {
        index = cutter.step(index);
    }
    cutter.chunks
}

pub(super) struct Cutter<'a> {
    scan: &'a Scan,
    pub(super) item: ItemWord,
    pub(super) range: Range<usize>,
    /// The first token that does not stand on the item's own line.
    head_end: usize,
    pub(super) chunks: Vec<Chunk>,
}

/// What a token is, lower-cased where it is a word.
pub(super) struct Look {
    pub(super) text: String,
    pub(super) kind: Option<TokenKind>,
}

impl Look {
    pub(super) fn is(&self, word: &str) -> bool {
        self.text == word
    }

    pub(super) fn any(&self, words: &[&str]) -> bool {
        words.contains(&self.text.as_str())
    }

    pub(super) fn is_word(&self) -> bool {
        self.kind == Some(TokenKind::Word)
    }

    pub(super) fn is_number(&self) -> bool {
        self.kind == Some(TokenKind::Number)
    }

    pub(super) fn is_text(&self) -> bool {
        matches!(self.kind, Some(TokenKind::Text | TokenKind::Broken))
    }
}

impl Cutter<'_> {
    fn token(&self, index: usize) -> Option<&Token> {
        self.range.contains(&index).then(|| &self.scan.tokens[index])
    }

    pub(super) fn look(&self, index: usize) -> Look {
        let Some(token) = self.token(index) else { return Look { text: String::new(), kind: None } };
        let text = if token.kind == TokenKind::Word && token.end - token.start <= LONGEST_KEYWORD {
            self.scan.text(token).to_ascii_lowercase()
        } else if token.kind == TokenKind::Symbol {
            self.scan.text(token).to_owned()
        } else {
            String::new()
        };
        Look { text, kind: Some(token.kind) }
    }

    pub(super) fn before(&self, index: usize) -> Look {
        index.checked_sub(1).map_or(Look { text: String::new(), kind: None }, |at| self.look(at))
    }

    fn begin(&mut self, kind: ChunkKind, at: usize) {
        if let Some(last) = self.chunks.last_mut() {
            last.tokens.end = at;
        }
        self.chunks.push(Chunk { kind, tokens: at..self.range.end });
    }

    const fn head(&self) -> Option<Rule> {
        Some(match self.item {
            ItemWord::Workspace => Rule::workspace_head,
            ItemWord::Attribute => Rule::attribute_item,
            ItemWord::Event => Rule::event_head,
            ItemWord::Segments => Rule::segments_head,
            ItemWord::Audience => Rule::audience_head,
            ItemWord::Message => Rule::message_head,
            ItemWord::Webhook => Rule::webhook_head,
            ItemWord::Policy => Rule::policy_head,
            ItemWord::Rule => Rule::rule_head,
            // A bare rule has no head; the others are answered as a whole.
            ItemWord::When
            | ItemWord::Tiers
            | ItemWord::Offer
            | ItemWord::Budget
            | ItemWord::Journey
            | ItemWord::Test => return None,
        })
    }

    /// Looks at one token: begins a chunk there, or lets the running one go on. The next to look at.
    fn step(&mut self, index: usize) -> usize {
        if self.in_then()
            && let Some(next) = self.action(index)
        {
            return next;
        }
        if let Some(kind) = self.clause(index) {
            self.begin(kind, index);
            // The clause word itself begins nothing more: `at most`, `new matches only`.
            return index + 1;
        }
        index + 1
    }

    pub(super) fn in_then(&self) -> bool {
        self.chunks.last().is_some_and(|chunk| matches!(chunk.kind, ChunkKind::Action { .. }))
    }

    /// Inside of `on EVENT`, which goes on with `after`.
    pub(super) fn in_on(&self) -> bool {
        self.chunks.last().is_some_and(|chunk| chunk.kind == ChunkKind::Read(Rule::on_clause))
    }

    /// Inside a `then` clause: a further action at a line's start, or after `, then`.
    fn action(&mut self, index: usize) -> Option<usize> {
        let look = self.look(index);
        if look.is(",") && self.look(index + 1).is("then") {
            let kind = self.action_kind(index + 2, false);
            self.begin(kind, index);
            // The joint belongs to neither action.
            if let Some(last) = self.chunks.last_mut() {
                last.tokens.start = index + 2;
            }
            return Some(index + 3);
        }
        let first = self.token(index).is_some_and(|token| token.first);
        let continues = self.before(index).any(&[",", "with", "as", "then"]);
        let next = self.look(index + 1);
        let clause = (look.is("give") && next.is("up")) || (look.is("if") && next.is("missed"));
        let verb = ACTIONS.iter().any(|(word, _)| look.is(word)) && !clause;
        if first && verb && !continues {
            let kind = self.action_kind(index, false);
            self.begin(kind, index);
            return Some(index + 1);
        }
        None
    }

    /// How the action whose verb stands at `index` is read.
    pub(super) fn action_kind(&self, index: usize, first: bool) -> ChunkKind {
        let look = self.look(index);
        let known = ACTIONS.iter().find(|(word, _)| look.is(word));
        ChunkKind::Action { first, unavailable: known.and_then(|(_, unavailable)| *unavailable) }
    }

    /// The clause that begins at this token, if one does.
    fn clause(&self, index: usize) -> Option<ChunkKind> {
        let token = self.token(index)?;
        if !matches!(token.kind, TokenKind::Word | TokenKind::Text | TokenKind::Number) {
            return None;
        }
        let at =
            At { index, first: token.first && index > self.range.start, head_line: index < self.head_end };
        let word = self.look(index);
        let places = self.item == ItemWord::Segments && self.opens_place(index + 1);
        if at.first && word.is("formerly") && !places {
            return Some(ChunkKind::Read(Rule::formerly_clause));
        }
        // The words on the item's own line that are its name begin no clause.
        let named = at.first || (at.head_line && index >= self.range.start + 2);
        match self.item {
            ItemWord::Rule | ItemWord::When => self.rule_clause(&at, &word),
            ItemWord::Audience => {
                let begins = word.is("when") && index > self.range.start && !self.is_value(index);
                begins.then_some(ChunkKind::Read(Rule::when_clause))
            }
            ItemWord::Segments => {
                // The first line below the head is a place even where it says no `when`.
                let opens = self.opens_place(index + 1) || (at.first && self.chunks.len() == 1);
                let begins = (at.first || at.head_line) && opens && !word.is("when");
                begins.then_some(ChunkKind::Read(Rule::place_clause))
            }
            ItemWord::Workspace => {
                (at.first || at.head_line).then(|| self.workspace_clause(&at, &word)).flatten()
            }
            ItemWord::Message => named.then(|| self.message_clause(&at, &word)).flatten(),
            ItemWord::Webhook => named.then(|| webhook_clause(&at, &word)).flatten(),
            ItemWord::Policy => named.then(|| self.policy_clause(&at, &word)).flatten(),
            ItemWord::Event => {
                (named && self.opens_field(index)).then_some(ChunkKind::Read(Rule::event_field))
            }
            ItemWord::Attribute
            | ItemWord::Tiers
            | ItemWord::Offer
            | ItemWord::Budget
            | ItemWord::Journey
            | ItemWord::Test => None,
        }
    }

    /// Whether `when` or `otherwise` stands here: a place of `segments` begins before it.
    fn opens_place(&self, index: usize) -> bool {
        self.look(index).any(&["when", "otherwise"])
    }

    /// Whether an event's field begins here: at a line's start where the line before is finished,
    /// and behind the event's name.
    fn opens_field(&self, index: usize) -> bool {
        let first = self.token(index).is_some_and(|token| token.first);
        let named = index == self.range.start + 2;
        (first || named) && !self.before(index).any(&["|", "<", ",", "choice", "of"])
    }

    /// After a comparison or in a list any word is a value, `then` too, where the condition goes on
    /// behind it.
    pub(super) fn is_value(&self, index: usize) -> bool {
        let (before, next) = (self.before(index), self.look(index + 1));
        let listed = before.any(&["(", ","]) && next.any(&[",", ")"]);
        let goes_on = next.kind.is_none() || next.any(&["and", "or", ")", ",", "then"]);
        listed || (before.any(&["=", "<", ">"]) && goes_on)
    }
}

impl Cutter<'_> {
    /// Whether a condition goes on at this token: `plan = draft`, `paid and draft`.
    pub(super) fn goes_on(&self, index: usize) -> bool {
        self.before(index).any(&["=", "<", ">", "(", ",", "and", "or", "not", "when"])
    }
}

/// Where a token stands in its item.
pub(super) struct At {
    pub(super) index: usize,
    /// First on its line, and not the item's own word.
    pub(super) first: bool,
    /// On the item's own line.
    pub(super) head_line: bool,
}

/// Longer words are no keywords; they are not copied to be looked at.
const LONGEST_KEYWORD: usize = 16;

/// The verbs of actions; with words for people where this version does not run them.
const ACTIONS: [(&str, Option<&str>); 10] = [
    ("send", None),
    ("call", None),
    ("give", Some("`give` an offer")),
    ("set", None),
    ("start", Some("`start` a journey")),
    ("split", Some("`split` between actions")),
    ("wait", Some("`wait` among the actions of a rule")),
    ("stop", Some("`stop` among the actions of a rule")),
    ("go", Some("`go to` among the actions of a rule")),
    ("if", Some("`if` among the actions of a rule")),
];
