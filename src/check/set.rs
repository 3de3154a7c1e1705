//! `set ATTRIBUTE to VALUE`: which attributes rules may write, and that none depends on itself.

use crate::diagnostic::{Code, Span};
use crate::language::tree::{self, Action as Written, Name, RuleClause};
use crate::ruleset::{Action, Audience, EventId, Expr, FieldId, Read, Rule, Schema, Segments};

use super::cycle;
use super::expression::Expressions;
use super::item::{self, Of};
use super::names::{Names, shorten};
use super::report::{Report, problem};
use super::suggest::{did_you_mean, nearest};

/// A checked `set`; `None` after a diagnostic. `ends` says behind which attributes `set by rules` can
/// be written.
pub(super) fn check(
    name: &Name,
    value: &tree::Expr,
    (names, fired): (&Names, Option<EventId>),
    ends: &[(String, Span)],
    report: &mut Report<'_>,
) -> Option<Action> {
    let field = target(name, names, ends, report);
    // Where there is no such field, what would fit it is anybody's guess.
    let ty = names.schema.field(names.schema.find(&name.text)?).ty;
    let value = Expressions { names, fired, report }.value_to_set(value, ty, &name.text);
    Some(Action::Set { field: field?, value: value? })
}

fn target(name: &Name, names: &Names, ends: &[(String, Span)], report: &mut Report<'_>) -> Option<FieldId> {
    let text = name.text.as_str();
    let Some(field) = names.schema.find(text) else {
        report.add(unknown(name, names));
        return None;
    };
    let declared = names.schema.attributes.iter().find(|attribute| attribute.field == field);
    if declared.is_some_and(|attribute| attribute.set_by_rules) {
        return Some(field);
    }
    let found = problem(Code::SetsImported, name.span, format!("imports write `{}`", shorten(text)))
        .why("an attribute is written by imports or by rules, never by both: whoever came last would win");
    let end = ends.iter().find(|(known, _)| known == text);
    report.add(match (declared, end) {
        (Some(_), Some((_, end))) => found
            .label("if rules shall write it instead, say so where it is declared")
            .review(*end, " set by rules"),
        (Some(_), None) => found.label("if rules shall write it instead, declare it `set by rules`"),
        (None, _) => found.label("declare an attribute of your own: `attribute NAME TYPE set by rules`"),
    });
    None
}

fn unknown(name: &Name, names: &Names) -> super::report::Problem {
    let text = name.text.as_str();
    if names.segment(text).is_some() || super::names::is_computed(text) {
        return problem(Code::SetsImported, name.span, format!("the engine computes `{}`", shorten(text)))
            .label("nobody sets what is computed")
            .why("it would be another value at the next look, whatever a rule wrote");
    }
    let settable = names.schema.attributes.iter().filter(|attribute| attribute.set_by_rules);
    let near = nearest(text, settable.map(|attribute| names.schema.field(attribute.field).name.as_str()));
    let label = if near.is_some() {
        did_you_mean(near)
    } else {
        format!("declare it: `attribute {} yes/no set by rules`", shorten(text))
    };
    problem(Code::UnknownField, name.span, format!("there is no attribute `{}`", shorten(text)))
        .label(label)
        .why("what is not declared has no column, and nothing could ask for it")
        .near(name.span, near)
}

/// What is needed to see which attributes a rule reads.
pub(super) struct World<'a> {
    pub(super) schema: &'a Schema,
    pub(super) segments: &'a [Segments],
    pub(super) audiences: &'a [Audience],
}

/// Objects to attributes that depend on themselves: a rule that reads what it, maybe by way of other
/// rules, sets. `written` are the rules' items, by their names.
pub(super) fn cycles(
    rules: &[Rule],
    written: &[Of<'_, item::Rule<'_>>],
    world: &World<'_>,
    report: &mut Report<'_>,
) {
    let mut needs: Vec<Vec<usize>> = vec![Vec::new(); world.schema.fields.len()];
    for rule in rules {
        for (field, reads) in sets(rule, world) {
            needs[field].extend(reads);
        }
    }
    for path in cycle::each(&needs) {
        let start = path[0];
        let needed = path.get(1).copied().unwrap_or(start);
        let Some(span) = place(rules, written, world, (start, needed)) else { continue };
        let name = |field: usize| world.schema.fields[field].name.clone();
        report.add(
            problem(Code::SetCycle, span, format!("`{}` depends on itself", name(start)))
                .label(cycle::in_words(&path, " depends on ", name))
                .why("what the rule sets would decide whether it is set again, tick after tick; for once and never again write `at most once ever`"),
        );
    }
}

/// Where a rule that reads `needed` sets `field`.
fn place(
    rules: &[Rule],
    written: &[Of<'_, item::Rule<'_>>],
    world: &World<'_>,
    (field, needed): (usize, usize),
) -> Option<Span> {
    let rule = rules
        .iter()
        .find(|rule| sets(rule, world).iter().any(|(set, reads)| *set == field && reads.contains(&needed)))?;
    let item = written.iter().find(|item| item.name.text == rule.name)?;
    let name = &world.schema.fields[field].name;
    item.parts.clauses.iter().find_map(|clause| match clause {
        RuleClause::Then(actions) => actions.iter().find_map(|action| match action {
            Written::Set { attribute, .. } if attribute.text == *name => Some(attribute.span),
            Written::Set { .. } | Written::Send(_) | Written::Call { .. } => None,
        }),
        _ => None,
    })
}

/// What a rule sets, each with the fields on which it depends.
fn sets(rule: &Rule, world: &World<'_>) -> Vec<(usize, Vec<usize>)> {
    let set = |action: &Action| match action {
        Action::Set { field, value } => {
            let mut reads = Vec::new();
            read(&rule.when, world, &mut Vec::new(), &mut reads);
            read(value, world, &mut Vec::new(), &mut reads);
            Some((usize::from(field.0), reads))
        }
        Action::Send(_) | Action::Call { .. } => None,
    };
    rule.actions.iter().filter_map(set).collect()
}

/// The fields that an expression reads, by way of segmentations and audiences too. `seen` keeps
/// those (segmentations first) that were looked into.
fn read(expr: &Expr, world: &World<'_>, seen: &mut Vec<usize>, into: &mut Vec<usize>) {
    let group = match expr.reads() {
        None => None,
        Some(Read::Field(field)) => {
            into.push(usize::from(field.0));
            None
        }
        Some(Read::Segments(position)) => Some(position),
        Some(Read::Audience(position)) => Some(world.segments.len() + position),
    };
    if let Some(group) = group.filter(|group| !seen.contains(group)) {
        seen.push(group);
        let conditions = match world.segments.get(group) {
            Some(segments) => segments.conditions.iter().collect(),
            None => world.audiences.get(group - world.segments.len()).map_or(vec![], |one| vec![&one.when]),
        };
        for condition in conditions {
            read(condition, world, seen, into);
        }
    }
    for child in expr.children() {
        read(child, world, seen, into);
    }
}
