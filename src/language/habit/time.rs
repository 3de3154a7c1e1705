//! Schedules, seasons, limits and quiet hours as people say them.

use super::super::split::ItemWord;
use super::{Answer, At, policy};
use crate::diagnostic::Code;

pub(super) const DAYS: [&str; 7] =
    ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
/// German and Spanish names, and the short ones.
const OTHERS: [[&str; 4]; 7] = [
    ["montag", "lunes", "mon", "mo"],
    ["dienstag", "martes", "tue", "tues"],
    ["mittwoch", "miércoles", "wed", "mi"],
    ["donnerstag", "jueves", "thu", "thurs"],
    ["freitag", "viernes", "fri", "fr"],
    ["samstag", "sábado", "sat", "sa"],
    ["sonntag", "domingo", "sun", "so"],
];

/// The day of the week that a word means which is no name of one in the language.
pub(super) fn day(word: &str) -> Option<&'static str> {
    let singular = word.strip_suffix('s').unwrap_or(word);
    let other = |names: &[&str; 4]| names.contains(&word) || names.contains(&singular);
    let position = DAYS.iter().position(|day| *day == singular).or_else(|| OTHERS.iter().position(other))?;
    Some(DAYS[position])
}

pub(super) fn answer(at: &At<'_>) -> Option<Answer> {
    match at.opener() {
        "every" => every(at),
        "on" => on(at),
        "from" | "until" => match at.word.as_str() {
            "to" | "till" | "-" | "–" | "through" | "and" => Some(at.instead("until")),
            // `until 2026-12-31 from 2026-11-26`
            "from" if at.before.len() == 2 => {
                let first = at.rest().split_whitespace().next()?;
                let end = at.end + at.rest().find(first)? + first.len();
                let right = format!("from {first} until {}", at.previous());
                Some(at.rewrite((0, end), &right))
            }
            _ => None,
        },
        "at" => at_most(at),
        "priority" => match at.word.as_str() {
            "=" | ":" => Some(at.instead("")),
            "high" | "highest" | "top" => Some(at.instead("80")),
            "low" | "lowest" => Some(at.instead("20")),
            "medium" | "normal" => Some(at.instead("50")),
            _ => None,
        },
        "quiet" => policy::quiet(at).or_else(|| match at.word.as_str() {
            "from" | "between" | ":" => Some(at.instead("")),
            "-" | "–" | "until" | "till" | "and" => Some(at.instead("to")),
            // `quiet hours 21:00 to 08:00, or wait`
            "or" | "wait" if at.rest().trim().is_empty() || at.rest().trim() == "wait" => Some(waits(at)),
            word if word.starts_with(|c: char| c.is_ascii_digit()) => Some(at.say(
                "expected a span such as `21:00 to 08:30`",
                "a time has its minutes, and `to` stands between the two",
                "`21-8` may be read as hours or as days",
            )),
            _ => None,
        }),
        "pause" => policy::pause(at),
        _ => None,
    }
}

/// Quiet hours that are told to wait.
fn waits(at: &At<'_>) -> Answer {
    let from = at.clause.text[..at.start].trim_end_matches([' ', ',']).len();
    at.say(
        "messages wait for the end of quiet hours, unless they say otherwise",
        "leave it out",
        "only `or skip` is another thing: what falls into quiet hours is then not sent at all",
    )
    .code(Code::ForeignSpelling)
    .fix((from, at.clause.text.trim_end().len()), "")
}

fn every(at: &At<'_>) -> Option<Answer> {
    let rest: Vec<String> = at.rest().split_whitespace().map(str::to_lowercase).collect();
    let why = "a schedule names its day and its time, so that nobody has to guess when it fires";
    Some(match (at.word.as_str(), rest.first().map(String::as_str)) {
        ("week", Some("on")) => {
            let named = rest.get(1).map(|word| word.trim_end_matches(','))?;
            let day = DAYS.iter().find(|day| **day == named).copied().or_else(|| day(named))?;
            let end = at.end + at.rest().to_lowercase().find(named)? + named.len();
            at.rewrite((at.start, end), day)
        }
        ("week" | "weeks", _) => {
            at.say("on which day of the week?", "name it: `every monday at 09:00`", why).fix(
                (at.start, at.end),
                if rest.iter().any(|word| word == "at") { "monday" } else { "monday at 09:00" },
            )
        }
        // `every day 09:00`
        (word, _) if is_hour(word) && at.rest().starts_with(':') && at.previous() != "at" => {
            let rest = &at.rest()[1..];
            let minutes: String = rest.chars().take_while(char::is_ascii_digit).collect();
            at.rewrite((at.start, at.end + 1 + minutes.len()), &format!("at {word:0>2}:{minutes}"))
        }
        ("at", _) if at.previous() == "month" => at
            .say("on which day of the month?", "name it: `every month on day 1 at 09:00`", why)
            .fix((at.start, at.end), "on day 1 at"),
        ("at", _) if matches!(at.previous(), "hours" | "days" | "weeks" | "minutes") => at.say(
            "a length of time has no time of day",
            "name the days, and how often for one customer: `every monday at 09:00`, `at most once per 14 days`",
            why,
        ),
        ("hour" | "minute", _) => at.rewrite((at.start, at.end), &format!("1 {}", at.word)),
        ("weekend" | "weekends", _) => at.instead("saturday, sunday"),
        ("other" | "second", Some("day" | "week" | "month")) => at.say(
            "a schedule names its days",
            "name them, and how often for one customer: `every day at 09:00`, `at most once per 2 days`",
            why,
        ),
        ("first" | "second" | "third" | "fourth" | "last" | "other", _) => at.say(
            "weeks of a month are not counted",
            "write `every month on day 1 at 09:00`, `every month on last day at 09:00` or a weekday",
            why,
        ),
        ("morning" | "evening" | "night" | "noon" | "midnight", _) => {
            at.say("at what time?", "write `every day at 09:00`", why)
        }
        ("the", _) if at.before.iter().any(|word| word == "month") => {
            let number: String = rest.first()?.chars().take_while(char::is_ascii_digit).collect();
            let end = at.end + at.rest().find(rest.first()?.as_str())? + rest.first()?.len();
            if number.is_empty() {
                return None;
            }
            at.rewrite((at.start, end), &format!("day {number}"))
        }
        ("uhr" | "h" | "hours" | "o" | "oclock", _) if is_hour(at.previous()) => {
            let end = at.end + at.rest().strip_prefix("'clock").map_or(0, |_| "'clock".len());
            at.rewrite((at.back(at.previous())?, end), &format!("{:0>2}:00", at.previous()))
        }
        // `09:00 UTC`, `09:00 Europe/Madrid`
        (zone, _) if is_clock(at.previous()) && (matches!(zone, "utc" | "gmt") || at.rest().starts_with('/')) => {
            let end = at.end + at.rest().find(char::is_whitespace).unwrap_or(at.rest().len());
            let written = &at.clause.text[at.start..end];
            let written = if zone.len() == 3 { written.to_uppercase() } else { written.to_owned() };
            at.rewrite((at.start, end), &format!("in {written}"))
        }
        (word, _) if at.previous() == "at" && spoken_time(word).is_some() => at.instead(&spoken_time(word)?),
        (word, Some("of")) if word.starts_with(|c: char| c.is_ascii_digit()) => {
            let number: String = word.chars().take_while(char::is_ascii_digit).collect();
            let end = at.end + at.rest().to_lowercase().find("month")? + "month".len();
            at.rewrite((at.start, end), &format!("month on day {number}"))
        }
        (word, _) if !DAYS.contains(&word) => at.instead(day(word)?),
        _ => return None,
    })
}

/// Whether a word is the hour of a time of day.
fn is_hour(word: &str) -> bool {
    word.parse::<u8>().is_ok_and(|hour| hour < 24)
}

/// Whether a word is a time of day as the language has it.
fn is_clock(word: &str) -> bool {
    word.split_once(':').is_some_and(|(hour, minute)| is_hour(hour) && minute.len() == 2)
}

/// `9h30`, `9h`, `9uhr`: the time of day that it means.
fn spoken_time(word: &str) -> Option<String> {
    let (hour, rest) = word.split_once('h').or_else(|| word.split_once("uhr"))?;
    let minute = rest.trim_start_matches('r');
    let minute = if minute.is_empty() { "00" } else { minute };
    let fits = is_hour(hour) && minute.len() == 2 && minute.parse::<u8>().is_ok_and(|minute| minute < 60);
    fits.then(|| format!("{hour:0>2}:{minute}"))
}

/// `on mondays at 09:00`, `on 24 december`
fn on(at: &At<'_>) -> Option<Answer> {
    if at.before.len() == 1 && at.word.starts_with(|c: char| c.is_ascii_digit()) {
        return Some(at.say(
            "`on` names an event",
            "for one day write `from 2026-12-24 until 2026-12-24` and `every day at 10:00`",
            "a day without its year would come again every year, wanted or not",
        ));
    }
    let named = at.before.get(1).map(String::as_str)?.trim_end_matches(',');
    if let Some(day) = DAYS.iter().find(|day| **day == named).copied().or_else(|| day(named)) {
        let start = at.clause.text.to_lowercase().find(named)?;
        let right = if at.word == "at" { format!("every {day}") } else { format!("every {day} at 09:00") };
        return Some(at.rewrite((0, start + named.len()), &right));
    }
    if matches!(at.word.as_str(), "becomes" | "changes" | "rises" | "falls" | "enters" | "leaves") {
        return Some(at.say(
            "`on` names an event",
            "a movement stands in `when`: leave `on` out, and the rule fires when it is seen",
            "an event comes in with its own time; a movement is what follows from data",
        ));
    }
    if matches!(named, "first" | "second" | "every" | "each" | "new") {
        return Some(at.say(
            "`on` names an event",
            format!("write `on {}`, and in `when` which of them: `orders = 1` is the first", at.word),
            "what else is asked stands in the condition",
        ));
    }
    if matches!(at.word.as_str(), "wait" | "delay" | "then" | "in")
        && at.rest().trim_start().starts_with(|c: char| c.is_ascii_digit())
    {
        return Some(at.instead("after"));
    }
    if let Some(other) = another_event(at) {
        return Some(other);
    }
    // `on cart abandoned`
    let word = at.word.starts_with(char::is_alphabetic) && at.before.len() == 2 && at.word != "at";
    word.then(|| {
        let start = at.clause.text.to_lowercase().find(named).unwrap_or(at.start);
        let right = format!("{named}_{}", at.word);
        at.say(
            format!("`{named} {}` is no plain word", at.word),
            format!("write `{right}`"),
            "names stand in file names, columns and placeholders: letters, digits and `_`",
        )
        .code(Code::NotAPlainWord)
        .fix((start, at.end), right)
    })
    .map(|answer| Answer { span: (answer.fix.as_ref().map_or(at.start, |fix| fix.0.0), at.end), ..answer })
}

/// A second event.
fn one_event(at: &At<'_>, other: &str) -> Answer {
    at.say(
        "one event lets a rule fire",
        format!("write a second rule: `on {other}`"),
        "a rule knows the fields of the one event on which it is decided",
    )
}

/// A condition or a second event behind `on EVENT`.
fn another_event(at: &At<'_>) -> Option<Answer> {
    if matches!(at.word.as_str(), "where" | "if" | "with" | "and" | "having") && at.before.len() == 2 {
        let event = at.previous();
        return Some(at.say(
            "`on` names an event, and nothing else",
            format!("what else is asked stands in `when`, on a line of its own: `when {event}.value > 50`"),
            "a condition is said in one place, so that a reviewer finds it there",
        ));
    }
    if at.word == "or" && at.before.len() == 2 {
        let other = at.rest().split_whitespace().next().unwrap_or("OTHER");
        return Some(one_event(at, other));
    }
    let head = at.clause.text[..at.start].trim_end();
    let joined = head.ends_with(',') || matches!(at.previous(), "and" | "or");
    if joined && at.word.starts_with(char::is_alphabetic) && !matches!(at.word.as_str(), "after" | "for") {
        return Some(one_event(at, &at.word));
    }
    // `on cart_abandoned, for each event, after 2 hours`
    let after = at.rest().trim_start();
    (at.word == "," && after.starts_with("after ") && head.ends_with("each event")).then(|| {
        let event = head.split(',').next().unwrap_or(head).trim_end();
        let end = at.clause.text.trim_end().len();
        at.rewrite((0, end), &format!("{event}, {}, for each event", after.trim_end()))
    })
}

/// `at most once every 30 days`, `at most once a month`
fn at_most(at: &At<'_>) -> Option<Answer> {
    if at.clause.item == ItemWord::Policy
        && let Some(found) = policy::at_most(at)
    {
        return Some(found);
    }
    match at.word.as_str() {
        "one" | "two" | "three" | "four" | "five"
            if at.previous() == "most" && at.clause.item == ItemWord::Policy =>
        {
            let digit = ["one", "two", "three", "four", "five"].iter().position(|word| *word == at.word)? + 1;
            Some(at.instead(&digit.to_string()))
        }
        // `at most 2000 per day in total`: a rule's own limit is
        "in" if at.rest().trim_start() == "total" && at.clause.item != ItemWord::Policy => {
            Some(at.rewrite((at.start, at.clause.text.trim_end().len()), ""))
        }
        "customers" | "people" | "emails" | "messages" | "sends" | "recipients" | "users"
            if at.clause.item != ItemWord::Policy =>
        {
            Some(at.instead(""))
        }
        "run" if at.previous() == "per" && at.clause.item != ItemWord::Policy => Some(at.say(
            "a limit counts in a span of time",
            "write `per day`, or `per week`",
            "a run that is late or cut in two would be two runs",
        )),
        // `at most 2,000 per day`
        word if at.previous() == "most" && word.bytes().all(|byte| byte.is_ascii_digit()) => {
            let rest = &at.clause.text[at.start..];
            let number = &rest[..rest.find(char::is_whitespace).unwrap_or(rest.len())];
            let marks = [',', '.', '\'', '’'];
            let digits = number.replace(marks, "");
            let thousands = number.split(marks).skip(1).all(|group| group.len() == 3);
            let fits = digits != number && thousands && digits.bytes().all(|byte| byte.is_ascii_digit());
            let answer =
                || at.rewrite((at.start, at.start + number.len()), &digits).code(Code::ForeignAmount);
            fits.then(answer)
        }
        "every" | "in" | "within" | "a" | "an" | "each" | "/" => Some(at.instead("per")),
        // `per week per customer`
        "per" if at.rest().trim_start().starts_with("customer") => {
            let period = at.clause.text[..at.start].rfind("per ")?;
            let words = at.clause.text[period..at.start].trim();
            let end = at.end + at.rest().find("customer")? + "customer".len();
            Some(at.rewrite((period, end), &format!("per customer {words}")))
        }
        "year" | "quarter" if at.previous() == "per" => {
            Some(at.instead(if at.word == "year" { "365 days" } else { "90 days" }))
        }
        "wait" if at.previous() == "or" => Some(at.instead("wait up to 2 days")),
        "daily" => Some(at.instead("per day")),
        "weekly" => Some(at.instead("per week")),
        "monthly" => Some(at.instead("per month")),
        _ => None,
    }
}
