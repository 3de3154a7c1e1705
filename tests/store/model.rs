//! The same random commands to sled, to memory and to a plain map: they must answer the same.

use std::collections::BTreeMap;

use cvmd::store::{Batch, Memory, SledStore, Store, open};
use proptest::prelude::*;

#[derive(Debug, Clone)]
enum Command {
    /// Commits changes, and waits where told.
    Commit(Vec<(Vec<u8>, Option<u16>)>, bool),
    Get(Vec<u8>),
    Scan(Vec<u8>, Vec<u8>),
    /// Closes and opens again; memory crashes with everything durable.
    Reopen,
}

/// Few and short keys, so that they meet; bytes at both ends, where ranges go wrong.
fn key() -> impl Strategy<Value = Vec<u8>> {
    proptest::collection::vec(prop_oneof![Just(0), Just(1), Just(254), Just(255)], 1..4)
}

fn prefix() -> impl Strategy<Value = Vec<u8>> {
    proptest::collection::vec(prop_oneof![Just(0), Just(1), Just(255)], 0..3)
}

fn command() -> impl Strategy<Value = Command> {
    let changes = proptest::collection::vec((key(), proptest::option::of(0_u16..4_000)), 1..8);
    prop_oneof![
        8 => (changes, any::<bool>()).prop_map(|(changes, wait)| Command::Commit(changes, wait)),
        4 => key().prop_map(Command::Get),
        4 => (prefix(), prefix()).prop_map(|(prefix, from)| Command::Scan(prefix, from)),
        1 => Just(Command::Reopen),
    ]
}

type Items = Vec<(Vec<u8>, Vec<u8>)>;

/// The first key of the store's own record is no business of these commands.
fn scan(store: &dyn Store, prefix: &[u8], from: &[u8]) -> Items {
    let items: Result<Items, _> = store.scan(prefix, from).collect();
    items.unwrap().into_iter().filter(|(key, _)| key != &[0, 1, 0]).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn sled_memory_and_a_map_agree(commands in proptest::collection::vec(command(), 1..60)) {
        let directory = tempfile::tempdir().unwrap();
        let mut disk: Option<SledStore> = Some(open(directory.path()).unwrap());
        let mut memory = Memory::new();
        let mut map: BTreeMap<Vec<u8>, Vec<u8>> = BTreeMap::new();
        for command in commands {
            let store = disk.as_ref().unwrap();
            match command {
                Command::Commit(changes, wait) => {
                    let mut batch = Batch::default();
                    for (key, length) in changes.into_iter().filter(|(key, _)| key != &[0, 1, 0]) {
                        let value = length.map(|length| vec![7; usize::from(length)]);
                        match &value {
                            Some(value) => map.insert(key.clone(), value.clone()),
                            None => map.remove(&key),
                        };
                        batch.changes.push((key, value));
                    }
                    let receipts = [store.commit(batch.clone()), memory.commit(batch)];
                    for receipt in receipts {
                        if wait {
                            receipt.wait().unwrap();
                        }
                    }
                }
                Command::Get(key) => if key != [0, 1, 0] {
                    prop_assert_eq!(&store.get(&key).unwrap(), &map.get(&key).cloned());
                    prop_assert_eq!(&memory.get(&key).unwrap(), &map.get(&key).cloned());
                },
                Command::Scan(prefix, from) => {
                    let expected: Items = map.range(from.clone()..)
                        .filter(|(key, _)| key.starts_with(&prefix))
                        .map(|(key, value)| (key.clone(), value.clone()))
                        .collect();
                    prop_assert_eq!(&scan(store, &prefix, &from), &expected);
                    prop_assert_eq!(&scan(&memory, &prefix, &from), &expected);
                }
                Command::Reopen => {
                    drop(disk.take());
                    disk = Some(open(directory.path()).unwrap());
                    memory = memory.crash();
                }
            }
        }
        let expected: Items = map.into_iter().collect();
        prop_assert_eq!(&scan(disk.as_ref().unwrap(), &[], &[]), &expected);
        prop_assert_eq!(&scan(&memory, &[], &[]), &expected);
    }
}
