//! Events as rules on them see them: found in the store by what names them, and read by the present
//! declarations.

use std::collections::HashMap;

use crate::evaluate::Fired;
use crate::model::{Currency, CustomerNumber, Instant};
use crate::population::Population;
use crate::record::{Event, EventRef, Line, ORDER, Order};
use crate::ruleset::{EventId, LIST_SEPARATOR, Schema, Value};
use crate::store::{Store, StoreError, tables};

use super::active::Active;

/// Customers whose events are kept at hand at most.
const AT_HAND: usize = 1_024;

/// Finds events; those of a customer are read once for several of them.
pub(super) struct Occurred<'a> {
    store: &'a dyn Store,
    currency: Option<Currency>,
    at_hand: HashMap<(CustomerNumber, bool), Vec<Event>>,
}

impl<'a> Occurred<'a> {
    /// Over a store; `currency` is the workspace's.
    pub(super) fn new(store: &'a dyn Store, currency: Option<Currency>) -> Self {
        Self { store, currency, at_hand: HashMap::new() }
    }

    /// An event of a customer, an order as such; none where the store does not have it (any more).
    pub(super) fn find(
        &mut self,
        customer: CustomerNumber,
        event: &EventRef,
    ) -> Result<Option<Event>, StoreError> {
        if !event.did.is_empty() {
            return Ok(Some(of_deed(event)));
        }
        Ok(self.of(customer, event.name == ORDER)?.iter().find(|one| one.reference() == *event).cloned())
    }

    /// When the next event of a kind behind one was, of those that are known.
    pub(super) fn later(
        &mut self,
        customer: CustomerNumber,
        event: &EventRef,
        of_kind: impl Fn(&EventRef) -> bool,
    ) -> Result<Option<Instant>, StoreError> {
        let all = self.of(customer, event.name == ORDER)?.iter().map(Event::reference);
        Ok(all.filter(|one| one > event && of_kind(one)).map(|one| one.time).min())
    }

    /// Which message something that we did, or that somebody did with it, concerns.
    pub(super) fn message(
        &mut self,
        customer: CustomerNumber,
        event: &EventRef,
    ) -> Result<Option<String>, StoreError> {
        let fields = self.find(customer, event)?.map(|event| event.fields).unwrap_or_default();
        Ok(fields.into_iter().find(|(field, _)| field == "message").map(|(_, text)| text))
    }

    /// All events of a customer, or their orders as such; a refund is none.
    fn of(&mut self, customer: CustomerNumber, order: bool) -> Result<&[Event], StoreError> {
        if !self.at_hand.contains_key(&(customer, order)) {
            if self.at_hand.len() >= AT_HAND {
                self.at_hand.clear();
            }
            let read = if order {
                let orders = tables::customers::orders(self.store, customer)?;
                let orders = orders.iter().filter(|order| order.total.0 >= 0);
                orders.map(|order| of_order(order, self.currency)).collect()
            } else {
                tables::events::events(self.store, customer)?
            };
            self.at_hand.insert((customer, order), read);
        }
        Ok(self.at_hand.get(&(customer, order)).map_or(&[], Vec::as_slice))
    }
}

/// What we did as an event: its reference says all that there is.
fn of_deed(event: &EventRef) -> Event {
    let EventRef { time, name, id, did } = event.clone();
    Event { id, name, time, learnt: time, fields: did }
}

/// The latest event of that kind up to an instant, an order as such; what we did is in the population
/// alone.
pub(super) fn latest(
    (store, population): (&dyn Store, &Population),
    active: &Active,
    customer: CustomerNumber,
    (kind, until): (EventId, Instant),
) -> Result<Option<Fired>, StoreError> {
    if matches!(kind, EventId::SENT | EventId::BOUNCED) {
        return Ok(population.last_texts(customer, kind, until).map(|(time, texts)| Fired {
            event: kind,
            time,
            values: texts.into_iter().map(|text| text.map(Value::Text)).collect(),
        }));
    }
    let (schema, currency) = (&active.rules.schema, active.rules.workspace.currency);
    let events: Vec<Event> = if kind == EventId::ORDER {
        let orders = tables::customers::orders(store, customer)?;
        orders.iter().filter(|order| order.total.0 >= 0).map(|order| of_order(order, currency)).collect()
    } else {
        tables::events::events(store, customer)?
    };
    let told = |event: &Event| schema.find_told(&event.name) == Some(kind) && event.time <= until;
    let seen = events.into_iter().filter(told);
    let last = seen.max_by(|one, other| (one.time, &one.id).cmp(&(other.time, &other.id)));
    Ok(last.and_then(|event| active.fired(&event)))
}

/// An order as an event: its lines together, as conditions see them.
fn of_order(order: &Order, currency: Option<Currency>) -> Event {
    let mut fields: Vec<(String, String)> = Vec::new();
    let mut known = |name: &str, text: Option<String>| {
        fields.extend(text.map(|text| (name.to_owned(), text)));
    };
    known("category", joined(order, |line| line.category.as_deref()));
    known("channel", joined(order, |line| line.channel.as_deref()));
    known("product", joined(order, |line| line.product.as_deref()));
    let pieces = order.lines.iter().try_fold(0_i64, |sum, line| sum.checked_add(line.quantity?.0));
    let pieces = pieces.filter(|_| !order.lines.is_empty());
    known("quantity", pieces.map(|pieces| crate::model::Number(pieces).to_string()));
    // An amount in another currency is no amount in ours.
    let ours = order.currency.is_none() || order.currency == currency;
    known("total", ours.then(|| order.total.to_string()));
    Event { id: order.id.clone(), name: ORDER.to_owned(), time: order.time, learnt: order.learnt, fields }
}

/// The distinct texts of an order's lines in the order in which they first stand.
fn joined(order: &Order, read: fn(&Line) -> Option<&str>) -> Option<String> {
    let mut distinct: Vec<&str> = Vec::new();
    for text in order.lines.iter().filter_map(read) {
        if !distinct.contains(&text) {
            distinct.push(text);
        }
    }
    (!distinct.is_empty()).then(|| distinct.join(&LIST_SEPARATOR.to_string()))
}

/// What conditions and templates read of an event; none where rules do not declare it (any more). A
/// text that is no value of its field's present type is unknown.
pub(super) fn fired(event: &Event, schema: &Schema) -> Option<Fired> {
    let id = schema.find_told(&event.name)?;
    let value = |field: &crate::ruleset::Field| {
        let at = event.fields.binary_search_by(|(name, _)| name.cmp(&field.name)).ok()?;
        schema.read_canonical(field.ty, &event.fields[at].1)
    };
    let values = schema.event(id).fields.iter().map(value).collect();
    Some(Fired { event: id, time: event.time, values })
}
