//! What rules remember between ticks: bitmaps by blocks of customers, changed block by block.

use std::collections::{BTreeMap, BTreeSet};

use super::{get, put, set_block, strange_key};
use crate::model::{BLOCK, Bitmap, CustomerNumber, Instant, RuleNumber};
use crate::record::key::{self, Table};
use crate::record::{Met, RuleMemory, RuleState, codec};
use crate::store::{Batch, Store, StoreError};

/// Customers in one pack of those who changed their zone: at most 128 × (2 + 20) bytes.
pub const MET_BLOCK: u32 = 128;

const SPENT: u8 = 1;
const TRYING: u8 = 1;
const MET: u8 = 1;
const STATE: u8 = 1;

/// Customers in one pack of those who are tried again: at most 256 × (1 + 10) bytes.
pub const TRYING_BLOCK: u32 = 256;

/// Writes the blocks in which two states of a rule's memory differ; nothing where they are equal.
pub fn put_changes(batch: &mut Batch, rule: RuleNumber, before: &RuleMemory, after: &RuleMemory) {
    for block in different_blocks(&before.spent, &after.spent) {
        put_spent(batch, rule, block, &after.spent);
    }
    let moved = |a: &RuleMemory, b: &RuleMemory| {
        let changed = a.trying.iter().filter(|(customer, since)| b.trying.get(customer) != Some(since));
        changed.map(|(customer, _)| customer.0 / TRYING_BLOCK).collect::<BTreeSet<u32>>()
    };
    for block in &moved(before, after) | &moved(after, before) {
        put_trying(batch, rule, block, &after.trying);
    }
    let met = |a: &RuleMemory, b: &RuleMemory| {
        let changed = a.met.iter().filter(|(customer, civil)| b.met.get(customer) != Some(civil));
        changed.map(|(customer, _)| customer.0 / MET_BLOCK).collect::<BTreeSet<u32>>()
    };
    for block in &met(before, after) | &met(after, before) {
        put_met(batch, rule, block, &after.met);
    }
    if state_of(before) != state_of(after) {
        put_state(batch, rule, &state_of(after));
    }
}

fn different_blocks(a: &Bitmap, b: &Bitmap) -> Vec<u32> {
    const WORDS: usize = BLOCK as usize / 64;
    let longest = a.words().len().max(b.words().len());
    // Missing words are zeros, so that a longer set without members there is no different one.
    let word = |set: &Bitmap, n: usize| set.words().get(n).copied().unwrap_or(0);
    let differs = |block: &usize| (block * WORDS..(block + 1) * WORDS).any(|n| word(a, n) != word(b, n));
    (0..longest.div_ceil(WORDS)).filter(differs).filter_map(|block| u32::try_from(block).ok()).collect()
}

/// What a rule remembers besides its blocks, as it is kept.
#[must_use]
pub fn state_of(memory: &RuleMemory) -> RuleState {
    let RuleMemory {
        began,
        served,
        served_by,
        season_end,
        ran,
        released,
        last_run,
        settled,
        audiences,
        counted_since,
        holding,
        spent: _,
        trying: _,
        met: _,
    } = memory;
    RuleState {
        began: *began,
        served: *served,
        served_by: served_by.clone(),
        season_end: *season_end,
        ran: *ran,
        released: *released,
        last_run: *last_run,
        settled: *settled,
        audiences: audiences.clone(),
        counted_since: *counted_since,
        holding: holding.clone(),
    }
}

/// Writes the block (16,384 customers) of a rule's spent customers.
pub fn put_spent(batch: &mut Batch, rule: RuleNumber, block: u32, spent: &Bitmap) {
    let bytes = spent.block_bytes(block);
    let key = key::spent(rule, block);
    if bytes.is_empty() { batch.remove(key) } else { batch.put(key, codec::encode_raw(SPENT, &bytes)) }
}

/// Writes the block ([`TRYING_BLOCK`] customers) of those whom a rule tries again.
pub fn put_trying(
    batch: &mut Batch,
    rule: RuleNumber,
    block: u32,
    trying: &BTreeMap<CustomerNumber, Instant>,
) {
    let key = key::trying(rule, block);
    let entries = entries_of((block, TRYING_BLOCK), trying, |since| since.0);
    if entries.is_empty() { batch.remove(key) } else { put(batch, &key, TRYING, &entries) }
}

/// Writes the block ([`MET_BLOCK`] customers) of those who changed their zone between two runs.
pub fn put_met(batch: &mut Batch, rule: RuleNumber, block: u32, met: &BTreeMap<CustomerNumber, Met>) {
    let key = key::met(rule, block);
    let entries = entries_of((block, MET_BLOCK), met, |met| *met);
    if entries.is_empty() { batch.remove(key) } else { put(batch, &key, MET, &entries) }
}

/// The members of a block by their place in it.
fn entries_of<T, S>(
    (block, size): (u32, u32),
    map: &BTreeMap<CustomerNumber, T>,
    kept: impl Fn(&T) -> S,
) -> Vec<(u8, S)> {
    let first = block.saturating_mul(size);
    let range = CustomerNumber(first)..=CustomerNumber(first.saturating_add(size - 1));
    let entry = |(customer, value): (&CustomerNumber, &T)| {
        // Below 256 by the range.
        (u8::try_from(customer.0 - first).unwrap_or(u8::MAX), kept(value))
    };
    map.range(range).map(entry).collect()
}

/// Writes what a rule remembers besides its blocks.
pub fn put_state(batch: &mut Batch, rule: RuleNumber, state: &RuleState) {
    put(batch, &key::rule_state(rule), STATE, state);
}

/// What a rule remembers besides its blocks.
///
/// # Errors
/// When it does not read back.
pub fn state(store: &dyn Store, rule: RuleNumber) -> Result<RuleState, StoreError> {
    Ok(get(store, &key::rule_state(rule), STATE)?.unwrap_or_default())
}

/// What all rules remember. A rule of whose memory a part does not read back has the error instead:
/// it must not decide, for it no longer knows for whom it did.
///
/// # Errors
/// When the store does not read, or a key is strange.
pub fn memories(
    store: &dyn Store,
) -> Result<BTreeMap<RuleNumber, Result<RuleMemory, StoreError>>, StoreError> {
    let mut found = BTreeMap::new();
    read_table(store, Table::Spent, &mut found, |memory, key, bytes| {
        let (_, block) = key::parse_spent(key).ok_or_else(|| strange_key(key))?;
        set_block(&mut memory.spent, block, key, &codec::decode_raw(SPENT, key, bytes)?)
    })?;
    read_table(store, Table::Trying, &mut found, |memory, key, bytes| {
        let (_, block) = key::parse_trying(key).ok_or_else(|| strange_key(key))?;
        let entries: Vec<(u8, i64)> = codec::decode(TRYING, key, bytes)?;
        let first = block.checked_mul(TRYING_BLOCK).ok_or_else(|| strange_key(key))?;
        let place = |(offset, since)| (CustomerNumber(first + u32::from(offset)), Instant(since));
        memory.trying.extend(entries.into_iter().map(place));
        Ok(())
    })?;
    read_table(store, Table::Met, &mut found, |memory, key, bytes| {
        let (_, block) = key::parse_met(key).ok_or_else(|| strange_key(key))?;
        let entries: Vec<(u8, Met)> = codec::decode(MET, key, bytes)?;
        let first = block.checked_mul(MET_BLOCK).ok_or_else(|| strange_key(key))?;
        let place = |(offset, met)| (CustomerNumber(first + u32::from(offset)), met);
        memory.met.extend(entries.into_iter().map(place));
        Ok(())
    })?;
    read_table(store, Table::RuleState, &mut found, |memory, key, bytes| {
        let state: RuleState = codec::decode(STATE, key, bytes)?;
        take_state(memory, state);
        Ok(())
    })?;
    Ok(found)
}

fn take_state(memory: &mut RuleMemory, state: RuleState) {
    let RuleState {
        began,
        served,
        served_by,
        season_end,
        ran,
        released,
        last_run,
        settled,
        audiences,
        counted_since,
        holding,
    } = state;
    (memory.began, memory.served, memory.ran) = (began, served, ran);
    (memory.served_by, memory.season_end) = (served_by, season_end);
    (memory.released, memory.last_run, memory.settled) = (released, last_run, settled);
    (memory.audiences, memory.counted_since, memory.holding) = (audiences, counted_since, holding);
}

/// Reads one table into the memories; its keys begin with the rule.
fn read_table(
    store: &dyn Store,
    table: Table,
    found: &mut BTreeMap<RuleNumber, Result<RuleMemory, StoreError>>,
    read: impl Fn(&mut RuleMemory, &[u8], &[u8]) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let prefix = table.prefix();
    for item in store.scan(&prefix, &prefix) {
        let (key, bytes) = item?;
        let rule = key[prefix.len()..].first_chunk().ok_or_else(|| strange_key(&key))?;
        let rule = RuleNumber(u32::from_be_bytes(*rule));
        let memory = found.entry(rule).or_insert_with(|| Ok(RuleMemory::default()));
        if let Ok(known) = memory
            && let Err(error) = read(known, &key, &bytes)
        {
            *memory = Err(error);
        }
    }
    Ok(())
}
