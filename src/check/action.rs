//! `send`, `call` and `set`: what a rule does.

use crate::diagnostic::{Code, Span};
use crate::language::tree::{Action as Written, Expr, ExprKind, Name};
use crate::ruleset::{self, Action, EventId};

use super::expression::{Expressions, Scope};
use super::names::{Names, check_name, is_plain, shorten};
use super::report::{Report, problem};
use super::suggest::{did_you_mean, nearest};
use super::{set, shown_event};

/// What can be sent and called, in the order of the rule set.
pub(super) struct Targets<'a> {
    /// Sorted.
    pub(super) messages: &'a [String],
    /// The same, as far as they are sound.
    pub(super) checked: &'a [Option<ruleset::Message>],
    /// Names of files that would be found as messages, for did-you-mean.
    pub(super) files: &'a [String],
    pub(super) webhooks: &'a [String],
    /// Attributes that imports write, and where `set by rules` can be written.
    pub(super) attributes: &'a [(String, Span)],
    /// Webhooks that carry messages, and the first message of each.
    pub(super) carriers: &'a [(String, String)],
}

/// The rule whose actions these are.
#[derive(Clone, Copy)]
pub(super) struct Acting<'a> {
    pub(super) names: &'a Names,
    /// On which event it fires; an error where it says one that is none.
    pub(super) fired: Result<Option<EventId>, ()>,
    /// Where `on EVENT` can be added, where that is all it takes.
    pub(super) end: Option<Span>,
}

/// The span of an action's target.
pub(super) fn span(action: &Written) -> Span {
    match action {
        Written::Send(name) | Written::Call { webhook: name, .. } | Written::Set { attribute: name, .. } => {
            name.span
        }
    }
}

/// The checked actions; `None` after a diagnostic.
pub(super) fn check(
    actions: &[Written],
    acting: Acting<'_>,
    targets: &Targets<'_>,
    report: &mut Report<'_>,
) -> Option<Vec<Action>> {
    let mut seen: Vec<(u8, &str)> = Vec::new();
    let mut checked = Vec::new();
    for action in actions {
        let (key, name) = match action {
            Written::Send(name) => ((0, name.text.as_str()), name),
            Written::Call { webhook, .. } => ((1, webhook.text.as_str()), webhook),
            Written::Set { attribute, .. } => ((2, attribute.text.as_str()), attribute),
        };
        if seen.contains(&key) {
            report.add(
                problem(
                    Code::DuplicateAction,
                    name.span,
                    format!("`{}` twice in one rule", shorten(&name.text)),
                )
                .label("keep one of them")
                .why(if key.0 == 2 {
                    "which of the two values holds? two readers would give two answers"
                } else {
                    "a customer would get it twice at once"
                }),
            );
        }
        seen.push(key);
        checked.push(match action {
            Written::Send(message) => send(message, acting, targets, report),
            Written::Call { webhook, fields } => call(webhook, fields, acting, targets, report),
            Written::Set { attribute, value } => {
                let seen = (acting.names, acting.fired.ok().flatten());
                set::check(attribute, value, seen, targets.attributes, report)
            }
        });
    }
    checked.into_iter().collect()
}

fn send(name: &Name, acting: Acting<'_>, targets: &Targets<'_>, report: &mut Report<'_>) -> Option<Action> {
    if let Ok(position) = targets.messages.binary_search(&name.text) {
        // What is wrong with the message or the event is said elsewhere.
        if let (Some(Some(message)), Ok(fired)) = (targets.checked.get(position), acting.fired) {
            let place = (&acting.names.schema, name.span);
            if !shown_event::sent_without(message, (fired, acting.end), place, report) {
                return None;
            }
        }
        return Some(Action::Send(position));
    }
    let near = nearest(&name.text, targets.messages.iter().chain(targets.files).map(String::as_str));
    let make = format!("write it into `messages/{}.html`, or declare `message {0}`", shorten(&name.text));
    let label = if near.is_some() { did_you_mean(near) } else { make.clone() };
    report.add(
        problem(Code::UnknownMessage, name.span, format!("there is no message `{}`", shorten(&name.text)))
            .label(label)
            .why(format!("the rule would have nothing to send; to make a new one, {make}"))
            .near(name.span, near),
    );
    None
}

fn call(
    name: &Name,
    fields: &[(Expr, Option<Name>)],
    Acting { names, fired, .. }: Acting<'_>,
    targets: &Targets<'_>,
    report: &mut Report<'_>,
) -> Option<Action> {
    let fired = fired.ok().flatten();
    let webhook = webhook(name, targets, report);
    if let Some((_, message)) = targets.carriers.iter().find(|(carrier, _)| *carrier == name.text) {
        report.add(
            problem(
                Code::WebhookCarriesChannel,
                name.span,
                format!("`{}` carries messages and cannot be called", name.text),
            )
            .label(format!("send a message by it: `send {message}`"))
            .why("a call would slip past consent and caps, which hold for messages"),
        );
    }
    let mut checked: Vec<Option<(String, ruleset::Expr)>> = Vec::new();
    for (expr, given) in fields {
        let value = Expressions { names, fired, report: &mut *report }.value(expr, Scope::Customer);
        let field = field_name(expr, given.as_ref(), report);
        if let Some(field) = &field
            && checked.iter().flatten().any(|(known, _)| known == field)
        {
            let at = given.as_ref().map_or(expr.span, |given| given.span);
            report.add(
                problem(Code::DuplicateCallField, at, format!("two values are called `{field}`"))
                    .label("give one of them another name with `as NAME`")
                    .why("the receiver would see one of them, and nobody knows which"),
            );
        }
        checked.push(field.zip(value));
    }
    Some(Action::Call { webhook: webhook?, fields: checked.into_iter().collect::<Option<_>>()? })
}

fn webhook(name: &Name, targets: &Targets<'_>, report: &mut Report<'_>) -> Option<usize> {
    find_webhook(name, targets.webhooks, "the call would go nowhere", report)
}

/// The position of a webhook by its name; `None` after a diagnostic.
pub(super) fn find_webhook(
    name: &Name,
    webhooks: &[String],
    why: &str,
    report: &mut Report<'_>,
) -> Option<usize> {
    if let Some(position) = webhooks.iter().position(|known| *known == name.text) {
        return Some(position);
    }
    let near = nearest(&name.text, webhooks.iter().map(String::as_str));
    let label = if near.is_some() {
        did_you_mean(near)
    } else {
        format!("declare it: `webhook {}` and, under it, `post \"https://…\"`", shorten(&name.text))
    };
    report.add(
        problem(Code::UnknownWebhook, name.span, format!("there is no webhook `{}`", shorten(&name.text)))
            .label(label)
            .why(why)
            .near(name.span, near),
    );
    None
}

/// The name of a value in a call: as given, else its words joined by `_`.
fn field_name(expr: &Expr, given: Option<&Name>, report: &mut Report<'_>) -> Option<String> {
    if let Some(given) = given {
        return check_name(report, given).then(|| given.text.clone());
    }
    let worded = matches!(
        expr.kind,
        ExprKind::Word(_) | ExprKind::Term(_) | ExprKind::TimeSince(..) | ExprKind::Member(..)
    );
    let joined = report.one_line(expr.span).replace([' ', '.'], "_");
    if worded && is_plain(&joined) {
        return Some(joined);
    }
    if !matches!(expr.kind, ExprKind::NotAvailable) {
        report.add(
            problem(Code::CallFieldName, expr.span, "this value needs a name")
                .label("add `as NAME`")
                .why("the receiver finds each value by its name"),
        );
    }
    None
}
