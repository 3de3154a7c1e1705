//! Values: operands with what the engine computes of them.

use crate::diagnostic::{Applicability, Code, Diagnostic};
use crate::ruleset::{AggregateFunction, DaySpan, Which};

use super::super::clause::Clause;
use super::super::fault::with_fix;
use super::super::foreign;
use super::super::grammar::{Node, Rule};
use super::super::tree::{Expr, ExprKind, Name, Term, WindowWords};
use super::child;
use super::condition::expression;
use super::value::{self, DURATIONS, any_duration, any_share, literal};

/// One operand.
pub(super) fn operand(clause: &Clause<'_>, node: &Node<'_>, found: &mut Vec<Diagnostic>) -> Expr {
    let span = clause.place(node);
    let kind = node.clone().into_inner().next().map_or(ExprKind::NotAvailable, |inner| {
        literal(clause, &inner, found).unwrap_or_else(|| operand_kind(clause, &inner, found))
    });
    Expr { kind, span }
}

fn operand_kind(clause: &Clause<'_>, node: &Node<'_>, found: &mut Vec<Diagnostic>) -> ExprKind {
    let text = node.as_str().trim_end();
    match node.as_rule() {
        Rule::word | Rule::value_word | Rule::list_word => ExprKind::Word(text.to_owned()),
        Rule::term => term(text).map_or(ExprKind::NotAvailable, ExprKind::Term),
        Rule::member => member(clause, node),
        Rule::paren => paren(clause, node, found),
        Rule::share_of => share_of(clause, node, found),
        Rule::aggregate => aggregate(clause, node, found).unwrap_or(ExprKind::NotAvailable),
        Rule::time_since => time_since(clause, node, found),
        // What this version does not run; its diagnostic is made.
        _ => ExprKind::NotAvailable,
    }
}

fn term(text: &str) -> Option<Term> {
    let words: Vec<String> = text.split_whitespace().map(str::to_ascii_lowercase).collect();
    Term::ALL.into_iter().find(|term| term.words().split(' ').eq(words.iter().map(String::as_str)))
}

fn member(clause: &Clause<'_>, node: &Node<'_>) -> ExprKind {
    let mut names = node.clone().into_inner().map(|part| clause.name(&part));
    match (names.next(), names.next()) {
        (Some(event), Some(field)) => ExprKind::Member(event, field),
        _ => ExprKind::NotAvailable,
    }
}

/// `(…)`, or `(… or else …)`. The parenthesis itself leaves no trace in the tree.
fn paren(clause: &Clause<'_>, node: &Node<'_>, found: &mut Vec<Diagnostic>) -> ExprKind {
    let Some(inner) = child(node, &[Rule::expression]) else { return ExprKind::NotAvailable };
    let value = expression(clause, &inner, found);
    let otherwise = child(node, &[Rule::or_else]).and_then(|or_else| child(&or_else, &[Rule::expression]));
    match otherwise {
        Some(otherwise) => ExprKind::OrElse(Box::new(value), Box::new(expression(clause, &otherwise, found))),
        None => value.kind,
    }
}

fn share_of(clause: &Clause<'_>, node: &Node<'_>, found: &mut Vec<Diagnostic>) -> ExprKind {
    let share = child(node, &[Rule::percent, Rule::compat_percent])
        .and_then(|share| any_share(clause, &share, found));
    let shared = child(node, &[Rule::shared]).map(|shared| operand(clause, &shared, found));
    match (share, shared) {
        (Some(share), Some(shared)) => ExprKind::ShareOf(share, Box::new(shared)),
        _ => ExprKind::NotAvailable,
    }
}

fn aggregate(clause: &Clause<'_>, node: &Node<'_>, found: &mut Vec<Diagnostic>) -> Option<ExprKind> {
    let (mut function, mut event, mut field) = (None, None, None);
    let (mut window, mut filter) = (None, None);
    for part in node.clone().into_inner() {
        match part.as_rule() {
            Rule::function => function = aggregate_function(part.as_str()),
            Rule::event => {
                let mut names = part.into_inner().map(|name| clause.name(&name));
                (event, field) = (names.next(), names.next());
            }
            // A window that is not available makes the whole aggregate so.
            Rule::window => window = Some(window_words(clause, &part, found)?),
            Rule::expression => filter = Some(Box::new(expression(clause, &part, found))),
            _ => {}
        }
    }
    Some(ExprKind::Aggregate { function: function?, event: event?, field, window, filter })
}

fn aggregate_function(text: &str) -> Option<AggregateFunction> {
    Some(match text.trim_end().to_ascii_lowercase().as_str() {
        "count" => AggregateFunction::Count,
        "sum" => AggregateFunction::Sum,
        "average" => AggregateFunction::Average,
        "min" => AggregateFunction::Min,
        "max" => AggregateFunction::Max,
        "first" => AggregateFunction::First,
        "last" => AggregateFunction::Last,
        _ => return None,
    })
}

fn window_words(clause: &Clause<'_>, node: &Node<'_>, found: &mut Vec<Diagnostic>) -> Option<WindowWords> {
    let parts: Vec<Node<'_>> = node.clone().into_inner().collect();
    let durations = |node: &Node<'_>, found: &mut Vec<Diagnostic>| -> Vec<_> {
        node.clone()
            .into_inner()
            .filter(|part| DURATIONS.contains(&part.as_rule()))
            .filter_map(|part| any_duration(clause, &part, found))
            .collect()
    };
    let last = parts.last()?;
    match last.as_rule() {
        Rule::compat_last_period => {
            value::duration(foreign::period_days(&last.as_str().to_lowercase())).ok().map(WindowWords::Last)
        }
        Rule::window_last => durations(last, found).first().copied().map(WindowWords::Last),
        Rule::window_between => match durations(last, found).as_slice() {
            [far, near] => Some(WindowWords::Between(*far, *near)),
            _ => None,
        },
        Rule::since => since(clause, last, found),
        Rule::kw_today => Some(WindowWords::Today),
        Rule::kw_week => Some(WindowWords::ThisWeek),
        Rule::kw_month => Some(WindowWords::ThisMonth),
        Rule::kw_year => Some(WindowWords::ThisYear),
        _ => None,
    }
}

/// The days of `falls today`, `in next 30 days`, `in this month`. Nothing where its length is none.
pub(super) fn day_span(clause: &Clause<'_>, test: &Node<'_>, found: &mut Vec<Diagnostic>) -> Option<DaySpan> {
    if let Some(foreign) = child(test, &[Rule::compat_this]) {
        let words = foreign.as_str().to_ascii_lowercase();
        return words.split_whitespace().nth(1).and_then(this);
    }
    let Some(span) = child(test, &[Rule::day_span]) else { return Some(DaySpan::Today) };
    let mut last = false;
    for part in span.into_inner() {
        match part.as_rule() {
            Rule::kw_last => last = true,
            Rule::kw_week | Rule::kw_month | Rule::kw_year => {
                return this(&part.as_str().trim_end().to_ascii_lowercase());
            }
            Rule::compat_ahead => return value::length(&part).map(DaySpan::Next),
            rule if DURATIONS.contains(&rule) => {
                let length = any_duration(clause, &part, found)?;
                return Some(if last { DaySpan::Last(length) } else { DaySpan::Next(length) });
            }
            _ => {}
        }
    }
    None
}

fn this(word: &str) -> Option<DaySpan> {
    Some(match word {
        "week" => DaySpan::ThisWeek,
        "month" => DaySpan::ThisMonth,
        "year" => DaySpan::ThisYear,
        _ => return None,
    })
}

/// `since order`, `since first order`, `since 2026-11-26`.
fn since(clause: &Clause<'_>, node: &Node<'_>, found: &mut Vec<Diagnostic>) -> Option<WindowWords> {
    let which = if child(node, &[Rule::kw_first]).is_some() { Which::First } else { Which::Last };
    if let Some(event) = child(node, &[Rule::word]) {
        return Some(WindowWords::Since(which, clause.name(&event)));
    }
    match literal(clause, &child(node, &[Rule::date, Rule::compat_date])?, found) {
        Some(ExprKind::Date(day)) => Some(WindowWords::SinceDay(day)),
        _ => None,
    }
}

fn time_since(clause: &Clause<'_>, node: &Node<'_>, found: &mut Vec<Diagnostic>) -> ExprKind {
    let Some(event) = child(node, &[Rule::word]) else { return ExprKind::NotAvailable };
    let event = clause.name(&event);
    let which = match (child(node, &[Rule::kw_first]), child(node, &[Rule::kw_last])) {
        (Some(_), _) => Which::First,
        (None, Some(_)) => Which::Last,
        (None, None) => {
            found.push(which_one(clause, node, &event));
            Which::Last
        }
    };
    ExprKind::TimeSince(which, event)
}

/// `time since order`: of many events, which?
fn which_one(clause: &Clause<'_>, node: &Node<'_>, event: &Name) -> Diagnostic {
    let span = clause.place(node);
    let right = format!("time since last {}", event.text);
    with_fix(
        Code::ForeignSpelling,
        span,
        format!("time since which `{}`?", event.text),
        format!("write `{right}`, or `time since first {}`", event.text),
        "of many events the first and the last are far apart",
        (right, Applicability::NeedsReview),
    )
}
