//! Comparisons in templates: whether they compare what they seem to.
//!
//! Numbers and yes or no reach a template as such; everything else as the words that are shown, so that
//! `clv > 100` would compare letters, and `plan == 3` never be true.

use std::collections::BTreeMap;

use crate::diagnostic::Code;
use crate::message::{Against, Compared, Shows, comparisons};
use crate::ruleset::{Expr, Type};

use super::body::Template;
use super::filter::kind;
use super::report::{Problem, Report, problem};

/// What makes a number of a value.
const COUNTS: [&str; 3] = ["int", "length", "round"];

/// Looks at the comparisons of a template; `fields` are what its placeholders are. False after a diagnostic.
pub(super) fn check(template: &Template, fields: &BTreeMap<String, Expr>, report: &mut Report<'_>) -> bool {
    let mut good = true;
    for compared in comparisons(&template.text) {
        // What the template names itself, as in a loop, is anything.
        let Some(ty) = fields.get(&compared.name).map(|expr| expr.ty) else { continue };
        let other = if let Against::Name(name) = &compared.with {
            let Some(expr) = fields.get(name) else { continue };
            Some(expr.ty)
        } else {
            None
        };
        if let Some((what, label)) = wrong(ty, other, &compared) {
            let span = template.span(compared.range.clone());
            report.add(said(&compared.name, ty, what, label, span));
            good = false;
        }
    }
    good
}

fn said(name: &str, ty: Type, what: &str, label: String, span: crate::diagnostic::Span) -> Problem {
    problem(Code::BadTemplate, span, format!("`{name}` is {}, and is compared {what} here", kind(ty)))
        .label(label)
        .why("amounts, shares and texts are words in a message: the comparison would say something else than it seems to")
}

/// What is wrong with a comparison, and what to write; none where it compares what it seems to.
fn wrong(ty: Type, other: Option<Type>, compared: &Compared) -> Option<(&'static str, String)> {
    let Compared { name, filters, with, .. } = compared;
    if filters.iter().any(|filter| Shows::find(filter).is_some()) {
        let label = "let the rule decide: two messages, each with its `when`".to_owned();
        return Some(("as it is shown", label));
    }
    if filters.iter().any(|filter| COUNTS.contains(&filter.as_str()) || filter != "default") {
        return None;
    }
    let by_rule =
        || format!("let the rule decide, as in `when {} > …`: two messages, each for its own", words(name));
    let what = match with {
        Against::Number => "with a number",
        Against::Text => "with a text",
        Against::Name(_) if other == Some(ty) => "as a text",
        Against::Name(_) => "with something else",
        Against::Other => return None,
    };
    let fits = match ty {
        Type::Number => *with == Against::Number || other == Some(Type::Number),
        Type::Text | Type::Choice(_) => {
            *with == Against::Text || matches!(other, Some(Type::Text | Type::Choice(_)))
        }
        // Days and times are written so that their order is that of their letters.
        Type::Date | Type::Time => *with == Against::Text || other == Some(ty),
        Type::YesNo => other == Some(Type::YesNo),
        Type::Money | Type::Percent | Type::Duration => false,
        Type::ListOfText | Type::Condition => true,
    };
    if fits {
        return None;
    }
    let label = match ty {
        Type::Number if *with == Against::Text => "leave out the quotes".to_owned(),
        Type::Text | Type::Choice(_) if *with == Against::Number => "put it in quotes".to_owned(),
        Type::Date | Type::Time => "write it in quotes, as `'2026-11-26'`".to_owned(),
        Type::YesNo => format!("ask for it alone: `{{% if {name} %}}`"),
        Type::Number
        | Type::Text
        | Type::Choice(_)
        | Type::Money
        | Type::Percent
        | Type::Duration
        | Type::ListOfText
        | Type::Condition => by_rule(),
    };
    Some((what, label))
}

/// As rules write it.
fn words(name: &str) -> String {
    name.replace('_', " ")
}
