//! Events as rules on them see them: found in the store by what names them, and read by the present
//! declarations.

use std::collections::HashMap;

use crate::evaluate::Fired;
use crate::model::{Currency, CustomerNumber, Instant};
use crate::record::{Event, EventRef, Line, ORDER, Order};
use crate::ruleset::{LIST_SEPARATOR, Schema};
use crate::store::{Store, StoreError, tables};

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
        Ok(self.of(customer, event.name == ORDER)?.iter().find(|one| one.reference() == *event).cloned())
    }

    /// When the next event of that name behind one was, of those that are known.
    pub(super) fn later(
        &mut self,
        customer: CustomerNumber,
        event: &EventRef,
    ) -> Result<Option<Instant>, StoreError> {
        let all = self.of(customer, event.name == ORDER)?.iter();
        let behind = all.filter(|one| one.name == event.name && one.reference() > *event);
        Ok(behind.map(|one| one.time).min())
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

/// The latest event of that name up to an instant, an order as such.
pub(super) fn latest(
    store: &dyn Store,
    currency: Option<Currency>,
    customer: CustomerNumber,
    (name, until): (&str, Instant),
) -> Result<Option<Event>, StoreError> {
    let events: Vec<Event> = if name == ORDER {
        let orders = tables::customers::orders(store, customer)?;
        orders.iter().filter(|order| order.total.0 >= 0).map(|order| of_order(order, currency)).collect()
    } else {
        tables::events::events(store, customer)?
    };
    let seen = events.into_iter().filter(|event| event.name == name && event.time <= until);
    Ok(seen.max_by(|one, other| one.reference().cmp(&other.reference())))
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
    let id = schema.find_event(&event.name)?;
    let value = |field: &crate::ruleset::Field| {
        let at = event.fields.binary_search_by(|(name, _)| name.cmp(&field.name)).ok()?;
        schema.read_canonical(field.ty, &event.fields[at].1)
    };
    let values = schema.event(id).fields.iter().map(value).collect();
    Some(Fired { event: id, time: event.time, values })
}
