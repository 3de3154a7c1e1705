//! Where a customer stands in tables that are not by customer: found by looking through them, which takes
//! its time and needs nobody to wait; forgotten by what was found, which is quick.
//!
//! Between the two anything may change but this: nothing new comes of who is gone. What stands under a key
//! when it is forgotten counts, not what stood there when it was found.

use super::events::{self, TimerPlace};
use super::person::{DECISIONS, MOVES, letter_keys, open_messages, packs_of_moves, packs_with, readable};
use super::{erase, get, movement, put};
use crate::model::{CustomerNumber, Instant};
use crate::record::{Decision, MessageKey, Move};
use crate::store::{Batch, Store, StoreError};

/// Where a customer stands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Traces {
    /// Open messages: when they were decided, and their keys.
    pub open: Vec<(Instant, MessageKey)>,
    /// Messages that died: when, and their keys.
    pub letters: Vec<(Instant, MessageKey)>,
    /// Keys of packs of decisions.
    pub decisions: Vec<Vec<u8>>,
    /// Keys of packs of moves.
    pub moves: Vec<Vec<u8>>,
    /// Events that rules have still to be asked about.
    pub arrivals: Vec<u64>,
    /// Rules that wait.
    pub timers: Vec<TimerPlace>,
}

/// A customer's messages.
///
/// # Errors
/// When the store does not read.
pub fn messages(store: &dyn Store, customer: CustomerNumber) -> Result<Traces, StoreError> {
    // In this order: one that dies meanwhile is found at least once.
    let open = open_messages(store, customer)?;
    Ok(Traces { open, letters: letter_keys(store, customer)?, ..Traces::default() })
}

/// Everything of a customer.
///
/// # Errors
/// When the store does not read.
pub fn all(store: &dyn Store, customer: CustomerNumber) -> Result<Traces, StoreError> {
    let mut traces = messages(store, customer)?;
    traces.decisions = packs_with(store, customer)?.into_iter().map(|(key, ..)| key).collect();
    for track in movement::tracks(store)?.into_keys() {
        traces.moves.extend(packs_of_moves(store, track, customer)?.into_iter().map(|(key, ..)| key));
    }
    for item in events::arrivals(store) {
        let own = readable(item)?.filter(|(_, arrival)| arrival.customer == customer);
        traces.arrivals.extend(own.map(|(sequence, _)| sequence));
    }
    for item in events::timers(store) {
        let own = readable(item)?.filter(|(place, _)| place.1 == customer);
        traces.timers.extend(own.map(|(place, _)| place));
    }
    Ok(traces)
}

/// The change after which a pack's decisions about a customer no longer say which values mattered: it goes
/// into one commit. Empty where the pack is not there any more, or does not read back.
///
/// # Errors
/// When the store does not read.
pub fn forget_values(store: &dyn Store, customer: CustomerNumber, pack: &[u8]) -> Result<Batch, StoreError> {
    let mut batch = Batch::default();
    let Some(mut decisions) = readable(get::<Vec<Decision>>(store, pack, DECISIONS))?.flatten() else {
        return Ok(batch);
    };
    let own = decisions.iter_mut().filter(|decision| decision.customer == customer);
    own.for_each(|decision| decision.values.clear());
    // What is shorter than before leaves pieces behind: these go, too.
    erase(store, &mut batch, pack)?;
    put(&mut batch, pack, DECISIONS, &decisions);
    Ok(batch)
}

/// The change that forgets a customer's moves in a pack, as [`forget_values`].
///
/// # Errors
/// When the store does not read.
pub fn forget_moves(store: &dyn Store, customer: CustomerNumber, pack: &[u8]) -> Result<Batch, StoreError> {
    let mut batch = Batch::default();
    let Some(mut moves) = readable(get::<Vec<Move>>(store, pack, MOVES))?.flatten() else {
        return Ok(batch);
    };
    moves.retain(|moved| moved.customer != customer);
    erase(store, &mut batch, pack)?;
    if !moves.is_empty() {
        put(&mut batch, pack, MOVES, &moves);
    }
    Ok(batch)
}
