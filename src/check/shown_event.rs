//! An event's fields in messages: `{{ cart_abandoned.value }}`, and who can send them.

use std::collections::BTreeMap;

use crate::diagnostic::{Code, Span};
use crate::ruleset::{EventId, Expr, ExprKind, Message, Schema, Type};

use super::expression::Expressions;
use super::names::{Names, shorten};
use super::report::{Problem, Report, after, problem};
use super::suggest::{did_you_mean, nearest};

/// A field of an event as a value; `None` after a diagnostic.
pub(super) fn field(
    (event, field): (&str, &str),
    span: Span,
    names: &Names,
    report: &mut Report<'_>,
) -> Option<(ExprKind, Type, String)> {
    let Some(id) = names.schema.find_event(event) else {
        report.add(no_event((event, field), span, names));
        return None;
    };
    let Some(found) = names.schema.event(id).find(field) else {
        let at = Span { start: span.end.saturating_sub(u32::try_from(field.len()).unwrap_or(0)), ..span };
        let at = if report.text(at) == field { at } else { span };
        Expressions { names, fired: Some(id), report }.unknown_event_field(id, field, at);
        return None;
    };
    let ty = names.schema.event(id).field(found).ty;
    Some((ExprKind::Fired(id, found), ty, format!("{event}.{field}")))
}

fn no_event((event, field): (&str, &str), span: Span, names: &Names) -> Problem {
    let events: Vec<&str> = names.schema.events.iter().map(|kind| kind.name.as_str()).collect();
    let found = problem(
        Code::UnknownPlaceholder,
        span,
        format!("nothing is known as `{}.{}`", shorten(event), shorten(field)),
    )
    .why("the place would stay empty in every message");
    if names.values().any(|known| known == event) {
        return found.label(format!("`{event}` is a single value: nothing stands behind a `.`"));
    }
    // Other tools say whose value it is.
    if ["customer", "contact", "user", "person", "profile", "subscriber", "recipient"].contains(&event) {
        return found.label(format!("write the field alone: `{field}`")).review(span, field);
    }
    match nearest(event, events.iter().copied()) {
        Some(near) => {
            let name = format!("{near}.{field}");
            found.label(did_you_mean(Some(&name))).review(span, name)
        }
        None => found.label("before the `.` stands an event, as in `cart_abandoned.value`"),
    }
}

/// An event where one of its fields is meant.
pub(super) fn without_field(event: EventId, span: Span, names: &Names, report: &mut Report<'_>) {
    let kind = names.schema.event(event);
    let label = match kind.fields.first() {
        Some(field) => format!("name the field that is to be shown, such as `{}.{}`", kind.name, field.name),
        None => "this event has no fields".to_owned(),
    };
    report.add(
        problem(
            Code::UnknownPlaceholder,
            span,
            format!("`{}` is an event, not a value", shorten(&kind.name)),
        )
        .label(label)
        .why("an event is shown by its fields, each by its name"),
    );
}

/// Objects to a template in which one word is both a value and an event.
pub(super) fn one_meaning(
    name: &str,
    span: Span,
    known: &BTreeMap<String, Expr>,
    report: &mut Report<'_>,
) -> bool {
    let word = name.split_once('.').map_or(name, |(event, _)| event);
    let clash = if word == name {
        known.keys().any(|other| other.split_once('.').is_some_and(|(event, _)| event == word))
    } else {
        known.contains_key(word)
    };
    if clash {
        report.add(
            problem(Code::UnknownPlaceholder, span, format!("`{word}` means two things in this message"))
                .label(format!("here and there `{word}` is a customer's value and an event"))
                .why("a reader could not tell them apart; give the event or the attribute another name"),
        );
    }
    !clash
}

/// Objects to a rule that sends what shows fields of an event on which it does not fire. `head` is
/// where the rule begins, for a rule that could be on it.
pub(super) fn sent_without(
    message: &Message,
    (fired, head): (Option<EventId>, Option<Span>),
    (schema, span): (&Schema, Span),
    report: &mut Report<'_>,
) -> bool {
    let Some((event, shown)) = message.needs.iter().find(|(event, _)| Some(*event) != fired) else {
        return true;
    };
    let (name, event) = (shorten(&message.name), &schema.event(*event).name);
    let found = problem(
        Code::SentWithoutEvent,
        span,
        format!("`{name}` shows `{shown}`, which this rule does not know"),
    );
    let found = found.why(format!(
        "only a rule `on {event}` has an event to show; without one the message could not be filled, and nobody would get it"
    ));
    let or_say = format!("or say what stands there without one: `{{{{ {shown} | default('…') }}}}`");
    report.add(match (fired, head) {
        (None, Some(head)) => found
            .label(format!("fire the rule `on {event}`, {or_say}"))
            .review(after(head), format!("\n  on {event}")),
        _ => found.label(format!("send it from a rule `on {event}`, {or_say}")),
    });
    false
}
