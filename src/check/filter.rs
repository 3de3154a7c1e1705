//! Filters in templates: whether there are such, and whether they fit their values.

use std::collections::BTreeMap;

use crate::diagnostic::{Code, Span};
use crate::message::{Applied, FILTERS, Shows, filters};
use crate::ruleset::{Expr, Type};

use super::body::Template;
use super::names::shorten;
use super::report::{Problem, Report, problem};
use super::suggest::{did_you_mean, nearest};

/// What other tools and people call them.
const HABITS: [(&str, &str); 18] = [
    ("currency", "money"),
    ("format_money", "money"),
    ("money_with_currency", "money"),
    ("price", "money"),
    ("number_format", "number"),
    ("number_with_delimiter", "number"),
    ("percentage", "percent"),
    ("date_format", "date"),
    ("format_date", "date"),
    ("strftime", "date"),
    ("datetime", "date"),
    ("fallback", "default"),
    ("uppercase", "upper"),
    ("upcase", "upper"),
    ("downcase", "lower"),
    ("lowercase", "lower"),
    ("url_encode", "urlencode"),
    ("d", "default"),
];

/// Looks at the filters of a template; `fields` are what its placeholders are. False after a diagnostic.
pub(super) fn check(template: &Template, fields: &BTreeMap<String, Expr>, report: &mut Report<'_>) -> bool {
    let mut good = true;
    for applied in filters(&template.text) {
        let span = template.span(applied.range.clone());
        let found = if !FILTERS.contains(&applied.filter.as_str()) {
            Some(unknown(&applied.filter, span))
        } else if let Some(shows) = Shows::find(&applied.filter) {
            misused(shows, &applied, span, fields)
        } else {
            None
        };
        if let Some(found) = found {
            report.add(found);
            good = false;
        }
    }
    good
}

fn unknown(filter: &str, span: Span) -> Problem {
    let found = problem(Code::BadFilter, span, format!("there is no filter `{}`", shorten(filter)))
        .why("a message that cannot be filled cannot be sent");
    if matches!(filter, "safe" | "raw") {
        return found
            .label("leave it out: a customer's name may contain HTML, and would then change the message");
    }
    let habit = HABITS.iter().find(|(habit, _)| *habit == filter).map(|(_, meant)| *meant);
    match habit.or_else(|| nearest(filter, FILTERS)) {
        Some(meant) => found.label(did_you_mean(Some(meant))).review(span, meant),
        None => found.label(format!("there are: {}", FILTERS.join(", "))),
    }
}

/// A filter that shows a value in the reader's language stands right behind a value of its kind.
fn misused(shows: Shows, applied: &Applied, span: Span, fields: &BTreeMap<String, Expr>) -> Option<Problem> {
    let name = shows.name();
    let Some(value) = &applied.to else {
        let found = problem(Code::BadFilter, span, format!("`{name}` has no value before it"))
            .label(format!(
                "it stands right behind the value, before `default`: `{{{{ clv | {name} | default('…') }}}}`"
            ))
            .why("it shows a value that has a kind; what stands in for one is shown as it is written");
        return Some(found);
    };
    // What the template names itself, as in a loop, is tried out.
    let ty = fields.get(value)?.ty;
    if shows.fits(ty) {
        return None;
    }
    let found = problem(
        Code::BadFilter,
        span,
        format!("`{name}` shows {}, and `{value}` is {}", shows.shows(), kind(ty)),
    )
    .why("a message that cannot be filled cannot be sent");
    Some(match Shows::of(ty) {
        Some(right) => found.label(format!("write `{}`", right.name())).review(span, right.name()),
        None => found.label("leave it out: it is shown as it is"),
    })
}

pub(super) fn kind(ty: Type) -> &'static str {
    match ty {
        Type::Money => "an amount of money",
        Type::Number => "a number",
        Type::Percent => "a share",
        Type::Duration => "a length of time",
        Type::Date => "a date",
        Type::Time => "a time",
        Type::Text => "a text",
        Type::YesNo => "yes or no",
        Type::Choice(_) => "a choice",
        Type::ListOfText => "a list of texts",
        Type::Condition => "a condition",
    }
}
