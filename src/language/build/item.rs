//! An item: its chunks read one by one, so that none hides the next.

use crate::diagnostic::{Code, Diagnostic, FileId, Span};

use super::super::clause::Clause;
use super::super::grammar::{Node, Rule};
use super::super::limit::{MAX_CLAUSE_BYTES, MAX_CLAUSE_LENGTH, MAX_NESTING};
use super::super::split::{Chunk, ChunkKind, ItemWord, RawItem, Scan, TokenKind, chunks};
use super::super::tree::{Item, ItemKind, Name, RuleClause};
use super::super::{beginning, fault, span};
use super::action::actions;
use super::declaration::{attribute_type, message_clause, place, workspace_clause};
use super::policy::policy_clause;
use super::rule::rule_clause;
use super::webhook::{address, webhook_clause};
use super::{NAMES, TEXTS, child};

/// Builds an item. Nothing where it is not available, or its head is broken so that it has no name.
pub(in crate::language) fn build(
    file: FileId,
    written: &str,
    scan: &Scan,
    raw: &RawItem,
    found: &mut Vec<Diagnostic>,
) -> Option<Item> {
    let (first, last) =
        (scan.tokens.get(raw.tokens.start)?, scan.tokens.get(raw.tokens.end.checked_sub(1)?)?);
    let whole = span(file, first.start, last.end);
    if let Some(what) = raw.word.unavailable() {
        let line =
            first.start + scan.masked[first.start..].find('\n').unwrap_or(scan.masked.len() - first.start);
        let end = first.start + scan.masked[first.start..line].trim_end().len();
        found.push(fault::not_available(span(file, first.start, end), what));
        return None;
    }
    let mut builder = Builder {
        file,
        written,
        scan,
        word: raw.word,
        broken: false,
        head: span(file, first.start, first.end),
        kind: empty(raw.word)?,
        named: raw.word == ItemWord::When,
        formerly: None,
        running: Running::default(),
        found,
    };
    for chunk in chunks(scan, raw) {
        builder.chunk(&chunk);
    }
    let Builder { broken, head, kind, named, formerly, .. } = builder;
    named.then_some(Item { span: whole, head, kind, formerly, broken })
}

/// An item of a kind before its clauses are read.
fn empty(word: ItemWord) -> Option<ItemKind> {
    let name = Name { text: String::new(), span: span(FileId(0), 0, 0), quoted: false };
    Some(match word {
        ItemWord::Workspace => ItemKind::Workspace { name: None, clauses: Vec::new() },
        ItemWord::Attribute => {
            ItemKind::Attribute { name, ty: super::super::tree::AttributeType::Text, set_by_rules: false }
        }
        ItemWord::Event => ItemKind::Event { name, fields: Vec::new() },
        ItemWord::Segments => ItemKind::Segments { name: None, places: Vec::new() },
        ItemWord::Audience => ItemKind::Audience { name, when: None },
        ItemWord::Message => ItemKind::Message { name, clauses: Vec::new() },
        ItemWord::Webhook => ItemKind::Webhook { name, url: None, secrets: Vec::new(), terms: Vec::new() },
        ItemWord::Policy => ItemKind::Policy { name, clauses: Vec::new() },
        ItemWord::Rule | ItemWord::When => ItemKind::Rule { name: None, title: None, clauses: Vec::new() },
        ItemWord::Tiers | ItemWord::Offer | ItemWord::Budget | ItemWord::Journey | ItemWord::Test => {
            return None;
        }
    })
}

struct Builder<'a> {
    file: FileId,
    written: &'a str,
    scan: &'a Scan,
    word: ItemWord,
    broken: bool,
    head: Span,
    kind: ItemKind,
    /// Whether the head was read: an item without its name is none.
    named: bool,
    /// What it was called before.
    formerly: Option<Name>,
    /// The clause that is being read, as far as the next chunk must know it.
    running: Running,
    found: &'a mut Vec<Diagnostic>,
}

/// What is known of a clause of several chunks.
#[derive(Default)]
struct Running {
    /// It is a `then` with an action, open for further ones.
    then: bool,
    /// It was answered as not available.
    said: bool,
}

impl<'a> Builder<'a> {
    fn chunk(&mut self, chunk: &Chunk) {
        let tokens = &self.scan.tokens[chunk.tokens.clone()];
        let (Some(first), Some(last)) = (tokens.first(), tokens.last()) else {
            // `, then` with nothing behind it.
            self.missing_action(chunk);
            return;
        };
        let clause = Clause {
            file: self.file,
            item: self.word,
            base: first.start,
            text: &self.scan.masked[first.start..last.end],
            written: &self.written[first.start..last.end],
        };
        let (rule, unavailable) = match chunk.kind {
            ChunkKind::Read(rule) => (rule, None),
            ChunkKind::Action { unavailable, .. } => (Rule::action_chunk, unavailable),
            ChunkKind::Unavailable(what) => (Rule::action_chunk, Some(what)),
        };
        if !matches!(chunk.kind, ChunkKind::Action { first: false, .. }) {
            self.running = Running::default();
        }
        if let Some(what) = unavailable {
            self.unavailable(&clause, what);
            return;
        }
        if tokens.iter().any(|token| token.kind == TokenKind::Broken) {
            self.broken = true;
            return;
        }
        if let Some(diagnostic) = beyond_limits(&clause) {
            self.found.push(diagnostic);
            self.broken = true;
            return;
        }
        let added = match clause.read(rule, self.found) {
            Some(node) => self.add(&clause, &node),
            None => None,
        };
        self.broken |= added.is_none();
    }

    /// One diagnostic a clause, however many actions of a `then` are not available.
    fn unavailable(&mut self, clause: &Clause<'a>, what: &str) {
        self.broken = true;
        if !self.running.said {
            let line = clause.text.split('\n').next().unwrap_or("").trim_end().len();
            self.found.push(fault::not_available(clause.span(0, line), what));
            self.running.said = true;
        }
    }

    fn missing_action(&mut self, chunk: &Chunk) {
        self.broken = true;
        let Some(joint) = chunk.tokens.start.checked_sub(1).and_then(|at| self.scan.tokens.get(at)) else {
            return;
        };
        self.found.push(Diagnostic {
            code: Code::NotUnderstood,
            message: "expected an action such as `send offer`".into(),
            span: span(self.file, joint.start, joint.end),
            label: "nothing follows here".into(),
            why: "a clause runs only when there is exactly one way to read it".into(),
            fix: None,
        });
    }

    /// Adds what was read to the item; nothing where it was broken.
    fn add(&mut self, clause: &Clause<'a>, node: &Node<'a>) -> Option<()> {
        if is_head(node.as_rule()) {
            return self.add_head(clause, node);
        }
        if node.as_rule() == Rule::formerly_clause {
            return self.add_formerly(clause, node);
        }
        let found = &mut *self.found;
        match &mut self.kind {
            ItemKind::Workspace { clauses, .. } => clauses.push(workspace_clause(clause, node, found)?),
            ItemKind::Event { fields, .. } => {
                let name = clause.name(&child(node, &NAMES)?);
                fields.push((name, attribute_type(clause, node)?));
            }
            ItemKind::Segments { places, .. } => places.push(place(clause, node, found)?),
            ItemKind::Audience { when, .. } => match rule_clause(clause, node, found)? {
                RuleClause::When(condition) => *when = Some(condition),
                RuleClause::Owner(_)
                | RuleClause::Every(..)
                | RuleClause::Season { .. }
                | RuleClause::IfMissed(..)
                | RuleClause::On(..)
                | RuleClause::After(_)
                | RuleClause::AtMost { .. }
                | RuleClause::InAll(..)
                | RuleClause::GiveUpAfter(..)
                | RuleClause::Priority(..)
                | RuleClause::Draft(_)
                | RuleClause::NewMatchesOnly(_)
                | RuleClause::Then(_) => return None,
            },
            ItemKind::Message { clauses, .. } => clauses.push(message_clause(clause, node, found)?),
            ItemKind::Webhook { url, secrets, .. }
                if matches!(node.as_rule(), Rule::post_clause | Rule::signed_clause) =>
            {
                let (address, names) = address(clause, node);
                *url = address.or(url.take());
                secrets.extend(names);
            }
            ItemKind::Webhook { terms, .. } => {
                terms.push((webhook_clause(clause, node, found)?, clause.place(node)));
            }
            ItemKind::Policy { clauses, .. } => {
                clauses.push((policy_clause(clause, node, found)?, clause.place(node)));
            }
            ItemKind::Rule { clauses, .. } if node.as_rule() == Rule::action_chunk => {
                let actions = actions(clause, node, found);
                match clauses.last_mut() {
                    Some(RuleClause::Then(before)) if self.running.then => before.extend(actions),
                    _ => clauses.push(RuleClause::Then(actions)),
                }
                self.running.then = true;
            }
            ItemKind::Rule { clauses, .. } => clauses.push(rule_clause(clause, node, found)?),
            ItemKind::Attribute { .. } => return None,
        }
        Some(())
    }

    fn add_formerly(&mut self, clause: &Clause<'a>, node: &Node<'a>) -> Option<()> {
        let name = clause.name(&child(node, &NAMES)?);
        if self.formerly.is_some() {
            self.found.push(Diagnostic {
                code: Code::DuplicateClause,
                message: "a second `formerly`".into(),
                span: clause.place(node),
                label: "keep the latest name; the store knows the earlier ones".into(),
                why: "an item has one history, and so one name that it had before".into(),
                fix: None,
            });
            return None;
        }
        self.formerly = Some(name);
        Some(())
    }

    fn add_head(&mut self, clause: &Clause<'a>, node: &Node<'a>) -> Option<()> {
        let written = child(node, &NAMES).map(|name| clause.name(&name));
        if let Some(name) = &written {
            self.head.end = name.span.end;
        }
        match &mut self.kind {
            ItemKind::Workspace { name, .. } | ItemKind::Segments { name, .. } => *name = written,
            ItemKind::Rule { name, title, .. } => {
                *title = child(node, &TEXTS).map(|title| clause.name(&title));
                *name = Some(written?);
            }
            ItemKind::Attribute { name, ty, set_by_rules } => {
                *name = written?;
                *ty = attribute_type(clause, node)?;
                *set_by_rules = child(node, &[Rule::kw_set_by_rules]).is_some();
            }
            ItemKind::Event { name, .. }
            | ItemKind::Audience { name, .. }
            | ItemKind::Message { name, .. }
            | ItemKind::Webhook { name, .. }
            | ItemKind::Policy { name, .. } => *name = written?,
        }
        self.named = true;
        Some(())
    }
}

const fn is_head(rule: Rule) -> bool {
    matches!(
        rule,
        Rule::workspace_head
            | Rule::attribute_item
            | Rule::event_head
            | Rule::segments_head
            | Rule::audience_head
            | Rule::message_head
            | Rule::webhook_head
            | Rule::policy_head
            | Rule::rule_head
    )
}

/// What must be refused before the grammar sees it.
fn beyond_limits(clause: &Clause<'_>) -> Option<Diagnostic> {
    let words = || clause.text.bytes().filter(|byte| !byte.is_ascii_whitespace()).count();
    let exceeded = if clause.text.len() > MAX_CLAUSE_LENGTH {
        Some(MAX_CLAUSE_LENGTH)
    } else {
        Some(MAX_CLAUSE_BYTES).filter(|limit| clause.text.len() > *limit && words() > *limit)
    };
    if let Some(limit) = exceeded {
        let place = clause.span(0, beginning(clause.text));
        let message = format!("this clause is longer than {limit} bytes");
        return Some(fault::too_large(place, message));
    }
    let (mut depth, mut in_text) = (0_usize, false);
    for (at, byte) in clause.text.bytes().enumerate() {
        match byte {
            b'"' => in_text = !in_text,
            b'(' if !in_text => depth += 1,
            b')' if !in_text => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > MAX_NESTING {
            return Some(Diagnostic {
                code: Code::NestedTooDeep,
                message: format!("more than {MAX_NESTING} parentheses inside one another"),
                span: clause.span(at, at + 1),
                label: "one too many".into(),
                why: "nobody can review that; give a part of it a name with `audience`".into(),
                fix: None,
            });
        }
    }
    None
}
