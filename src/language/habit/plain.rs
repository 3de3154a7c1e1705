//! Conditions as they are said: a movement with its end first, a comparison without its left side, two texts
//! at once.

use super::super::split::ItemWord;
use super::{Answer, At};

pub(super) fn answer(at: &At<'_>) -> Option<Answer> {
    movement(at).or_else(|| texts(at)).or_else(|| second(at)).or_else(|| time(at)).or_else(|| acts(at))
}

/// The next word, without a sign that touches it.
fn next<'a>(at: &At<'a>) -> &'a str {
    let word = at.clause.text[at.end..].split_whitespace().next().unwrap_or("");
    word.trim_end_matches([')', ','])
}

/// `segment changes to active from lapsing`, `plan rises to pro`, `enter audience vip`, `is in audience vip`.
fn movement(at: &At<'_>) -> Option<Answer> {
    let before = |n: usize| at.before.len().checked_sub(n).map_or("", |place| at.before[place].as_str());
    let text = at.clause.text;
    match (before(1), at.word.as_str()) {
        (place, "from") if before(2) == "to" && before(3).starts_with("change") => {
            let to = at.back(place)?;
            let start = text[..to].rfind("to")?;
            let end = at.end + at.rest().find(next(at))? + next(at).len();
            Some(at.rewrite((start, end), &format!("from {} to {place}", next(at))))
        }
        ("rises" | "falls", "to") if !next(at).is_empty() => {
            let start = at.back(before(1))?;
            let end = at.end + at.rest().find(next(at))? + next(at).len();
            let right = format!("becomes {}", next(at));
            let answer = at.rewrite((start, end), &right);
            let label = format!("write `{right}`, or `{} and … = {}`", before(1), next(at));
            Some(Answer { label, ..answer })
        }
        ("enter" | "join" | "leave" | "exit", "audience") => {
            let right = if matches!(before(1), "enter" | "join") { "enters" } else { "leaves" };
            let start = at.back(before(1))?;
            Some(at.rewrite((start, start + before(1).len()), right))
        }
        (_, "is") if at.rest().trim_start().starts_with("in audience ") => Some(at.instead("")),
        ("half", "of") => Some(at.rewrite((at.back("half")?, at.end), "50% of")),
        _ => None,
    }
}

/// `interests contains "books", "music"`: each text is asked for on its own.
fn texts(at: &At<'_>) -> Option<Answer> {
    let verb = at.before.iter().rposition(|word| word == "contains" || word == "with")?;
    let subject = verb.checked_sub(if at.before[verb] == "with" { 2 } else { 1 })?;
    let subject = at.before.get(subject)?.trim_start_matches('(');
    let verb = if at.before[verb] == "with" { "starts with" } else { "contains" };
    let first = at.clause.text[..at.start].trim_end().ends_with('"');
    let several = at.word == "," && first && at.rest().trim_start().starts_with('"');
    let in_list = at.word == "(" && matches!(at.previous(), "contains" | "with");
    (several || in_list).then(|| {
        at.say(
            format!("`{verb}` looks for one text"),
            format!("write `({subject} {verb} \"…\" or {subject} {verb} \"…\")`"),
            "with a comma nobody knows whether one of the texts is enough, or all are meant",
        )
    })
}

/// `orders > 3 and < 5`
fn second(at: &At<'_>) -> Option<Answer> {
    let sign = matches!(at.word.as_str(), "<" | ">" | "=" | "!");
    if !sign || !matches!(at.previous(), "and" | "or") {
        return None;
    }
    let answer = at.say(
        "a comparison has two sides",
        format!("name what is compared again: `{} … {} …`", at.previous(), at.word),
        "what is compared is written, so that nobody has to look for it",
    );
    let joint = at.back(at.previous())?;
    let subject = compared_before(&at.clause.text[..joint]);
    Some(match subject {
        Some(subject) => {
            let label = format!("name it again: `{} {subject} {} …`", at.previous(), at.word);
            Answer { label, ..answer }.fix((at.start, at.start), format!("{subject} "))
        }
        None => answer,
    })
}

/// What the last comparison of a text compares; nothing where that stands in parentheses of its own.
fn compared_before(text: &str) -> Option<&str> {
    let (mut open, mut quoted, mut sign) = (0_u32, false, None);
    for (place, c) in text.char_indices().rev() {
        match c {
            '"' => quoted = !quoted,
            _ if quoted => {}
            ')' => open += 1,
            '(' if open == 0 => return None,
            '(' => open -= 1,
            '<' | '>' | '=' | '!' if open == 0 => sign = Some(place),
            _ if sign.is_some() => break,
            _ => {}
        }
    }
    let head = &text[..sign?];
    let start = super::term(head);
    Some(head[start..].trim()).filter(|subject| !subject.is_empty())
}

/// `last_login > 30 days ago`, `last_login in last month`
fn time(at: &At<'_>) -> Option<Answer> {
    match at.word.as_str() {
        "ago" if super::sign::last_open(&at.clause.text[..at.start]).is_none() => {
            let span = at.before[at.before.len().saturating_sub(2)..].join(" ");
            Some(at.say(
                "a time is not calculated",
                format!(
                    "write `in last {span}` for what was since then, `not in last {span}` for what was before"
                ),
                "is more than 30 days ago earlier or later? a window says which",
            ))
        }
        unit @ ("day" | "week" | "month" | "year") if at.previous() == "last" => {
            let days = match unit {
                "day" => "1 day",
                "week" => "7 days",
                "month" => "30 days",
                _ => "365 days",
            };
            Some(at.rewrite((at.back("last")?, at.end), &format!("last {days}")))
        }
        _ => None,
    }
}

/// `audience vip when orders > 3 then send offer`
fn acts(at: &At<'_>) -> Option<Answer> {
    (at.word == "then" && matches!(at.clause.item, ItemWord::Audience | ItemWord::Segments)).then(|| {
        at.say(
            "a group of customers does nothing",
            "write a rule for it: `rule NAME`, `when in audience …`, `then send …`",
            "who is meant and what they get are reviewed by different people",
        )
    })
}
