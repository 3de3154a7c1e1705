//! Conditions as SQL, a segment builder or plain speech has them.

use super::{Answer, At, count, plain, sign};
use crate::diagnostic::Code;
use crate::language::fault::{NOT_AVAILABLE, NOT_RUN};

const NO_ARITHMETIC: &str =
    "a rule is read aloud by those who answer for it; what is calculated belongs into the data";

pub(super) fn answer(at: &At<'_>) -> Option<Answer> {
    count::answer(at)
        .or_else(|| plain::answer(at))
        .or_else(|| sign::unclosed(at))
        .or_else(|| numbers(at))
        .or_else(|| texts(at))
        .or_else(|| lists(at))
        .or_else(|| windows(at))
        .or_else(|| moves(at))
        .or_else(|| doings(at))
        .or_else(|| groups(at))
        .or_else(|| joints(at))
}

/// `1 000`, `avg(order.total)`, `segment = lapsing for 30 days`.
fn numbers(at: &At<'_>) -> Option<Answer> {
    let digits = |word: &str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit());
    let text = at.clause.text;
    match at.word.as_str() {
        word if digits(word) && word.len() == 3 && digits(at.previous()) => {
            let start = at.back(at.previous())?;
            let joined = format!("{}{word}", at.previous());
            let found = at.rewrite((start, at.end), &joined);
            Some(
                Answer { why: "`1 000` may be two numbers: thousands have no mark", ..found }
                    .code(Code::ForeignAmount),
            )
        }
        "(" => {
            let name = text[..at.start].trim_end();
            let start = name.trim_end_matches(|c: char| c.is_alphanumeric() || c == '_').len();
            let right = match name[start..].to_lowercase().as_str() {
                "avg" | "mean" => "average",
                "total" | "summe" => "sum",
                "maximum" | "highest" | "largest" => "max",
                "minimum" | "lowest" | "smallest" => "min",
                "number" | "num" => "count",
                _ => return None,
            };
            Some(at.rewrite((start, name.len()), right))
        }
        "for"
            if at.rest().trim_start().starts_with(|c: char| c.is_ascii_digit())
                && sign::unbalanced(&text[..at.start]) <= 0 =>
        {
            let found =
                at.say("how long somebody has been somewhere is not available yet", NOT_RUN, NOT_AVAILABLE);
            Some(found.code(Code::NotAvailableYet))
        }
        _ => None,
    }
}

/// `like`, `ends with`, `does not contain`.
fn texts(at: &At<'_>) -> Option<Answer> {
    let rest = at.rest().trim_start();
    match at.word.as_str() {
        "like" | "ilike" | "matches" => {
            let pattern =
                rest.strip_prefix('"').and_then(|rest| rest.split_once('"')).map(|(inner, _)| inner);
            let Some(pattern) = pattern else { return Some(at.instead("contains")) };
            let words = pattern.trim_matches(['%', '*']);
            let open = |c: char| c == '%' || c == '*';
            let verb = if pattern.ends_with(open) && !pattern.starts_with(open) {
                "starts with"
            } else {
                "contains"
            };
            let end = at.end + at.rest().find(pattern)? + pattern.len() + 1;
            Some(at.rewrite((at.start, end), &format!("{verb} \"{words}\"")))
        }
        "ends" | "end" if rest.starts_with("with") => {
            let end = at.end + at.rest().find("with")? + "with".len();
            Some(
                at.say(
                    "a text is not looked at from its end",
                    "write `contains`",
                    "`contains` and `starts with` are what there is",
                )
                .fix((at.start, end), "contains"),
            )
            .map(|answer| Answer { span: (at.start, end), ..answer })
        }
        word if (at.previous() == "contains" || ends_in(&at.before, ["starts", "with"]))
            && word.starts_with(char::is_alphabetic) =>
        {
            let written = &at.clause.text[at.start..at.end];
            Some(
                at.say(
                    format!("`{written}` needs quotes"),
                    format!("write `\"{written}\"`"),
                    "a text stands in quotes, so that a reader sees where it ends",
                )
                .code(Code::NeedsQuotes)
                .fix((at.start, at.end), format!("\"{written}\"")),
            )
        }
        "does" | "doesn" | "not" | "contains" if rest.contains("contain") || at.previous() == "not" => {
            let subject = at.before.iter().rev().find(|word| *word != "not")?;
            let label = format!("write `not ({subject} contains \"…\")`");
            Some(
                at.say(
                    "`not` stands before a parenthesis",
                    label,
                    "so that a reader sees how far it reaches",
                )
                .code(Code::MisplacedNot),
            )
        }
        _ => None,
    }
}

fn ends_in<const N: usize>(words: &[String], last: [&str; N]) -> bool {
    words.len() >= N && words[words.len() - N..].iter().zip(last).all(|(word, last)| word == last)
}

/// `is one of (…)`, `in "ES", "PT"`, `in ["ES"]`, `("ES"; "PT")`.
fn lists(at: &At<'_>) -> Option<Answer> {
    let text = at.clause.text;
    match at.word.as_str() {
        "of" | "one" | "any" => {
            let one = at.back("one").or_else(|| at.back("any")).unwrap_or(at.start);
            let head = text[..one].trim_end();
            let start = if head.to_lowercase().ends_with(" is") { head.len() - 2 } else { one };
            let rest = at.rest().trim_start();
            let end = if at.word == "of" { at.end } else { at.end + at.rest().find("of")? + 2 };
            (rest.starts_with('(') || at.word != "of").then(|| at.rewrite((start, end), "in"))
        }
        "[" => {
            let close = text[at.end..].find(']').map(|close| at.end + close)?;
            Some(at.rewrite((at.start, close + 1), &format!("({})", &text[at.end..close])))
        }
        ";" if text[..at.start].contains('(') && text[at.end..].contains(')') => Some(at.instead(",")),
        word if at.previous() == "in" && text[at.end..].trim_start().starts_with(',') => {
            let quoted_or_word = |piece: &&str| {
                let piece = piece.trim();
                !piece.is_empty() && (piece.starts_with('"') || !piece.contains(char::is_whitespace))
            };
            let list = text[at.start..].lines().next()?.trim_end();
            let fits = list.split(',').all(|piece| quoted_or_word(&piece)) && !word.is_empty();
            fits.then(|| at.rewrite((at.start, at.start + list.len()), &format!("({list})")))
        }
        _ => None,
    }
}

/// Windows inside `count(…)` and calculations with dates.
fn windows(at: &At<'_>) -> Option<Answer> {
    let inside =
        at.clause.text[..at.start].matches('(').count() > at.clause.text[..at.start].matches(')').count();
    let rest = at.rest().trim_start();
    match at.word.as_str() {
        "within" | "over" | "during" | "past" | "last" | "for" if inside => {
            let next = rest.split_whitespace().next().unwrap_or("");
            let right = match next {
                "last" => "in",
                "the" => return None,
                _ if at.previous() == "in" => "last",
                _ => "in last",
            };
            // As it stands it is right: something else is wrong.
            (right != at.word).then(|| at.instead(right))
        }
        "," if inside => {
            let window =
                ["last", "in last", "in the last"].into_iter().find(|words| rest.starts_with(words))?;
            if at.before.iter().any(|word| word == "where") {
                return Some(window_after_where(at));
            }
            let end = at.end + at.rest().find(window)? + window.len();
            Some(at.rewrite((at.start, end), " in last"))
        }
        "in" | "from" | "since" | "today" if inside && at.before.iter().any(|word| word == "where") => {
            Some(window_after_where(at))
        }
        "(" if ["now", "today", "date", "getdate", "current_date", "dateadd", "datediff"]
            .contains(&at.previous()) =>
        {
            Some(at.say(
                "days are not calculated",
                "write `in last 30 days`, `in next 30 days` or `falls today`",
                "the calendar is asked in words, so that time zones and months are counted right",
            ))
        }
        "before" | "after" if rest.starts_with(|c: char| c.is_ascii_digit()) => {
            Some(at.instead(if at.word == "before" { "<" } else { ">" }))
        }
        "the" if !inside && at.previous() == "in" => {
            let start = at.back("in")?;
            let head = at.clause.text[..start].trim_end();
            let start = if ends_in(&at.before, ["is", "in"]) { head.len() - 2 } else { start };
            Some(at.rewrite((start, at.end), "in"))
        }
        // `// a comment`, `-- a comment`
        "/" | "-" if at.rest().starts_with(at.word.as_str()) => {
            Some(at.rewrite((at.start, at.end + at.word.len()), "#"))
        }
        "\\" if at.rest().trim_start_matches([' ', '\t']).starts_with('\n') => {
            let answer = at.instead("");
            Some(Answer { why: "a line that begins with no clause word continues the line above", ..answer })
        }
        "+" | "-" | "*" | "/" | "%" => Some(at.say(
            "a rule does not calculate",
            if at.word == "-" && at.before.iter().any(|word| word == "between") {
                "write `and` between the two: `between 100 and 500 EUR`"
            } else {
                "compare with a plain amount, or with a share such as `50% of revenue`"
            },
            NO_ARITHMETIC,
        )),
        word if inside && word.starts_with(char::is_alphabetic) => {
            let event = at.previous().rsplit('(').next().unwrap_or("");
            let ours =
                ["sent", "opened", "clicked", "bounced", "complained", "unsubscribed"].contains(&event);
            ours.then(|| at.rewrite((at.start, at.end), &format!("where message = {word}")))
        }
        _ => None,
    }
}

fn window_after_where(at: &At<'_>) -> Answer {
    at.say(
        "the window stands before `where`",
        "write `count(order in last 90 days where …)`",
        "behind `where` the words are the event's own: a window there would be about one of its fields",
    )
}

/// `last order …`, `no order in …`, `has ordered`, `opened offer`.
fn doings(at: &At<'_>) -> Option<Answer> {
    let why = "what happened is counted, so that the number and the days are written out";
    let all = at.before.iter().map(String::as_str).chain([at.word.as_str()]);
    let verbs = ["ordered", "bought", "purchased", "opened", "clicked", "received", "visited", "viewed"];
    let verb = all.clone().find(|word| verbs.contains(word));
    let unit = at.previous().trim_start_matches('(');
    if at.word == "since" && ["days", "hours", "weeks"].contains(&unit) {
        return Some(days_since(at, unit));
    }
    match (at.previous(), verb) {
        ("has" | "have", _) if at.word == "not" || at.word == "never" => Some(at.say(
            "what did not happen is counted too",
            "write `count(order in last 90 days) = 0`",
            why,
        )),
        ("last" | "latest", _) if at.word == "order" || at.word == "purchase" => Some(at.say(
            "a time is asked for by `time since`",
            "write `time since last order > 90 days`",
            why,
        )),
        ("no" | "without", _) => Some(at.say(
            "what did not happen is counted too",
            "write `count(order in last 90 days) = 0`",
            why,
        )),
        (_, Some("ordered" | "bought" | "purchased")) => {
            Some(at.say("what somebody did is counted", "write `count(order in last 90 days) >= 3`", why))
        }
        (_, Some(verb)) => Some(at.say(
            "what somebody did is counted",
            if matches!(verb, "opened" | "clicked" | "received") {
                "write `count(opened in last 30 days where message = offer) > 0`"
            } else {
                "write `count(EVENT in last 30 days) > 0`"
            },
            why,
        )),
        _ => None,
    }
}

/// `plan upgraded`, `tier dropped`.
fn moves(at: &At<'_>) -> Option<Answer> {
    const UP: [&str; 7] = ["upgraded", "upgrades", "upgrade", "increased", "increases", "rose", "climbs"];
    const DOWN: [&str; 7] =
        ["downgraded", "downgrades", "downgrade", "decreased", "decreases", "dropped", "drops"];
    let right = match at.word.as_str() {
        word if UP.contains(&word) => "rises",
        word if DOWN.contains(&word) => "falls",
        _ => return None,
    };
    let next = at.rest().split_whitespace().next().unwrap_or("and");
    let ends = matches!(next, "and" | "or") || next.starts_with(')');
    let start = at.back("has").or_else(|| at.back("was")).unwrap_or(at.start);
    ends.then(|| at.rewrite((start, at.end), right))
}

/// `days since last order > 30`: the unit stands behind the number.
fn days_since(at: &At<'_>, unit: &str) -> Answer {
    let start = at.back(unit).unwrap_or(at.start);
    let rest = at.rest();
    let number = rest.find(|c: char| c.is_ascii_digit());
    let amount = number.map(|number| {
        let end = rest[number..].find(|c: char| !c.is_ascii_digit()).map_or(rest.len(), |end| number + end);
        (at.end + end, &rest[..end])
    });
    let whole = amount.filter(|(end, asked)| {
        let words: Vec<&str> = asked.split_whitespace().collect();
        words.len() == 4 && at.clause.text[*end..].split_whitespace().next() != Some(unit)
    });
    let answer = at.say(
        "a time is asked for by `time since`",
        format!("write `time since last order > 30 {unit}`"),
        "the unit stands with the number, so that 30 days and 30 hours cannot be mistaken",
    );
    match whole {
        Some((end, asked)) => answer.fix((start, end), format!("time since{asked} {unit}")),
        None => answer,
    }
}

/// Audiences, segments, consent and everybody.
fn groups(at: &At<'_>) -> Option<Answer> {
    let before: Vec<&str> = at.before.iter().map(String::as_str).collect();
    if let Some(top) = top(at) {
        return Some(top);
    }
    match (at.previous(), at.word.as_str()) {
        ("audience", word) if word.starts_with(char::is_alphabetic) => {
            let start = at.back("audience")?;
            Some(at.rewrite((start, at.end), &format!("in audience {word}")))
        }
        ("enters" | "joins" | "leaves", "segment") => Some(at.say(
            "a segment is a value",
            if at.previous() == "leaves" {
                "write `segment changes from lapsing`"
            } else {
                "write `segment becomes lapsing`"
            },
            "only audiences are groups that one enters and leaves",
        )),
        ("in" | "not", "segment" | "segments") => Some(at.say(
            "a segment is a value",
            "write `segment = lapsing`",
            "only audiences are groups that one is in",
        )),
        ("in", "audience") => Some(at.say(
            "an audience has a name",
            "write `in audience NAME`",
            "its name says which one is meant",
        )),
        ("in", word) if word.starts_with(char::is_alphabetic) && before.len() >= 2 => {
            let opens =
                before.len() == 2 || matches!(before[before.len() - 2], "and" | "or" | "not" | "when");
            opens.then(|| at.rewrite((at.start, at.end), &format!("audience {word}")))
        }
        ("member" | "part", "of") => {
            let start = at.back(at.previous())?;
            let head = at.clause.text[..start].trim_end();
            let start = if head.to_lowercase().ends_with(" is") { head.len() - 2 } else { start };
            Some(at.rewrite((start, at.end), "in audience"))
        }
        ("customer" | "contact" | "user" | "person" | "profile", _) => {
            let start = at.back(at.previous())?;
            Some(at.rewrite((start, start + at.previous().len()), ""))
        }
        ("has" | "with" | "have", "consent") => Some(at.say(
            "no rule asks for consent",
            "leave it out: it is met at every send",
            "marketing goes only to those who gave it, and no rule can switch that off or on",
        )),
        ("all" | "every" | "any", "customers" | "customer" | "users" | "contacts" | "people") => {
            Some(at.say(
                "a rule says whom it means",
                "write what they have in common, such as `orders >= 1`",
                "a rule that reaches everybody is mostly one whose condition was forgotten",
            ))
        }
        _ => None,
    }
}

/// `top 10% by clv`, `customer in top 10% by clv`: good language but for what stands before it, and
/// mending that alone would not make it run.
fn top(at: &At<'_>) -> Option<Answer> {
    let start = if at.word == "top" { at.start } else { at.back("top")? };
    let line = at.clause.text[start..].lines().next()?;
    let by = line.find(" by ")? + " by ".len();
    let name = line[by..].find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(line.len() - by);
    let found = at.say("`in top … by …` is not available yet", NOT_RUN, NOT_AVAILABLE);
    Some(Answer { span: (start, start + by + name), ..found }.code(Code::NotAvailableYet))
}

/// `segment = lapsing, lost`
fn values(at: &At<'_>) -> Option<Answer> {
    let text = at.clause.text;
    let sign = at.before.len().checked_sub(2).and_then(|at_sign| at.before.get(at_sign))?;
    if sign != "=" {
        return None;
    }
    let start = text[..at.start].rfind('=')?;
    let line = at.rest().lines().next()?;
    let end =
        [" and ", " or "].iter().filter_map(|joint| line.find(joint)).min().unwrap_or(line.trim_end().len());
    let value = |piece: &str| {
        let piece = piece.trim();
        let plain = piece.chars().all(|c| c.is_alphanumeric() || c == '_');
        !piece.is_empty() && (plain || piece.len() > 1 && piece.starts_with('"') && piece.ends_with('"'))
    };
    let list = format!("{},{}", text[start + 1..at.start].trim(), &line[..end]);
    list.split(',').all(value).then(|| at.rewrite((start, at.end + end), &format!("in ({list})")))
}

/// `but`, a comma between conditions.
fn joints(at: &At<'_>) -> Option<Answer> {
    match at.word.as_str() {
        "but" | "plus" | "while" | "with" => Some(at.instead("and")),
        "," if at.rest().trim().is_empty() => Some(at.instead("")),
        "," => values(at).or_else(|| Some(at.rewrite((at.start, at.end), " and"))),
        "unless" | "except" => Some(
            at.say(
                format!("`{}` is another language's spelling", at.word),
                "write `and not (…)`",
                super::ONE_SPELLING,
            )
            .code(Code::ForeignSpelling),
        ),
        _ => None,
    }
}
