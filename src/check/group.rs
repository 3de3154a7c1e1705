//! `segments` and `audience`: where customers belong.

use std::sync::Arc;

use crate::diagnostic::{Code, Span};
use crate::language::tree::{Expr as TreeExpr, Name};
use crate::model::{Duration, Number};
use crate::ruleset::{
    AggregateFunction, Audience, BUILT_IN, ChoiceId, Comparison, EventId, Expr, ExprKind, Place, Schema,
    Segments, Type, Value, Which, Window,
};

use super::attribute::add_choices;
use super::cycle;
use super::expression::{Expressions, Scope, Shadow, no_movement, shadowed};
use super::item::{Of, PlaceLine};
use super::names::{Names, check_field_name, check_name, shorten};
use super::report::{Problem, Report, problem};

/// Places that a segmentation may have.
const PLACE_LIMIT: usize = 100;
/// Groups that need groups that need groups.
const DEPTH_LIMIT: usize = 32;

/// Why a segmentation or an audience cannot be made of movement.
const MOVEMENT_IN_A_GROUP: (Code, &str, &str) = (
    Code::WrongPlace,
    "movement stands in the `when` of a rule only",
    "a segmentation and an audience say where customers are, not how they came there; a rule says since when a movement counts",
);

/// A segmentation's name and choices, and its item where one was written.
pub(super) type Declared<'i, 't> = (String, ChoiceId, Option<&'i Of<'t, &'t [PlaceLine]>>);

/// Puts the segmentations' names into the schema: `segment` first, then by name. Returns name and
/// choices of each, and the item where one was written.
pub(super) fn declare<'i, 't>(
    items: &'i [Of<'t, &'t [PlaceLine]>],
    schema: &mut Schema,
    report: &mut Report<'_>,
) -> Vec<Declared<'i, 't>> {
    let own = items.iter().find(|item| item.name.text == "segment");
    let others = items.iter().filter(|item| item.name.text != "segment");
    let mut declared = Vec::new();
    let names = own.map_or_else(|| DEFAULT.map(String::from).to_vec(), |item| place_names(item, report));
    declared.push(("segment".to_owned(), add_choices(schema, names, false), own));
    for item in others {
        if !check_field_name(report, &item.name) {
            continue;
        }
        if schema.find(&item.name.text).is_some() {
            report.add(
                problem(
                    Code::DuplicateName,
                    item.name.span,
                    format!("`{}` is an attribute already", item.name.text),
                )
                .label("a segmentation is a field too: give it another name")
                .why("in a condition nobody could tell which of the two is meant"),
            );
            continue;
        }
        let names = place_names(item, report);
        declared.push((item.name.text.clone(), add_choices(schema, names, false), Some(item)));
    }
    declared
}

fn place_names(item: &Of<'_, &[PlaceLine]>, report: &mut Report<'_>) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for (name, _) in item.parts {
        if !name.quoted {
            check_name(report, name);
        }
        if names.contains(&name.text) {
            report.add(
                problem(
                    Code::DuplicateName,
                    name.span,
                    format!("the place `{}` is listed twice", shorten(&name.text)),
                )
                .label("join the two conditions with `or`, or rename one")
                .why("each customer is in exactly one place, and a place has one condition"),
            );
        }
        names.push(name.text.clone());
    }
    if let Some((beyond, _)) = item.parts.get(PLACE_LIMIT) {
        report.add(
            problem(Code::TooMany, beyond.span, format!("more than {PLACE_LIMIT} places"))
                .label("this one is beyond the limit")
                .why("every place is looked at for every customer"),
        );
    }
    names
}

/// The conditions of a written segmentation.
pub(super) fn segments(
    item: &Of<'_, &[PlaceLine]>,
    choices: ChoiceId,
    names: &Names,
    report: &mut Report<'_>,
) -> Segments {
    check_otherwise(item, report);
    let place = report.place(item.item.head);
    let mut conditions: Vec<Expr> = Vec::new();
    let mut lines: Vec<&Name> = Vec::new();
    for (name, when) in item.parts {
        let Some(when) = when else { continue };
        let moved = no_movement(when, report, MOVEMENT_IN_A_GROUP);
        let mut expressions = Expressions { names, fired: None, report: &mut *report };
        // One mistake hides no other.
        let Some(checked) = expressions.condition(when, Scope::Customer).filter(|_| !moved) else { continue };
        if let Some(by) = shadowed(&checked, &conditions, &names.schema) {
            let by = match by {
                Shadow::Of(position) => lines.get(position).copied(),
                Shadow::OfSeveral => None,
            };
            report.add(shadowed_by(name, when.span, by));
        }
        conditions.push(checked);
        lines.push(name);
    }
    Segments { name: item.name.text.clone(), choices, conditions, place }
}

/// A place that nobody comes to; `by` is the line that takes them all, where it is one alone.
fn shadowed_by(name: &Name, span: Span, by: Option<&Name>) -> Problem {
    let label = match by {
        Some(by) => format!("everybody who meets this is in `{}` already", shorten(&by.text)),
        None => "the lines above take everybody who meets this".into(),
    };
    problem(Code::ShadowedBy, span, format!("nobody comes to `{}`", shorten(&name.text)))
        .label(label)
        .why("the first fitting line wins: write the narrower condition first, or leave this place out")
}

fn check_otherwise(item: &Of<'_, &[PlaceLine]>, report: &mut Report<'_>) {
    let Some(((last, when), before)) = item.parts.split_last() else {
        if !item.item.broken {
            report.add(
                problem(Code::Otherwise, item.item.head, "segments without a place")
                    .label("list them, one a line, the last with `otherwise`")
                    .why("each customer is in exactly one place"),
            );
        }
        return;
    };
    for (name, _) in before.iter().filter(|(_, when)| when.is_none()) {
        report.add(
            problem(
                Code::Otherwise,
                name.span,
                format!("`{}` takes everybody, and places follow it", shorten(&name.text)),
            )
            .label("move this line to the end")
            .why("the first fitting line wins, so the lines after `otherwise` are never reached"),
        );
    }
    if when.is_some() && !item.item.broken && before.iter().all(|(_, when)| when.is_some()) {
        report.add(
            problem(Code::Otherwise, last.span, "the last place needs `otherwise`")
                .label("add a line such as `others otherwise` after this one")
                .why("each customer is in exactly one place; without it some would be in none"),
        );
    }
}

/// An audience's condition; `None` after a diagnostic.
pub(super) fn audience(
    item: &Of<'_, Option<&TreeExpr>>,
    names: &Names,
    report: &mut Report<'_>,
) -> Option<Audience> {
    let Some(when) = item.parts else {
        if !item.item.broken {
            report.add(
                problem(Code::NoWhen, item.item.head, format!("nobody knows who is in `{}`", item.name.text))
                    .label("add `when …`")
                    .why("an audience without a condition would be empty, or everybody"),
            );
        }
        return None;
    };
    let place = report.place(item.item.head);
    let moved = no_movement(when, report, MOVEMENT_IN_A_GROUP);
    // One mistake hides no other.
    let when = Expressions { names, fired: None, report }.condition(when, Scope::Customer)?;
    if moved {
        return None;
    }
    Some(Audience { name: item.name.text.clone(), when, place })
}

/// Objects to segmentations and audiences that need each other. `spans` are the places of their
/// names: segmentations first, then audiences.
pub(super) fn cycles(
    segments: &[Segments],
    audiences: &[Audience],
    spans: &[Option<Span>],
    report: &mut Report<'_>,
) {
    let first_audience = segments.len();
    let label = |node: usize| match segments.get(node) {
        Some(segments) => segments.name.clone(),
        None => audiences[node - first_audience].name.clone(),
    };
    let mut needs: Vec<Vec<usize>> = Vec::new();
    for segments in segments {
        let mut into = Vec::new();
        segments.conditions.iter().for_each(|c| needed(c, first_audience, &mut into));
        needs.push(into);
    }
    for audience in audiences {
        let mut into = Vec::new();
        needed(&audience.when, first_audience, &mut into);
        needs.push(into);
    }
    for path in cycle::each(&needs) {
        let start = path[0];
        if let Some(span) = spans.get(start).copied().flatten() {
            report.add(
                problem(Code::Cycle, span, format!("`{}` needs itself", label(start)))
                    .label(cycle::in_words(&path, " needs ", label))
                    .why("to place a customer in one, the other would have to be known first, and the other way round"),
            );
        }
    }
    // One of a chain is told: the first that is too deep.
    for (node, _) in cycle::depths(&needs).iter().enumerate().filter(|(_, depth)| **depth == DEPTH_LIMIT) {
        if let Some(span) = spans.get(node).copied().flatten() {
            report.add(
                problem(
                    Code::TooMany,
                    span,
                    format!("`{}` is a group in groups, more than {DEPTH_LIMIT} deep", label(node)),
                )
                .label("say what it needs in one condition")
                .why("nobody could follow why a customer is in it, and `explain` could not show it"),
            );
        }
    }
}

/// The segmentations and audiences that an expression asks for.
fn needed(expr: &Expr, first_audience: usize, into: &mut Vec<usize>) {
    match &expr.kind {
        ExprKind::Segment(position) => into.push(*position),
        ExprKind::InAudience(position) => into.push(first_audience + position),
        // Movement stands in rules only.
        ExprKind::Moved(_)
        | ExprKind::Constant(_)
        | ExprKind::Field(_)
        | ExprKind::EventField(..)
        | ExprKind::Fired(..)
        | ExprKind::TimeSince { .. }
        | ExprKind::Frequency
        // Inside `where` only the event's own fields can stand.
        | ExprKind::Aggregate { .. } => {}
        ExprKind::OrElse(a, b) | ExprKind::Compare(_, a, b) => {
            needed(a, first_audience, into);
            needed(b, first_audience, into);
        }
        ExprKind::ShareOf(_, a)
        | ExprKind::Contains(a, _)
        | ExprKind::StartsWith(a, _)
        | ExprKind::OneOf(a, _)
        | ExprKind::During(a, _)
        | ExprKind::Falls(a, _)
        | ExprKind::IsKnown(a)
        | ExprKind::Truth(a)
        | ExprKind::Not(a) => needed(a, first_audience, into),
        ExprKind::Between(a, b, c) => {
            for part in [a, b, c] {
                needed(part, first_audience, into);
            }
        }
        ExprKind::And(parts) | ExprKind::Or(parts) => {
            for part in parts {
                needed(part, first_audience, into);
            }
        }
    }
}

/// The places of the segmentation that holds where none is declared.
pub(super) const DEFAULT: [&str; 5] = ["prospect", "new", "active", "lapsing", "lost"];

/// The segmentation that holds where none is declared.
pub(super) fn default_segments(choices: ChoiceId) -> Segments {
    let orders = || {
        let kind = ExprKind::Aggregate {
            function: AggregateFunction::Count,
            event: EventId::ORDER,
            field: None,
            window: Window::All,
            filter: None,
        };
        built_in(kind, Type::Number, "orders")
    };
    let since = |which, word: &str| {
        built_in(ExprKind::TimeSince { event: EventId::ORDER, which }, Type::Duration, word)
    };
    let exactly = |count: i64| {
        let number = built_in(
            ExprKind::Constant(Value::Number(Number::whole(count))),
            Type::Number,
            &count.to_string(),
        );
        let kind = ExprKind::Compare(Comparison::Equal, Box::new(orders()), Box::new(number));
        built_in(kind, Type::Condition, &format!("orders = {count}"))
    };
    let within = |which, word: &str, days: i64| {
        let length = format!("{days} days");
        let value =
            built_in(ExprKind::Constant(Value::Duration(Duration::days(days))), Type::Duration, &length);
        let kind = ExprKind::Compare(Comparison::LessOrEqual, Box::new(since(which, word)), Box::new(value));
        built_in(kind, Type::Condition, &format!("{word} <= {length}"))
    };
    let young = vec![exactly(1), within(Which::First, "tenure", 30)];
    let conditions = vec![
        exactly(0),
        built_in(ExprKind::And(young), Type::Condition, "orders = 1 and tenure <= 30 days"),
        within(Which::Last, "recency", 60),
        within(Which::Last, "recency", 180),
    ];
    Segments { name: "segment".into(), choices, conditions, place: built_in_place() }
}

fn built_in(kind: ExprKind, ty: Type, text: &str) -> Expr {
    Expr { kind, ty, text: Arc::from(text), place: built_in_place() }
}

fn built_in_place() -> Place {
    Place { file: Arc::from(BUILT_IN), line: 1 }
}
