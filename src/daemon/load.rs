//! Imports: files into the store and the population. One `import` command is one load; no rule
//! looks at anybody before its last row is stored.

use std::collections::{BTreeMap, BTreeSet};

use crate::failpoint;
use crate::ingest::{
    CustomerUpdate, ImportError, Kind, NewEvent, NewOrder, Options, Origin, Parsed, Report, Rows, is_fresh,
    merge_customer, merge_events, merge_orders, unknown_customer,
};
use crate::model::{CustomerId, CustomerNumber, Instant, RuleNumber};
use crate::population::Told;
use crate::record::{Arrival, EventRef, Load, ORDER};
use crate::ruleset::Schema;
use crate::store::limits::BATCH_LIMIT;
use crate::store::{Batch, Receipt, StoreError, tables};

use super::hands::Owner;
use super::start::Damage;
use super::{Engine, pieces};

/// Changes that a load gathers before it commits them: a customer's record may take several.
const GATHERED: usize = 200;

/// Commits on their way at most: bounds the memory they take.
const ON_THEIR_WAY: usize = 64;

/// One in so many customers touched: beyond it reading everybody anew is cheaper than one by one.
const MANY: u64 = 8;

/// Why a load stopped.
#[derive(Debug)]
pub enum LoadError {
    /// What was asked for makes no sense: a sentence for the user.
    Usage(String),
    /// The file cannot be read as it is.
    File(ImportError),
    /// The store failed; nothing more is taken.
    Store(StoreError),
    /// The disk is nearly full: a sentence for the user.
    NoRoom(String),
}

impl From<StoreError> for LoadError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<ImportError> for LoadError {
    fn from(error: ImportError) -> Self {
        Self::File(error)
    }
}

impl std::fmt::Display for LoadError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Usage(text) | Self::NoRoom(text) => f.write_str(text),
            Self::File(error) => error.fmt(f),
            Self::Store(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for LoadError {}

impl Engine {
    /// Begins a load: until [`Engine::end_load`] no rule looks at anybody, not even after a crash.
    ///
    /// # Errors
    /// When the store fails.
    pub fn begin_load(&mut self, what: &str, now: Instant) -> Result<u64, StoreError> {
        let number = self.loads.keys().next_back().map_or(0, |last| last + 1);
        let load = Load { started: now, what: what.into() };
        let mut batch = Batch::default();
        tables::control::put_load(&mut batch, number, &load);
        self.store.commit(batch).wait()?;
        self.loads.insert(number, load);
        self.loads_under_way.insert(number);
        self.publish();
        Ok(number)
    }

    /// Ends a load, and every cut-off one of the same files: what they left is whole now.
    ///
    /// # Errors
    /// When the store fails.
    pub fn end_load(&mut self, number: u64) -> Result<(), StoreError> {
        failpoint::hit("import_before_end");
        let Some(ended) = self.loads.get(&number).cloned() else { return Ok(()) };
        let mut batch = Batch::default();
        let same = |(_, load): &(&u64, &Load)| load.what == ended.what;
        let numbers: Vec<u64> = self.loads.iter().filter(same).map(|(number, _)| *number).collect();
        for number in &numbers {
            tables::control::remove_load(&mut batch, *number);
        }
        self.store.commit(batch).wait()?;
        self.loads.retain(|number, _| !numbers.contains(number));
        self.loads_under_way.remove(&number);
        self.publish();
        Ok(())
    }

    /// Loads that a crash cut off: rules wait until the import is run again, or a person says
    /// `cvmd resume`.
    pub fn cut_off_loads(&self) -> impl Iterator<Item = &Load> {
        let cut_off = self.loads.iter().filter(|(number, _)| !self.loads_under_way.contains(number));
        cut_off.map(|(_, load)| load)
    }

    /// Gives a load up as it is: rules wait until it is run again, or a person lets them go on.
    pub(super) fn cut_off_loads_under_way(&mut self) {
        self.loads_under_way.clear();
    }

    /// Reads one file of a load. What could be taken is durable when this returns.
    ///
    /// # Errors
    /// When the file cannot be read at all, or the store fails.
    pub fn load(
        &mut self,
        kind: Kind,
        rows: &mut dyn Rows,
        options: &Options<'_>,
        report: &mut Report<'_>,
    ) -> Result<(), LoadError> {
        pieces::load(&Owner::of(self), kind, rows, options, report)
    }

    /// Merges what was read with what is stored, so many customers of it at most, and hands it to the
    /// store: later reads of the store see it, nothing outside may before [`Engine::settle`]. How many
    /// customers it was.
    pub(super) fn merge(
        &mut self,
        parsed: &mut Parsed,
        limit: usize,
        (schema, now): (&Schema, Instant),
        report: &mut Report<'_>,
        loading: &mut Loading,
    ) -> Result<usize, StoreError> {
        let mut taken = 0;
        match parsed {
            Parsed::Customers(customers) => {
                let some = customers.by_ref().take(limit).inspect(|_| taken += 1);
                self.load_customers(some, now, report, loading)?;
            }
            Parsed::Orders(orders) => {
                let some = orders.by_ref().take(limit).inspect(|_| taken += 1);
                self.load_orders(some, now, report, loading)?;
            }
            Parsed::Events(events) => {
                let some = events.by_ref().take(limit).inspect(|_| taken += 1);
                self.load_events(some, (schema, now), report, loading)?;
            }
            // They are no customers' rows: whoever reads such a list lists it.
            Parsed::Suppressions(_) => {}
        }
        loading.commit(self)?;
        Ok(taken)
    }

    /// Waits until all that was merged is durable, and shows it to the population.
    pub(super) fn settle(&mut self, loading: Loading) -> Result<(), StoreError> {
        let touched = self.make_durable(loading)?;
        self.take_up(&touched)
    }

    /// Waits until all that was merged is durable; whom it was about.
    pub(super) fn make_durable(
        &mut self,
        mut loading: Loading,
    ) -> Result<BTreeSet<CustomerNumber>, StoreError> {
        loading.wait()?;
        self.arrivals.append(&mut loading.arrivals);
        for number in loading.bounced {
            self.suppressed(number);
        }
        Ok(loading.touched)
    }

    fn load_customers(
        &mut self,
        customers: impl Iterator<Item = CustomerUpdate>,
        now: Instant,
        report: &mut Report<'_>,
        loading: &mut Loading,
    ) -> Result<(), StoreError> {
        for update in customers {
            let known = self.directory.get(&update.id).copied();
            if known.is_none() && self.was_erased(&update.id.0) {
                report.erased(&update.id.0, &update.lines);
                continue;
            }
            let existing =
                known.map(|number| tables::customers::profile(&*self.store, number)).transpose()?;
            let existing = existing.flatten();
            let merged = merge_customer(existing.as_ref(), &update, now, loading.origin);
            report.customer(&merged, update.lines.len() as u64);
            if !merged.changed {
                continue;
            }
            let number = known.unwrap_or_else(|| self.new_number(update.id));
            tables::customers::append_changes(&*self.store, &mut loading.batch, number, &merged.changes)?;
            tables::customers::put_profile(&mut loading.batch, number, &merged.profile);
            if let Some(existing) = &existing {
                loading.moved.extend(self.changes_zone(number, existing, &merged.profile));
            }
            loading.touch(self, number)?;
        }
        Ok(())
    }

    fn load_orders(
        &mut self,
        orders: impl Iterator<Item = (CustomerId, Vec<NewOrder>)>,
        now: Instant,
        report: &mut Report<'_>,
        loading: &mut Loading,
    ) -> Result<(), StoreError> {
        for (id, new) in orders {
            let known = self.directory.get(&id).copied();
            if known.is_none() && self.was_erased(&id.0) {
                for order in &new {
                    report.erased(&order.order.id, &order.rows);
                }
                continue;
            }
            let existing = match known {
                Some(number) => tables::customers::orders(&*self.store, number)?,
                None => Vec::new(),
            };
            let merged = merge_orders(&existing, new);
            let creates = known.is_none() && !merged.added.is_empty();
            report.orders(&merged, creates);
            if merged.added.is_empty() {
                continue;
            }
            let number = known.unwrap_or_else(|| self.new_customer(id, now, loading));
            for (part, orders) in merged.added.chunks(A_PART).enumerate() {
                if part > 0 {
                    // It begins where the part before it ended: that one must be in the store.
                    loading.commit(self)?;
                }
                // A refund is no order.
                for order in orders.iter().filter(|order| order.total.0 >= 0) {
                    let event = EventRef {
                        time: order.time,
                        name: ORDER.into(),
                        id: order.id.clone(),
                        did: Vec::new(),
                    };
                    self.arrive(Arrival { event, customer: number }, now, loading);
                }
                tables::customers::append_orders(&*self.store, &mut loading.batch, number, orders)?;
                loading.touch(self, number)?;
            }
        }
        Ok(())
    }

    fn load_events(
        &mut self,
        events: impl Iterator<Item = (CustomerId, Vec<NewEvent>)>,
        (schema, now): (&Schema, Instant),
        report: &mut Report<'_>,
        loading: &mut Loading,
    ) -> Result<(), StoreError> {
        for (id, new) in events {
            let known = self.directory.get(&id).copied();
            if known.is_none() && self.was_erased(&id.0) {
                for event in &new {
                    report.erased(&event.event.id, &[event.row]);
                }
                continue;
            }
            let existing = match known {
                Some(number) => tables::events::events(&*self.store, number)?,
                None => Vec::new(),
            };
            let merged = merge_events(&existing, new, schema);
            let creates = known.is_none() && !merged.added.is_empty();
            report.events(&merged, creates);
            if merged.added.is_empty() {
                continue;
            }
            let number = known.unwrap_or_else(|| self.new_customer(id.clone(), now, loading));
            self.withdraw(number, (id, known.is_some()), &merged.added, now, loading)?;
            self.suppress_bounced(number, &merged.added, loading)?;
            for (part, events) in merged.added.chunks(A_PART).enumerate() {
                if part > 0 {
                    loading.commit(self)?;
                }
                for event in events {
                    self.guards.hear_event(&event.name);
                    self.arrive(Arrival { event: event.reference(), customer: number }, now, loading);
                }
                tables::events::append_events(&*self.store, &mut loading.batch, number, events)?;
                loading.touch(self, number)?;
            }
        }
        Ok(())
    }

    /// Notes, in the commit of the event itself, that rules have still to be asked about it; an old
    /// one is history. Before the event: should a crash come between parts of a commit, the import
    /// that is run again finds the event missing, not known.
    pub(super) fn arrive(&mut self, arrival: Arrival, now: Instant, loading: &mut Loading) {
        let noted = self.arrivals.contains_key(&arrival) || loading.arrivals.contains_key(&arrival);
        if noted || !is_fresh(arrival.event.time, now) {
            return;
        }
        tables::events::put_arrival(&mut loading.batch, self.next_arrival, &arrival);
        loading.arrivals.insert(arrival, self.next_arrival);
        self.next_arrival += 1;
    }

    /// A customer of whom nothing is known but an order or an event.
    fn new_customer(&mut self, id: CustomerId, now: Instant, loading: &mut Loading) -> CustomerNumber {
        let number = self.new_number(id.clone());
        let profile = unknown_customer(id, now, loading.origin);
        tables::customers::put_profile(&mut loading.batch, number, &profile);
        number
    }

    /// A number for a customer who is seen for the first time.
    fn new_number(&mut self, id: CustomerId) -> CustomerNumber {
        let number = self.next_customer;
        self.next_customer = CustomerNumber(number.0.saturating_add(1));
        self.directory.insert(id, number);
        number
    }

    /// Shows the population what was stored of those customers.
    pub(super) fn take_up(&mut self, touched: &BTreeSet<CustomerNumber>) -> Result<(), StoreError> {
        if touched.len() as u64 * MANY > self.population.len() {
            let mut damages: Vec<Damage> = Vec::new();
            return self.read_customers(&mut damages);
        }
        self.take_up_some(touched)
    }

    /// The same, of few: one by one.
    pub(super) fn take_up_some(&mut self, touched: &BTreeSet<CustomerNumber>) -> Result<(), StoreError> {
        let mut read: Vec<Told> = Vec::with_capacity(touched.len());
        for number in touched {
            read.extend(self.told(*number)?);
        }
        self.population.upsert(read.iter().map(Told::borrow).collect());
        self.note_addresses(touched);
        Ok(())
    }
}

/// Orders or events of one customer that go into one commit at most.
const A_PART: usize = 2_000;

/// What a load has under way.
pub(super) struct Loading {
    /// Where it comes from.
    pub(super) origin: Origin,
    pub(super) batch: Batch,
    receipts: Vec<Receipt>,
    touched: BTreeSet<CustomerNumber>,
    /// Blocks of what those met who changed their zone: committed with their profiles.
    moved: BTreeSet<(RuleNumber, u32)>,
    /// Young events, whose rules are asked when all is durable.
    arrivals: BTreeMap<Arrival, u64>,
    /// Whose addresses are suppressed with it.
    pub(super) bounced: Vec<CustomerNumber>,
}

impl Loading {
    /// Nothing yet.
    pub(super) fn of(origin: Origin) -> Self {
        Self {
            origin,
            batch: Batch::default(),
            receipts: Vec::new(),
            touched: BTreeSet::new(),
            moved: BTreeSet::new(),
            arrivals: BTreeMap::new(),
            bounced: Vec::new(),
        }
    }

    pub(super) fn touch(&mut self, engine: &Engine, number: CustomerNumber) -> Result<(), StoreError> {
        self.touched.insert(number);
        if self.batch.changes.len() >= GATHERED { self.commit(engine) } else { Ok(()) }
    }

    pub(super) fn commit(&mut self, engine: &Engine) -> Result<(), StoreError> {
        failpoint::hit("import_before_commit");
        let mut batch = Batch::default();
        for (rule, block) in std::mem::take(&mut self.moved) {
            if let Some(memory) = engine.memories.get(&rule) {
                tables::memories::put_met(&mut batch, rule, block, &memory.met);
            }
        }
        // First, for where a batch is cut: who did not move yet meets what they would meet anyway.
        let mut changes = batch.changes;
        changes.append(&mut std::mem::take(&mut self.batch).changes);
        // More than a commit takes only where one customer's texts alone are that long; the load's
        // mark makes sure that a crash between the parts is mended by the import run again.
        while !changes.is_empty() {
            let rest = changes.split_off(changes.len().min(BATCH_LIMIT));
            self.receipts.push(engine.store.commit(Batch { changes }));
            changes = rest;
        }
        if self.receipts.len() >= ON_THEIR_WAY { self.wait() } else { Ok(()) }
    }

    fn wait(&mut self) -> Result<(), StoreError> {
        for receipt in self.receipts.drain(..) {
            receipt.wait()?;
        }
        Ok(())
    }
}
