//! Tokens into items.

use std::ops::Range;

use crate::diagnostic::{Applicability, Code, Diagnostic, FileId, Fix};

use super::super::distance::nearest;
use super::super::limit::MAX_ITEMS;
use super::super::span;
use super::scan::{Scan, Token, TokenKind};
use super::word::{ItemWord, clause_words};

/// An item before its clauses are read: its word and its tokens.
#[derive(Debug)]
pub(in crate::language) struct RawItem {
    /// What it is.
    pub(in crate::language) word: ItemWord,
    /// Its tokens, the first of them its item word.
    pub(in crate::language) tokens: Range<usize>,
}

/// Cuts a file into items. What begins with no item word is answered and left out.
pub(in crate::language) fn items(file: FileId, scan: &Scan, found: &mut Vec<Diagnostic>) -> Vec<RawItem> {
    let starts: Vec<usize> =
        (0..scan.tokens.len()).filter(|&index| begins_item(scan, &scan.tokens[index])).collect();
    if let Some(first) = scan.tokens.first().filter(|_| starts.first() != Some(&0)) {
        found.push(indented_start(file, scan, first));
    }
    let mut items = Vec::new();
    for (position, &start) in starts.iter().enumerate() {
        if position == MAX_ITEMS {
            found.push(too_many(file, &scan.tokens[start]));
            break;
        }
        let end = starts.get(position + 1).copied().unwrap_or(scan.tokens.len());
        if let Some(word) = item_word(file, scan, &scan.tokens[start], found) {
            items.push(RawItem { word, tokens: start..end });
        }
    }
    items
}

/// Text in column 1 begins an item, but for what continues the one above.
fn begins_item(scan: &Scan, token: &Token) -> bool {
    let text = scan.text(token);
    let continues = ["|", ")", "and", "or", "then"].iter().any(|word| text.eq_ignore_ascii_case(word));
    token.column_one && !continues
}

fn item_word(file: FileId, scan: &Scan, token: &Token, found: &mut Vec<Diagnostic>) -> Option<ItemWord> {
    let text = scan.text(token);
    // Capitals are answered where the head is read.
    if let Some(word) = ItemWord::ALL.into_iter().find(|word| word.word().eq_ignore_ascii_case(text)) {
        return Some(word);
    }
    // A broken token has its diagnostic already.
    if token.kind != TokenKind::Broken {
        found.push(unknown_item(file, scan, token));
    }
    None
}

/// What other tools call an item: what to say, and the word to write where one fits.
fn called_otherwise(word: &str) -> Option<(&'static str, Option<&'static str>)> {
    Some(match word {
        "campaign" | "automation" | "flow" | "workflow" | "trigger" | "rules" => {
            ("write `rule`", Some("rule"))
        }
        "segment" | "list" | "group" | "audiences" | "cohort" => (
            "write `audience` for one group, `segments` for places of which each customer has one",
            Some("audience"),
        ),
        "email" | "mail" | "template" | "sms" | "newsletter" | "messages" => {
            ("write `message`", Some("message"))
        }
        "field" | "property" | "attributes" | "column" | "trait" => ("write `attribute`", Some("attribute")),
        "policies" | "cap" | "limit" | "frequency" | "limits" => {
            ("write `policy NAME`, the limits below", None)
        }
        "if" | "where" | "for" => ("write `when`", Some("when")),
        "events" | "track" => ("write `event`", Some("event")),
        "settings" | "config" | "account" | "shop" => ("write `workspace`", Some("workspace")),
        "select" | "insert" | "update" | "create" | "=" => {
            ("rules are neither SQL nor a sheet: write `rule NAME`, and `when …`, `then …` below", None)
        }
        "}" | "{" | "end" | "---" | ";" => ("leave it out: an item ends where the next one begins", Some("")),
        _ => return None,
    })
}

fn unknown_item(file: FileId, scan: &Scan, token: &Token) -> Diagnostic {
    let text = scan.text(token);
    let place = span(file, token.start, token.end);
    let mut diagnostic = Diagnostic {
        code: Code::UnknownItem,
        message: format!("unknown item `{text}`"),
        span: place,
        label: "a line in column 1 begins an item".into(),
        why: "what is not understood might have been a rule, and nobody would notice that it does not run"
            .into(),
        fix: None,
    };
    if let Some((label, word)) = called_otherwise(&text.to_lowercase()) {
        diagnostic.label = label.into();
        diagnostic.fix = word.map(|word| Fix {
            span: place,
            replacement: word.into(),
            applicability: Applicability::NeedsReview,
        });
    } else if let Some(word) = nearest(text, ItemWord::ALL.iter().map(|word| word.word())) {
        diagnostic.label = format!("did you mean `{word}`?");
        diagnostic.fix =
            Some(Fix { span: place, replacement: word.into(), applicability: Applicability::NeedsReview });
    } else if is_clause_word(text) {
        diagnostic.label = format!("`{text}` continues an item: indent the line");
        diagnostic.fix = Some(Fix {
            span: place,
            replacement: format!("  {text}"),
            applicability: Applicability::NeedsReview,
        });
    }
    diagnostic
}

fn is_clause_word(text: &str) -> bool {
    ItemWord::ALL.iter().flat_map(|item| clause_words(*item)).any(|word| word.split(' ').next() == Some(text))
}

fn indented_start(file: FileId, scan: &Scan, first: &Token) -> Diagnostic {
    let text = scan.text(first);
    let line_start = scan.masked[..first.start].rfind('\n').map_or(0, |at| at + 1);
    // A byte order mark is masked by spaces; it is no indentation.
    let line_start = if line_start == 0 && scan.bom { 3 } else { line_start };
    let indentation = span(file, line_start, first.start);
    let is_item = ItemWord::ALL.iter().any(|word| word.word() == text);
    let message = if first.column_one {
        format!("the file begins with `{text}`, which continues an item")
    } else {
        "the file begins with an indented line".to_owned()
    };
    Diagnostic {
        code: Code::IndentedStart,
        message,
        span: span(file, first.start, first.end),
        label: "there is no item above that this could belong to".into(),
        why: "the lines that said what this belongs to may be lost".into(),
        fix: is_item.then(|| Fix {
            span: indentation,
            replacement: String::new(),
            applicability: Applicability::NeedsReview,
        }),
    }
}

fn too_many(file: FileId, token: &Token) -> Diagnostic {
    Diagnostic {
        code: Code::TooLarge,
        message: format!("more than {MAX_ITEMS} items in one file"),
        span: span(file, token.start, token.end),
        label: "from here on nothing is read".into(),
        why: "a file of that size cannot be reviewed: split it into several".into(),
        fix: None,
    }
}
