//! The nodes of a program.

use crate::model::Share;
use crate::ruleset::{AggregateFunction, EventFieldId, EventId, FieldId, Movement, Type, Value, Which};

/// A value or condition of a [`super::Program`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub(crate) u32);

impl NodeId {
    pub(crate) const fn index(self) -> usize {
        self.0 as usize
    }
}

/// A movement that a condition asks for. Since when moves count is another matter for each rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Leaf {
    /// The rule's position in the rule set; none outside of a rule's `when`.
    pub rule: Option<usize>,
    /// Which moves are meant.
    pub movement: Movement,
}

/// `=` or `<`; the other four comparisons are these, swapped or negated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Order {
    Equal,
    Less,
}

/// What is asked of one text.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum TextTest {
    /// Equal to one of these (sorted).
    OneOf(Vec<String>),
    /// Has this lower-cased text in it.
    Contains(String),
    /// Begins with this lower-cased text.
    StartsWith(String),
}

impl TextTest {
    /// Asks one text.
    pub(crate) fn holds(&self, text: &str) -> bool {
        match self {
            Self::OneOf(texts) => texts.binary_search_by(|t| t.as_str().cmp(text)).is_ok(),
            Self::Contains(part) => text.to_lowercase().contains(part),
            Self::StartsWith(start) => text.to_lowercase().starts_with(start),
        }
    }
}

/// An aggregate over a customer's events of a kind.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Aggregate {
    pub(crate) function: AggregateFunction,
    pub(crate) event: EventId,
    pub(crate) field: Option<EventFieldId>,
    /// The field's type; a number of a count.
    pub(crate) of: Type,
    /// Position in [`super::Program::windows`].
    pub(crate) window: usize,
    pub(crate) filter: Option<NodeId>,
}

/// The kinds of nodes: values, then conditions.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Node {
    /// Never known: an aggregate that makes no sense, a segmentation that asks for itself.
    Unknown,
    Constant(Value),
    Field(FieldId),
    EventField(EventId, EventFieldId),
    /// Of the event on which a rule fires; unknown where everybody is looked at.
    Fired(EventId, EventFieldId),
    Aggregate(Aggregate),
    TimeSince(EventId, Which),
    Frequency,
    /// The position of the first true condition, the number of them where all are false.
    Place(Vec<NodeId>),
    OrElse(NodeId, NodeId),
    ShareOf(Share, NodeId),

    /// Two numbers of one type.
    Compare(Order, NodeId, NodeId),
    /// Two texts are equal; as lists, where an element of one is an element of the other.
    SameText {
        left: NodeId,
        right: NodeId,
        lists: bool,
    },
    /// A text passes; as a list, where any element does.
    Text {
        of: NodeId,
        test: TextTest,
        list: bool,
    },
    /// A number is one of these (sorted).
    OneOf(NodeId, Vec<i64>),
    /// A date or instant is within days, by their position in [`super::Program::day_spans`].
    During(NodeId, usize),
    /// Its day of the year comes in them.
    Falls(NodeId, usize),
    /// Somebody moved, by the position in [`super::Program::leaves`].
    Moved(usize),
    IsKnown(NodeId),
    And(Vec<NodeId>),
    Or(Vec<NodeId>),
    Not(NodeId),
}

impl Node {
    /// Whether it is true, false or unknown rather than a value.
    pub(crate) const fn is_condition(&self) -> bool {
        match self {
            Self::Compare(..)
            | Self::SameText { .. }
            | Self::Text { .. }
            | Self::OneOf(..)
            | Self::During(..)
            | Self::Falls(..)
            | Self::Moved(_)
            | Self::IsKnown(_)
            | Self::And(_)
            | Self::Or(_)
            | Self::Not(_) => true,
            Self::Unknown
            | Self::Constant(_)
            | Self::Field(_)
            | Self::EventField(..)
            | Self::Fired(..)
            | Self::Aggregate(_)
            | Self::TimeSince(..)
            | Self::Frequency
            | Self::Place(_)
            | Self::OrElse(..)
            | Self::ShareOf(..) => false,
        }
    }
}
