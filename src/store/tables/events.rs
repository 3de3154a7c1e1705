//! Events, those that rules have still to be asked about, and rules that wait after one.

use super::{get, put, put_bytes, scan, strange_key};
use crate::model::{CustomerNumber, RuleNumber};
use crate::record::key::{self, Table};
use crate::record::{Arrival, Event, Timer, codec};
use crate::store::{Batch, Store, StoreError};

const EVENTS: u8 = 1;
const ARRIVAL: u8 = 1;
const TIMER: u8 = 1;

/// Where a timer stands: its rule, its customer, and which of theirs it is.
pub type TimerPlace = (RuleNumber, CustomerNumber, u32);

/// A customer's events, in the order in which they were stored.
///
/// # Errors
/// When a pack does not read back.
pub fn events(store: &dyn Store, customer: CustomerNumber) -> Result<Vec<Event>, StoreError> {
    let mut events = Vec::new();
    for item in packs(store, &key::event_packs_of(customer)) {
        events.extend(item?.2);
    }
    Ok(events)
}

/// All packs of events, by customer; a customer with many events has several packs, in order.
pub fn all_events(
    store: &dyn Store,
) -> impl Iterator<Item = Result<(CustomerNumber, Vec<Event>), StoreError>> + '_ {
    packs(store, &Table::Events.prefix()).map(|item| item.map(|(customer, _, events)| (customer, events)))
}

type Pack = Result<(CustomerNumber, u32, Vec<Event>), StoreError>;

fn packs<'a>(store: &'a dyn Store, prefix: &[u8]) -> impl Iterator<Item = Pack> + use<'a> {
    scan(store, prefix, prefix, key::events(CustomerNumber(0), 0).len()).map(|item| {
        let (key, bytes) = item?;
        let (customer, pack) = key::parse_events(&key).ok_or_else(|| strange_key(&key))?;
        Ok((customer, pack, codec::decode(EVENTS, &key, &bytes)?))
    })
}

/// Adds events behind those that the customer has: the last pack is filled up first. Call it once a
/// customer and batch, for it does not see what the batch holds already.
///
/// # Errors
/// When the last pack does not read back.
pub fn append_events(
    store: &dyn Store,
    batch: &mut Batch,
    customer: CustomerNumber,
    new: &[Event],
) -> Result<(), StoreError> {
    let mut last = (0, Vec::new());
    for item in packs(store, &key::event_packs_of(customer)) {
        let (_, pack, events) = item?;
        last = (pack, events);
    }
    let (first, mut events) = last;
    events.extend_from_slice(new);
    put_events(batch, customer, first, &events);
    Ok(())
}

/// Writes events into packs from `first` on; answers the number of the next free pack.
pub fn put_events(batch: &mut Batch, customer: CustomerNumber, first: u32, events: &[Event]) -> u32 {
    let mut pack = first;
    for (_, bytes) in codec::encode_packs(EVENTS, events) {
        put_bytes(batch, &key::events(customer, pack), bytes);
        pack += 1;
    }
    pack
}

/// Notes an event that rules have still to be asked about, under a number of the caller's choice.
pub fn put_arrival(batch: &mut Batch, sequence: u64, arrival: &Arrival) {
    put(batch, &key::arrival(sequence), ARRIVAL, arrival);
}

/// Forgets an arrival, in the commit of what followed from it.
pub fn remove_arrival(batch: &mut Batch, sequence: u64) {
    batch.remove(key::arrival(sequence));
}

/// The events that rules have still to be asked about, in the order in which they came.
pub fn arrivals(store: &dyn Store) -> impl Iterator<Item = Result<(u64, Arrival), StoreError>> + '_ {
    let prefix = Table::Arrival.prefix();
    scan(store, &prefix, &prefix, key::arrival(0).len()).map(|item| {
        let (key, bytes) = item?;
        let sequence = key::parse_arrival(&key).ok_or_else(|| strange_key(&key))?;
        Ok((sequence, codec::decode(ARRIVAL, &key, &bytes)?))
    })
}

/// Lets a rule wait.
pub fn put_timer(batch: &mut Batch, (rule, customer, n): TimerPlace, timer: &Timer) {
    put(batch, &key::timer(rule, customer, n), TIMER, timer);
}

/// Ends a wait.
pub fn remove_timer(batch: &mut Batch, (rule, customer, n): TimerPlace) {
    batch.remove(key::timer(rule, customer, n));
}

/// A timer.
///
/// # Errors
/// When it does not read back.
pub fn timer(store: &dyn Store, (rule, customer, n): TimerPlace) -> Result<Option<Timer>, StoreError> {
    get(store, &key::timer(rule, customer, n), TIMER)
}

/// All rules that wait, by rule and customer.
pub fn timers(store: &dyn Store) -> impl Iterator<Item = Result<(TimerPlace, Timer), StoreError>> + '_ {
    let prefix = Table::Timer.prefix();
    let length = key::timer(RuleNumber(0), CustomerNumber(0), 0).len();
    scan(store, &prefix, &prefix, length).map(|item| {
        let (key, bytes) = item?;
        let place = key::parse_timer(&key).ok_or_else(|| strange_key(&key))?;
        Ok((place, codec::decode(TIMER, &key, &bytes)?))
    })
}
