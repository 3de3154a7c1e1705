//! An item's tokens into clauses, each with the grammar's entry rule that reads it.

use std::ops::Range;

use super::super::grammar::Rule;
use super::item::RawItem;
use super::scan::{Scan, Token, TokenKind};
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

struct Cutter<'a> {
    scan: &'a Scan,
    item: ItemWord,
    range: Range<usize>,
    /// The first token that does not stand on the item's own line.
    head_end: usize,
    chunks: Vec<Chunk>,
}

/// What a token is, lower-cased where it is a word.
struct Look {
    text: String,
    kind: Option<TokenKind>,
}

impl Look {
    fn is(&self, word: &str) -> bool {
        self.text == word
    }

    fn any(&self, words: &[&str]) -> bool {
        words.contains(&self.text.as_str())
    }

    fn is_word(&self) -> bool {
        self.kind == Some(TokenKind::Word)
    }

    fn is_number(&self) -> bool {
        self.kind == Some(TokenKind::Number)
    }

    fn is_text(&self) -> bool {
        matches!(self.kind, Some(TokenKind::Text | TokenKind::Broken))
    }
}

impl Cutter<'_> {
    fn token(&self, index: usize) -> Option<&Token> {
        self.range.contains(&index).then(|| &self.scan.tokens[index])
    }

    fn look(&self, index: usize) -> Look {
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

    fn before(&self, index: usize) -> Look {
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
            ItemWord::Segments => Rule::segments_head,
            ItemWord::Audience => Rule::audience_head,
            ItemWord::Message => Rule::message_head,
            ItemWord::Webhook => Rule::webhook_head,
            ItemWord::Policy => Rule::policy_head,
            ItemWord::Rule => Rule::rule_head,
            ItemWord::When => return None,
            // Answered as a whole before their clauses are read.
            ItemWord::Event
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

    fn in_then(&self) -> bool {
        self.chunks.last().is_some_and(|chunk| matches!(chunk.kind, ChunkKind::Action { .. }))
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
    fn action_kind(&self, index: usize, first: bool) -> ChunkKind {
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
            return Some(ChunkKind::Unavailable("renaming with `formerly`"));
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
            ItemWord::Webhook => named.then(|| self.webhook_clause(&at, &word)).flatten(),
            ItemWord::Policy => named.then(|| self.policy_clause(&at, &word)).flatten(),
            ItemWord::Attribute
            | ItemWord::Event
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

    /// After a comparison or in a list any word is a value, `then` too, where the condition goes on
    /// behind it.
    fn is_value(&self, index: usize) -> bool {
        let (before, next) = (self.before(index), self.look(index + 1));
        let listed = before.any(&["(", ","]) && next.any(&[",", ")"]);
        let goes_on = next.kind.is_none() || next.any(&["and", "or", ")", ",", "then"]);
        listed || (before.any(&["=", "<", ">"]) && goes_on)
    }

    fn rule_clause(&self, at: &At, word: &Look) -> Option<ChunkKind> {
        // `when` and `then` name nothing, so they begin their clauses on any line.
        // Inside a `then` clause a further one on the same line only joins, wrongly, its actions.
        let joins = !at.first && self.in_then();
        if word.is("then") && !joins && !self.is_value(at.index) {
            return Some(self.action_kind(at.index + 1, true));
        }
        let bare = self.item == ItemWord::When && at.index == self.range.start;
        if word.is("when")
            && (at.first || bare || (at.head_line && at.index > self.range.start && !self.is_value(at.index)))
        {
            return Some(ChunkKind::Read(Rule::when_clause));
        }
        if at.first {
            return self.rule_line(at.index, word);
        }
        let named = self.item == ItemWord::When || at.index >= self.range.start + 2;
        (at.head_line && named).then(|| self.rule_inline(at.index, word)).flatten()
    }

    /// A rule's clause at a line's start.
    fn rule_line(&self, index: usize, word: &Look) -> Option<ChunkKind> {
        let next = self.look(index + 1);
        Some(match word.text.as_str() {
            "owner" => ChunkKind::Read(Rule::owner_clause),
            "every" => ChunkKind::Read(Rule::every_clause),
            "priority" => ChunkKind::Read(Rule::priority_clause),
            "at" if next.is("most") => ChunkKind::Read(Rule::at_most_clause),
            "at" => ChunkKind::Unavailable("a rule `at` one fixed time"),
            // `from 90 days to 30 days ago` goes on with a window.
            "from" if next.is_number() && self.look(index + 2).is_word() => return None,
            "from" | "until" => ChunkKind::Unavailable("a rule's `from … until`"),
            // `every month` goes on with `on day 1`.
            "on" if next.any(&["day", "last"]) => return None,
            "on" => ChunkKind::Unavailable("a rule `on` an event or cron line"),
            "hold" => ChunkKind::Unavailable("`hold out`"),
            "goal" => ChunkKind::Unavailable("a rule's `goal`"),
            "reach" => ChunkKind::Unavailable("a rule's `reach`"),
            "draft" => ChunkKind::Unavailable("a `draft` rule"),
            "new" if next.is("matches") => ChunkKind::Unavailable("`new matches only`"),
            "if" if next.is("missed") => ChunkKind::Unavailable("`if missed`"),
            "give" if next.is("up") => ChunkKind::Unavailable("`give up after`"),
            _ => return None,
        })
    }

    /// A rule's clause on the rule's own line: only where the word can be nothing else there.
    fn rule_inline(&self, index: usize, word: &Look) -> Option<ChunkKind> {
        let (before, next) = (self.before(index), self.look(index + 1));
        let in_head = self.chunks.len() <= 1;
        let certain = match word.text.as_str() {
            "owner" => next.is_text(),
            "every" => next.is_word() || next.is_number(),
            "priority" => next.is_number(),
            "at" => next.is("most"),
            "hold" => next.is("out"),
            "new" => next.is("matches"),
            "if" => next.is("missed"),
            "from" => next.is_number() && !self.look(index + 2).is_word(),
            "on" => in_head && next.is_word() && !next.any(&["day", "last"]),
            "draft" | "goal" => in_head,
            _ => false,
        };
        (certain && !before.any(&["=", "<", ">", "and", "or", "(", ","]))
            .then(|| self.rule_line(index, word))
            .flatten()
    }

    fn workspace_clause(&self, at: &At, word: &Look) -> Option<ChunkKind> {
        let next = self.look(at.index + 1);
        Some(ChunkKind::Read(match word.text.as_str() {
            "currency" if at.first || next.kind.is_some() => Rule::currency_clause,
            "time" if next.is("zone") => Rule::time_zone_clause,
            "first" if next.is("run") => Rule::first_run_clause,
            "clv" if at.first || next.is("in") => Rule::clv_clause,
            _ => return None,
        }))
    }

    fn message_clause(&self, at: &At, word: &Look) -> Option<ChunkKind> {
        let next = self.look(at.index + 1);
        // On the message's own line a clause word is one only with what must follow it.
        let text_follows = at.first || next.is_text();
        Some(match word.text.as_str() {
            "subject" if text_follows => ChunkKind::Read(Rule::subject_clause),
            "text" if text_follows => ChunkKind::Read(Rule::text_clause),
            "from" if text_follows => ChunkKind::Read(Rule::from_clause),
            "preview" if text_follows => ChunkKind::Read(Rule::preview_clause),
            "body" => ChunkKind::Read(Rule::body_clause),
            "reply" if next.is("to") => ChunkKind::Read(Rule::reply_to_clause),
            "expires" => ChunkKind::Read(Rule::expires_clause),
            "cost" => ChunkKind::Unavailable("a message's `cost`"),
            "email" => ChunkKind::Read(Rule::purpose_clause),
            _ if next.any(&["marketing", "transactional"]) && word.is_word() => {
                ChunkKind::Read(Rule::purpose_clause)
            }
            _ => return None,
        })
    }

    fn webhook_clause(&self, at: &At, word: &Look) -> Option<ChunkKind> {
        Some(ChunkKind::Read(match word.text.as_str() {
            "post" => Rule::post_clause,
            "signed" if at.first => Rule::signed_clause,
            _ => return None,
        }))
    }

    fn policy_clause(&self, at: &At, word: &Look) -> Option<ChunkKind> {
        let next = self.look(at.index + 1);
        Some(match word.text.as_str() {
            "at" if next.is("most") => ChunkKind::Read(Rule::cap_clause),
            "quiet" => ChunkKind::Unavailable("`quiet hours`"),
            "hold" if next.is("a") => ChunkKind::Unavailable("`hold a run`"),
            "hold" => ChunkKind::Unavailable("`hold out`"),
            "if" => ChunkKind::Unavailable("`if several rules want one customer`"),
            "pause" => ChunkKind::Unavailable("`pause a rule`"),
            "all" => ChunkKind::Unavailable("`quiet hours`"),
            _ => return None,
        })
    }
}

/// Where a token stands in its item.
struct At {
    index: usize,
    /// First on its line, and not the item's own word.
    first: bool,
    /// On the item's own line.
    head_line: bool,
}

/// Longer words are no keywords; they are not copied to be looked at.
const LONGEST_KEYWORD: usize = 16;

/// The verbs of actions; with words for people where this version does not run them.
const ACTIONS: [(&str, Option<&str>); 10] = [
    ("send", None),
    ("call", None),
    ("give", Some("`give` an offer")),
    ("set", Some("`set` an attribute")),
    ("start", Some("`start` a journey")),
    ("split", Some("`split` between actions")),
    ("wait", Some("`wait` among the actions of a rule")),
    ("stop", Some("`stop` among the actions of a rule")),
    ("go", Some("`go to` among the actions of a rule")),
    ("if", Some("`if` among the actions of a rule")),
];
