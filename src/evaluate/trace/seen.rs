//! The values that a clause looked at, and why one is unknown.

use std::fmt;

use serde::Serialize;

use crate::compile::{Aggregate, Node};
use crate::ruleset::{
    BUILT_IN_FIELDS, EventFieldId, EventId, EventKind, Expr, ExprKind, LIST_SEPARATOR, RuleSet, Value, Which,
};

use super::Tracer;
use crate::evaluate::tally::{Why, time_since};

/// A value on a side of a clause.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Seen {
    /// As it was written.
    pub text: String,
    /// The value; `None` is unknown. In JSON its canonical text (`500.00`), null where unknown.
    #[serde(skip)]
    pub typed: Option<Value>,
    /// The canonical text of the value.
    pub value: Option<String>,
    /// The value for people, with its unit: `500.00 EUR`, `90 days`.
    pub shown: Option<String>,
    /// Why it is unknown: `no order yet`.
    pub unknown: Option<String>,
    /// Whether it is a constant of the rule.
    pub constant: bool,
}

impl fmt::Display for Seen {
    /// `500.00 EUR`, or `unknown: no order yet`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.shown, &self.unknown) {
            (Some(shown), _) => f.write_str(shown),
            (None, Some(why)) => write!(f, "unknown: {why}"),
            (None, None) => f.write_str("unknown"),
        }
    }
}

impl Tracer<'_> {
    pub(super) fn seen(&self, expr: &Expr) -> Seen {
        let typed = self.node(expr).and_then(|node| self.row.typed(node));
        Seen {
            text: expr.text.to_string(),
            value: typed.as_ref().map(|value| self.rules.schema.write(value)),
            shown: typed.as_ref().map(|value| shown(self.rules, value)),
            unknown: if typed.is_none() { Some(self.why(expr)) } else { None },
            constant: matches!(expr.kind, ExprKind::Constant(_)),
            typed,
        }
    }

    /// What should be known besides the value.
    pub(super) fn notes(&self, expr: &Expr) -> Vec<String> {
        match &expr.kind {
            ExprKind::Aggregate { event, filter: Some(filter), .. } => {
                let uncounted = self.uncounted(expr);
                let events = match (&*self.kind(*event).name, uncounted) {
                    ("order", 1) => "order is".to_owned(),
                    ("order", _) => "orders are".to_owned(),
                    (name, 1) => format!("`{name}` is"),
                    (name, _) => format!("`{name}` are"),
                };
                let note = format!("{uncounted} {events} not counted, for `{}` is unknown", filter.text);
                if uncounted == 0 { Vec::new() } else { vec![note] }
            }
            ExprKind::Field(field) if *self.rules.schema.field(*field).name == *BUILT_IN_FIELDS[8].0 => {
                vec!["clv is what the import delivered".into()]
            }
            ExprKind::OrElse(..) | ExprKind::ShareOf(..) => {
                super::operands(expr).into_iter().flat_map(|operand| self.notes(operand)).collect()
            }
            ExprKind::Constant(_)
            | ExprKind::Field(_)
            | ExprKind::EventField(..)
            | ExprKind::Fired(..)
            | ExprKind::Aggregate { .. }
            | ExprKind::TimeSince { .. }
            | ExprKind::Frequency
            | ExprKind::Segment(_)
            | ExprKind::Compare(..)
            | ExprKind::Contains(..)
            | ExprKind::StartsWith(..)
            | ExprKind::OneOf(..)
            | ExprKind::Between(..)
            | ExprKind::During(..)
            | ExprKind::Falls(..)
            | ExprKind::Moved(_)
            | ExprKind::IsKnown(_)
            | ExprKind::Truth(_)
            | ExprKind::InAudience(_)
            | ExprKind::And(_)
            | ExprKind::Or(_)
            | ExprKind::Not(_) => Vec::new(),
        }
    }

    /// When the customer moved, of a movement.
    pub(super) fn movement(&self, expr: &Expr) -> Option<String> {
        let ExprKind::Moved(movement) = expr.kind else { return None };
        let seen = self.moves.iter().find(|seen| seen.movement == movement);
        Some(seen.map_or_else(|| "no move is on record here".into(), |seen| seen.note.clone()))
    }

    /// Which days a clause means now.
    pub(super) fn days(&self, expr: &Expr) -> Option<String> {
        let moment = self.row.moment;
        match moment.program.node(self.node(expr)?) {
            Node::During(_, days) | Node::Falls(_, days) => {
                Some(format!("these days are {}", moment.days[*days].shown()))
            }
            _ => None,
        }
    }

    /// The aggregate that an expression became.
    fn spec(&self, expr: &Expr) -> Option<&Aggregate> {
        let node = self.row.moment.program.node(self.node(expr)?);
        if let Node::Aggregate(spec) = node { Some(spec) } else { None }
    }

    fn uncounted(&self, expr: &Expr) -> u32 {
        self.spec(expr).map_or(0, |spec| self.row.uncounted(spec))
    }

    /// Why a value is unknown, in words that follow `unknown:`.
    fn why(&self, expr: &Expr) -> String {
        let row = &self.row;
        match &expr.kind {
            ExprKind::Field(_) => "never delivered".into(),
            ExprKind::Aggregate { event, field, .. } => {
                let why = self.spec(expr).and_then(|spec| row.aggregate(spec).err());
                why.map_or_else(String::new, |why| self.words(why, *event, *field))
            }
            ExprKind::TimeSince { event, which } => {
                let why = time_since(row.moment, row.chunk, row.at, *event, *which).err();
                why.map_or_else(String::new, |why| self.words(why, *event, None))
            }
            ExprKind::Segment(position) => {
                let unknown = |c: &&Expr| self.node(c).is_some_and(|node| row.truth(node, None).is_none());
                let line = self.rules.segments[*position].conditions.iter().find(unknown);
                line.map_or_else(String::new, |line| format!("`{}` is unknown", line.text))
            }
            ExprKind::OrElse(_, second) => self.why(second),
            ExprKind::ShareOf(_, of) => {
                let known = self.node(of).and_then(|node| row.value(node, None)).is_some();
                if known { TOO_LARGE.into() } else { self.why(of) }
            }
            ExprKind::EventField(..) => "no event is looked at".into(),
            ExprKind::Fired(event, _) => match &row.moment.fired {
                Some(fired) if fired.event == *event => "the event does not say it".into(),
                Some(_) | None => "no such event is looked at".into(),
            },
            ExprKind::Constant(_)
            | ExprKind::Frequency
            | ExprKind::Compare(..)
            | ExprKind::Contains(..)
            | ExprKind::StartsWith(..)
            | ExprKind::OneOf(..)
            | ExprKind::Between(..)
            | ExprKind::During(..)
            | ExprKind::Falls(..)
            | ExprKind::Moved(_)
            | ExprKind::IsKnown(_)
            | ExprKind::Truth(_)
            | ExprKind::InAudience(_)
            | ExprKind::And(_)
            | ExprKind::Or(_)
            | ExprKind::Not(_) => "a value is missing".into(),
        }
    }

    fn kind(&self, event: EventId) -> &EventKind {
        self.rules.schema.event(event)
    }

    /// Why an aggregate over `event` is unknown.
    fn words(&self, why: Why, event: EventId, field: Option<EventFieldId>) -> String {
        let row = &self.row;
        match why {
            Why::Nothing(event) => {
                let any = time_since(row.moment, row.chunk, row.at, event, Which::First).is_ok();
                let name = spoken(&self.kind(event).name);
                if any { format!("no such {name}") } else { format!("no {name} yet") }
            }
            Why::Foreign(currency) => format!("orders in {currency}"),
            Why::Missing if event == EventId::ORDER && field == Some(EventFieldId::QUANTITY) => {
                "an order does not say how many pieces".into()
            }
            Why::Missing => {
                let kind = self.kind(event);
                let field = field.map_or("value", |field| &kind.field(field).name);
                let one =
                    if event == EventId::ORDER { "an order".into() } else { format!("a `{}`", kind.name) };
                format!("{one} does not say its `{field}`")
            }
            Why::TooLarge => TOO_LARGE.into(),
        }
    }
}

const TOO_LARGE: &str = "too large to be counted";

/// An event's name in a sentence.
fn spoken(name: &str) -> String {
    if name == "order" { name.to_owned() } else { format!("`{name}`") }
}

/// A value for people.
fn shown(rules: &RuleSet, value: &Value) -> String {
    match value {
        Value::Money(amount) => match rules.workspace.currency {
            Some(currency) => format!("{amount} {currency}"),
            None => amount.to_string(),
        },
        Value::Percent(share) => share.to_string(),
        Value::Duration(duration) => duration.to_string(),
        Value::Text(text) => {
            let quoted: Vec<String> = text.split(LIST_SEPARATOR).map(|e| format!("\"{e}\"")).collect();
            quoted.join(", ")
        }
        Value::Number(_)
        | Value::Date(_)
        | Value::Time(_)
        | Value::TimeOfDay(_)
        | Value::YesNo(_)
        | Value::Choice(..) => rules.schema.write(value),
    }
}
