//! Signs that the language does not have, and parentheses that do not fit.

use super::super::split::ItemWord;
use super::{Answer, At};
use crate::diagnostic::Code;

pub(super) fn answer(at: &At<'_>) -> Option<Answer> {
    let span = (at.start, at.end);
    Some(match at.word.as_str() {
        ":" => at.rewrite(span, ""),
        ";" => at.rewrite(span, if at.rest().trim().is_empty() { "" } else { "," }),
        // `{{ segment }}`
        "{" if at.rest().lines().next().is_some_and(|line| line.contains('}')) => {
            let text = at.clause.text;
            let inner = text[at.start..].trim_start_matches('{');
            let length = inner.find('}')?;
            let shut = inner[length..].len() - inner[length..].trim_start_matches('}').len();
            let end = text.len() - inner.len() + length + shut;
            at.rewrite((at.start, end), inner[..length].trim())
        }
        "{" | "}" => closing(at),
        ")" if unbalanced(&at.clause.text[..at.start]) <= 0 => Answer {
            code: Code::NotUnderstood,
            span,
            message: "a `)` without its `(`".into(),
            label: "nothing was opened".into(),
            why: "parentheses say what belongs together; one alone says nothing",
            fix: Some((span, String::new())),
        },
        _ => return None,
    })
}

/// What other languages put at the end of a block, or around it.
pub(super) fn closing(at: &At<'_>) -> Answer {
    let span = (at.start, at.end);
    Answer {
        code: Code::ForeignSpelling,
        span,
        message: format!("`{}` has no place here", at.word),
        label: "leave it out".into(),
        why: "an item ends where the next one begins in column 1: nothing has to be closed",
        fix: Some((span, String::new())),
    }
}

/// A text without its quotes, where nothing else can stand.
pub(super) fn quoted(at: &At<'_>) -> Option<Answer> {
    let texts = ["owner", "subject", "text", "preview", "post"];
    let whole = texts.contains(&at.opener()) && at.before.len() == 1
        || at.opener() == "reply" && at.before.len() == 2
        || at.opener() == "from" && at.before.len() == 1 && at.clause.item == ItemWord::Message;
    if !whole || !at.word.starts_with(char::is_alphanumeric) {
        return None;
    }
    let line = at.clause.text[at.start..].lines().next()?.trim_end();
    let span = (at.start, at.start + line.len());
    let right = format!("\"{}\"", line.replace('"', "'"));
    Some(
        at.say(
            "a text without its quotes",
            format!("write `{right}`"),
            "quotes say where a text begins and where it ends",
        )
        .fix(span, right),
    )
    .map(|answer| Answer { span, ..answer })
}

/// Values in parentheses, and defaults.
pub(super) fn attribute(at: &At<'_>) -> Option<Answer> {
    match at.word.as_str() {
        "(" | "[" if at.before.iter().any(|word| word == "choice") => {
            let close = at.clause.text[at.end..].find([')', ']']).map(|close| at.end + close)?;
            Some(at.rewrite((at.start, close + 1), at.clause.text[at.end..close].trim()))
        }
        "enum" | "one" | "select" if at.before.len() == 2 => Some(at.instead("choice")),
        "list" if at.before.len() == 2 => Some(at.say(
            "a list holds texts",
            "write `list of text`",
            "what is in a list is looked for by `contains \"…\"`",
        )),
        "default" | "=" => Some(at.say(
            "an attribute has no default",
            "write `(NAME or else VALUE)` where it is read",
            "what no import brought is unknown, and unknown never sends",
        )),
        "required" | "optional" | "unique" | "not" | "null" => Some(at.say(
            format!("`{}` is not written here", at.word),
            "leave it out: what no import brings is unknown",
            "an attribute says what kind of value it is, and nothing else",
        )),
        _ => None,
    }
}

/// `choice a < b | c`: with an order or without one.
pub(super) fn choice(at: &At<'_>) -> Option<Answer> {
    let (used, unordered) = match at.word.as_str() {
        "|" => ('<', false),
        "<" => ('|', true),
        _ => return None,
    };
    let stands_before = at.clause.text[..at.start].split('"').step_by(2).any(|words| words.contains(used));
    if !at.before.iter().any(|word| word == "choice") || !stands_before || at.rest().trim().is_empty() {
        return None;
    }
    let mut quoted = false;
    let rest = at.clause.text[at.start..].chars().map(|c| {
        quoted ^= c == '"';
        if !quoted && matches!(c, '|' | '<') { used } else { c }
    });
    let right: String = rest.collect();
    let label = if unordered {
        "`|` stands before: write it here too, or `<` in both places"
    } else {
        "`<` stands before: write it here too, or `|` in both places"
    };
    Some(
        at.say(
            "`<` and `|` in one choice",
            label,
            "a choice has an order for all of its values, or for none",
        )
        .fix((at.start, at.clause.text.len()), right.trim_end()),
    )
}

/// A `(` that is never closed, where the clause has ended.
pub(super) fn unclosed(at: &At<'_>) -> Option<Answer> {
    if unbalanced(at.clause.text) <= 0 || !at.rest().trim().is_empty() {
        return None;
    }
    let open = last_open(at.clause.text)?;
    Some(Answer {
        code: Code::NotUnderstood,
        span: (open, open + 1),
        message: "a `(` that is never closed".into(),
        label: "its `)` is missing".into(),
        why: "parentheses say what belongs together; where one ends must be written",
        fix: Some(((at.end, at.end), ")".into())),
    })
}

/// How many parentheses are open at the end; texts are left out.
pub(super) fn unbalanced(text: &str) -> i32 {
    signs(text).map(|(_, sign)| if sign == '(' { 1 } else { -1 }).sum()
}

pub(super) fn last_open(text: &str) -> Option<usize> {
    let mut open = Vec::new();
    for (at, sign) in signs(text) {
        if sign == '(' {
            open.push(at);
        } else {
            open.pop();
        }
    }
    open.pop()
}

fn signs(text: &str) -> impl Iterator<Item = (usize, char)> {
    let mut quoted = false;
    text.char_indices().filter(move |(_, c)| {
        quoted ^= *c == '"';
        !quoted && matches!(c, '(' | ')')
    })
}
