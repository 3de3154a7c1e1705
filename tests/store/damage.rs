//! Records that do not read back: found, named, skipped.

use cvmd::model::{CustomerNumber, RuleNumber};
use cvmd::record::{RuleMemory, codec, key};
use cvmd::store::tables::{customers, memories};
use cvmd::store::{Batch, Memory, Store, StoreError};

use super::samples::{self, RULE};

fn store_with_three_profiles() -> Memory {
    let store = Memory::new();
    let mut batch = Batch::default();
    for n in 0..3 {
        customers::put_profile(&mut batch, CustomerNumber(n), &samples::profile());
    }
    store.commit(batch).wait().unwrap();
    store
}

fn damage(store: &Memory, key: Vec<u8>, change: impl FnOnce(&mut Vec<u8>)) {
    let mut value = store.get(&key).unwrap().unwrap();
    change(&mut value);
    let mut batch = Batch::default();
    batch.put(key, value);
    store.commit(batch).wait().unwrap();
}

#[test]
fn a_scan_names_the_damaged_profile_and_goes_on() {
    let store = store_with_three_profiles();
    damage(&store, key::profile(CustomerNumber(1)), |value| value[9] ^= 1);
    let read: Vec<_> = customers::profiles(&store).collect();
    let [Ok((CustomerNumber(0), _)), Err(StoreError::Corrupt(text)), Ok((CustomerNumber(2), _))] =
        read.as_slice()
    else {
        panic!("{read:?}")
    };
    assert!(text.contains("`000200000001`") && text.contains("checksum"), "{text}");
}

#[test]
fn a_profile_of_a_newer_version_is_called_so() {
    let store = store_with_three_profiles();
    let newer = codec::encode(2, &samples::profile());
    damage(&store, key::profile(CustomerNumber(1)), |value| *value = newer);
    assert!(matches!(customers::profile(&store, CustomerNumber(1)), Err(StoreError::Newer(_))));
}

#[test]
fn a_lost_piece_is_named() {
    let store = store_with_three_profiles();
    let mut long = samples::profile();
    long.values[0].1 = "x".repeat(9_000);
    let mut batch = Batch::default();
    customers::put_profile(&mut batch, CustomerNumber(1), &long);
    batch.remove(key::piece(&key::profile(CustomerNumber(1)), 2));
    store.commit(batch).wait().unwrap();
    let Err(StoreError::Corrupt(text)) = customers::profile(&store, CustomerNumber(1)) else {
        panic!("read")
    };
    assert!(text.contains("piece 2") && text.contains("`000200000001`"), "{text}");
    assert_eq!(customers::profiles(&store).flatten().count(), 2);
}

#[test]
fn a_rule_with_a_damaged_memory_is_known_apart_from_the_others() {
    let store = Memory::new();
    let mut batch = Batch::default();
    memories::put_changes(&mut batch, RULE, &RuleMemory::default(), &samples::memory());
    memories::put_changes(&mut batch, RuleNumber(8), &RuleMemory::default(), &samples::memory());
    store.commit(batch).wait().unwrap();
    damage(&store, key::spent(RULE, 1), |value| value[5] ^= 1);
    let memories = memories::memories(&store).unwrap();
    assert!(matches!(memories[&RULE], Err(StoreError::Corrupt(_))));
    assert!(memories[&RuleNumber(8)].is_ok());
}
