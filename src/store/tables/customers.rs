//! Profiles, orders, changes and suppressions.

use std::collections::BTreeMap;

use super::{erase, get, put, put_bytes, scan, strange_key};
use crate::model::{CustomerNumber, Instant};
use crate::record::key::{self, Table};
use crate::record::{Change, KeyedHash, Order, Profile, Suppression, codec};
use crate::store::{Batch, Store, StoreError};

const PROFILE: u8 = 1;
const ORDERS: u8 = 1;
const CHANGES: u8 = 1;
const SUPPRESSION: u8 = 1;

/// A customer's profile.
///
/// # Errors
/// When it does not read back.
pub fn profile(store: &dyn Store, customer: CustomerNumber) -> Result<Option<Profile>, StoreError> {
    get(store, &key::profile(customer), PROFILE)
}

/// Writes a profile.
pub fn put_profile(batch: &mut Batch, customer: CustomerNumber, profile: &Profile) {
    put(batch, &key::profile(customer), PROFILE, profile);
}

/// All profiles, by number.
pub fn profiles(
    store: &dyn Store,
) -> impl Iterator<Item = Result<(CustomerNumber, Profile), StoreError>> + '_ {
    let prefix = Table::Profile.prefix();
    scan(store, &prefix, &prefix, key::profile(CustomerNumber(0)).len()).map(|item| {
        let (key, bytes) = item?;
        let customer = key::parse_profile(&key).ok_or_else(|| strange_key(&key))?;
        Ok((customer, codec::decode(PROFILE, &key, &bytes)?))
    })
}

/// What a customer's keys in a table begin with.
type KeysOf = fn(CustomerNumber) -> Vec<u8>;

/// The highest number under which anything of a customer stands, whether or not it reads back: what is
/// damaged keeps its number.
///
/// # Errors
/// When the store does not read.
pub fn highest(store: &dyn Store) -> Result<Option<CustomerNumber>, StoreError> {
    let tables: [(Table, KeysOf); 5] = [
        (Table::Profile, key::profile),
        (Table::Orders, key::orders_of),
        (Table::Events, key::event_packs_of),
        (Table::Change, key::changes_of),
        (Table::Suppression, key::suppressions_of),
    ];
    let mut highest = None;
    for (table, keys_of) in tables {
        let prefix = table.prefix();
        let stands_from =
            |number: u32| store.scan(&prefix, &keys_of(CustomerNumber(number))).next().transpose();
        if stands_from(0)?.is_none() {
            continue;
        }
        // No scan runs backwards: halves are asked whether anything stands in them.
        let (mut low, mut high) = (0, u32::MAX);
        while low < high {
            let middle = low + (high - low).div_ceil(2);
            match stands_from(middle)? {
                Some(_) => low = middle,
                None => high = middle - 1,
            }
        }
        highest = highest.max(Some(CustomerNumber(low)));
    }
    Ok(highest)
}

/// A customer's orders, in the order in which they were stored.
///
/// # Errors
/// When a pack does not read back.
pub fn orders(store: &dyn Store, customer: CustomerNumber) -> Result<Vec<Order>, StoreError> {
    let mut orders = Vec::new();
    for item in packs(store, &key::orders_of(customer)) {
        orders.extend(item?.2);
    }
    Ok(orders)
}

/// All packs of orders, by customer; a customer with many orders has several packs, in order.
pub fn all_orders(
    store: &dyn Store,
) -> impl Iterator<Item = Result<(CustomerNumber, Vec<Order>), StoreError>> + '_ {
    packs(store, &Table::Orders.prefix()).map(|item| item.map(|(customer, _, orders)| (customer, orders)))
}

type Pack = Result<(CustomerNumber, u32, Vec<Order>), StoreError>;

fn packs<'a>(store: &'a dyn Store, prefix: &[u8]) -> impl Iterator<Item = Pack> + use<'a> {
    scan(store, prefix, prefix, key::orders(CustomerNumber(0), 0).len()).map(|item| {
        let (key, bytes) = item?;
        let (customer, pack) = key::parse_orders(&key).ok_or_else(|| strange_key(&key))?;
        Ok((customer, pack, codec::decode(ORDERS, &key, &bytes)?))
    })
}

/// Adds orders behind those that the customer has: the last pack is filled up first. Call it once a
/// customer and batch, for it does not see what the batch holds already.
///
/// # Errors
/// When the last pack does not read back.
pub fn append_orders(
    store: &dyn Store,
    batch: &mut Batch,
    customer: CustomerNumber,
    new: &[Order],
) -> Result<(), StoreError> {
    let mut last = (0, Vec::new());
    for item in packs(store, &key::orders_of(customer)) {
        let (_, pack, orders) = item?;
        last = (pack, orders);
    }
    let (first, mut orders) = last;
    orders.extend_from_slice(new);
    put_orders(batch, customer, first, &orders);
    Ok(())
}

/// Writes orders into packs from `first` on; answers the number of the next free pack.
pub fn put_orders(batch: &mut Batch, customer: CustomerNumber, first: u32, orders: &[Order]) -> u32 {
    let mut pack = first;
    for (_, bytes) in codec::encode_packs(ORDERS, orders) {
        put_bytes(batch, &key::orders(customer, pack), bytes);
        pack += 1;
    }
    pack
}

/// Removes all orders of a customer, so that they can be written anew.
///
/// # Errors
/// When the store does not read.
pub fn remove_orders(
    store: &dyn Store,
    batch: &mut Batch,
    customer: CustomerNumber,
) -> Result<(), StoreError> {
    erase(store, batch, &key::orders_of(customer))
}

/// What changed of a customer, in the order in which it was learnt.
///
/// # Errors
/// When a record does not read back.
pub fn changes(store: &dyn Store, customer: CustomerNumber) -> Result<Vec<Change>, StoreError> {
    let prefix = key::changes_of(customer);
    let length = key::change(customer, Instant(0), 0).len();
    let mut changes: Vec<Change> = Vec::new();
    for item in scan(store, &prefix, &prefix, length) {
        let (key, bytes) = item?;
        changes.append(&mut codec::decode::<Vec<Change>>(CHANGES, &key, &bytes)?);
    }
    Ok(changes)
}

/// All changes of all customers, by customer, in the order in which they were learnt.
pub fn all_changes(
    store: &dyn Store,
) -> impl Iterator<Item = Result<(CustomerNumber, Change), StoreError>> + '_ {
    let prefix = Table::Change.prefix();
    let length = key::change(CustomerNumber(0), Instant(0), 0).len();
    scan(store, &prefix, &prefix, length).flat_map(|item| {
        let pack = item.and_then(|(key, bytes)| {
            let (customer, _, _) = key::parse_change(&key).ok_or_else(|| strange_key(&key))?;
            let changes: Vec<Change> = codec::decode(CHANGES, &key, &bytes)?;
            Ok(changes.into_iter().map(move |change| (customer, change)))
        });
        let (changes, error) = match pack {
            Ok(changes) => (Some(changes), None),
            Err(error) => (None, Some(Err(error))),
        };
        changes.into_iter().flatten().map(Ok).chain(error)
    })
}

/// Adds changes behind those learnt of the customer at the same instants. Call it once a customer
/// and batch, for it does not see what the batch holds already.
///
/// # Errors
/// When the store does not read.
pub fn append_changes(
    store: &dyn Store,
    batch: &mut Batch,
    customer: CustomerNumber,
    new: &[Change],
) -> Result<(), StoreError> {
    let mut by_instant: BTreeMap<Instant, Vec<&Change>> = BTreeMap::new();
    for change in new {
        by_instant.entry(change.learnt).or_default().push(change);
    }
    for (learnt, changes) in by_instant {
        let start = key::change(customer, learnt, 0);
        let prefix = &start[..start.len() - 2];
        let mut next = 0;
        for item in store.scan(prefix, prefix) {
            if let Some((_, _, n)) = key::parse_change(&item?.0) {
                next = n + 1;
            }
        }
        for (n, (_, bytes)) in (next..).zip(codec::encode_packs(CHANGES, &changes)) {
            put_bytes(batch, &key::change(customer, learnt, n), bytes);
        }
    }
    Ok(())
}

/// Suppresses an address of a customer on a channel (its position; 0 is e-mail), beside those that are.
pub fn put_suppression(batch: &mut Batch, customer: CustomerNumber, channel: u8, suppression: &Suppression) {
    put(batch, &key::suppression(customer, channel, suppression.address), SUPPRESSION, suppression);
}

/// Lifts a suppression: of that address, or, with none, of whatever addresses the customer has.
pub fn remove_suppression(
    batch: &mut Batch,
    customer: CustomerNumber,
    channel: u8,
    address: Option<KeyedHash>,
) {
    batch.remove(key::suppression(customer, channel, address));
}

/// A customer's suppressions: channel's position, why.
///
/// # Errors
/// When a record does not read back.
pub fn suppressions_of(
    store: &dyn Store,
    customer: CustomerNumber,
) -> Result<Vec<(u8, Suppression)>, StoreError> {
    let prefix = key::suppressions_of(customer);
    let mut found = Vec::new();
    for item in scan(store, &prefix, &prefix, key::suppression(customer, 0, None).len()) {
        let (key, bytes) = item?;
        let (_, channel) = key::parse_suppression(&key).ok_or_else(|| strange_key(&key))?;
        found.push((channel, codec::decode(SUPPRESSION, &key, &bytes)?));
    }
    Ok(found)
}

/// All suppressions: customer, channel's position, why.
pub fn suppressions(
    store: &dyn Store,
) -> impl Iterator<Item = Result<(CustomerNumber, u8, Suppression), StoreError>> + '_ {
    let prefix = Table::Suppression.prefix();
    scan(store, &prefix, &prefix, key::suppression(CustomerNumber(0), 0, None).len()).map(|item| {
        let (key, bytes) = item?;
        let (customer, channel) = key::parse_suppression(&key).ok_or_else(|| strange_key(&key))?;
        Ok((customer, channel, codec::decode(SUPPRESSION, &key, &bytes)?))
    })
}
