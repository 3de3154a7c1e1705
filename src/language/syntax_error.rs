//! What the grammar could not read, in a marketer's words.

use pest::error::{Error, ErrorVariant, InputLocation};

use crate::diagnostic::{Applicability, Code, Diagnostic, Fix};

use super::clause::Clause;
use super::describe::describe;
use super::distance::nearest;
use super::fault;
use super::grammar::Rule;
use super::habit;
use super::split::clause_words;

/// More alternatives than these help nobody.
const MOST_EXPECTED: usize = 4;

/// What may follow any number or value.
const AFTER_NUMBERS: [Rule; 3] = [Rule::currency_code, Rule::unit, Rule::or_else];

/// The diagnostic for a clause that could not be read.
pub(super) fn diagnostic(clause: &Clause<'_>, error: &Error<Rule>) -> Diagnostic {
    let at = match error.location {
        InputLocation::Pos(at) | InputLocation::Span((at, _)) => at,
    };
    let positives = match &error.variant {
        ErrorVariant::ParsingError { positives, .. } => positives.as_slice(),
        ErrorVariant::CustomError { .. } => {
            let span = clause.span(0, clause.text.len());
            return fault::too_large(span, "this clause is too involved to be read".into());
        }
    };
    let found = found(clause.text, at);
    let word = &clause.text[found.0..found.1];
    let meant = misspelt_clause(clause, found, word)
        .or_else(|| misspelt_unit(clause, found, word))
        .or_else(|| habit::answer(clause, found))
        .or_else(|| name_of_two_words(clause, found, word));
    if let Some(diagnostic) = meant {
        return diagnostic;
    }
    let ended = clause.text[at.min(clause.text.len())..].trim().is_empty();
    let span = clause.span(found.0, found.1);
    let right = keyword(positives, word).filter(|_| !ended);
    let label = match right {
        _ if ended => "nothing follows here".to_owned(),
        Some(right) => format!("did you mean `{right}`?"),
        None => format!("`{word}` does not fit here"),
    };
    let applicability = Applicability::NeedsReview;
    let fix = right.map(|right| Fix { span, replacement: right.into(), applicability });
    Diagnostic {
        code: Code::NotUnderstood,
        message: expected(positives),
        span,
        label,
        why: "a clause runs only when there is exactly one way to read it".into(),
        fix,
    }
}

/// `expected a value, a condition or …`.
fn expected(positives: &[Rule]) -> String {
    let mut words: Vec<&str> = Vec::new();
    for text in positives.iter().map(|rule| describe(*rule)).filter(|text| !text.is_empty()) {
        if !words.contains(&text) {
            words.push(text);
        }
    }
    // A value is a condition's beginning; saying both says nothing more.
    if words.contains(&"a condition") {
        words.retain(|word| *word != "a value");
    }
    // What may follow any number says nothing where something else is missing.
    if words.len() > 1 {
        words.retain(|word| !AFTER_NUMBERS.iter().any(|rule| describe(*rule) == *word));
    }
    // A missing `)` is what is wrong most often, the clause's end what is wrong least.
    let weight = |word: &str| match word {
        "`)`" => 0,
        _ if word == describe(Rule::EOI) => 2,
        _ => 1,
    };
    words.sort_by_key(|word| weight(word));
    words.truncate(MOST_EXPECTED);
    match words.split_last() {
        None => "this is not understood here".into(),
        Some((last, [])) => format!("expected {last}"),
        Some((last, others)) => format!("expected {} or {last}", others.join(", ")),
    }
}

/// The word at a position; at the end of the clause its last word.
fn found(text: &str, at: usize) -> (usize, usize) {
    let at = at.min(text.len());
    let rest = &text[at..];
    let start = at + (rest.len() - rest.trim_start().len());
    let Some(first) = text[start..].chars().next() else {
        let end = text.trim_end().len();
        let start = text[..end]
            .rfind(char::is_whitespace)
            .map_or(0, |space| space + text[space..].chars().next().map_or(1, char::len_utf8));
        return (start, end);
    };
    if first == '"' {
        let end = text[start + 1..].find(['"', '\n']).map_or(text.len(), |end| start + 1 + end);
        return (start, (end + 1).min(text.len()));
    }
    let in_word = |c: char| c.is_alphanumeric() || c == '_';
    if !in_word(first) {
        return (start, start + first.len_utf8());
    }
    let end = text[start..].find(|c| !in_word(c)).map_or(text.len(), |end| start + end);
    (start, end)
}

/// The keyword that a misspelt word was meant to be.
fn keyword(positives: &[Rule], word: &str) -> Option<&'static str> {
    let keywords = positives.iter().filter_map(|rule| {
        let inner = describe(*rule).strip_prefix('`')?.strip_suffix('`')?;
        inner.chars().all(|c| c.is_ascii_lowercase()).then_some(inner)
    });
    let actions = [Rule::action_chunk, Rule::action, Rule::send, Rule::call, Rule::set];
    let verbs = if positives.iter().any(|rule| actions.contains(rule)) {
        ["send", "call", "set"].as_slice()
    } else {
        &[]
    };
    nearest(word, keywords.chain(verbs.iter().copied()))
}

/// A line that begins with almost a clause word.
fn misspelt_clause(clause: &Clause<'_>, found: (usize, usize), word: &str) -> Option<Diagnostic> {
    if found.0 == 0 || !clause.text[..found.0].rsplit('\n').next().is_some_and(|line| line.trim().is_empty())
    {
        return None;
    }
    if habit::closes(word) {
        return None;
    }
    let words = clause_words(clause.item).iter().filter_map(|words| words.split(' ').next());
    // A clause that begins rightly has its mistake behind.
    let right = nearest(word, words).filter(|right| *right != word)?;
    Some(fault::with_fix(
        Code::UnknownClause,
        clause.span(found.0, found.1),
        format!("unknown clause `{word}`"),
        format!("did you mean `{right}`?"),
        "a line that begins with no clause word continues the line above",
        (right.into(), Applicability::NeedsReview),
    ))
}

const UNITS: [&str; 8] = ["minutes", "hours", "days", "weeks", "minute", "hour", "day", "week"];

/// `90 dyas`.
fn misspelt_unit(clause: &Clause<'_>, found: (usize, usize), word: &str) -> Option<Diagnostic> {
    let before = clause.text[..found.0].split_whitespace().next_back()?;
    before.parse::<f64>().ok()?;
    let right = nearest(word, UNITS).filter(|right| *right != word)?;
    Some(fault::with_fix(
        Code::ForeignTime,
        clause.span(found.0, found.1),
        format!("`{word}` is no unit of time"),
        format!("did you mean `{right}`?"),
        "a length of time is counted in minutes, hours, days or weeks",
        (right.into(), Applicability::NeedsReview),
    ))
}

/// The words with which the types of attributes begin.
const TYPES: [&str; 10] =
    ["money", "number", "percent", "duration", "date", "time", "text", "yes", "yes/no", "choice"];

/// `rule win back`, `attribute my plan text`.
fn name_of_two_words(clause: &Clause<'_>, found: (usize, usize), word: &str) -> Option<Diagnostic> {
    const NAMED: [&str; 6] = ["rule", "message", "webhook", "policy", "audience", "event"];
    let plain = |word: &str| !word.is_empty() && word.chars().all(|c| c.is_alphanumeric() || c == '_');
    let mut words = clause.text[..found.0].split_whitespace();
    let (item, name) = (words.next()?, words.next()?);
    if clause.text[..found.0].trim_start().contains('\n') {
        return None;
    }
    let next = clause.text[found.1..].split_whitespace().next().unwrap_or("");
    let attribute = item == "attribute" && TYPES.contains(&next);
    if !(NAMED.contains(&item) || attribute) || words.next().is_some() || !plain(name) || !plain(word) {
        return None;
    }
    let start = clause.text[..found.0].rfind(name)?;
    let right = format!("{name}_{word}");
    Some(fault::with_fix(
        Code::NotAPlainWord,
        clause.span(start, found.1),
        format!("`{}` is no plain word", &clause.text[start..found.1]),
        format!("write `{right}`"),
        "names stand in file names, columns and placeholders: letters, digits and `_`",
        (right, Applicability::NeedsReview),
    ))
}
