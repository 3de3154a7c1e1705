//! Numbers of rules, rule sets that decided, contents of messages.

use std::collections::BTreeMap;

use super::{get, get_bytes, put, put_bytes, scan, strange_key};
use crate::model::{RuleNumber, RuleSetHash};
use crate::record::key::{self, MetaRecord, Table};
use crate::record::{LastGood, StoredRuleSet, codec};
use crate::store::{Batch, Store, StoreError};

const NAME: u8 = 1;
const FIRST_NAME: u8 = 1;
const RULE_SET: u8 = 1;
const ACTIVE: u8 = 1;
const CONTENT: u8 = 1;

/// Pieces of a rule set in one batch at most: 200 × 4 KiB.
const PIECES_PER_BATCH: usize = 200;

/// The numbers of all rules that were ever active, by name.
///
/// # Errors
/// When a record does not read back: without it a rule would get another's history.
pub fn numbers(store: &dyn Store) -> Result<BTreeMap<String, RuleNumber>, StoreError> {
    let prefix = Table::RuleName.prefix();
    let mut numbers = BTreeMap::new();
    for item in store.scan(&prefix, &prefix) {
        let (key, bytes) = item?;
        let name = key::parse_rule_name(&key).ok_or_else(|| strange_key(&key))?;
        numbers.insert(name, codec::decode(NAME, &key, &bytes)?);
    }
    Ok(numbers)
}

/// The number that the next new name gets, from 1; numbers are never reused.
#[must_use]
pub fn next_number(numbers: &BTreeMap<String, RuleNumber>) -> RuleNumber {
    RuleNumber(numbers.values().map(|number| number.0).max().unwrap_or(0) + 1)
}

/// Gives a name its number, for ever.
pub fn put_number(batch: &mut Batch, name: &str, number: RuleNumber) {
    put(batch, &key::rule_name(name), NAME, &number);
}

/// What items were called first: the code of the kind, a name that the item had, its first.
///
/// # Errors
/// When a record does not read back: without it a new item could take another's history.
pub fn first_names(store: &dyn Store) -> Result<Vec<(u8, String, String)>, StoreError> {
    let prefix = Table::FirstName.prefix();
    let read = |item: Result<(Vec<u8>, Vec<u8>), StoreError>| {
        let (key, bytes) = item?;
        let (kind, name) = key::parse_first_name(&key).ok_or_else(|| strange_key(&key))?;
        Ok((kind, name, codec::decode(FIRST_NAME, &key, &bytes)?))
    };
    store.scan(&prefix, &prefix).map(read).collect()
}

/// Remembers for ever what an item was called first.
pub fn put_first_name(batch: &mut Batch, kind: u8, name: &str, first: &str) {
    put(batch, &key::first_name(kind, name), FIRST_NAME, first);
}

/// A rule set that decided.
///
/// # Errors
/// When it does not read back.
pub fn rule_set(store: &dyn Store, hash: RuleSetHash) -> Result<Option<StoredRuleSet>, StoreError> {
    get(store, &key::rule_set(hash), RULE_SET)
}

/// The batches that keep a rule set, to be committed in order; it is there once the last one is. The
/// last has room for [`set_active`] and more.
#[must_use]
pub fn rule_set_batches(rule_set: &StoredRuleSet) -> Vec<Batch> {
    let mut all = Batch::default();
    put(&mut all, &key::rule_set(rule_set.hash), RULE_SET, rule_set);
    // Pieces first: a head whose pieces are missing would be damage.
    all.changes.rotate_left(1);
    all.changes.chunks(PIECES_PER_BATCH).map(|changes| Batch { changes: changes.to_vec() }).collect()
}

/// All rule sets that decided.
pub fn rule_sets(store: &dyn Store) -> impl Iterator<Item = Result<StoredRuleSet, StoreError>> + '_ {
    let prefix = Table::RuleSet.prefix();
    scan(store, &prefix, &prefix, key::rule_set(RuleSetHash::default()).len()).map(|item| {
        let (key, bytes) = item?;
        Ok(codec::decode(RULE_SET, &key, &bytes)?)
    })
}

/// Makes a stored rule set the last good one.
pub fn set_active(batch: &mut Batch, last: &LastGood) {
    put(batch, &key::meta(MetaRecord::ActiveRuleSet), ACTIVE, last);
}

/// The last good rule set; none where rules never ran.
///
/// # Errors
/// When it does not read back.
pub fn active(store: &dyn Store) -> Result<Option<LastGood>, StoreError> {
    get(store, &key::meta(MetaRecord::ActiveRuleSet), ACTIVE)
}

/// Keeps a message's content under its hash (as text).
pub fn put_content(batch: &mut Batch, hash: &str, content: &str) {
    put_bytes(batch, &key::content(hash), codec::encode_raw(CONTENT, content.as_bytes()));
}

/// A message's content by its hash.
///
/// # Errors
/// When it does not read back.
pub fn content(store: &dyn Store, hash: &str) -> Result<Option<String>, StoreError> {
    let key = key::content(hash);
    let Some(bytes) = get_bytes(store, &key)? else { return Ok(None) };
    let text = String::from_utf8(codec::decode_raw(CONTENT, &key, &bytes)?);
    text.map(Some)
        .map_err(|_| StoreError::Corrupt(format!("the record under key `{}` is no text", codec::hex(&key))))
}
