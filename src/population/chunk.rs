//! 4,096 customers in columns.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::model::{Channel, Currency, CustomerNumber, Instant};
use crate::record::{Deed, Event, Order, Profile};
use crate::ruleset::{EventId, OUR_EVENTS, Schema, Type};

use super::column::{Column, Scalars, Texts};
use super::events::{Events, Keep, Patch};
use super::fact::{Fact, by_kind, kind_of};
use super::{Bits, ROWS, Suppressed};

/// The built-in field that says since when a customer is one.
const CREATED: &str = "created";

/// What is known of one customer: all that was told, not a change. What was recorded here by
/// [`super::Population::record`] stays beside it.
#[derive(Clone, Copy)]
pub struct Customer<'a> {
    /// The row.
    pub number: CustomerNumber,
    /// The fields.
    pub profile: &'a Profile,
    /// All orders, in any order.
    pub orders: &'a [Order],
    /// All events, in any order.
    pub events: &'a [Event],
    /// Which addresses are suppressed.
    pub suppressed: Suppressed,
}

/// As [`Customer`], owned.
#[derive(Debug, Clone)]
pub struct Told {
    /// The row.
    pub number: CustomerNumber,
    /// The fields.
    pub profile: Profile,
    /// All orders, in any order.
    pub orders: Vec<Order>,
    /// All events, in any order.
    pub events: Vec<Event>,
    /// Which addresses are suppressed.
    pub suppressed: Suppressed,
}

impl Told {
    /// The same, borrowed.
    #[must_use]
    pub fn borrow(&self) -> Customer<'_> {
        Customer {
            number: self.number,
            profile: &self.profile,
            orders: &self.orders,
            events: &self.events,
            suppressed: self.suppressed,
        }
    }
}

impl From<(CustomerNumber, Profile, Vec<Order>, bool)> for Told {
    /// Somebody of whom only orders are known.
    fn from((number, profile, orders, suppressed): (CustomerNumber, Profile, Vec<Order>, bool)) -> Self {
        Self { number, profile, orders, events: Vec::new(), suppressed: suppressed.into() }
    }
}

impl Customer<'_> {
    /// The row within its chunk.
    pub(crate) const fn row(&self) -> usize {
        self.number.0 as usize % ROWS
    }
}

/// A chunk. Columns are shared with the chunk before where nothing in them changed.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Chunk {
    /// The number of the customer in row 0; any in a chunk without customers.
    pub(crate) first: u32,
    /// Rows that hold a customer.
    pub(crate) exists: Bits,
    /// The shop's ids.
    pub(crate) ids: Vec<Option<Arc<str>>>,
    /// By [`crate::ruleset::FieldId`].
    pub(crate) columns: Vec<Arc<Column>>,
    /// What happened to them, by [`EventId`]; the first are their orders.
    pub(crate) events: Vec<Arc<Events>>,
    /// Channels with a consent that was given, and whose; sorted.
    pub(crate) consents: Vec<(Channel, Bits)>,
    /// Whose e-mail address is suppressed.
    pub(super) suppressed_emails: Bits,
    /// Whose phone is.
    pub(super) suppressed_phones: Bits,
}

impl Chunk {
    /// A chunk without customers.
    pub(crate) fn empty(schema: &Schema) -> Self {
        let column = |ty: Type| match ty {
            Type::Text | Type::ListOfText => Column::Texts(Texts::empty()),
            Type::Money
            | Type::Number
            | Type::Percent
            | Type::Duration
            | Type::Date
            | Type::Time
            | Type::YesNo
            | Type::Choice(_)
            | Type::Condition => Column::Scalars(Scalars::empty()),
        };
        Self {
            first: 0,
            exists: Bits::EMPTY,
            ids: vec![None; ROWS],
            columns: schema.fields.iter().map(|field| Arc::new(column(field.ty))).collect(),
            events: schema.events.iter().map(|kind| Arc::new(Events::empty(kind))).collect(),
            consents: Vec::new(),
            suppressed_emails: Bits::EMPTY,
            suppressed_phones: Bits::EMPTY,
        }
    }

    /// A copy with some customers replaced; they rise by row, each row once.
    pub(crate) fn with(
        &self,
        schema: &Schema,
        currency: Option<Currency>,
        customers: &[Customer<'_>],
    ) -> Self {
        let mut next = self.clone();
        for customer in customers {
            let row = customer.row();
            next.first = customer.number.0 - u32::try_from(row).unwrap_or(0);
            next.exists.set(row, true);
            next.suppress(row, customer.suppressed);
            if next.ids[row].as_deref() != Some(&*customer.profile.id.0) {
                next.ids[row] = Some((&*customer.profile.id.0).into());
            }
            next.set_consents(row, customer.profile);
        }
        next.consents.retain(|(_, given)| !given.is_empty());
        let cells = cells(schema, customers);
        let created = schema.find(CREATED).map(|field| usize::from(field.0));
        for (position, (column, cells)) in next.columns.iter_mut().zip(cells).enumerate() {
            patch_column(column, schema, schema.fields[position].ty, cells.into_iter());
            if created == Some(position) {
                fill_created(column, customers);
            }
        }
        for (kind, patches) in facts(schema, currency, customers).into_iter().enumerate() {
            next.patch_events(kind, &patches);
        }
        next
    }

    /// A copy with what we did to some customers added; they rise by row, each row once.
    pub(crate) fn recorded(&self, rows: &[(usize, Vec<&Deed>)]) -> Self {
        let mut next = self.clone();
        for kind in [EventId::SENT, EventId::BOUNCED] {
            let patches: Vec<Patch<'_>> = rows
                .iter()
                .map(|(row, deeds)| {
                    let of_kind = deeds.iter().filter(|deed| kind_of(deed.kind) == kind);
                    Patch::new(*row, Keep::All, of_kind.map(|deed| Fact::deed(deed)).collect())
                })
                .filter(|patch| !patch.is_empty())
                .collect();
            next.patch_events(kind.index(), &patches);
        }
        next
    }

    /// Replaces the events of some rows; where nothing changes they stay shared.
    fn patch_events(&mut self, kind: usize, patches: &[Patch<'_>]) {
        let Some(events) = self.events.get_mut(kind) else { return };
        if patches.iter().any(|patch| !patch.is_empty() || !events.of(patch.row()).is_empty()) {
            *events = Arc::new(events.patched(patches));
        }
    }

    /// A copy without the customers in those rows.
    pub(crate) fn without(&self, rows: &[usize]) -> Self {
        let mut next = self.clone();
        for &row in rows {
            next.exists.set(row, false);
            next.suppress(row, Suppressed::NONE);
            next.ids[row] = None;
            for (_, given) in &mut next.consents {
                given.set(row, false);
            }
        }
        next.consents.retain(|(_, given)| !given.is_empty());
        for column in &mut next.columns {
            match Arc::make_mut(column) {
                Column::Scalars(scalars) => rows.iter().for_each(|&row| scalars.set(row, None)),
                Column::Texts(texts) => {
                    *texts = texts.patched(&rows.iter().map(|&row| (row, None)).collect::<Vec<_>>());
                }
            }
        }
        let patches: Vec<Patch<'_>> =
            rows.iter().map(|&row| Patch::new(row, Keep::None, Vec::new())).collect();
        for kind in 0..next.events.len() {
            next.patch_events(kind, &patches);
        }
        next
    }

    /// Whose consent on that channel was given.
    pub(crate) fn consenting(&self, channel: &Channel) -> Bits {
        let found = self.consents.binary_search_by(|(c, _)| c.cmp(channel));
        found.map_or(Bits::EMPTY, |at| self.consents[at].1)
    }

    /// Who has an order in a foreign currency up to `now`.
    pub(crate) fn foreign(&self, now: i64) -> Bits {
        let mut rows = Bits::EMPTY;
        if self.orders().has_foreign() {
            for row in self.exists.iter().filter(|&row| self.foreign_currency(row, now).is_some()) {
                rows.set(row, true);
            }
        }
        rows
    }

    /// The first foreign currency of a row's orders up to `now`.
    pub(crate) fn foreign_currency(&self, row: usize, now: i64) -> Option<Currency> {
        let orders = self.orders();
        if !orders.has_foreign() {
            return None;
        }
        orders.of(row).filter(|&order| orders.times[order] <= now).find_map(|order| orders.foreign(order))
    }

    /// A row's orders in foreign currencies up to `now`, counted.
    pub(crate) fn foreign_orders(&self, row: usize, now: i64) -> BTreeMap<Currency, u64> {
        let orders = self.orders();
        let mut counts = BTreeMap::new();
        for currency in orders
            .of(row)
            .filter(|&order| orders.times[order] <= now)
            .filter_map(|order| orders.foreign(order))
        {
            *counts.entry(currency).or_default() += 1;
        }
        counts
    }

    /// Their orders.
    pub(crate) fn orders(&self) -> &Events {
        &self.events[EventId::ORDER.index()]
    }

    fn set_consents(&mut self, row: usize, profile: &Profile) {
        for (_, given) in &mut self.consents {
            given.set(row, false);
        }
        for (channel, _) in profile.consents.iter().filter(|(_, consent)| consent.given) {
            let at = match self.consents.binary_search_by(|(c, _)| c.cmp(channel)) {
                Ok(at) => at,
                Err(at) => {
                    self.consents.insert(at, (channel.clone(), Bits::EMPTY));
                    at
                }
            };
            self.consents[at].1.set(row, true);
        }
    }
}

/// What happened to the customers, by kind, a patch a customer.
fn facts<'a>(schema: &Schema, currency: Option<Currency>, customers: &[Customer<'a>]) -> Vec<Vec<Patch<'a>>> {
    let kinds = || (0..).map(EventId).zip(&schema.events);
    let former = kinds().flat_map(|(id, kind)| kind.names.iter().map(move |name| (name.as_str(), id)));
    // What is called so today comes last and holds.
    let ids: HashMap<&str, EventId> =
        former.chain(kinds().map(|(id, kind)| (kind.name.as_str(), id))).collect();
    let mut patches: Vec<Vec<Patch<'a>>> =
        schema.events.iter().map(|_| Vec::with_capacity(customers.len())).collect();
    for customer in customers {
        let mut kinds = by_kind(customer.events, schema, &ids);
        for (kind, patches) in patches.iter_mut().enumerate() {
            let facts = if kind == EventId::ORDER.index() {
                customer.orders.iter().map(|order| Fact::order(order, currency)).collect()
            } else {
                let found = kinds.iter_mut().find(|(id, _)| id.index() == kind);
                found.map(|(_, facts)| std::mem::take(facts)).unwrap_or_default()
            };
            patches.push(Patch::new(customer.row(), Keep::Own, facts));
        }
    }
    patches
}

/// The stored texts by field, a cell a customer. Each profile is walked once: what is slow about it
/// is to fetch its scattered texts from memory.
fn cells<'a>(schema: &Schema, customers: &[Customer<'a>]) -> Vec<Vec<(usize, Option<&'a str>)>> {
    let mut by_name: Vec<(&str, usize)> =
        schema.keys().enumerate().map(|(position, key)| (key, position)).collect();
    by_name.sort_unstable();
    let blank: Vec<(usize, Option<&str>)> = customers.iter().map(|c| (c.row(), None)).collect();
    let mut cells = vec![blank; schema.fields.len()];
    for (index, customer) in customers.iter().enumerate() {
        for (name, text) in &customer.profile.values {
            if let Ok(found) = by_name.binary_search_by(|(known, _)| (*known).cmp(name)) {
                cells[by_name[found].1][index].1 = Some(text);
            }
        }
    }
    cells
}

/// Says of those who came by HTTP when that was, where nobody says when they were created: with their
/// first order or event, else when they came.
fn fill_created(column: &mut Arc<Column>, customers: &[Customer<'_>]) {
    for customer in customers.iter().filter(|customer| customer.profile.by_http) {
        let row = customer.row();
        let Column::Scalars(scalars) = &**column else { return };
        if scalars.get(row).is_some() {
            continue;
        }
        let ours = |event: &&Event| OUR_EVENTS.contains(&event.name.as_str());
        let events = customer.events.iter().filter(|event| !ours(event)).map(|event| event.time);
        let first = customer.orders.iter().map(|order| order.time).chain(events).min();
        let Instant(at) = first.unwrap_or(customer.profile.learnt);
        if let Column::Scalars(scalars) = Arc::make_mut(column) {
            scalars.set(row, Some(at));
        }
    }
}

/// Replaces cells; a column in which nothing changed stays shared.
fn patch_column<'a>(
    column: &mut Arc<Column>,
    schema: &Schema,
    ty: Type,
    cells: impl Iterator<Item = (usize, Option<&'a str>)>,
) {
    match &**column {
        Column::Scalars(scalars) => {
            // A stored text that is no value of the field's present type is unknown.
            let read = |text: &str| schema.read_canonical(ty, text).and_then(|value| value.scalar());
            let changed: Vec<(usize, Option<i64>)> = cells
                .map(|(row, text)| (row, text.and_then(read)))
                .filter(|&(row, value)| scalars.get(row) != value)
                .collect();
            if let (false, Column::Scalars(scalars)) = (changed.is_empty(), Arc::make_mut(column)) {
                for (row, value) in changed {
                    scalars.set(row, value);
                }
            }
        }
        Column::Texts(texts) => {
            let changed: Vec<(usize, Option<&str>)> = cells
                .map(|(row, text)| (row, text.filter(|text| !text.is_empty())))
                .filter(|&(row, text)| texts.get(row) != text)
                .collect();
            if !changed.is_empty() {
                *column = Arc::new(Column::Texts(texts.patched(&changed)));
            }
        }
    }
}
