//! What tables hold of one customer that are not by customer: read, and forgotten, by looking through
//! them. Slow beside all other reads, and seldom asked for.
//!
//! A record that does not read back is passed over: whoever loads the store reports it.

use super::{erase, scan, strange_key};
use crate::model::{BLOCK, CustomerNumber, Instant, RuleNumber};
use crate::record::key::{self, Table};
use crate::record::{Decision, Deed, FinishedMessage, MessageKey, Move, OpenMessage, Skip, codec};
use crate::store::{Batch, Store, StoreError};

pub(super) const DECISIONS: u8 = 1;
const FINISHED: u8 = 1;
pub(super) const MOVES: u8 = 1;
const BITS: u8 = 1;

/// A pack of decisions: its key, rule, instant, and what is in it.
pub(super) type Pack = (Vec<u8>, (RuleNumber, Instant), Vec<Decision>);

/// A pack of decisions as it is stored: its key, rule, instant and bytes.
type Packed = (Vec<u8>, (RuleNumber, Instant), Vec<u8>);

/// A pack of moves: its key, the tick that learnt them, and what is in it.
pub(super) type PackOfMoves = (Vec<u8>, Instant, Vec<Move>);

/// What reads back; none for what is damaged.
pub(super) fn readable<T>(item: Result<T, StoreError>) -> Result<Option<T>, StoreError> {
    match item {
        Ok(item) => Ok(Some(item)),
        Err(StoreError::Corrupt(_)) => Ok(None),
        Err(error) => Err(error),
    }
}

/// The packs that hold a decision about a customer. Packs of a run are in the order of their customers:
/// of each run only the last one that begins at or before this customer is unpacked.
pub(super) fn packs_with(store: &dyn Store, customer: CustomerNumber) -> Result<Vec<Pack>, StoreError> {
    let prefix = Table::Decisions.prefix();
    let length = key::decisions(RuleNumber(0), Instant(0), customer).len();
    let (mut found, mut last): (Vec<Pack>, Option<Packed>) = (Vec::new(), None);
    let mut look = |candidate: Option<Packed>| {
        let Some((key, run, bytes)) = candidate else { return };
        if let Ok(pack) = codec::decode::<Vec<Decision>>(DECISIONS, &key, &bytes)
            && pack.iter().any(|decision| decision.customer == customer)
        {
            found.push((key, run, pack));
        }
    };
    for item in scan(store, &prefix, &prefix, length) {
        let Some((key, bytes)) = readable(item)? else { continue };
        let (rule, at, first) = key::parse_decisions(&key).ok_or_else(|| strange_key(&key))?;
        if first > customer {
            continue;
        }
        if last.as_ref().is_some_and(|(_, run, _)| *run != (rule, at)) {
            look(last.take());
        }
        last = Some((key, (rule, at), bytes));
    }
    look(last);
    Ok(found)
}

/// All decisions about a customer, with rule and instant, by these.
///
/// # Errors
/// When the store does not read.
pub fn decisions(
    store: &dyn Store,
    customer: CustomerNumber,
) -> Result<Vec<(RuleNumber, Instant, Decision)>, StoreError> {
    let mut found = Vec::new();
    for (_, (rule, at), pack) in packs_with(store, customer)? {
        let own = pack.into_iter().filter(|decision| decision.customer == customer);
        found.extend(own.map(|decision| (rule, at, decision)));
    }
    Ok(found)
}

/// The open messages to a customer, by their keys: they are not read.
///
/// # Errors
/// When the store does not read.
pub fn open_messages(
    store: &dyn Store,
    customer: CustomerNumber,
) -> Result<Vec<(Instant, MessageKey)>, StoreError> {
    let prefix = Table::OpenMessage.prefix();
    let mut found = Vec::new();
    for item in store.scan(&prefix, &prefix) {
        // Longer keys are pieces.
        let parsed = key::parse_open_message(&item?.0);
        found.extend(parsed.filter(|(_, key)| key.decision.customer == customer));
    }
    Ok(found)
}

/// The messages to a customer that ended, oldest first.
///
/// # Errors
/// When the store does not read.
pub fn finished_messages(
    store: &dyn Store,
    customer: CustomerNumber,
) -> Result<Vec<FinishedMessage>, StoreError> {
    finished_from(store, customer, &Table::FinishedMessage.prefix())
}

/// The messages to a customer that ended since an instant, oldest first.
///
/// # Errors
/// When the store does not read.
pub fn finished_messages_since(
    store: &dyn Store,
    customer: CustomerNumber,
    since: Instant,
) -> Result<Vec<FinishedMessage>, StoreError> {
    finished_from(store, customer, &key::finished_since(since))
}

fn finished_from(
    store: &dyn Store,
    customer: CustomerNumber,
    from: &[u8],
) -> Result<Vec<FinishedMessage>, StoreError> {
    let prefix = Table::FinishedMessage.prefix();
    let mut found = Vec::new();
    for item in store.scan(&prefix, from) {
        let (key, value) = item?;
        let of = key::parse_finished_message(&key).map(|(_, message)| message.decision.customer);
        if of == Some(customer)
            && let Some(bytes) = readable(super::whole(store, &key, value))?
        {
            found.extend(codec::decode(FINISHED, &key, &bytes).ok());
        }
    }
    Ok(found)
}

/// The messages to a customer that died and are kept, with the instants, oldest first.
///
/// # Errors
/// When the store does not read.
pub fn letters(
    store: &dyn Store,
    customer: CustomerNumber,
) -> Result<Vec<(Instant, OpenMessage)>, StoreError> {
    let mut found = Vec::new();
    for (at, key) in letter_keys(store, customer)? {
        let letter = readable(super::messages::letter(store, at, key))?.flatten();
        found.extend(letter.map(|letter| (at, letter)));
    }
    Ok(found)
}

pub(super) fn letter_keys(
    store: &dyn Store,
    customer: CustomerNumber,
) -> Result<Vec<(Instant, MessageKey)>, StoreError> {
    let prefix = Table::DeadLetter.prefix();
    let mut found = Vec::new();
    for item in store.scan(&prefix, &prefix) {
        let parsed = key::parse_dead_letter(&item?.0);
        found.extend(parsed.filter(|(_, key)| key.decision.customer == customer));
    }
    Ok(found)
}

/// What we did to a customer, oldest first.
///
/// # Errors
/// When the store does not read.
pub fn deeds(store: &dyn Store, customer: CustomerNumber) -> Result<Vec<Deed>, StoreError> {
    let mut found = Vec::new();
    for item in super::deeds::deeds(store) {
        let Some((_, pack)) = readable(item)? else { continue };
        found.extend(pack.into_iter().filter(|deed| deed.customer == customer));
    }
    Ok(found)
}

/// Who was passed over: by rule, at an instant (a run's, or a day's start), for a reason.
///
/// # Errors
/// When the store does not read.
pub fn non_sends(
    store: &dyn Store,
    customer: CustomerNumber,
) -> Result<Vec<(RuleNumber, Instant, Skip)>, StoreError> {
    let prefix = Table::NonSends.prefix();
    let mut found = Vec::new();
    for item in store.scan(&prefix, &prefix) {
        let (key, bytes) = item?;
        let Some((rule, at, code, block)) = key::parse_non_sends(&key) else { continue };
        let reason = Skip::ALL.into_iter().find(|reason| reason.code() == code);
        if is_member((block, customer), &key, &bytes) {
            found.extend(reason.map(|reason| (rule, at, reason)));
        }
    }
    Ok(found)
}

/// The runs that meant to reach a customer: rule and instant.
///
/// # Errors
/// When the store does not read.
pub fn recipient_of(
    store: &dyn Store,
    customer: CustomerNumber,
) -> Result<Vec<(RuleNumber, Instant)>, StoreError> {
    let prefix = Table::Recipients.prefix();
    let mut found = Vec::new();
    for item in store.scan(&prefix, &prefix) {
        let (key, bytes) = item?;
        let Some((rule, at, block)) = key::parse_recipients(&key) else { continue };
        if is_member((block, customer), &key, &bytes) {
            found.push((rule, at));
        }
    }
    Ok(found)
}

/// Whether a block of a set has a customer.
fn is_member((block, customer): (u32, CustomerNumber), key: &[u8], bytes: &[u8]) -> bool {
    if block != customer.0 / BLOCK {
        return false;
    }
    let mut set = crate::model::Bitmap::new();
    match codec::decode_raw(BITS, key, bytes) {
        Ok(bytes) => set.set_block_bytes(block, &bytes),
        Err(_) => return false,
    }
    set.contains(customer.0)
}

/// The moves of a customer in a track, with the ticks that learnt them; oldest first.
///
/// # Errors
/// When the store does not read.
pub fn moves(
    store: &dyn Store,
    track: u16,
    customer: CustomerNumber,
) -> Result<Vec<(Instant, Move)>, StoreError> {
    let packs = packs_of_moves(store, track, customer)?;
    let own = |(_, learnt, pack): PackOfMoves| {
        let own = pack.into_iter().filter(move |moved| moved.customer == customer);
        own.map(move |moved| (learnt, moved))
    };
    Ok(packs.into_iter().flat_map(own).collect())
}

/// The packs of a track that hold a move of a customer.
pub(super) fn packs_of_moves(
    store: &dyn Store,
    track: u16,
    customer: CustomerNumber,
) -> Result<Vec<PackOfMoves>, StoreError> {
    let prefix = key::moves_of(track);
    let length = key::moves(track, Instant(0), 0, 0).len();
    let mut found = Vec::new();
    for item in scan(store, &prefix, &prefix, length) {
        let Some((key, bytes)) = readable(item)? else { continue };
        let (_, learnt, block, _) = key::parse_moves(&key).ok_or_else(|| strange_key(&key))?;
        if block != customer.0 / BLOCK {
            continue;
        }
        let Ok(pack) = codec::decode::<Vec<Move>>(MOVES, &key, &bytes) else { continue };
        if pack.iter().any(|moved| moved.customer == customer) {
            found.push((key, learnt, pack));
        }
    }
    Ok(found)
}

/// Removes all that stands under a customer's own keys: profile, orders, events, changes, what the outbox
/// met, unsubscribes that are not taken in. Pieces that longer records left behind go with them.
///
/// # Errors
/// When the store does not read.
pub fn forget_own(store: &dyn Store, batch: &mut Batch, customer: CustomerNumber) -> Result<(), StoreError> {
    let mut unsubscribes = Table::Unsubscribe.prefix();
    unsubscribes.extend(customer.0.to_be_bytes());
    for prefix in [
        key::profile(customer),
        key::orders_of(customer),
        key::event_packs_of(customer),
        key::changes_of(customer),
        key::suppressions_of(customer),
        unsubscribes,
    ] {
        erase(store, batch, &prefix)?;
    }
    Ok(())
}
