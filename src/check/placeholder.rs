//! Placeholders in templates: each a word of the language, its words joined by `_`.

use std::collections::BTreeMap;

use crate::diagnostic::{Code, Span};
use crate::message::{Filled, Mention, Part, RenderError, SAMPLE_LINK, Shown, Templates, UNSUBSCRIBE_URL};
use crate::model::{Date, Duration, Money, Number, Share};
use crate::ruleset::{AggregateFunction, EventId, Expr, ExprKind, Type};

use super::body::Template;
use super::names::{Names, shorten};
use super::report::{Report, problem};
use super::shown_event;
use super::suggest::{did_you_mean, nearest};
use super::{expression, merge_tag};

/// What a layout shows besides values: see [`Placeholders::taken`].
pub(super) const LAYOUT_NAMES: [&str; 2] = ["body", "subject"];

/// What the templates of a message read.
#[derive(Debug, Default)]
pub(super) struct Placeholders {
    /// Whether the message is marketing, and so has a link to unsubscribe.
    pub(super) marketing: bool,
    /// By name.
    pub(super) fields: BTreeMap<String, Expr>,
    /// Events that have to be there, each with a placeholder that says nothing otherwise.
    pub(super) needs: BTreeMap<EventId, String>,
    /// Names that stand for something else here: the body and the subject of a layout.
    pub(super) taken: &'static [&'static str],
}

/// Looks up the placeholders of a template and adds them to `shown`; false after a diagnostic.
pub(super) fn check(
    part: Part,
    template: &Template,
    names: &Names,
    shown: &mut Placeholders,
    report: &mut Report<'_>,
) -> bool {
    if let Some(range) = crate::message::uses_autoescape(&template.text) {
        report.add(
            problem(Code::BadTemplate, template.span(range), "escaping cannot be switched off")
                .label("leave this out")
                .why("a customer's name may contain HTML, and would then change the message"),
        );
        return false;
    }
    merge_tag::warn(template, names, report);
    let read = match crate::message::placeholders(part, &template.text) {
        Ok(read) => read,
        Err(error) => {
            report.add(in_words(template, &error));
            return false;
        }
    };
    let mut mentions: BTreeMap<String, Vec<Mention>> = BTreeMap::new();
    for mention in crate::message::mentions(&template.text) {
        mentions.entry(mention.name.clone()).or_default().push(mention);
    }
    let mut good = true;
    // Receipts have no link to unsubscribe; what asks whether there is one is right in both.
    let asked =
        |name: &str| mentions.get(name).is_some_and(|here| here.iter().all(|mention| mention.guarded));
    let link = |name: &str| name == UNSUBSCRIBE_URL && (shown.marketing || asked(name));
    let taken = shown.taken;
    let read: Vec<String> =
        read.into_iter().filter(|name| !link(name) && !taken.contains(&name.as_str())).collect();
    for name in read {
        let here = mentions.get(&name).map_or(&[][..], Vec::as_slice);
        let span = here.first().map_or(template.whole(), |mention| template.span(mention.range.clone()));
        let found = match name.split_once('.') {
            Some((event, field)) => shown_event::field((event, field), span, names, report),
            None => customers(&name, span, names, report),
        };
        let found = found.filter(|_| shown_event::one_meaning(&name, span, &shown.fields, report));
        let Some((kind, ty, text)) = found else {
            good = false;
            continue;
        };
        let expr = Expr { kind, ty, text: text.into(), place: report.place(span) };
        let bare = here.iter().find(|mention| !mention.guarded);
        if can_be_unknown(&expr)
            && let Some(bare) = bare
        {
            let filtered = template.text[bare.range.end..].trim_start().starts_with('|');
            optional((&name, filtered), template.span(bare.range.clone()), report);
        }
        if let ExprKind::Fired(event, _) = expr.kind
            && (bare.is_some() || here.is_empty())
        {
            shown.needs.entry(event).or_insert_with(|| name.clone());
        }
        shown.fields.entry(name).or_insert(expr);
    }
    good & super::filter::check(template, &shown.fields, report)
        & super::comparison::check(template, &shown.fields, report)
}

/// The value of a word about the customer; `None` after a diagnostic.
fn customers(
    name: &str,
    span: Span,
    names: &Names,
    report: &mut Report<'_>,
) -> Option<(ExprKind, Type, String)> {
    let found = expression::placeholder(names, name);
    if found.is_none() {
        match names.schema.find_event(name) {
            Some(event) => shown_event::without_field(event, span, names, report),
            None => unknown(name, span, names, report),
        }
    }
    found
}

fn unknown(name: &str, span: Span, names: &Names, report: &mut Report<'_>) {
    let all = expression::placeholder_names(names);
    let near = nearest(name, all.iter().map(String::as_str));
    let label = if name == UNSUBSCRIBE_URL {
        "only marketing messages have a link to unsubscribe: ask `{% if unsubscribe_url is defined %}`".into()
    } else if matches!(name, "customer" | "contact" | "user" | "person" | "profile" | "subscriber") {
        "write the field alone, as in `{{ first_name | default('friend') }}`".into()
    } else if near.is_some() {
        did_you_mean(near)
    } else {
        "no field, attribute or computed value".into()
    };
    report.add(
        problem(Code::UnknownPlaceholder, span, format!("nothing is known as `{}`", shorten(name)))
            .label(label)
            .why("the place would stay empty in every message")
            .near(span, near),
    );
}

fn optional((name, filtered): (&str, bool), span: Span, report: &mut Report<'_>) {
    let label = if filtered {
        "say what stands there then, behind the filters: `| default('…')`".to_owned()
    } else {
        format!("say what stands there then: `{name} | default('…')`")
    };
    let found = problem(Code::OptionalWithoutDefault, span, format!("`{name}` can be unknown"))
        .label(label)
        .why("a customer without this value does not get the message at all, for `Dear ,` is never sent");
    report.add(if name == "first_name" {
        found.review(span, "first_name | default('friend')")
    } else {
        found
    });
}

/// Whether some customer has no such value.
fn can_be_unknown(expr: &Expr) -> bool {
    !matches!(
        expr.kind,
        ExprKind::Frequency
            // What cvmd records itself it knows.
            | ExprKind::Fired(EventId::SENT | EventId::BOUNCED, _)
            | ExprKind::Aggregate { function: AggregateFunction::Count | AggregateFunction::Sum, .. }
    )
}

/// Renders the whole message with made-up values: finds filters that do not exist, and what does
/// not work with a value of its type. `of` says where a part's template stands.
pub(super) fn rehearse<'t>(
    templates: &Templates,
    fields: &BTreeMap<String, Expr>,
    of: impl Fn(Part) -> Option<&'t Template>,
    report: &mut Report<'_>,
) {
    let mut filled: Filled = fields.iter().map(|(name, expr)| (name.clone(), sample(expr.ty))).collect();
    filled.insert(UNSUBSCRIBE_URL.to_owned(), Shown::Text(SAMPLE_LINK.into()));
    for name in LAYOUT_NAMES {
        filled.entry(name.to_owned()).or_insert_with(|| Shown::Text("sample".into()));
    }
    let Err(error) = crate::message::render(templates, &filled) else { return };
    // What is empty with made-up values may be full with others.
    let part = match &error {
        RenderError::Empty(_) => return,
        RenderError::Unknown { part, .. }
        | RenderError::Template { part, .. }
        | RenderError::ControlCharacter(part)
        | RenderError::TooLarge(part) => *part,
    };
    if let Some(template) = of(part).or_else(|| of(Part::Html)) {
        report.add(in_words(template, &error));
    }
}

fn sample(ty: Type) -> Shown {
    match ty {
        Type::Money => Shown::Money(Money(100 * Money::SCALE), None),
        Type::Number => Shown::Number(Number::whole(2)),
        Type::Percent => Shown::Percent(Share(Share::SCALE / 2)),
        Type::Duration => Shown::Duration(Duration::days(30)),
        Type::Date => Shown::Date(Date(20_000)),
        Type::Time => Shown::Time("2026-11-26 09:00".into()),
        Type::YesNo => Shown::YesNo(true),
        Type::ListOfText => Shown::List(vec!["sample".into()]),
        Type::Text | Type::Choice(_) | Type::Condition => Shown::Text("sample".into()),
    }
}

fn in_words(template: &Template, error: &RenderError) -> super::report::Problem {
    let why = "a message that cannot be filled cannot be sent";
    match error {
        RenderError::Template { range, reason, .. } => {
            let length = template.text.len();
            let span = range.clone().map_or(template.whole(), |range| {
                template.span(range.start.min(length)..range.end.min(length))
            });
            problem(Code::BadTemplate, span, "this template does not work").label(reason.clone()).why(why)
        }
        RenderError::Unknown { placeholder, .. } => {
            problem(Code::BadTemplate, template.whole(), "this template does not work")
                .label(format!("`{placeholder}` has no value here"))
                .why(why)
        }
        RenderError::ControlCharacter(part) => {
            problem(Code::BadText, template.whole(), format!("the {part} contains a control character"))
                .label("remove it")
                .why("mail servers refuse it, and line breaks in a subject are used to forge headers")
        }
        RenderError::TooLarge(part) => {
            problem(Code::BadText, template.whole(), format!("the {part} is too large to be sent"))
                .label("shorten it")
                .why("mail servers refuse it")
        }
        RenderError::Empty(part) => problem(Code::BadText, template.whole(), format!("the {part} is empty"))
            .label("write something")
            .why(why),
    }
}
