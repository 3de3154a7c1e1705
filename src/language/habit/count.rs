//! Amounts, spans and defaults as other tongues write them, and what is counted without its words.

use super::{Answer, At, ONE_SPELLING};
use crate::diagnostic::Code;

const AGGREGATES: [&str; 7] = ["count", "sum", "average", "min", "max", "first", "last"];

/// The numbers that stand in rules in words most often.
const NUMBERS: [(&str, u32); 16] = [
    ("one", 1),
    ("two", 2),
    ("three", 3),
    ("four", 4),
    ("five", 5),
    ("six", 6),
    ("seven", 7),
    ("eight", 8),
    ("nine", 9),
    ("ten", 10),
    ("twelve", 12),
    ("fourteen", 14),
    ("twenty", 20),
    ("thirty", 30),
    ("sixty", 60),
    ("ninety", 90),
];

pub(super) fn answer(at: &At<'_>) -> Option<Answer> {
    amount(at).or_else(|| span(at)).or_else(|| counted(at)).or_else(|| known(at)).or_else(|| default(at))
}

/// `1’000`, `€1(2`, `last thirty days`: the number that a sign which does not fit touches.
fn amount(at: &At<'_>) -> Option<Answer> {
    let text = at.clause.text;
    if let Some((_, number)) = NUMBERS.iter().find(|(word, _)| *word == at.word)
        && matches!(at.previous(), "last" | "next")
    {
        return Some(at.instead(&number.to_string()));
    }
    if let Some(apart) = joined(&at.word) {
        return Some(at.instead(&apart));
    }
    if !text[..at.start].ends_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let start = text[..at.start].rfind(|c: char| c.is_whitespace() || "(,=<>".contains(c));
    let start = start.map_or(0, |before| before + 1);
    let end = text[at.end..].find(|c: char| c.is_whitespace() || c == ')' || c == ',');
    let end = end.map_or(text.len(), |end| at.end + end);
    let written = &text[start..end];
    match at.word.as_str() {
        "’" | "‘" | "´" | "`" | "·" | "_" => {
            let digits: String = written.chars().filter(|c| !"’‘´`·_".contains(*c)).collect();
            let plain = digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
            let answer = at.rewrite((start, end), &digits).code(Code::ForeignAmount);
            plain.then_some(Answer {
                why: "thousands have no mark: what is one here is a comma elsewhere",
                ..answer
            })
        }
        "(" => {
            let answer = at.say(
                format!("`{written}` is no amount"),
                "write digits, and a currency behind them where it is money: `500 EUR`",
                "a number that can be read in two ways means two amounts",
            );
            Some(Answer { span: (start, end), ..answer.code(Code::ForeignAmount) })
        }
        _ => None,
    }
}

/// `3and`: a number and the word behind it, apart.
fn joined(word: &str) -> Option<String> {
    let digits = word.find(|c: char| !c.is_ascii_digit() && c != '.').filter(|digits| *digits > 0)?;
    let (number, rest) = word.split_at(digits);
    matches!(rest, "and" | "or" | "then").then(|| format!("{number} {rest}"))
}

/// `between 1–5`, `between 1 to 5`, `> 5–10`, `from 90 to 30 days ago`, `next week`.
fn span(at: &At<'_>) -> Option<Answer> {
    let before = |n: usize| at.before.len().checked_sub(n).map_or("", |place| at.before[place].as_str());
    let digits = |text: &str| text.starts_with(|c: char| c.is_ascii_digit());
    let rest = at.rest().trim_start();
    match at.word.as_str() {
        "–" | "—" | "-" | "to" | "…" if before(2) == "between" && digits(rest) => {
            if at.clause.text[..at.start].ends_with(char::is_whitespace) {
                return Some(at.instead("and"));
            }
            let end = at.end + at.rest().len() - rest.len();
            Some(at.rewrite((at.start, end), " and "))
        }
        // `1-5` is a value elsewhere, so that the grammar has read it.
        word if before(1) == word && before(2) == "between" || before(1) == "between" && digits(word) => {
            let (low, high) = word.split_once('-').filter(|(low, high)| digits(low) && digits(high))?;
            Some(at.rewrite((at.start, at.end), &format!("{low} and {high}")))
        }
        "–" | "—" if digits(before(1)) && digits(rest) => Some(at.say(
            "one amount, or a span?",
            format!("for a span write `between {} and {}`", before(1), rest.split_whitespace().next()?),
            "a comparison has one amount on each side",
        )),
        "to" if before(2) == "from" || before(2).ends_with("(from") => {
            let unit = rest.split_whitespace().nth(1)?;
            let fits = digits(before(1)) && ["minutes", "hours", "days", "weeks"].contains(&unit);
            fits.then(|| at.back(before(1)))
                .flatten()
                .map(|start| at.rewrite((start, at.end), &format!("{} {unit} to", before(1))))
        }
        unit @ ("day" | "week" | "month" | "year") if before(1) == "next" => {
            let days = match unit {
                "day" => "1 day",
                "week" => "7 days",
                "month" => "30 days",
                _ => "365 days",
            };
            Some(at.rewrite((at.back("next")?, at.end), &format!("next {days}")))
        }
        day @ ("tomorrow" | "yesterday") if before(1) == "falls" => {
            let right = if day == "tomorrow" { "in next 1 day" } else { "in last 1 day" };
            let answer = at.instead(right);
            Some(Answer { label: format!("write `{right}`, which holds today, too"), ..answer })
        }
        "on" if before(1) == "falls" => Some(at.instead("")),
        _ => None,
    }
}

/// What stands between the parentheses of a count, or should.
fn counted(at: &At<'_>) -> Option<Answer> {
    let text = at.clause.text;
    let next = at.rest().split_whitespace().next().unwrap_or("");
    let aggregate = |words: &str| {
        let name = words.trim_end().rsplit(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or("");
        AGGREGATES.contains(&name.to_lowercase().as_str())
    };
    if let Some(open) = super::sign::last_open(&text[..at.start]) {
        if !aggregate(&text[..open]) {
            return None;
        }
        let inside = text[open + 1..at.start].split_whitespace();
        let asked = inside.clone().any(|word| word.eq_ignore_ascii_case("where"));
        return match at.word.as_str() {
            "with" | "if" | "when" | "having" | "and" if !asked => Some(at.instead("where")),
            // A window that a comma parts is answered as such.
            "," if !asked && !matches!(next, "last" | "in" | "today" | "this" | "from" | "since" | "") => {
                Some(at.rewrite((at.start, at.end), " where"))
            }
            "between" if !asked => Some(at.say(
                "a span of time is written from its old end",
                "write `from 90 days to 30 days ago`",
                "both ends have their unit, so that nobody has to guess which one is older",
            )),
            "yesterday" | "tomorrow" => Some(at.say(
                format!("`{}` is no window", at.word),
                "write `today`, or a span such as `from 48 hours to 24 hours ago`",
                "a window is exact: so many hours, or the calendar's day, week, month or year of now",
            )),
            _ => None,
        };
    }
    // `average order.total`
    let name = at.previous();
    let event = at.word.starts_with(char::is_alphabetic) && ["count", "sum", "average"].contains(&name);
    event.then(|| {
        at.say(
            format!("the `{name}` of what?"),
            format!("it stands in parentheses: `{name}({}{} …)`", at.word, field_of(at)),
            "parentheses show which event, which of its fields and which time belong together",
        )
    })
}

/// `.total` behind an event.
fn field_of<'a>(at: &At<'a>) -> &'a str {
    let rest = &at.clause.text[at.end..];
    let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_' && c != '.').unwrap_or(rest.len());
    &rest[..end]
}

/// `email exists`.
fn known(at: &At<'_>) -> Option<Answer> {
    let next = at.rest().split_whitespace().next().unwrap_or("and");
    let ends = matches!(next, "and" | "or" | "then") || next.starts_with(')');
    let subject = at.previous().ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == ')');
    if !ends || !subject || matches!(at.previous(), "and" | "or" | "not" | "when" | "is") {
        return None;
    }
    match at.word.as_str() {
        "exists" | "exist" | "present" | "filled" | "given" => Some(at.instead("is known")),
        "missing" | "absent" | "empty" | "null" => Some(at.instead("is unknown")),
        _ => None,
    }
}

/// `clv or else 0 > 100`, `clv ?? 0 > 100`.
fn default(at: &At<'_>) -> Option<Answer> {
    let text = at.clause.text;
    let (from, to) = match at.word.as_str() {
        "else" => (at.back("or")?, at.end),
        "?" if at.rest().starts_with('?') => (at.start, at.end + 1),
        _ => return None,
    };
    let head = text[..from].trim_end();
    let name = super::term(head);
    let name = name + head[name..].len() - head[name..].trim_start().len();
    let rest = text[to..].trim_start();
    let mut words = rest.split_whitespace();
    let value = words.next()?.trim_end_matches(')');
    // `0 EUR`, `30 days`
    let unit = words.next().filter(|unit| {
        let currency = unit.len() == 3 && unit.chars().all(|c| c.is_ascii_uppercase());
        let digits = value.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
        digits && (currency || matches!(*unit, "minutes" | "hours" | "day" | "days" | "week" | "weeks"))
    });
    let length = unit.map_or(value.len(), |unit| rest.find(unit).map_or(value.len(), |at| at + unit.len()));
    let value = &rest[..length];
    if head[name..].is_empty() || value.is_empty() {
        return None;
    }
    let end = text.len() - rest.len() + length;
    let right = format!("({} or else {value})", &head[name..]);
    let answer = at.say("a default stands in parentheses", format!("write `{right}`"), ONE_SPELLING);
    Some(Answer { span: (name, end), ..answer.code(Code::ForeignSpelling).fix((name, end), right) })
}
