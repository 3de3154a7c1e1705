//! Counts, sums and their kin over orders, and the time since one.

use crate::diagnostic::{Code, Span};
use crate::language::tree::{self, Name, WindowWords};
use crate::ruleset::{self, AggregateFunction, Event, EventField, ExprKind, Type, Which, Window};

use super::super::names::{ORDER_FIELDS, kind, shorten};
use super::super::report::problem;
use super::super::suggest::{did_you_mean, nearest};
use super::{Expressions, Scope};

/// What stands between the parentheses, but for the `where`.
pub(super) struct Parts<'a> {
    pub(super) function: AggregateFunction,
    pub(super) event: &'a Name,
    pub(super) field: Option<&'a Name>,
    pub(super) window: Option<WindowWords>,
}

impl Expressions<'_, '_> {
    pub(super) fn aggregate(
        &mut self,
        parts: &Parts<'_>,
        filter: Option<&tree::Expr>,
        span: Span,
        scope: Scope,
    ) -> Option<ruleset::Expr> {
        if scope == Scope::Order {
            self.no_orders_in_where(span);
            return None;
        }
        // All parts are looked at before any of them ends it, so that one run names all mistakes.
        let event = self.event(parts.event);
        let field = event.and_then(|_| self.field_of(parts));
        let window = self.window(parts.window, span);
        let filter = match filter {
            None => Some(None),
            Some(condition) => self.condition(condition, Scope::Order).map(|c| Some(Box::new(c))),
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
        if scope == Scope::Order {
            self.no_orders_in_where(span);
            return None;
        }
        let event = self.event(event)?;
        Some(self.typed(ExprKind::TimeSince { event, which }, Type::Duration, span))
    }

    fn no_orders_in_where(&mut self, span: Span) {
        self.report.add(
            problem(Code::WrongPlace, span, "orders cannot be counted inside the `where` of another count")
                .label("inside `where` only the order's own fields have a meaning")
                .why("put what concerns the customer outside of the parentheses, joined with `and`"),
        );
    }

    fn event(&mut self, name: &Name) -> Option<Event> {
        if name.text == "order" {
            return Some(Event::Order);
        }
        let near = nearest(&name.text, ["order"]);
        let found =
            problem(Code::UnknownEvent, name.span, format!("there is no event `{}`", shorten(&name.text)))
                .label(if near.is_some() {
                    did_you_mean(near)
                } else {
                    "this version knows the event `order`".into()
                })
                .why("what is not recorded cannot be counted");
        self.report.add(if name.text == "orders" {
            found.safe(name.span, "order")
        } else {
            found.near(name.span, near)
        });
        None
    }

    /// The field and the type of the result.
    fn field_of(&mut self, parts: &Parts<'_>) -> Option<(Option<EventField>, Type)> {
        let word = function_word(parts.function);
        match (parts.function, parts.field) {
            (AggregateFunction::Count, None) => Some((None, Type::Number)),
            (AggregateFunction::Count, Some(field)) => {
                let event = parts.event.span;
                let whole = Span { end: field.span.end, ..event };
                self.report.add(
                    problem(Code::AggregateField, field.span, "a count needs no field")
                        .label("orders are counted, whatever is in them")
                        .why("who should count only some of them says so with `where`")
                        .safe(whole, parts.event.text.clone()),
                );
                None
            }
            (_, None) => {
                self.report.add(
                    problem(Code::AggregateField, parts.event.span, format!("the `{word}` of what?"))
                        .label(format!("name a field, for example `{word}(order.total)`"))
                        .why("an order has several amounts: its total and its quantity")
                        .review(parts.event.span, "order.total"),
                );
                None
            }
            (_, Some(field)) => {
                let Some(&(name, id, ty)) = ORDER_FIELDS.iter().find(|(name, ..)| *name == field.text) else {
                    let near = nearest(&field.text, ORDER_FIELDS.iter().map(|(name, ..)| *name));
                    self.unknown_order_field(&field.text, field.span, near);
                    return None;
                };
                if matches!(ty, Type::Money | Type::Number) {
                    return Some((Some(id), ty));
                }
                self.report.add(
                    problem(Code::AggregateField, field.span, format!("there is no {word} of {}", kind(ty)))
                        .why("only `total` and `quantity` can be added up and compared")
                        .label(format!("`{name}` is {}", kind(ty))),
                );
                None
            }
        }
    }

    fn window(&mut self, words: Option<WindowWords>, span: Span) -> Option<Window> {
        let (window, empty) = match words {
            None => (Window::All, None),
            Some(WindowWords::Last(length)) => (
                Window::Last(length),
                (length.0 <= 0).then(|| "a window of no length holds nothing".to_owned()),
            ),
            Some(WindowWords::Between(far, near)) => {
                let swapped = far <= near;
                let say = || format!("it ends before it begins: write `from {near} to {far} ago`");
                (Window::Between { far, near }, swapped.then(say))
            }
            Some(WindowWords::Today) => (Window::Today, None),
            Some(WindowWords::ThisWeek) => (Window::ThisWeek, None),
            Some(WindowWords::ThisMonth) => (Window::ThisMonth, None),
            Some(WindowWords::ThisYear) => (Window::ThisYear, None),
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

const fn function_word(function: AggregateFunction) -> &'static str {
    match function {
        AggregateFunction::Count => "count",
        AggregateFunction::Sum => "sum",
        AggregateFunction::Average => "average",
        AggregateFunction::Min => "min",
        AggregateFunction::Max => "max",
    }
}
