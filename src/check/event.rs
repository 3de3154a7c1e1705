//! `event`: what else happens to customers, and what is known of each.

use std::collections::BTreeMap;

use crate::diagnostic::{Code, Span};
use crate::language::tree::{AttributeType, Name};
use crate::ruleset::{EventKind, Field, FirstNames, Named, Schema};

use super::attribute::kind_of;
use super::item::Of;
use super::names::{check_name, shorten};
use super::report::{Report, problem};

/// Kinds of events that a workspace may declare.
const EVENT_LIMIT: usize = 500;
/// Fields that an event may have.
const FIELD_LIMIT: usize = 100;

/// The columns that every import of events has, and what the engine calls its own: no field's name.
const TAKEN_FIELDS: [&str; 5] = ["id", "customer_id", "time", "event", "learnt"];

/// A field's line: its name and its type.
pub(super) type FieldLine = (Name, AttributeType);

/// Adds the events, already unique and sorted by name, behind those that every workspace has.
pub(super) fn declare(
    items: &[Of<'_, &[FieldLine]>],
    first_names: &FirstNames,
    schema: &mut Schema,
    report: &mut Report<'_>,
) {
    for item in items.iter().take(EVENT_LIMIT) {
        if !free_name(schema, &item.name, report) {
            continue;
        }
        let formerly = item.item.formerly.as_ref();
        let fields = fields(item.parts, schema, report);
        let name = item.name.text.clone();
        let names = match formerly {
            Some(before) if was_built_in(before, report) => vec![name.clone()],
            _ => names_of(&name, first_names.of(Named::Event, &name), formerly.map(|name| name.text.clone())),
        };
        schema.events.push(EventKind { name, names, fields });
    }
    if let Some(beyond) = items.get(EVENT_LIMIT) {
        report.add(
            problem(Code::TooMany, beyond.name.span, format!("more than {EVENT_LIMIT} events"))
                .label("this one is beyond the limit")
                .why("what differs by a detail only is one event with a field for the detail"),
        );
    }
}

/// All that an event was called, its first name first.
fn names_of(name: &str, first: &str, formerly: Option<String>) -> Vec<String> {
    let mut names = vec![first.to_owned()];
    for other in formerly.into_iter().chain([name.to_owned()]) {
        if !names.contains(&other) {
            names.push(other);
        }
    }
    names
}

/// Objects to `formerly order`: what every workspace has keeps its name.
fn was_built_in(name: &Name, report: &mut Report<'_>) -> bool {
    let built_in = EventKind::built_in().iter().any(|kind| kind.name == name.text);
    if built_in {
        report.add(
            problem(Code::FormerlyClash, name.span, format!("every workspace has the event `{}`", name.text))
                .label("leave the line out: this event has a history of its own")
                .why("what is recorded there belongs to it under that name, and to no other event"),
        );
    }
    built_in
}

/// Objects to a name that an event of every workspace has.
fn free_name(schema: &Schema, name: &Name, report: &mut Report<'_>) -> bool {
    if schema.find_event(&name.text).is_none() {
        return true;
    }
    report.add(
        problem(Code::TakenName, name.span, format!("`{}` has a meaning already", name.text))
            .label("every workspace has this event")
            .why("a second meaning would change rules that nobody touched"),
    );
    false
}

fn fields(lines: &[FieldLine], schema: &mut Schema, report: &mut Report<'_>) -> Vec<Field> {
    let mut known: BTreeMap<&str, Span> = BTreeMap::new();
    let mut fields = Vec::new();
    for (name, ty) in lines.iter().take(FIELD_LIMIT) {
        let ty = kind_of(ty, schema, report);
        if !field_name(name, report) {
            continue;
        }
        if let Some(first) = known.get(name.text.as_str()) {
            let place = report.place(*first);
            report.add(
                problem(
                    Code::DuplicateName,
                    name.span,
                    format!("there are two fields named `{}`", shorten(&name.text)),
                )
                .label(format!("the first is at {place}"))
                .why("in a condition nobody could tell which of the two is meant"),
            );
            continue;
        }
        known.insert(&name.text, name.span);
        fields.push(Field { name: name.text.clone(), ty });
    }
    if let Some((beyond, _)) = lines.get(FIELD_LIMIT) {
        report.add(
            problem(Code::TooMany, beyond.span, format!("more than {FIELD_LIMIT} fields"))
                .label("this one is beyond the limit")
                .why("each field is kept in memory for each event; keep what rules ask for"),
        );
    }
    fields
}

fn field_name(name: &Name, report: &mut Report<'_>) -> bool {
    if !TAKEN_FIELDS.contains(&name.text.as_str()) {
        return check_name(report, name);
    }
    report.add(
        problem(Code::TakenName, name.span, format!("`{}` has a meaning already", name.text))
            .label("every event has it: it needs no line here")
            .why("imports of events have a column of this name; a field could not be told from it"),
    );
    false
}
