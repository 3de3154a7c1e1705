//! Customers, their orders and events in columns, in memory, in chunks behind `Arc`.
//!
//! A customer's number is its row. Rows without a customer (never given, or erased) match nothing
//! and stand in no bitmap. Cloning copies one pointer: a tick works on its clone while the owner
//! replaces the chunks that change. Knows profiles and orders; neither where they are kept nor
//! what a rule is.

mod bits;
mod chunk;
mod column;
mod events;
mod fact;
mod groups;
mod suppressed;

use std::collections::BTreeMap;
use std::sync::Arc;

use rayon::prelude::*;

use crate::model::{Bitmap, Channel, Currency, CustomerNumber, Instant};
use crate::record::Deed;
use crate::ruleset::{EventFieldId, EventId, FieldId, Schema, Value};

use events::Events;

pub use bits::{Bits, WORDS};
pub(crate) use chunk::Chunk;
pub use chunk::{Customer, Told};
pub(crate) use column::{Column, Texts};
pub use fact::kind_of;
pub use suppressed::Suppressed;

/// Customers in a chunk.
pub const ROWS: usize = 4_096;

/// Customers that a build holds as records before it turns them into columns.
const BUILD_BATCH: usize = 16 * ROWS;

/// The fields of an event, of which only texts are told; an unknown one is none.
pub type FieldTexts = Vec<Option<String>>;

/// Everybody, as far as rules can see them. Cheap to clone.
#[derive(Clone)]
pub struct Population {
    schema: Arc<Schema>,
    currency: Option<Currency>,
    chunks: Arc<Vec<Arc<Chunk>>>,
}

impl std::fmt::Debug for Population {
    /// Without anybody's data, so that no debug print carries it into a log.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Population({} customers)", self.len())
    }
}

impl PartialEq for Population {
    /// Whether both hold the same customers in columns of the same schema.
    fn eq(&self, other: &Self) -> bool {
        let shared = |(a, b): (&Arc<Chunk>, &Arc<Chunk>)| Arc::ptr_eq(a, b) || a == b;
        self.schema == other.schema
            && self.currency == other.currency
            && self.chunks.len() == other.chunks.len()
            && self.chunks.iter().zip(other.chunks.iter()).all(shared)
    }
}

impl Population {
    /// Nobody. A `currency` of `None` is the unnamed one: an order that names any is then foreign.
    #[must_use]
    pub fn new(schema: Arc<Schema>, currency: Option<Currency>) -> Self {
        Self { schema, currency, chunks: Arc::default() }
    }

    /// Everybody at once. Fastest when the numbers rise; right in any order. A number that comes
    /// twice keeps what came last.
    #[must_use]
    pub fn build(
        schema: Arc<Schema>,
        currency: Option<Currency>,
        customers: impl IntoIterator<Item: Into<Told>>,
    ) -> Self {
        let mut population = Self::new(schema, currency);
        let mut customers = customers.into_iter().peekable();
        while customers.peek().is_some() {
            let batch: Vec<Told> = customers.by_ref().take(BUILD_BATCH).map(Into::into).collect();
            population.upsert(batch.iter().map(Told::borrow).collect());
        }
        population
    }

    /// Replaces or adds customers; only the chunks they are in are made anew. Of a number that
    /// comes twice the last one counts.
    pub fn upsert(&mut self, customers: Vec<Customer<'_>>) {
        let mut groups: BTreeMap<usize, BTreeMap<usize, Customer<'_>>> = BTreeMap::new();
        for customer in customers {
            groups.entry(chunk_of(customer.number)).or_default().insert(customer.row(), customer);
        }
        let Some((&last, _)) = groups.last_key_value() else { return };
        let empty = Arc::new(Chunk::empty(&self.schema));
        let made: Vec<(usize, Arc<Chunk>)> = groups
            .into_par_iter()
            .map(|(index, group)| {
                let before = self.chunks.get(index).unwrap_or(&empty);
                let customers: Vec<Customer<'_>> = group.into_values().collect();
                (index, Arc::new(before.with(&self.schema, self.currency, &customers)))
            })
            .collect();
        let chunks = Arc::make_mut(&mut self.chunks);
        if chunks.len() <= last {
            chunks.resize(last + 1, empty);
        }
        for (index, chunk) in made {
            chunks[index] = chunk;
        }
    }

    /// Adds what we did, beside what was told; for customers that are here. All at once is cheaper
    /// than one by one: each chunk concerned is made anew.
    pub fn record(&mut self, deeds: &[Deed]) {
        let mut groups: BTreeMap<usize, BTreeMap<usize, Vec<&Deed>>> = BTreeMap::new();
        for deed in deeds.iter().filter(|deed| self.contains(deed.customer)) {
            let rows = groups.entry(chunk_of(deed.customer)).or_default();
            rows.entry(deed.customer.0 as usize % ROWS).or_default().push(deed);
        }
        let made: Vec<(usize, Arc<Chunk>)> = groups
            .into_par_iter()
            .map(|(index, rows)| {
                let rows: Vec<(usize, Vec<&Deed>)> = rows.into_iter().collect();
                (index, Arc::new(self.chunks[index].recorded(&rows)))
            })
            .collect();
        let chunks = Arc::make_mut(&mut self.chunks);
        for (index, chunk) in made {
            chunks[index] = chunk;
        }
    }

    /// Takes erased customers out; numbers without a customer are passed over.
    pub fn remove(&mut self, numbers: &[CustomerNumber]) {
        let mut groups: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for number in numbers.iter().filter(|&&number| self.contains(number)) {
            groups.entry(chunk_of(*number)).or_default().push(number.0 as usize % ROWS);
        }
        for (index, mut rows) in groups {
            rows.sort_unstable();
            rows.dedup();
            let next = self.chunks[index].without(&rows);
            Arc::make_mut(&mut self.chunks)[index] = Arc::new(next);
        }
    }

    /// The schema that the columns were made by.
    #[must_use]
    pub const fn schema(&self) -> &Arc<Schema> {
        &self.schema
    }

    /// The workspace's currency that orders were compared with.
    #[must_use]
    pub const fn currency(&self) -> Option<Currency> {
        self.currency
    }

    /// How many customers.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.chunks.iter().map(|chunk| u64::from(chunk.exists.count())).sum()
    }

    /// How many orders they made.
    #[must_use]
    pub fn orders(&self) -> u64 {
        self.chunks.iter().map(|chunk| chunk.orders().len() as u64).sum()
    }

    /// How many events of a kind happened to them.
    #[must_use]
    pub fn events(&self, kind: EventId) -> u64 {
        let of = |chunk: &Arc<Chunk>| chunk.events.get(kind.index()).map_or(0, |events| events.len() as u64);
        self.chunks.iter().map(of).sum()
    }

    /// Whether there is nobody.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.chunks.iter().all(|chunk| chunk.exists.is_empty())
    }

    /// Whether that customer is here.
    #[must_use]
    pub fn contains(&self, number: CustomerNumber) -> bool {
        self.row(number).is_some()
    }

    /// The shop's id of a customer.
    #[must_use]
    pub fn id(&self, number: CustomerNumber) -> Option<&str> {
        let (chunk, row) = self.row(number)?;
        chunk.ids[row].as_deref()
    }

    /// The customer with that id of the shop; looks at everybody.
    #[must_use]
    pub fn find(&self, id: &str) -> Option<CustomerNumber> {
        self.everybody().iter().map(CustomerNumber).find(|&number| self.id(number) == Some(id))
    }

    /// Everybody.
    #[must_use]
    pub fn everybody(&self) -> Bitmap {
        self.collect(|chunk| chunk.exists)
    }

    /// A field's value; `None` where unknown. Lists are joined by U+001F.
    #[must_use]
    pub fn value(&self, number: CustomerNumber, field: FieldId) -> Option<Value> {
        let (chunk, row) = self.row(number)?;
        match &**chunk.columns.get(usize::from(field.0))? {
            Column::Scalars(scalars) => {
                self.schema.from_scalar(self.schema.field(field).ty, scalars.get(row)?)
            }
            Column::Texts(texts) => texts.get(row).map(|text| Value::Text(text.into())),
        }
    }

    /// The text of a field such as `email`; `None` where unknown or no text.
    #[must_use]
    pub fn text(&self, number: CustomerNumber, field: FieldId) -> Option<&str> {
        let (chunk, row) = self.row(number)?;
        match &**chunk.columns.get(usize::from(field.0))? {
            Column::Scalars(_) => None,
            Column::Texts(texts) => texts.get(row),
        }
    }

    /// When something of a customer happened, whatever it was; in no order.
    #[must_use]
    pub fn times(&self, number: CustomerNumber) -> Vec<Instant> {
        let Some((chunk, row)) = self.row(number) else { return Vec::new() };
        let times = |events: &Events| -> Vec<Instant> {
            events.of(row).map(|event| Instant(events.times[event])).collect()
        };
        chunk.events.iter().flat_map(|events| times(events)).collect()
    }

    /// When the first order or declared event of a customer happened; what we did is none of theirs.
    #[must_use]
    pub fn first_told(&self, number: CustomerNumber) -> Option<Instant> {
        let (chunk, row) = self.row(number)?;
        let theirs = (0..).map(EventId).zip(chunk.events.iter()).filter(|(kind, _)| !kind.is_ours());
        let first = |events: &Events| Some(Instant(events.times[events.of(row).next()?]));
        theirs.filter_map(|(_, events)| first(events)).min()
    }

    /// The last event of a kind up to an instant: when, and its fields, of which only texts are told.
    #[must_use]
    pub fn last_texts(
        &self,
        number: CustomerNumber,
        kind: EventId,
        until: Instant,
    ) -> Option<(Instant, Vec<Option<String>>)> {
        let (chunk, row) = self.row(number)?;
        let events = chunk.events.get(kind.index())?;
        let last = events.of(row).rev().find(|event| events.times[*event] <= until.0)?;
        let fields = (0..).map(EventFieldId).take(self.schema.event(kind).fields.len());
        let texts = fields.map(|field| events.text(field, last).map(str::to_owned)).collect();
        Some((Instant(events.times[last]), texts))
    }

    /// The events of a kind up to an instant, the last one first: their fields, of which only texts are
    /// told.
    #[must_use]
    pub fn texts(&self, number: CustomerNumber, kind: EventId, until: Instant) -> Vec<Vec<Option<String>>> {
        self.events_with(number, kind, until, |_| true).into_iter().map(|(_, texts)| texts).collect()
    }

    /// Those of them that were told, with their times; not what was recorded here.
    #[must_use]
    pub fn told(&self, number: CustomerNumber, kind: EventId, until: Instant) -> Vec<(Instant, FieldTexts)> {
        self.events_with(number, kind, until, |own| !own)
    }

    /// Those of them that were recorded here, with their times.
    #[must_use]
    pub fn recorded(
        &self,
        number: CustomerNumber,
        kind: EventId,
        until: Instant,
    ) -> Vec<(Instant, FieldTexts)> {
        self.events_with(number, kind, until, |own| own)
    }

    fn events_with(
        &self,
        number: CustomerNumber,
        kind: EventId,
        until: Instant,
        wanted: impl Fn(bool) -> bool,
    ) -> Vec<(Instant, FieldTexts)> {
        let Some((chunk, row)) = self.row(number) else { return Vec::new() };
        let Some(events) = chunk.events.get(kind.index()) else { return Vec::new() };
        let count = self.schema.event(kind).fields.len();
        let texts = |event: usize| {
            let fields = (0..).map(EventFieldId).take(count);
            let texts = fields.map(|field| events.text(field, event).map(str::to_owned)).collect();
            (Instant(events.times[event]), texts)
        };
        let past = events.of(row).rev().filter(|event| events.times[*event] <= until.0);
        past.filter(|event| wanted(events.is_own(*event))).map(texts).collect()
    }

    /// When the first event of a kind after an instant was that says `text` in a field.
    #[must_use]
    pub fn next_like(
        &self,
        number: CustomerNumber,
        kind: EventId,
        (field, text): (EventFieldId, &str),
        after: Instant,
    ) -> Option<Instant> {
        let (chunk, row) = self.row(number)?;
        let events = chunk.events.get(kind.index())?;
        let says = |event: &usize| events.times[*event] > after.0 && events.text(field, *event) == Some(text);
        events.of(row).find(says).map(|event| Instant(events.times[event]))
    }

    /// Those who have a value in that field: an address, say.
    #[must_use]
    pub fn known(&self, field: FieldId) -> Bitmap {
        self.collect(|chunk| match chunk.columns.get(usize::from(field.0)).map(|column| &**column) {
            Some(Column::Scalars(scalars)) => *scalars.known,
            Some(Column::Texts(texts)) => texts.known(),
            None => Bits::EMPTY,
        })
    }

    /// Those who consented to marketing on that channel.
    #[must_use]
    pub fn consenting(&self, channel: &Channel) -> Bitmap {
        self.collect(|chunk| chunk.consenting(channel))
    }

    /// Whether that customer consented to marketing on that channel.
    #[must_use]
    pub fn consents(&self, number: CustomerNumber, channel: &Channel) -> bool {
        self.row(number).is_some_and(|(chunk, row)| chunk.consenting(channel).get(row))
    }

    /// Those with orders in another currency than the workspace's up to `now`: what money their
    /// orders made is unknown.
    #[must_use]
    pub fn foreign_currency(&self, now: Instant) -> Bitmap {
        self.collect(|chunk| chunk.foreign(now.0))
    }

    /// Orders in other currencies than the workspace's up to `now`: by currency how many customers
    /// have them, and how many they are.
    #[must_use]
    pub fn foreign_orders(&self, now: Instant) -> BTreeMap<Currency, (u64, u64)> {
        let mut found: BTreeMap<Currency, (u64, u64)> = BTreeMap::new();
        for chunk in self.chunks.iter() {
            for row in chunk.foreign(now.0).iter() {
                for (currency, orders) in chunk.foreign_orders(row, now.0) {
                    let (customers, all) = found.entry(currency).or_default();
                    *customers += 1;
                    *all += orders;
                }
            }
        }
        found
    }

    /// How many events of a kind have a value in a field.
    #[must_use]
    pub fn filled(&self, kind: EventId, field: EventFieldId) -> u64 {
        let of = |chunk: &Arc<Chunk>| {
            chunk.events.get(kind.index()).map_or(0, |events| events.filled(field) as u64)
        };
        self.chunks.iter().map(of).sum()
    }

    pub(crate) fn chunks(&self) -> &[Arc<Chunk>] {
        &self.chunks
    }

    /// The chunk and the row within it, of a customer that is here.
    pub(crate) fn row(&self, number: CustomerNumber) -> Option<(&Chunk, usize)> {
        let chunk = self.chunks.get(chunk_of(number))?;
        let row = number.0 as usize % ROWS;
        chunk.exists.get(row).then_some((chunk, row))
    }

    fn collect(&self, of: impl Fn(&Chunk) -> Bits) -> Bitmap {
        Bitmap::from_words(self.chunks.iter().flat_map(|chunk| of(chunk).0).collect())
    }
}

const fn chunk_of(number: CustomerNumber) -> usize {
    number.0 as usize / ROWS
}
