//! Tracks, who was last seen where, and moves.

use std::collections::BTreeMap;

use super::{erase, put, put_bytes, scan, set_block, strange_key};
use crate::model::{Bitmap, Instant, RuleNumber};
use crate::record::key::{self, Table};
use crate::record::{Move, TrackRecord, codec};
use crate::store::{Batch, Store, StoreError};

const TRACK: u8 = 1;
const PLACES: u8 = 1;
const MOVES: u8 = 1;
const LOOKED: u8 = 1;

/// All tracks, by number.
///
/// # Errors
/// When one does not read back.
pub fn tracks(store: &dyn Store) -> Result<BTreeMap<u16, TrackRecord>, StoreError> {
    let prefix = Table::Track.prefix();
    let mut tracks = BTreeMap::new();
    for item in scan(store, &prefix, &prefix, key::track(0).len()) {
        let (key, bytes) = item?;
        let number = key::parse_track(&key).ok_or_else(|| strange_key(&key))?;
        tracks.insert(number, codec::decode(TRACK, &key, &bytes)?);
    }
    Ok(tracks)
}

/// Writes a track.
pub fn put_track(batch: &mut Batch, number: u16, track: &TrackRecord) {
    put(batch, &key::track(number), TRACK, track);
}

/// Who was last seen where in a track, by the code of the place.
///
/// # Errors
/// When a block does not read back.
pub fn places(store: &dyn Store, track: u16) -> Result<BTreeMap<u16, Bitmap>, StoreError> {
    let prefix = key::places_of(track);
    let mut places: BTreeMap<u16, Bitmap> = BTreeMap::new();
    for item in store.scan(&prefix, &prefix) {
        let (key, bytes) = item?;
        let (_, place, block) = key::parse_places(&key).ok_or_else(|| strange_key(&key))?;
        let bytes = codec::decode_raw(PLACES, &key, &bytes)?;
        set_block(places.entry(place).or_default(), block, &key, &bytes)?;
    }
    Ok(places)
}

/// Writes a block (16,384 customers) of those last seen in a place.
pub fn put_places(batch: &mut Batch, track: u16, place: u16, block: u32, members: &Bitmap) {
    let bytes = members.block_bytes(block);
    let key = key::places(track, place, block);
    if bytes.is_empty() { batch.remove(key) } else { batch.put(key, codec::encode_raw(PLACES, &bytes)) }
}

/// Forgets who was last seen where in a track.
///
/// # Errors
/// When the store does not read.
pub fn remove_places(store: &dyn Store, batch: &mut Batch, track: u16) -> Result<(), StoreError> {
    erase(store, batch, &key::places_of(track))
}

/// Writes the moves that a tick learnt of a block of customers.
pub fn put_moves(batch: &mut Batch, track: u16, (learnt, block): (Instant, u32), moves: &[Move]) {
    for (n, (_, bytes)) in (0_u16..).zip(codec::encode_packs(MOVES, moves)) {
        put_bytes(batch, &key::moves(track, learnt, block, n), bytes);
    }
}

/// The moves of a track that were learnt at or after an instant, in the order in which they were.
pub fn moves_since(
    store: &dyn Store,
    track: u16,
    since: Instant,
) -> impl Iterator<Item = Result<(Instant, Move), StoreError>> + '_ {
    let from = key::moves(track, since, 0, 0);
    let length = from.len();
    scan(store, &key::moves_of(track), &from, length).flat_map(|item| {
        let pack = item.and_then(|(key, bytes)| {
            let (_, learnt, _, _) = key::parse_moves(&key).ok_or_else(|| strange_key(&key))?;
            let moves: Vec<Move> = codec::decode(MOVES, &key, &bytes)?;
            Ok(moves.into_iter().map(move |moved| (learnt, moved)))
        });
        let (moves, error) = match pack {
            Ok(moves) => (Some(moves), None),
            Err(error) => (None, Some(Err(error))),
        };
        moves.into_iter().flatten().map(Ok).chain(error)
    })
}

/// The tick at which each scheduled rule looked for moves last.
///
/// # Errors
/// When a record does not read back.
pub fn looked(store: &dyn Store) -> Result<BTreeMap<RuleNumber, Instant>, StoreError> {
    let prefix = Table::Looked.prefix();
    let mut looked = BTreeMap::new();
    for item in store.scan(&prefix, &prefix) {
        let (key, bytes) = item?;
        let rule = key::parse_looked(&key).ok_or_else(|| strange_key(&key))?;
        looked.insert(rule, codec::decode(LOOKED, &key, &bytes)?);
    }
    Ok(looked)
}

/// Records the tick at which a scheduled rule looked for moves.
pub fn put_looked(batch: &mut Batch, rule: RuleNumber, tick: Instant) {
    put(batch, &key::looked(rule), LOOKED, &tick);
}
