//! Words that name nothing here and something in other tools.

use crate::diagnostic::{Code, Span};
use crate::ruleset::Type;

use super::super::names::Names;
use super::super::report::{Problem, problem};
use super::Wanted;

/// Numbers as words.
const NUMBERS: [&str; 13] = [
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
];

/// What is said of such a word; none where it is simply unknown.
pub(super) fn word(names: &Names, word: &str, span: Span, wanted: Option<Wanted>) -> Option<Problem> {
    let say = |message: String| problem(Code::UnknownField, span, message);
    if names.schema.find_event(word).is_some() {
        return Some(
            say(format!("`{word}` is an event"))
                .label(format!("count it: `count({word} in last 7 days) >= 1`, or write `on {word}`"))
                .why("an event has no single value: it happened so and so often"),
        );
    }
    let number = NUMBERS.iter().position(|number| *number == word);
    if let (Some(number), Some(Wanted { ty: Type::Number | Type::Money | Type::Duration, .. })) =
        (number, wanted)
    {
        return Some(
            say(format!("`{word}` is written in digits"))
                .label(format!("write `{number}`"))
                .why("a word is a field's name, and a new field of that name would change the rule")
                .review(span, number.to_string()),
        );
    }
    if word == "consent"
        || word.starts_with("consent_")
        || matches!(word, "subscribed" | "opted_in" | "opt_in")
    {
        return Some(
            say("no rule asks for consent".into())
                .label("leave it out: it is met at every send")
                .why("marketing goes only to those who gave it, and no rule can switch that off or on"),
        );
    }
    if matches!(word, "everyone" | "everybody" | "all" | "anyone") {
        return Some(
            say("a rule says whom it means".into())
                .label("write what they have in common, such as `orders >= 1`")
                .why("a rule that reaches everybody is mostly one whose condition was forgotten"),
        );
    }
    if word == "audience" {
        return Some(
            say("an audience is no value".into())
                .label("write `in audience NAME`")
                .why("audiences overlap: a customer is in one or not, whatever others they are in"),
        );
    }
    if matches!(word, "now" | "today") {
        return Some(
            say(format!("`{word}` is no value"))
                .label("write `in last 30 days`, `in next 30 days` or `falls today`")
                .why("the calendar is asked in words, so that time zones and months are counted right"),
        );
    }
    None
}

/// Whether a name is that of a day of the week, in the singular or the plural.
pub(super) fn is_a_day(name: &str) -> bool {
    let singular = name.strip_suffix('s').unwrap_or(name);
    ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"].contains(&singular)
}
