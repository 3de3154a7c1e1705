//! A file of events, a row an event.
//!
//! The whole file is read before the first event comes out, so that what a customer's rows say
//! together (an id that stands for two different events) does not depend on their order. Rows wait
//! in one compact buffer, about their own size.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::model::{CustomerId, Instant};
use crate::record::Event;

use super::event::{Column, EventFields, ParsedEvent, customer, id, read};
use super::intern::Interner;
use super::orders::row_id;
use super::table::Table;
use super::{ImportError, NewEvent, Next, Options, Origin, Report, Row, Rows};

/// Reads a file or a body of events to its end; what is wrong with rows goes to `report`.
///
/// # Errors
/// When the input cannot be read, a column is missing, or `--map` cannot be.
pub fn read_events(
    rows: &mut dyn Rows,
    options: &Options,
    report: &mut Report,
) -> Result<Events, ImportError> {
    let mut required = vec![("customer_id", Column::Customer), ("time", Column::Time)];
    if options.event.is_none() {
        required.push(("event", Column::Name));
    }
    let mut table = Table::new(EventFields::default(), options.map, rows, &required, &mut report.summary)?;
    let mut events = Events::new(options);
    let mut kept = BTreeSet::new();
    let mut row = Row::default();
    loop {
        let next = rows.next(&mut row)?;
        table.grow(rows.columns(), &mut report.summary);
        match next {
            Next::Row => {
                report.summary.rows += 1;
                let event = customer(&row, &table)
                    .and_then(|customer| Ok((customer, read(&row, &table, options, rows.decimal_comma())?)));
                match event {
                    Ok((customer, event)) => {
                        report.summary.accepted_rows += 1;
                        let called = options.schema.find_told(&event.name);
                        let called = called.map_or(&event.name, |id| &options.schema.event(id).name);
                        report.summary.count_event(called, event.time, event.declared, options.now);
                        kept.extend(event.fields.iter().map(|(field, _)| *field));
                        events.push(customer, &event, row.line)?;
                    }
                    Err((code, reason)) => {
                        let id = id(&row, &table).ok().flatten();
                        report.row(&row, id, code, reason);
                    }
                }
            }
            Next::Bad(code, reason) => {
                report.summary.rows += 1;
                report.row(&row, None, code, reason);
            }
            Next::End => break,
        }
    }
    name_ignored(&table, &kept, options, report);
    events.field_names = std::mem::take(&mut table.into_fields().names);
    Ok(events)
}

/// Names the columns that are a field of no event: neither of a declared one, nor kept with one that
/// is not declared.
fn name_ignored(
    table: &Table<'_, EventFields>,
    kept: &BTreeSet<u16>,
    options: &Options,
    report: &mut Report,
) {
    for column in 0..table.len() {
        let Some(Column::Field(field)) = table.target(column) else { continue };
        let name = &table.fields().names[usize::from(field)];
        let declared = options.schema.events.iter().any(|kind| kind.find(name).is_some());
        if !declared && !kept.contains(&field) {
            report.summary.ignored_columns.push(table.name(column).to_owned());
        }
    }
}

/// A row as it waits.
#[derive(Serialize, Deserialize)]
struct Waiting<'a> {
    name: u32,
    time: Instant,
    #[serde(borrow)]
    id: Option<&'a str>,
    hash: u64,
    #[serde(borrow)]
    fields: Vec<(u16, &'a str)>,
}

/// The events of a file by customer, in the order in which the customers first came; a customer all
/// of whose rows were rejected is left out.
#[derive(Debug)]
pub struct Events {
    customers: Interner,
    names: Interner,
    field_names: Vec<String>,
    rows: Vec<u8>,
    /// Customer, line, and where the row begins in `rows`.
    index: Vec<(u32, u32, u64)>,
    sorted: bool,
    next: usize,
    now: Instant,
    origin: Origin,
}

impl Events {
    /// The same, taken at another instant than they were read: what comes by HTTP is learnt then.
    #[must_use]
    pub fn taken_at(self, now: Instant) -> Self {
        Self { now, ..self }
    }

    fn new(options: &Options) -> Self {
        Self {
            customers: Interner::default(),
            names: Interner::default(),
            field_names: Vec::new(),
            rows: Vec::new(),
            index: Vec::new(),
            sorted: false,
            next: 0,
            now: options.now,
            origin: options.origin,
        }
    }

    fn push(&mut self, customer: &str, event: &ParsedEvent, line: u64) -> Result<(), ImportError> {
        let too_many = |_| ImportError::TooMuch("rows");
        let fields = event.fields.iter().map(|(field, text)| (*field, &**text)).collect();
        let name = self.names.intern(&event.name)?;
        let waiting = Waiting { name, time: event.time, id: event.id, hash: event.hash, fields };
        let customer = self.customers.intern(customer)?;
        self.index.push((customer, u32::try_from(line).map_err(too_many)?, self.rows.len() as u64));
        let rows = std::mem::take(&mut self.rows);
        self.rows = postcard::to_extend(&waiting, rows).map_err(|_| ImportError::TooMuch("rows"))?;
        Ok(())
    }

    /// The events of one customer, by time, then id.
    fn of(&self, rows: &[(u32, u32, u64)]) -> Vec<NewEvent> {
        let mut ordinals: BTreeMap<u64, u32> = BTreeMap::new();
        let mut events = Vec::with_capacity(rows.len());
        for &(_, line, start) in rows {
            let start = usize::try_from(start).unwrap_or(usize::MAX);
            let bytes = self.rows.get(start..).unwrap_or_default();
            let Ok((row, _)) = postcard::take_from_bytes::<Waiting<'_>>(bytes) else { continue };
            let id = row.id.map_or_else(
                || {
                    let ordinal = ordinals.entry(row.hash).or_default();
                    *ordinal += 1;
                    row_id(row.hash, *ordinal)
                },
                str::to_owned,
            );
            let field = |(field, text): &(u16, &str)| {
                (self.field_names[usize::from(*field)].clone(), (*text).to_owned())
            };
            let event = Event {
                id,
                name: self.names.get(row.name).to_owned(),
                time: row.time,
                learnt: self.origin.learnt(row.time, self.now),
                fields: row.fields.iter().map(field).collect(),
            };
            events.push(NewEvent { event, row: u64::from(line) });
        }
        events
            .sort_by(|one, other| (one.event.time, &one.event.id).cmp(&(other.event.time, &other.event.id)));
        events
    }
}

impl Iterator for Events {
    type Item = (CustomerId, Vec<NewEvent>);

    fn next(&mut self) -> Option<Self::Item> {
        if !self.sorted {
            self.index.sort_unstable();
            self.sorted = true;
        }
        let rest = self.index.get(self.next..)?;
        let (customer, ..) = *rest.first()?;
        let count = rest.partition_point(|(other, ..)| *other == customer);
        let events = self.of(&rest[..count]);
        self.next += count;
        Some((CustomerId(self.customers.get(customer).to_owned()), events))
    }
}
