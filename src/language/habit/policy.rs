//! Limits, quiet hours and guards of a policy as people say them.

use super::time::{DAYS, day};
use super::{Answer, At};

/// `at most 1 e-mail per person a day`
pub(super) fn at_most(at: &At<'_>) -> Option<Answer> {
    let rest = at.rest().trim_start();
    match (at.previous(), at.word.as_str()) {
        ("e", "-") if at.rest().starts_with("mail") => {
            let letters = at.rest().find(|c: char| !c.is_alphabetic()).unwrap_or(at.rest().len());
            Some(at.rewrite((at.back("e")?, at.end + letters), "email"))
        }
        ("per", "person" | "user" | "contact" | "recipient" | "people") => Some(at.instead("customer")),
        ("per", "calendar") => Some(at.instead("")),
        (_, "total" | "overall" | "altogether") if at.previous() != "in" => Some(at.instead("in total")),
        (_, ",") if rest.starts_with("or ") => Some(at.instead("")),
        _ => None,
    }
}

/// `quiet hours on sundays`, `21:00 to 08:30 in customer time, or skip`
pub(super) fn quiet(at: &At<'_>) -> Option<Answer> {
    let rest = at.rest().trim_start();
    let trimmed = at.clause.text[..at.start].trim_end_matches([' ', ',']).len();
    let named = |word: &str| DAYS.iter().find(|known| **known == word).copied().or_else(|| day(word));
    match at.word.as_str() {
        "time" if at.previous() == "customer" => {
            let start = at.clause.text[..at.start].to_lowercase().rfind("in ")?;
            Some(at.rewrite((start, at.end), "customer time"))
        }
        "or" if rest.trim_end() == "skip" => Some(at.rewrite((trimmed, at.end), " or")),
        "and" if at.before.iter().any(|word| word == "to" || word == "all") => {
            Some(at.rewrite((trimmed, at.end), ","))
        }
        "weekend" | "weekends" => Some(at.instead("all of saturday, sunday")),
        "on" => {
            let next = rest.split_whitespace().next()?;
            let right = named(&next.to_lowercase())?;
            let end = at.end + at.rest().find(next)? + next.len();
            Some(at.rewrite((at.start, end), &format!("all of {right}")))
        }
        word => {
            let right = named(word)?;
            let right = if at.previous() == "of" { right.to_owned() } else { format!("all of {right}") };
            Some(at.instead(&right))
        }
    }
}

/// `pause a rule if bounces > 5%`
pub(super) fn pause(at: &At<'_>) -> Option<Answer> {
    (at.word == "if" && at.previous() == "rule").then(|| at.instead("when"))
}

/// `pause rules when bounces > 5%`: the clause's first words.
pub(super) fn opening(at: &At<'_>) -> Option<Answer> {
    let line = at.rest().lines().next()?;
    let when = [" when ", " if "].into_iter().find_map(|word| Some((line.find(word)?, word)))?;
    let short = line[..when.0].split_whitespace().count() <= 2;
    short.then(|| at.rewrite((at.start, at.end + when.0 + when.1.len() - 1), "pause a rule when"))
}
