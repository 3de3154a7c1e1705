//! Foreign spellings answered with the right one, capitals, and what is not available yet.

use crate::diagnostic::{Applicability, Code, Diagnostic, Fix, Span};

use super::clause::Clause;
use super::fault::{capitals, with_fix};
use super::foreign;
use super::grammar::{Node, Rule};

/// The answer to a foreign spelling or to capitals. The builder answers those whose right spelling
/// depends on what surrounds them: `is` for `=` and a lost `not`.
pub(super) fn answer(clause: &Clause<'_>, node: &Node<'_>) -> Option<Diagnostic> {
    let (rule, place) = (node.as_rule(), clause.place(node));
    let text = node.as_str().trim_end();
    if text.bytes().any(|b| b.is_ascii_uppercase()) && is_word_of_the_language(rule) {
        return Some(capitals(place, text));
    }
    if rule == Rule::compat_on_joint {
        return Some(no_comma(clause, node));
    }
    if let Some(right) = foreign::quantity(rule, text) {
        return Some(quantity(rule, place, text, right));
    }
    spelling(rule, text)
        .map(|right| foreign_spelling(place, text, right))
        .or_else(|| joint(clause, node, place))
        .or_else(|| not_a_word(rule, place, text))
}

/// An operator, type or phrase with one right spelling.
fn spelling(rule: Rule, text: &str) -> Option<(String, Applicability)> {
    let lower = text.to_lowercase();
    let safe = |right: &str| Some((right.to_owned(), Applicability::Safe));
    match rule {
        Rule::compat_and => safe("and"),
        Rule::compat_or => safe("or"),
        Rule::compat_equal => safe("="),
        Rule::compat_not_equal => safe("!="),
        Rule::compat_less_or_equal => safe("<="),
        Rule::compat_greater_or_equal => safe(">="),
        Rule::compat_is_words => safe(foreign::spoken_comparison(&lower)),
        Rule::compat_is_not_known => {
            let right = if foreign::means_known(&lower) { "is known" } else { "is unknown" };
            Some((right.to_owned(), Applicability::NeedsReview))
        }
        Rule::compat_contains => safe("contains"),
        Rule::compat_starts_with => safe("starts with"),
        Rule::compat_last_period => {
            Some((format!("in last {}", foreign::period_days(&lower)), Applicability::NeedsReview))
        }
        Rule::compat_the | Rule::compat_since_last | Rule::compat_equal_sign => safe(""),
        Rule::compat_becomes => safe("becomes"),
        Rule::compat_changes => safe("changes"),
        Rule::compat_enters => safe("enters"),
        Rule::compat_leaves => safe("leaves"),
        Rule::compat_bare_audience => Some((format!("audience {text}"), Applicability::NeedsReview)),
        Rule::compat_within => safe("in"),
        Rule::compat_this => Some((format!("in {}", words(&lower)), Applicability::Safe)),
        // Days ahead: `in 30 days` may also be meant for the one day that is 30 days away.
        Rule::compat_ahead => Some((format!("next {}", words(&lower)), Applicability::NeedsReview)),
        Rule::compat_to => safe("to"),
        Rule::compat_then_draft => safe("draft then"),
        Rule::compat_twice => safe("2 times"),
        Rule::compat_if_missed => safe("if missed,"),
        Rule::compat_in_customer_time => safe("customer time"),
        Rule::compat_type => safe(foreign::type_word(&lower)),
        Rule::compat_audience_grew => safe("its audience grew"),
        // `by 50%` and `by at least 50%` may be meant with 50% itself.
        Rule::compat_by_more_than => Some(("by more than".to_owned(), Applicability::NeedsReview)),
        // With `and` it would take all of them.
        Rule::compat_guard_joint => Some(("or".to_owned(), Applicability::NeedsReview)),
        Rule::compat_string => {
            let mut inner = text.chars();
            inner.next();
            inner.next_back();
            Some((format!("\"{}\"", inner.as_str().replace('"', "'")), Applicability::Safe))
        }
        _ => None,
    }
}

/// With one blank between words.
fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn foreign_spelling(place: Span, text: &str, right: (String, Applicability)) -> Diagnostic {
    let label = if right.0.is_empty() { "leave it out".to_owned() } else { format!("write `{}`", right.0) };
    with_fix(
        Code::ForeignSpelling,
        place,
        format!("`{text}` is another language's spelling"),
        label,
        "each meaning has one spelling, so that rules read alike whoever wrote them",
        right,
    )
}

fn quantity(
    rule: Rule,
    place: Span,
    text: &str,
    (right, applicability): (String, Applicability),
) -> Diagnostic {
    let (code, why) = match rule {
        Rule::compat_months => (
            Code::MonthAsDuration,
            "a month has 28 to 31 days, so the stretch of time would be another one every day",
        ),
        Rule::compat_duration
        | Rule::compat_unit
        | Rule::compat_date
        | Rule::compat_time
        | Rule::compat_hour => {
            (Code::ForeignTime, "`5m` may be minutes or months, and 03/04 is March or April")
        }
        Rule::compat_percent => {
            (Code::ForeignAmount, "a share has one spelling, so that rules read alike whoever wrote them")
        }
        _ if !text.contains([',', '.', '\'', 'k', 'K']) => (
            Code::ForeignAmount,
            "a currency is written by its code behind the number: `$` is the sign of many",
        ),
        _ => (Code::ForeignAmount, "`1,000` is one thousand in London and one in Madrid"),
    };
    let message = match rule {
        Rule::compat_months => format!("`{text}` is no fixed length of time"),
        Rule::compat_unit => format!("`{text}` is finer than a minute, the shortest unit"),
        _ if applicability == Applicability::Safe => format!("`{text}` is not how this is written"),
        _ => format!("`{text}` may be read in more than one way"),
    };
    if right.is_empty() {
        let label = "this is no date or time that exists".into();
        return Diagnostic { code, message, span: place, label, why: why.into(), fix: None };
    }
    let label = format!("write `{right}`");
    with_fix(code, place, message, label, why, (right, applicability))
}

/// `on order after 2 days`, `on order and after 2 days`.
fn no_comma(clause: &Clause<'_>, node: &Node<'_>) -> Diagnostic {
    let start = node.as_span().start();
    let before = clause.text[..start].trim_end().len();
    let word = if node.as_str().is_empty() {
        clause.text[start..].split_whitespace().next().unwrap_or_default()
    } else {
        node.as_str().trim_end()
    };
    let right = if node.as_str().is_empty() { format!(", {word}") } else { ",".to_owned() };
    let found = with_fix(
        Code::ForeignSpelling,
        clause.span(start, start + word.len()),
        if right == "," {
            format!("a comma stands here, not `{word}`")
        } else {
            format!("a comma belongs before `{word}`")
        },
        format!("write `{right}`"),
        "each meaning has one spelling; the comma shows where the event ends and the wait begins",
        (right, Applicability::Safe),
    );
    // The blank before the word goes, too.
    let span = clause.span(before, start + word.len());
    Diagnostic { fix: found.fix.map(|fix| Fix { span, ..fix }), ..found }
}

/// What stands between elements where something else belongs.
fn joint(clause: &Clause<'_>, node: &Node<'_>, place: Span) -> Option<Diagnostic> {
    let text = node.as_str().trim_end();
    let start = node.as_span().start();
    let before = clause.text[..start].trim_end().len();
    let place = if text != "," && text != "|" && text != "/" {
        // The blank before a word goes too: `a, then b`, not `a , then b`.
        clause.span(before, start + text.len())
    } else {
        place
    };
    let (code, right, message, why) = match node.as_rule() {
        Rule::compat_joint => {
            let followed = clause.text[start + text.len()..].trim_start().starts_with("then");
            (
                Code::JoinedActions,
                if followed { "," } else { ", then" },
                format!(
                    "actions are not joined by {}",
                    if text.is_empty() { "`then` alone".into() } else { format!("`{text}`") }
                ),
                "a comma alone separates the elements of one list; actions follow one another",
            )
        }
        Rule::compat_day_joint | Rule::compat_list_joint => (
            Code::ForeignSpelling,
            ",",
            format!("the elements of a list are not joined by `{text}`"),
            "a comma separates the elements of one list",
        ),
        Rule::compat_choice_joint => (
            Code::ForeignSpelling,
            if place.start as usize == clause.base + before && text != "/" && text != "," {
                " |"
            } else {
                "|"
            },
            format!("the values of a choice are not joined by `{text}`"),
            "values stand between `|`, or between `<` where they have an order",
        ),
        _ => return None,
    };
    let label = format!("write `{}`", right.trim_start());
    Some(with_fix(code, place, message, label, why, (right.to_owned(), Applicability::Safe)))
}

/// A name or value that is no plain word, and a cap that does not say for whom.
fn not_a_word(rule: Rule, place: Span, text: &str) -> Option<Diagnostic> {
    match rule {
        Rule::compat_value | Rule::compat_bare_value => Some(with_fix(
            Code::NotAPlainWord,
            place,
            format!("`{text}` is no plain word"),
            format!("write `\"{text}\"`"),
            "a value that is more than letters, digits and `_` stands in quotes",
            (format!("\"{text}\""), Applicability::NeedsReview),
        )),
        Rule::compat_name if text.contains('-') => Some(with_fix(
            Code::NotAPlainWord,
            place,
            format!("`{text}` is no plain word"),
            format!("write `{}`", text.replace('-', "_")),
            "names stand in file names, columns and placeholders: letters, digits and `_`",
            (text.replace('-', "_"), Applicability::NeedsReview),
        )),
        Rule::compat_name => Some(Diagnostic {
            code: Code::NotAPlainWord,
            message: format!("`{text}` is a word of the language and names nothing"),
            span: place,
            label: "choose another name".into(),
            why: "a reader could not tell the name from the word".into(),
            fix: None,
        }),
        Rule::compat_cap_period => Some(with_fix(
            Code::CapForWhom,
            place,
            "this limit does not say for whom it counts".into(),
            "say `per customer` or `in total`".into(),
            "one e-mail a day for each customer and one for all of them are far apart",
            (format!("per customer {text}"), Applicability::NeedsReview),
        )),
        _ => None,
    }
}

/// What a rule of the grammar is that this version does not run; empty where its own words say it
/// best.
pub(super) const fn unavailable(rule: Rule) -> Option<&'static str> {
    Some(match rule {
        Rule::unavailable_in_top => "`in top … by …`",
        Rule::unavailable_term
        | Rule::unavailable_decile
        | Rule::unavailable_chance
        | Rule::unavailable_clv => "",
        Rule::unavailable_movement => "what a place was before (`has been`, `was`)",
        _ => return None,
    })
}

/// Words of the language: lower-case by law. By their names in the grammar, so that none is
/// forgotten; asked of words with capitals only, which are few.
fn is_word_of_the_language(rule: Rule) -> bool {
    let named = [Rule::unit, Rule::clv_unit, Rule::function, Rule::type_word, Rule::term];
    named.contains(&rule) || (rule != Rule::kw_at_most && format!("{rule:?}").starts_with("kw_"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A rule named by its prefix must be known to the function that goes by it.
    #[test]
    fn every_prefixed_rule_of_the_grammar_is_known_here() {
        for rule in Rule::all_rules() {
            let name = format!("{rule:?}");
            if name.starts_with("unavailable_") {
                assert!(unavailable(*rule).is_some(), "{name}");
            }
        }
    }
}
