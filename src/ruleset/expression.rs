//! Typed expressions: values and conditions over one customer at one instant.

use std::sync::Arc;

use crate::model::{Date, Duration, Instant, Money, Number, Share, TimeOfDay};

use super::{ChoiceId, EventFieldId, EventId, FieldId, Movement, Place};

/// The type of a value. All but texts are one `i64` in a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Type {
    /// Ten-thousandths of the workspace's currency.
    Money,
    /// Millionths.
    Number,
    /// Millionths of the whole.
    Percent,
    /// Milliseconds.
    Duration,
    /// Days since 1970.
    Date,
    /// A point in time (`time` in the language): milliseconds since 1970.
    Time,
    /// UTF-8.
    Text,
    /// 0 or 1.
    YesNo,
    /// A code into [`super::Choices::names`].
    Choice(ChoiceId),
    /// Several texts, joined by U+001F in a column.
    ListOfText,
    /// No value: true, false or unknown.
    Condition,
}

/// A constant.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Value {
    /// An amount in the workspace's currency.
    Money(Money),
    /// A plain number.
    Number(Number),
    /// A share.
    Percent(Share),
    /// A length of time.
    Duration(Duration),
    /// A day.
    Date(Date),
    /// A point in time.
    Time(Instant),
    /// A wall-clock time.
    TimeOfDay(TimeOfDay),
    /// A text.
    Text(String),
    /// Yes or no.
    YesNo(bool),
    /// A code of a choice.
    Choice(ChoiceId, u32),
}

impl Value {
    /// As it stands in a column of numbers; `None` for a text.
    #[must_use]
    pub fn scalar(&self) -> Option<i64> {
        Some(match self {
            Self::Money(Money(v))
            | Self::Number(Number(v))
            | Self::Percent(Share(v))
            | Self::Duration(Duration(v))
            | Self::Time(Instant(v)) => *v,
            Self::Date(Date(v)) => i64::from(*v),
            Self::TimeOfDay(TimeOfDay(v)) => i64::from(*v),
            Self::YesNo(v) => i64::from(*v),
            Self::Choice(_, code) => i64::from(*code),
            Self::Text(_) => return None,
        })
    }
}

/// `= != < <= > >=`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Comparison {
    /// `=`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
}

/// `count sum average min max first last`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AggregateFunction {
    /// How many; 0 of nothing.
    Count,
    /// The total; 0 of nothing.
    Sum,
    /// The mean; unknown of nothing. Money to the cent, numbers to the millionth, half to even.
    Average,
    /// The least; unknown of nothing.
    Min,
    /// The greatest; unknown of nothing.
    Max,
    /// What the earliest says; unknown of nothing. Of several at one instant the one that comes
    /// first by its id.
    First,
    /// What the latest says; unknown of nothing.
    Last,
}

/// First or last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Which {
    /// The earliest.
    First,
    /// The latest.
    Last,
}

/// Which events an aggregate looks at, by their time; all ends are included, nothing after now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Window {
    /// The whole history.
    All,
    /// `in last D`: [now − D, now].
    Last(Duration),
    /// `from FAR to NEAR ago`: [now − far, now − near].
    Between {
        /// The older end.
        far: Duration,
        /// The younger end.
        near: Duration,
    },
    /// Since midnight in the workspace's zone.
    Today,
    /// Since Monday's midnight.
    ThisWeek,
    /// Since the month's first midnight.
    ThisMonth,
    /// Since the year's first midnight.
    ThisYear,
    /// `since E`: from the last (or first) such event on, itself included; without one the
    /// aggregate is unknown.
    Since {
        /// Which event.
        event: EventId,
        /// The first or the last.
        which: Which,
    },
    /// `since 2026-11-26`: from that day's midnight on.
    SinceDay(Date),
}

/// Days around now by the calendar of the zone, both ends included: for a date whole days, for an
/// instant milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DaySpan {
    /// `today`: from midnight to midnight.
    Today,
    /// `next D`: [now, now + D]; of dates, from today to the day in which that ends.
    Next(Duration),
    /// `last D`: [now − D, now]; of dates, from the day in which that begins to today.
    Last(Duration),
    /// The whole week, Monday to Sunday.
    ThisWeek,
    /// The whole month.
    ThisMonth,
    /// The whole year.
    ThisYear,
}

/// An expression with its type and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Expr {
    /// What it is.
    pub kind: ExprKind,
    /// The type of its value; [`Type::Condition`] for a condition.
    pub ty: Type,
    /// As it was written, for `explain`.
    pub text: Arc<str>,
    /// Where it was written.
    pub place: Place,
}

/// The kinds of expressions. Values first, then conditions.
#[derive(Debug, Clone, PartialEq)]
pub enum ExprKind {
    /// A constant.
    Constant(Value),
    /// A field of the event on which the rule fires; unknown outside of such a rule.
    Fired(EventId, EventFieldId),
    /// A field of the customer; unknown where empty.
    Field(FieldId),
    /// A field of the event that is counted, inside `where` only.
    EventField(EventId, EventFieldId),
    /// `count(order in last 90 days where total > 10 EUR)` and its kin.
    ///
    /// `orders` is `count` over all; `revenue` is `sum(order.total)` (refunds lower it);
    /// `average order value` is `average(order.total)`.
    Aggregate {
        /// What is made of the events.
        function: AggregateFunction,
        /// Which events.
        event: EventId,
        /// Of which field; none for `count`.
        field: Option<EventFieldId>,
        /// From when to when.
        window: Window,
        /// A condition over the event's fields: only where it is true the event counts.
        filter: Option<Box<Expr>>,
    },
    /// `time since last order`, `recency`; `tenure` is since the first. Unknown without one.
    TimeSince {
        /// Which event.
        event: EventId,
        /// The first or the last.
        which: Which,
    },
    /// Repeat orders: orders − 1, never below 0.
    Frequency,
    /// The customer's place in a segmentation, by its position in [`super::RuleSet::segments`].
    Segment(usize),
    /// `(VALUE or else VALUE)`.
    OrElse(Box<Expr>, Box<Expr>),
    /// `50% of VALUE`; money is rounded to the cent.
    ShareOf(Share, Box<Expr>),

    /// A comparison of two values of one type. A [`Type::ListOfText`] equals a text when any of
    /// its elements does, and is `!=` it when none does.
    Compare(Comparison, Box<Expr>, Box<Expr>),
    /// `contains "x"`: case matters not (ASCII and Unicode simple case folding by lower-casing).
    Contains(Box<Expr>, String),
    /// `starts with "x"`, case as for `contains`.
    StartsWith(Box<Expr>, String),
    /// `in (a, b)`.
    OneOf(Box<Expr>, Vec<Value>),
    /// `between A and B`, both included.
    Between(Box<Expr>, Box<Expr>, Box<Expr>),
    /// `in next 30 days`: a date or an instant within days around now.
    During(Box<Expr>, DaySpan),
    /// `falls in next 7 days`: likewise, whatever the year: its day and month come in these days.
    /// 29 February comes on the 28th in a year without it.
    Falls(Box<Expr>, DaySpan),
    /// `segment becomes lapsing`, `enters audience vip`: a move that a tick has learnt. Stands in the
    /// `when` of rules only, never under a `not`.
    Moved(Movement),
    /// `is known`; `is unknown` is its `Not`. Never unknown itself.
    IsKnown(Box<Expr>),
    /// A yes/no value standing as a condition.
    Truth(Box<Expr>),
    /// `in audience NAME`, by its position in [`super::RuleSet::audiences`].
    InAudience(usize),
    /// All of them (two or more).
    And(Vec<Expr>),
    /// Any of them (two or more).
    Or(Vec<Expr>),
    /// The opposite; unknown stays unknown.
    Not(Box<Expr>),
}
