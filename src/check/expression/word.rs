//! Words: fields, segmentations, computed words and values of choices.

use std::ops::ControlFlow;

use crate::diagnostic::{Code, Span};
use crate::language::tree::{Name, Term};
use crate::ruleset::{
    self, AggregateFunction, EventFieldId, EventId, ExprKind, Schema, Type, Value, Which, Window,
};

use super::super::names::{Names, TERMS, shorten};
use super::super::report::problem;
use super::super::suggest::{did_you_mean, nearest};
use super::plain::Plain;
use super::{Expressions, Scope, Wanted, foreign};

/// What other tools write before a field.
const OWNERS: [&str; 7] = ["customer", "contact", "user", "person", "profile", "subscriber", "recipient"];

impl Expressions<'_, '_> {
    pub(super) fn word(
        &mut self,
        word: &str,
        span: Span,
        scope: Scope,
        wanted: Option<Wanted>,
    ) -> Option<ruleset::Expr> {
        if let ControlFlow::Break(value) = self.as_value(word, span, wanted) {
            return value;
        }
        let found = match scope {
            Scope::Customer => customer_word(self.names, word),
            Scope::Event(event) => event_word(&self.names.schema, event, word),
        };
        if let Some((kind, ty)) = found {
            return Some(self.typed(kind, ty, span));
        }
        match scope {
            Scope::Customer => self.unknown_customer_word(word, span, wanted),
            Scope::Event(event) => self.unknown_event_word(event, word, span, wanted),
        }
        None
    }

    /// Where any word is a value (after a comparison with a choice), the word is that value.
    fn as_value(
        &mut self,
        word: &str,
        span: Span,
        wanted: Option<Wanted>,
    ) -> ControlFlow<Option<ruleset::Expr>> {
        match wanted {
            Some(Wanted { ty: Type::Choice(choice), .. }) => {
                let value = self.choice_value(choice, word, span);
                ControlFlow::Break(value.map(|(value, ty)| self.typed(ExprKind::Constant(value), ty, span)))
            }
            Some(Wanted { ty: Type::Text, plain }) if plain != Plain::No => {
                let known = self.plain_word(plain, word, span);
                let constant = ExprKind::Constant(Value::Text(word.into()));
                ControlFlow::Break(known.then(|| self.typed(constant, Type::Text, span)))
            }
            Some(_) | None => ControlFlow::Continue(()),
        }
    }

    pub(super) fn term(
        &mut self,
        term: Term,
        span: Span,
        scope: Scope,
        wanted: Option<Wanted>,
    ) -> Option<ruleset::Expr> {
        let written = self.report.one_line(span);
        if let ControlFlow::Break(value) = self.as_value(&written, span, wanted) {
            return value;
        }
        if let Scope::Event(event) = scope {
            // An event's field may be called `revenue`.
            if let Some((kind, ty)) = event_word(&self.names.schema, event, &written) {
                return Some(self.typed(kind, ty, span));
            }
            self.customers_word_in_where(&written, span);
            return None;
        }
        let (kind, ty) = term_value(term);
        Some(self.typed(kind, ty, span))
    }

    /// `order.total` outside of an aggregate, or inside its `where`.
    pub(super) fn member(
        &mut self,
        owner: &Name,
        field: &Name,
        span: Span,
        scope: Scope,
    ) -> Option<ruleset::Expr> {
        let written = format!("{}.{}", owner.text, field.text);
        let schema = &self.names.schema;
        let event = schema.find_event(&owner.text);
        let known = event.is_some_and(|event| event_word(schema, event, &field.text).is_some());
        if let (Scope::Customer, Some(event)) = (scope, event.filter(|event| Some(*event) == self.fired)) {
            let Some(id) = schema.event(event).find(&field.text) else {
                self.unknown_event_field(event, &field.text, field.span);
                return None;
            };
            let ty = schema.event(event).field(id).ty;
            return Some(self.typed(ExprKind::Fired(event, id), ty, span));
        }
        if scope == Scope::Customer && event.is_none() && OWNERS.contains(&&*owner.text) {
            self.report.add(
                problem(
                    Code::UnknownField,
                    span,
                    format!("`{written}` is written without `{}.`", owner.text),
                )
                .label(format!("write `{}`", field.text))
                .why("a rule speaks of one customer only, so nothing has to say whose value it is")
                .review(span, field.text.clone()),
            );
            return None;
        }
        let fired = self.fired.map(|fired| schema.event(fired).name.clone());
        let found = problem(Code::WrongPlace, span, format!("`{written}` has no single value here"));
        self.report.add(match scope {
            Scope::Event(counted) if known && event == Some(counted) => found
                .label("inside `where` the names are the event's own")
                .why("one spelling for one meaning keeps rules easy to compare")
                .safe(span, field.text.clone()),
            Scope::Event(counted) if known => found
                .label(format!("inside this `where` the names are those of `{}`", schema.event(counted).name))
                .why("one event knows nothing of another; count the other in parentheses of its own, joined with `and`"),
            Scope::Customer if fired.is_some() && known => found
                .label(format!("this rule is on `{}`: only its fields are those of one event", fired.unwrap_or_default()))
                .why("a customer has many of the others; count or sum them, such as `max(order.total in last 90 days)`"),
            Scope::Customer | Scope::Event(_) => found
                .label("a customer has many of them: say which, or make a sum of them")
                .why("write `sum(order.total in last 90 days)`, or `max`, `average`, `count(order where …)`"),
        });
        None
    }

    fn unknown_customer_word(&mut self, word: &str, span: Span, wanted: Option<Wanted>) {
        if wanted.is_some_and(|wanted| wanted.ty == Type::YesNo) {
            let found = problem(Code::UnknownValue, span, format!("`{word}` is neither yes nor no"))
                .label("it can be `yes` or `no`")
                .why("a comparison with a value that is never there would match nobody");
            self.report.add(match word.to_lowercase().as_str() {
                "true" | "on" | "y" => found.safe(span, "yes"),
                "false" | "off" | "n" => found.safe(span, "no"),
                _ => found,
            });
            return;
        }
        if self.names.audiences.iter().any(|name| name == word) {
            self.report.add(
                problem(Code::UnknownField, span, format!("`{word}` is an audience"))
                    .label(format!("write `in audience {word}`"))
                    .why("an audience has no value; a customer is in it or not")
                    .review(span, format!("in audience {word}")),
            );
            return;
        }
        if let Some((event, of)) = event_with(&self.names.schema, word) {
            self.report.add(
                problem(Code::WrongPlace, span, format!("`{word}` belongs to {of}, not to a customer"))
                    .label(format!("for example `max({event}.{word} …)`, or inside `where`"))
                    .why("a customer has many of them, so the word alone has no single value"),
            );
            return;
        }
        if word == "today" && wanted.is_some_and(|w| matches!(w.ty, Type::Date | Type::Time)) {
            self.report.add(
                problem(Code::UnknownField, span, "`today` is no fixed day")
                    .label("write `falls today`, which asks for day and month, whatever the year")
                    .why(
                        "for one day of one year write the date itself: what `today` is changes every night",
                    ),
            );
            return;
        }
        if let Some(found) = foreign::word(self.names, word, span, wanted) {
            self.report.add(found);
            return;
        }
        let near = nearest(word, self.names.values());
        if near.is_none() && wanted.is_some_and(|w| w.ty == Type::Text) {
            self.needs_quotes(word, span);
            return;
        }
        let label =
            if near.is_some() { did_you_mean(near) } else { "no field, attribute or computed value".into() };
        self.report.add(
            problem(Code::UnknownField, span, format!("nothing is known as `{}`", shorten(word)))
                .label(label)
                .why(format!(
                    "a condition over something that nobody records would never be met; declare it with `attribute {} …`",
                    shorten(word)
                ))
                .near(span, near),
        );
    }

    fn unknown_event_word(&mut self, event: EventId, word: &str, span: Span, wanted: Option<Wanted>) {
        let fields = &self.names.schema.event(event).fields;
        let near = nearest(word, fields.iter().map(|field| &*field.name));
        if customer_word(self.names, word).is_some() {
            self.customers_word_in_where(word, span);
        } else if near.is_none() && wanted.is_some_and(|w| w.ty == Type::Text) {
            self.needs_quotes(word, span);
        } else {
            self.unknown_event_field(event, word, span);
        }
    }

    pub(in super::super) fn unknown_event_field(&mut self, event: EventId, word: &str, span: Span) {
        let kind = self.names.schema.event(event);
        let near = nearest(word, kind.fields.iter().map(|field| &*field.name));
        let one = one_of(&kind.name);
        let label = if near.is_some() { did_you_mean(near) } else { format!("{one} has no such field") };
        let listed: Vec<String> = kind.fields.iter().map(|field| format!("`{}`", field.name)).collect();
        let there = match listed.as_slice() {
            [] => "this event has no fields".to_owned(),
            [only] => format!("there is {only}"),
            [some @ .., last] => format!("there are {} and {last}", some.join(", ")),
        };
        self.report.add(
            problem(Code::UnknownEventField, span, format!("{one} has no `{}`", shorten(word)))
                .label(label)
                .why(format!("what is not recorded cannot be counted; {there}"))
                .near(span, near),
        );
    }

    fn customers_word_in_where(&mut self, word: &str, span: Span) {
        self.report.add(
            problem(
                Code::WrongPlace,
                span,
                format!("`{}` belongs to the customer, not to an event", shorten(word)),
            )
            .label("inside `where` the names are the event's")
            .why("put what concerns the customer outside of the parentheses, joined with `and`"),
        );
    }
}

/// The meaning of a word about a customer.
pub(super) fn customer_word(names: &Names, word: &str) -> Option<(ExprKind, Type)> {
    if let Some(id) = names.schema.find(word) {
        return Some((ExprKind::Field(id), names.schema.field(id).ty));
    }
    if let Some((position, choice)) = names.segment(word) {
        return Some((ExprKind::Segment(position), Type::Choice(choice)));
    }
    TERMS.iter().find(|(name, _)| *name == word).map(|&(_, term)| term_value(term))
}

/// The meaning of a word inside `where`.
fn event_word(schema: &Schema, event: EventId, word: &str) -> Option<(ExprKind, Type)> {
    let kind = schema.event(event);
    let field = kind.find(word)?;
    Some((ExprKind::EventField(event, field), kind.field(field).ty))
}

/// The first event that has a field of that name: its name, and what one of it is called.
fn event_with(schema: &Schema, field: &str) -> Option<(String, String)> {
    let kind = schema.events.iter().find(|kind| kind.find(field).is_some())?;
    Some((kind.name.clone(), one_of(&kind.name)))
}

/// One event in a sentence.
fn one_of(event: &str) -> String {
    if event == "order" { "an order".to_owned() } else { format!("`{}`", shorten(event)) }
}

/// What a computed word means.
fn term_value(term: Term) -> (ExprKind, Type) {
    let over_orders = |function, field| ExprKind::Aggregate {
        function,
        event: EventId::ORDER,
        field,
        window: Window::All,
        filter: None,
    };
    let since = |which| (ExprKind::TimeSince { event: EventId::ORDER, which }, Type::Duration);
    match term {
        Term::Orders => (over_orders(AggregateFunction::Count, None), Type::Number),
        Term::Revenue => (over_orders(AggregateFunction::Sum, Some(EventFieldId::TOTAL)), Type::Money),
        Term::AverageOrderValue => {
            (over_orders(AggregateFunction::Average, Some(EventFieldId::TOTAL)), Type::Money)
        }
        Term::Recency => since(Which::Last),
        Term::Tenure => since(Which::First),
        Term::Frequency => (ExprKind::Frequency, Type::Number),
    }
}

/// The value of a placeholder: a customer's word, its words joined by `_`. The text is as the
/// rules write it.
pub(in super::super) fn placeholder(names: &Names, written: &str) -> Option<(ExprKind, Type, String)> {
    let spoken = written.replace('_', " ");
    match spoken.as_str() {
        "time since last order" => return Some(with_text(term_value(Term::Recency), spoken)),
        "time since first order" => return Some(with_text(term_value(Term::Tenure), spoken)),
        _ => {}
    }
    if let Some(found) = customer_word(names, written) {
        return Some(with_text(found, written.to_owned()));
    }
    let (name, term) = TERMS.iter().find(|(name, _)| *name == spoken)?;
    Some(with_text(term_value(*term), (*name).to_owned()))
}

fn with_text((kind, ty): (ExprKind, Type), text: String) -> (ExprKind, Type, String) {
    (kind, ty, text)
}

/// All placeholders there are, for did-you-mean.
pub(in super::super) fn placeholder_names(names: &Names) -> Vec<String> {
    let more = ["time_since_last_order", "time_since_first_order"];
    names.values().map(|name| name.replace(' ', "_")).chain(more.map(String::from)).collect()
}
