//! Pauses, the last tick, the daemon's hold, loads under way.

use std::collections::BTreeMap;

use super::{get, put, strange_key};
use crate::model::{Channel, Instant};
use crate::record::key::{self, MetaRecord, Table};
use crate::record::{Hold, Load, Pause, PauseScope, codec};
use crate::store::{Batch, Store, StoreError};

const PAUSE: u8 = 1;
const TICK: u8 = 1;
const HOLD: u8 = 1;
const LOAD: u8 = 1;
const CHANNELS: u8 = 1;

/// All pauses.
///
/// # Errors
/// When one does not read back: what was paused must not go out for that.
pub fn pauses(store: &dyn Store) -> Result<Vec<Pause>, StoreError> {
    let prefix = Table::Pause.prefix();
    let read = |item: Result<(Vec<u8>, Vec<u8>), StoreError>| {
        let (key, bytes) = item?;
        Ok(codec::decode(PAUSE, &key, &bytes)?)
    };
    store.scan(&prefix, &prefix).map(read).collect()
}

/// Begins a pause, or replaces that of the same scope.
pub fn put_pause(batch: &mut Batch, pause: &Pause) {
    put(batch, &key::pause(&pause.scope), PAUSE, pause);
}

/// Ends a pause.
pub fn remove_pause(batch: &mut Batch, scope: &PauseScope) {
    batch.remove(key::pause(scope));
}

/// The last committed tick.
///
/// # Errors
/// When it does not read back.
pub fn last_tick(store: &dyn Store) -> Result<Option<Instant>, StoreError> {
    get(store, &key::meta(MetaRecord::LastTick), TICK)
}

/// Records a tick.
pub fn put_tick(batch: &mut Batch, tick: Instant) {
    put(batch, &key::meta(MetaRecord::LastTick), TICK, &tick);
}

/// The daemon's hold, where it holds.
///
/// # Errors
/// When it does not read back.
pub fn hold(store: &dyn Store) -> Result<Option<Hold>, StoreError> {
    get(store, &key::meta(MetaRecord::Hold), HOLD)
}

/// Puts the daemon on hold.
pub fn put_hold(batch: &mut Batch, hold: &Hold) {
    put(batch, &key::meta(MetaRecord::Hold), HOLD, hold);
}

/// Lets the daemon go on.
pub fn remove_hold(batch: &mut Batch) {
    batch.remove(key::meta(MetaRecord::Hold));
}

/// The loads under way, by number: after a crash, those that were cut off.
///
/// # Errors
/// When one does not read back.
pub fn loads(store: &dyn Store) -> Result<BTreeMap<u64, Load>, StoreError> {
    let prefix = Table::Load.prefix();
    let mut loads = BTreeMap::new();
    for item in store.scan(&prefix, &prefix) {
        let (key, bytes) = item?;
        let number = key::parse_load(&key).ok_or_else(|| strange_key(&key))?;
        loads.insert(number, codec::decode(LOAD, &key, &bytes)?);
    }
    Ok(loads)
}

/// Begins a load, under a number of the caller's choice.
pub fn put_load(batch: &mut Batch, number: u64, load: &Load) {
    put(batch, &key::load(number), LOAD, load);
}

/// Ends a load, in its last commit.
pub fn remove_load(batch: &mut Batch, number: u64) {
    batch.remove(key::load(number));
}

/// The channels that this store knows, in the order of their codes in the ledger.
///
/// # Errors
/// When the record does not read back.
pub fn channels(store: &dyn Store) -> Result<Vec<Channel>, StoreError> {
    Ok(get(store, &key::meta(MetaRecord::Channels), CHANNELS)?.unwrap_or_default())
}

/// Records the channels. Append only: the ledger knows them by their position.
pub fn put_channels(batch: &mut Batch, channels: &[Channel]) {
    put(batch, &key::meta(MetaRecord::Channels), CHANNELS, channels);
}
