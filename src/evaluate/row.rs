//! One customer: a walk over the nodes that are asked for, in microseconds.

use std::cell::Cell as Slot;

use crate::compile::{Aggregate, Node, NodeId, Order, TextTest};
use crate::model::{Money, Share};
use crate::population::{Chunk, Column};
use crate::ruleset::{EventFieldId, EventId, LIST_SEPARATOR, Type, Value};

use super::moment::Moment;
use super::tally::{Why, aggregate, aggregate_text, frequency, tally, time_since};

/// A known value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cell<'a> {
    Number(i64),
    Text(&'a str),
}

impl<'a> Cell<'a> {
    pub(super) const fn number(self) -> Option<i64> {
        match self {
            Self::Number(number) => Some(number),
            Self::Text(_) => None,
        }
    }

    pub(super) const fn text(self) -> Option<&'a str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Number(_) => None,
        }
    }
}

/// One customer's row at a moment.
pub(super) struct Row<'a> {
    pub(super) moment: &'a Moment<'a>,
    pub(super) chunk: &'a Chunk,
    pub(super) at: usize,
    /// What conditions came to, by node; named conditions are asked for again and again. Empty:
    /// nothing is remembered.
    memo: Vec<Slot<Memo>>,
}

#[derive(Clone, Copy)]
enum Memo {
    New,
    Known(Option<bool>),
}

impl<'a> Row<'a> {
    /// For whole conditions: each node is looked at once.
    pub(super) fn remembering(moment: &'a Moment<'a>, chunk: &'a Chunk, row: usize) -> Self {
        Self { moment, chunk, at: row, memo: vec![Slot::new(Memo::New); moment.program.len()] }
    }

    /// For single nodes: nothing is set up.
    pub(super) const fn forgetting(moment: &'a Moment<'a>, chunk: &'a Chunk, row: usize) -> Self {
        Self { moment, chunk, at: row, memo: Vec::new() }
    }

    /// The customer's number.
    fn number(&self) -> u32 {
        self.chunk.first.saturating_add(u32::try_from(self.at).unwrap_or(u32::MAX))
    }

    /// A node's value with its type; a condition is a yes or no.
    pub(super) fn typed(&self, id: NodeId) -> Option<Value> {
        let ty = match self.moment.program.ty(id) {
            Type::Condition => Type::YesNo,
            other => other,
        };
        if let Node::Constant(value) = self.moment.program.node(id) {
            return Some(value.clone());
        }
        match self.value(id, None)? {
            Cell::Text(text) => Some(Value::Text(text.into())),
            Cell::Number(number) => self.moment.program.schema().from_scalar(ty, number),
        }
    }

    /// A node's value; inside `where`, over one event. `None` is unknown.
    pub(super) fn value(&self, id: NodeId, event: Option<usize>) -> Option<Cell<'a>> {
        let (moment, chunk, row) = (self.moment, self.chunk, self.at);
        match moment.program.node(id) {
            Node::Unknown => None,
            Node::Constant(Value::Text(text)) => Some(Cell::Text(text)),
            Node::Constant(value) => value.scalar().map(Cell::Number),
            Node::Field(field) => match &**chunk.columns.get(usize::from(field.0))? {
                Column::Scalars(scalars) => scalars.get(row).map(Cell::Number),
                Column::Texts(texts) => texts.get(row).map(Cell::Text),
            },
            Node::Fired(event, field) => self.fired(*event, *field),
            Node::EventField(kind, field) => event.and_then(|event| self.event_field(*kind, *field, event)),
            Node::Aggregate(spec) => self.aggregate(spec).ok(),
            Node::TimeSince(event, which) => {
                time_since(moment, chunk, row, *event, *which).ok().map(Cell::Number)
            }
            Node::Frequency => Some(Cell::Number(frequency(moment, chunk, row))),
            Node::Place(conditions) => self.place(conditions, event).map(Cell::Number),
            Node::OrElse(first, second) => self.value(*first, event).or_else(|| self.value(*second, event)),
            Node::ShareOf(share, of) => {
                let of_number = self.value(*of, event)?.number()?;
                share_of(*share, of_number, moment.program.ty(*of)).map(Cell::Number)
            }
            Node::Compare(..)
            | Node::SameText { .. }
            | Node::Text { .. }
            | Node::OneOf(..)
            | Node::During(..)
            | Node::Falls(..)
            | Node::Moved(_)
            | Node::IsKnown(_)
            | Node::And(_)
            | Node::Or(_)
            | Node::Not(_) => self.truth(id, event).map(|truth| Cell::Number(i64::from(truth))),
        }
    }

    /// An aggregate over the row's events, or why it is unknown.
    pub(super) fn aggregate(&self, spec: &Aggregate) -> Result<Cell<'a>, Why> {
        let judge = |filter, event| self.truth(filter, Some(event));
        if matches!(spec.of, Type::Text | Type::ListOfText) {
            return aggregate_text(self.moment, self.chunk, self.at, spec, judge).map(Cell::Text);
        }
        aggregate(self.moment, self.chunk, self.at, spec, judge).map(Cell::Number)
    }

    /// Events in an aggregate's window for which its `where` is unknown.
    pub(super) fn uncounted(&self, spec: &Aggregate) -> u32 {
        let judge = |filter, event| self.truth(filter, Some(event));
        tally(self.moment, self.chunk, self.at, spec, judge).map_or(0, |seen| seen.uncounted)
    }

    /// A field of the event on which the rule fires.
    fn fired(&self, event: EventId, field: EventFieldId) -> Option<Cell<'a>> {
        let fired = self.moment.fired.as_ref().filter(|fired| fired.event == event)?;
        match fired.values.get(field.index())?.as_ref()? {
            Value::Text(text) => Some(Cell::Text(text)),
            value => value.scalar().map(Cell::Number),
        }
    }

    fn event_field(&self, kind: EventId, field: EventFieldId, event: usize) -> Option<Cell<'a>> {
        let events = &self.chunk.events[kind.index()];
        // An amount in another currency is no amount in ours.
        if kind == EventId::ORDER && field == EventFieldId::TOTAL && events.foreign(event).is_some() {
            return None;
        }
        events.text(field, event).map(Cell::Text).or_else(|| events.number(field, event).map(Cell::Number))
    }

    /// The first true condition's position; an unknown one ends the search.
    fn place(&self, conditions: &[NodeId], event: Option<usize>) -> Option<i64> {
        for (position, &condition) in (0_i64..).zip(conditions) {
            if self.truth(condition, event)? {
                return Some(position);
            }
        }
        i64::try_from(conditions.len()).ok()
    }

    /// Whether a condition is true; inside `where`, over one event. `None` is unknown.
    pub(super) fn truth(&self, id: NodeId, event: Option<usize>) -> Option<bool> {
        let slot = if event.is_none() { self.memo.get(id.index()) } else { None };
        if let Some(Memo::Known(truth)) = slot.map(Slot::get) {
            return truth;
        }
        let truth = self.fresh_truth(id, event);
        if let Some(slot) = slot {
            slot.set(Memo::Known(truth));
        }
        truth
    }

    fn fresh_truth(&self, id: NodeId, event: Option<usize>) -> Option<bool> {
        match self.moment.program.node(id) {
            Node::Compare(comparison, left, right) => {
                let left = self.value(*left, event)?.number()?;
                let right = self.value(*right, event)?.number()?;
                Some(match comparison {
                    Order::Equal => left == right,
                    Order::Less => left < right,
                })
            }
            Node::SameText { left, right, lists } => {
                let left = self.value(*left, event)?.text()?;
                let right = self.value(*right, event)?.text()?;
                Some(same_text(left, right, *lists))
            }
            Node::Text { of, test, list } => Some(text_holds(test, *list, self.value(*of, event)?.text()?)),
            Node::OneOf(of, numbers) => {
                let number = self.value(*of, event)?.number()?;
                Some(numbers.binary_search(&number).is_ok())
            }
            Node::During(of, days) => {
                let number = self.value(*of, event)?.number()?;
                Some(self.moment.during(*days, self.moment.program.ty(*of), number))
            }
            Node::Falls(of, days) => {
                let number = self.value(*of, event)?.number()?;
                Some(self.moment.falls(*days, self.moment.program.ty(*of), number))
            }
            Node::Moved(leaf) => Some(self.moment.members(*leaf)?.contains(self.number())),
            Node::IsKnown(of) => Some(self.value(*of, event).is_some()),
            Node::And(parts) => self.first(parts, event, false),
            Node::Or(parts) => self.first(parts, event, true),
            Node::Not(of) => self.truth(*of, event).map(|truth| !truth),
            Node::Unknown
            | Node::Constant(_)
            | Node::Field(_)
            | Node::EventField(..)
            | Node::Fired(..)
            | Node::Aggregate(_)
            | Node::TimeSince(..)
            | Node::Frequency
            | Node::Place(_)
            | Node::OrElse(..)
            | Node::ShareOf(..) => Some(self.value(id, event)?.number()? != 0),
        }
    }

    /// `decisive` as soon as one part is; else unknown if one was; else the opposite.
    fn first(&self, parts: &[NodeId], event: Option<usize>, decisive: bool) -> Option<bool> {
        let mut unknown = false;
        for &part in parts {
            match self.truth(part, event) {
                Some(truth) if truth == decisive => return Some(decisive),
                Some(_) => {}
                None => unknown = true,
            }
        }
        (!unknown).then_some(!decisive)
    }
}

/// A share of a number of some type; money to the cent.
pub(super) fn share_of(share: Share, number: i64, ty: Type) -> Option<i64> {
    if ty == Type::Money { Money(number).share(share).map(|money| money.0) } else { share.of(number) }
}

/// Whether two texts are equal; of lists, whether they share an element.
fn same_text(left: &str, right: &str, lists: bool) -> bool {
    if !lists {
        return left == right;
    }
    left.split(LIST_SEPARATOR).any(|element| right.split(LIST_SEPARATOR).any(|other| element == other))
}

/// Whether a text passes; of a list, whether an element does.
pub(super) fn text_holds(asked: &TextTest, list: bool, text: &str) -> bool {
    if list { text.split(LIST_SEPARATOR).any(|element| asked.holds(element)) } else { asked.holds(text) }
}
