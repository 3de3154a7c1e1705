//! Orders, events and deeds in one shape, on their way into columns.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::HashMap;

use crate::model::Currency;
use crate::record::{Deed, DeedKind, Event, Line, Order};
use crate::ruleset::{EventId, EventKind, LIST_SEPARATOR, Schema, Type};

/// One event with its fields.
pub(crate) struct Fact<'a> {
    /// Milliseconds since 1970.
    pub(crate) time: i64,
    /// What tells it from others at that instant.
    id: &'a str,
    /// By [`crate::ruleset::EventFieldId`].
    pub(crate) cells: Vec<Cell<'a>>,
    /// Its currency, if it is not the workspace's.
    pub(crate) foreign: Option<Currency>,
    /// Recorded here rather than told.
    pub(crate) own: bool,
}

/// A field of a fact.
pub(crate) enum Cell<'a> {
    Unknown,
    Number(i64),
    Text(Cow<'a, str>),
}

impl Cell<'_> {
    pub(crate) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Unknown | Self::Number(_) => None,
        }
    }
}

impl<'a> Fact<'a> {
    /// By time, then by what tells equals apart.
    pub(crate) fn compare(&self, other: &Self) -> Ordering {
        let texts = || self.cells.iter().map(Cell::text).cmp(other.cells.iter().map(Cell::text));
        self.time.cmp(&other.time).then_with(|| self.id.cmp(other.id)).then_with(texts)
    }

    /// An order, its lines together; `currency` is the workspace's.
    pub(crate) fn order(order: &'a Order, currency: Option<Currency>) -> Self {
        let quantity = quantity(order).map_or(Cell::Unknown, Cell::Number);
        let texts = |read: fn(&Line) -> Option<&str>| joined(order, read).map_or(Cell::Unknown, Cell::Text);
        let cells = vec![
            Cell::Number(order.total.0),
            quantity,
            texts(|line| line.product.as_deref()),
            texts(|line| line.category.as_deref()),
            texts(|line| line.channel.as_deref()),
        ];
        let foreign = order.currency.filter(|_| order.currency != currency);
        Self { time: order.time.0, id: &order.id, cells, foreign, own: false }
    }

    /// An event; a text that is no value of its field's present type is unknown.
    pub(crate) fn event(event: &'a Event, kind: &EventKind, schema: &Schema) -> Self {
        let cell = |name: &str, ty: Type| {
            let found = event.fields.binary_search_by(|(known, _)| known.as_str().cmp(name));
            let Ok(at) = found else { return Cell::Unknown };
            let text = event.fields[at].1.as_str();
            if matches!(ty, Type::Text | Type::ListOfText) {
                return if text.is_empty() { Cell::Unknown } else { Cell::Text(text.into()) };
            }
            let value = schema.read_canonical(ty, text);
            value.and_then(|value| value.scalar()).map_or(Cell::Unknown, Cell::Number)
        };
        let cells = kind.fields.iter().map(|field| cell(&field.name, field.ty)).collect();
        Self { time: event.time.0, id: &event.id, cells, foreign: None, own: false }
    }

    /// Something that we did.
    pub(crate) fn deed(deed: &'a Deed) -> Self {
        let text = |text: &'a str| Cell::Text(text.into());
        let cells = vec![text(&deed.message), text(&deed.rule), text(&deed.channel.0)];
        Self { time: deed.at.0, id: "", cells, foreign: None, own: true }
    }
}

/// The kind of event that a deed is.
#[must_use]
pub const fn kind_of(deed: DeedKind) -> EventId {
    match deed {
        DeedKind::Sent => EventId::SENT,
        DeedKind::Bounced => EventId::BOUNCED,
    }
}

/// The events of one customer by their kinds; those that no rule declares are left out. Orders have
/// records of their own.
pub(crate) fn by_kind<'a>(
    events: &'a [Event],
    schema: &Schema,
    ids: &HashMap<&str, EventId>,
) -> Vec<(EventId, Vec<Fact<'a>>)> {
    let mut facts: Vec<(EventId, Vec<Fact<'a>>)> = Vec::new();
    for event in events {
        let Some(&id) = ids.get(event.name.as_str()).filter(|id| **id != EventId::ORDER) else { continue };
        let fact = Fact::event(event, schema.event(id), schema);
        match facts.iter_mut().find(|(known, _)| *known == id) {
            Some((_, facts)) => facts.push(fact),
            None => facts.push((id, vec![fact])),
        }
    }
    facts
}

/// The distinct texts of an order's lines in the order in which they first stand.
fn joined<'o>(order: &'o Order, read: fn(&'o Line) -> Option<&'o str>) -> Option<Cow<'o, str>> {
    let mut lines = order.lines.iter().filter_map(read);
    let first = lines.next()?;
    let mut distinct = vec![first];
    for text in lines {
        if !distinct.contains(&text) {
            distinct.push(text);
        }
    }
    Some(match distinct[..] {
        [only] => Cow::Borrowed(only),
        _ => Cow::Owned(distinct.join(&LIST_SEPARATOR.to_string())),
    })
}

/// Pieces of all lines; unknown where one does not say, where there is no line, and on overflow.
fn quantity(order: &Order) -> Option<i64> {
    let sum = order.lines.iter().try_fold(0_i64, |sum, line| sum.checked_add(line.quantity?.0));
    sum.filter(|_| !order.lines.is_empty())
}
