//! Records in the store, a file a group of tables: small functions that read over a [`Store`] and
//! write into a [`Batch`].
//!
//! A record that does not read back is a [`StoreError::Corrupt`] naming its key. Scans yield such an
//! error in place of the record and go on behind it, so that whoever loads a store at start can skip
//! and report it.

pub mod control;
pub mod customers;
pub mod deeds;
pub mod endpoints;
pub mod events;
pub mod ledger;
pub mod memories;
pub mod messages;
pub mod meta;
pub mod movement;
pub mod old;
pub mod person;
pub mod privacy;
pub mod rules;
pub mod runs;
pub mod traces;
pub mod unsubscribes;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Batch, Store, StoreError};
use crate::model::{BLOCK, Bitmap};
use crate::record::{codec, key};

/// A key as built by [`key`] that another version, or damage, made.
fn strange_key(key: &[u8]) -> StoreError {
    StoreError::Corrupt(format!("the key `{}` is none that this version knows", codec::hex(key)))
}

/// Takes a block into a set. A block beyond every customer is damage: it would ask for all memory.
fn set_block(set: &mut Bitmap, block: u32, key: &[u8], bytes: &[u8]) -> Result<(), StoreError> {
    if block > u32::MAX / BLOCK {
        return Err(strange_key(key));
    }
    set.set_block_bytes(block, bytes);
    Ok(())
}

/// Writes a record, in pieces where it is long. Pieces that an older, longer version left behind are
/// ignored by readers and go with [`erase`].
fn put<T: Serialize + ?Sized>(batch: &mut Batch, key: &[u8], format: u8, record: &T) {
    put_bytes(batch, key, codec::encode(format, record));
}

fn put_bytes(batch: &mut Batch, key: &[u8], whole: Vec<u8>) {
    for (n, part) in (0_u16..).zip(codec::cut(whole)) {
        batch.put(if n == 0 { key.to_vec() } else { key::piece(key, n) }, part);
    }
}

/// Removes a record with all its pieces, stale ones too.
fn erase(store: &dyn Store, batch: &mut Batch, key: &[u8]) -> Result<(), StoreError> {
    for item in store.scan(key, key) {
        batch.remove(item?.0);
    }
    Ok(())
}

/// The bytes of a record whose first value was read, its pieces joined.
fn whole(store: &dyn Store, key: &[u8], value: Vec<u8>) -> Result<Vec<u8>, StoreError> {
    let pieces = codec::pieces(key, &value)?;
    let mut parts = vec![value];
    for n in 1..=pieces {
        let piece = store.get(&key::piece(key, n))?;
        parts.push(piece.ok_or_else(|| {
            StoreError::Corrupt(format!("piece {n} of the record under key `{}` is missing", codec::hex(key)))
        })?);
    }
    Ok(codec::join(key, &parts)?)
}

fn get_bytes(store: &dyn Store, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
    store.get(key)?.map(|value| whole(store, key, value)).transpose()
}

fn get<T: DeserializeOwned>(store: &dyn Store, key: &[u8], format: u8) -> Result<Option<T>, StoreError> {
    let bytes = get_bytes(store, key)?;
    Ok(bytes.map(|bytes| codec::decode(format, key, &bytes)).transpose()?)
}

/// A key and the whole bytes of its record.
type Whole = Result<(Vec<u8>, Vec<u8>), StoreError>;

/// Scans the records of one table whose keys have `length` bytes, pieces joined.
fn scan<'a>(
    store: &'a dyn Store,
    prefix: &[u8],
    from: &[u8],
    length: usize,
) -> impl Iterator<Item = Whole> + use<'a> {
    store.scan(prefix, from).filter_map(move |item| match item {
        Err(error) => Some(Err(error)),
        // Longer keys are the pieces of the record before, read with it, or stale.
        Ok((key, _)) if key.len() == length + 2 => None,
        Ok((key, value)) => Some(whole(store, &key, value).map(|bytes| (key, bytes))),
    })
}
