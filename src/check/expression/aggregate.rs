//! Counts, sums and their kin over events, and the time since one.

use crate::diagnostic::{Code, Span};
use crate::language::tree::{self, Name, WindowWords};
use crate::ruleset::{self, AggregateFunction, EventFieldId, EventId, ExprKind, Schema, Type, Which, Window};

use super::super::names::{kind, shorten};
use super::super::report::problem;
use super::super::suggest::{did_you_mean, nearest};
use super::{Expressions, Scope, foreign};

/// What stands between the parentheses, but for the `where`.
pub(super) struct Parts<'a> {
    pub(super) function: AggregateFunction,
    pub(super) event: &'a Name,
    pub(super) field: Option<&'a Name>,
    pub(super) window: Option<&'a WindowWords>,
}

impl Expressions<'_, '_> {
    pub(super) fn aggregate(
        &mut self,
        parts: &Parts<'_>,
        filter: Option<&tree::Expr>,
        span: Span,
        scope: Scope,
    ) -> Option<ruleset::Expr> {
        if let Scope::Event(_) = scope {
            self.no_events_in_where(span);
            return None;
        }
        // All parts are looked at before any of them ends it, so that one run names all mistakes.
        let event = self.event(parts.event);
        let field = event.and_then(|event| self.field_of(parts, event));
        let window = self.window(parts.window, span);
        let filter = match filter {
            None => Some(None),
            Some(condition) => self.condition(condition, Scope::Event(event?)).map(|c| Some(Box::new(c))),
        };
        let (field, ty) = field?;
        let kind = ExprKind::Aggregate {
            function: parts.function,
            event: event?,
            field,
            window: window?,
            filter: filter?,
        };
        Some(self.typed(kind, ty, span))
    }

    pub(super) fn time_since(
        &mut self,
        which: Which,
        event: &Name,
        span: Span,
        scope: Scope,
    ) -> Option<ruleset::Expr> {
        if let Scope::Event(_) = scope {
            self.no_events_in_where(span);
            return None;
        }
        let event = self.event(event)?;
        Some(self.typed(ExprKind::TimeSince { event, which }, Type::Duration, span))
    }

    fn no_events_in_where(&mut self, span: Span) {
        self.report.add(
            problem(Code::WrongPlace, span, "nothing can be counted inside the `where` of another count")
                .label("inside `where` only the event's own fields have a meaning")
                .why("put what concerns the customer outside of the parentheses, joined with `and`"),
        );
    }

    pub(in super::super) fn event(&mut self, name: &Name) -> Option<EventId> {
        if let Some(event) = self.names.schema.find_event(&name.text) {
            return Some(event);
        }
        let near = nearest(&name.text, self.names.schema.events.iter().map(|event| &*event.name));
        let of = self.names.schema.events.iter().find(|event| event.find(&name.text).is_some());
        let label = if near.is_some() {
            did_you_mean(near)
        } else if let Some(of) = of {
            format!("it is a field: write `{}.{}`", of.name, shorten(&name.text))
        } else if foreign::is_a_day(&name.text) {
            "for a day of the week write `every monday at 09:00`".to_owned()
        } else {
            format!("declare it: `event {}`, its fields in lines below", shorten(&name.text))
        };
        let found =
            problem(Code::UnknownEvent, name.span, format!("there is no event `{}`", shorten(&name.text)))
                .label(label)
                .why("what is not recorded cannot be counted");
        self.report.add(if name.text == "orders" {
            found.safe(name.span, "order")
        } else {
            found.near(name.span, near)
        });
        None
    }

    /// The field and the type of the result.
    fn field_of(&mut self, parts: &Parts<'_>, event: EventId) -> Option<(Option<EventFieldId>, Type)> {
        match (parts.function, parts.field) {
            (AggregateFunction::Count, None) => Some((None, Type::Number)),
            (AggregateFunction::Count, Some(field)) => {
                let whole = Span { end: field.span.end, ..parts.event.span };
                self.report.add(
                    problem(Code::AggregateField, field.span, "a count needs no field")
                        .label("events are counted, whatever is in them")
                        .why("who should count only some of them says so with `where`")
                        .safe(whole, parts.event.text.clone()),
                );
                None
            }
            (_, None) => {
                self.no_field(parts, event);
                None
            }
            (_, Some(field)) => {
                let kind_of_event = self.names.schema.event(event);
                let Some(id) = kind_of_event.find(&field.text) else {
                    self.unknown_event_field(event, &field.text, field.span);
                    return None;
                };
                let ty = kind_of_event.field(id).ty;
                if fits(parts.function, ty, &self.names.schema) {
                    return Some((Some(id), ty));
                }
                self.unfit_field(parts.function, event, field, ty);
                None
            }
        }
    }

    fn no_field(&mut self, parts: &Parts<'_>, event: EventId) {
        let word = function_word(parts.function);
        let (name, span) = (&parts.event.text, parts.event.span);
        let found = problem(Code::AggregateField, span, format!("the `{word}` of what?"));
        let fitting = self.fitting(parts.function, event);
        self.report.add(match fitting.first() {
            Some(first) => found
                .label(format!("name a field, for example `{word}({name}.{first})`"))
                .why("an event has several fields, and each means something else")
                .review(span, format!("{name}.{first}")),
            None => found
                .label(format!("`{name}` has no field for that; it can be counted: `count({name} …)`"))
                .why("only what is recorded of an event can be looked at"),
        });
    }

    fn unfit_field(&mut self, function: AggregateFunction, event: EventId, field: &Name, ty: Type) {
        let word = function_word(function);
        let fitting = self.fitting(function, event);
        let why = match fitting.as_slice() {
            [] => "only amounts, numbers and times can be added up or compared".to_owned(),
            [one] => format!("of this event only `{one}` can be added up or compared"),
            [some @ .., last] => {
                let some: Vec<String> = some.iter().map(|name| format!("`{name}`")).collect();
                format!("only {} and `{last}` can be added up and compared", some.join(", "))
            }
        };
        self.report.add(
            problem(Code::AggregateField, field.span, format!("there is no {word} of {}", kind(ty)))
                .why(why)
                .label(format!("`{}` is {}", field.text, kind(ty))),
        );
    }

    /// The names of the event's fields of which the aggregate can be made.
    fn fitting(&self, function: AggregateFunction, event: EventId) -> Vec<String> {
        let schema = &self.names.schema;
        let fields = schema.event(event).fields.iter();
        fields.filter(|field| fits(function, field.ty, schema)).map(|field| field.name.clone()).collect()
    }

    fn window(&mut self, words: Option<&WindowWords>, span: Span) -> Option<Window> {
        let (window, empty) = match words {
            None => (Window::All, None),
            Some(WindowWords::Last(length)) => (
                Window::Last(*length),
                (length.0 <= 0).then(|| "a window of no length holds nothing".to_owned()),
            ),
            Some(WindowWords::Between(far, near)) => {
                let swapped = far <= near;
                let say = || format!("it ends before it begins: write `from {near} to {far} ago`");
                (Window::Between { far: *far, near: *near }, swapped.then(say))
            }
            Some(WindowWords::Today) => (Window::Today, None),
            Some(WindowWords::ThisWeek) => (Window::ThisWeek, None),
            Some(WindowWords::ThisMonth) => (Window::ThisMonth, None),
            Some(WindowWords::ThisYear) => (Window::ThisYear, None),
            Some(WindowWords::Since(which, event)) => {
                (Window::Since { event: self.event(event)?, which: *which }, None)
            }
            Some(WindowWords::SinceDay(day)) => (Window::SinceDay(*day), None),
        };
        let Some(label) = empty else { return Some(window) };
        self.report.add(
            problem(Code::EmptyWindow, span, "this span of time holds nothing")
                .label(label)
                .why("nothing could ever be counted in it"),
        );
        None
    }
}

/// Whether an aggregate can be made of fields of that type.
fn fits(function: AggregateFunction, ty: Type, schema: &Schema) -> bool {
    let ordered = match ty {
        Type::Choice(id) => schema.choices(id).ordered,
        Type::Money | Type::Number | Type::Percent | Type::Duration | Type::Date | Type::Time => true,
        Type::Text | Type::YesNo | Type::ListOfText | Type::Condition => false,
    };
    match function {
        AggregateFunction::Count => false,
        AggregateFunction::Sum => matches!(ty, Type::Money | Type::Number | Type::Duration),
        AggregateFunction::Average => {
            matches!(ty, Type::Money | Type::Number | Type::Duration | Type::Percent)
        }
        AggregateFunction::Min | AggregateFunction::Max => ordered,
        AggregateFunction::First | AggregateFunction::Last => true,
    }
}

const fn function_word(function: AggregateFunction) -> &'static str {
    match function {
        AggregateFunction::Count => "count",
        AggregateFunction::Sum => "sum",
        AggregateFunction::Average => "average",
        AggregateFunction::Min => "min",
        AggregateFunction::Max => "max",
        AggregateFunction::First => "first",
        AggregateFunction::Last => "last",
    }
}
