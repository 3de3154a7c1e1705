//! Export and import, from and into both stores; snapshots while commits go on.

use std::collections::BTreeMap;
use std::path::PathBuf;

use cvmd::model::Instant;
use cvmd::record::key::{self, MetaRecord};
use cvmd::record::{Hold, HoldReason};
use cvmd::store::tables::{control, meta};
use cvmd::store::transfer::{Summary, TransferError, export, import, verify};
use cvmd::store::{Batch, Memory, Store, StoreError, open};
use proptest::prelude::*;

use super::samples::{AT, CUSTOMER};

const TAKEN: Instant = Instant(1_795_000_000_000);
const RESTORED: Instant = Instant(1_795_000_060_000);

type Items = BTreeMap<Vec<u8>, Vec<u8>>;

fn items(store: &dyn Store) -> Items {
    store.scan(&[], &[]).collect::<Result<_, _>>().unwrap()
}

/// A small store: something in a profile's place, a tick.
fn fill(store: &dyn Store) {
    let mut batch = Batch::default();
    batch.put(key::profile(CUSTOMER), vec![1, 2, 3]);
    control::put_tick(&mut batch, AT);
    store.commit(batch).wait().unwrap();
}

fn exported(store: &dyn Store) -> Vec<u8> {
    let mut file = Vec::new();
    let summary = export(store, &mut file, TAKEN).unwrap();
    assert_eq!(verify(&*file).unwrap(), summary);
    file
}

/// What a restore of `from` holds: the same, and a hold.
fn restored(from: &dyn Store) -> Items {
    let mut batch = Batch::default();
    control::put_hold(
        &mut batch,
        &Hold { reason: HoldReason::Restore, since: RESTORED, last_tick: Some(AT) },
    );
    let mut all = items(from);
    all.extend(batch.changes.into_iter().map(|(key, value)| (key, value.unwrap())));
    all
}

#[test]
fn each_store_restores_what_the_other_exported() {
    let folder = tempfile::tempdir().unwrap();
    let disk = open(&folder.path().join("from")).unwrap();
    let memory = Memory::new();
    let from: [&dyn Store; 2] = [&disk, &memory];
    for (number, from) in from.into_iter().enumerate() {
        fill(from);
        // More than a batch.
        for n in 0..700_u32 {
            let mut batch = Batch::default();
            batch.put(key::profile(cvmd::model::CustomerNumber(n + 1_000)), vec![7; n as usize]);
            drop(from.commit(batch));
        }
        let file = exported(from);
        let target = open(&folder.path().join(format!("to{number}"))).unwrap();
        let other = Memory::new();
        let targets: [&dyn Store; 2] = [&target, &other];
        for to in targets {
            let summary = import(to, &*file, RESTORED).unwrap();
            assert_eq!((summary.taken, summary.customers), (TAKEN, 701));
            assert_eq!(summary.records, items(from).len() as u64);
            assert_eq!(items(to), restored(from));
            assert_eq!(meta::identity(to).unwrap(), meta::identity(from).unwrap());
            assert!(matches!(import(to, &*file, RESTORED), Err(TransferError::NotEmpty)));
        }
    }
}

#[test]
fn a_restore_that_was_cut_off_does_not_open() {
    let folder = tempfile::tempdir().unwrap();
    let memory = Memory::new();
    fill(&memory);
    // More than zstd packs into a block, and more than a batch.
    let noise = |n: u32, i: u32| (n * 400 + i).wrapping_mul(2_654_435_761).to_be_bytes()[1];
    for n in 0..1_000_u32 {
        let mut batch = Batch::default();
        let value = (0..400).map(|i| noise(n, i)).collect();
        batch.put(key::profile(cvmd::model::CustomerNumber(n)), value);
        memory.commit(batch).wait().unwrap();
    }
    let file = exported(&memory);
    let store = open(folder.path()).unwrap();
    // Read by itself it ends too early, as the process would.
    let Err(TransferError::Damaged(..)) = import(&store, &file[..file.len() - 40], RESTORED) else {
        panic!("half an export was restored")
    };
    drop(store);
    let Err(StoreError::Corrupt(text)) = open(folder.path()) else { panic!("half a restore opened") };
    assert!(text.contains("cut off") && text.contains("empty directory"), "{text}");
}

/// Once released, an export is read for ever: the file of the first version, packed as it was.
#[test]
fn the_first_versions_export_still_reads() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/store/export");
    let (lines, file) = (folder.join("first.ndjson"), folder.join("first.ndjson.zst"));
    let store = Memory::new();
    fill(&store);
    let written = exported(&store);
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        std::fs::write(&lines, zstd::decode_all(&*written).unwrap()).unwrap();
        std::fs::write(&file, &written).unwrap();
    }
    // Another version of zstd may pack otherwise; what is packed stays.
    let text = String::from_utf8(zstd::decode_all(&*written).unwrap()).unwrap();
    assert_eq!(text, std::fs::read_to_string(lines).unwrap());
    let target = Memory::new();
    let summary = import(&target, &*std::fs::read(file).unwrap(), RESTORED).unwrap();
    assert_eq!(summary, Summary { taken: TAKEN, records: items(&store).len() as u64, customers: 1 });
    assert_eq!(items(&target), restored(&store));
}

#[test]
fn an_export_is_of_one_moment_while_commits_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).unwrap();
    let pair = |n: u32| {
        // Both sides of a pair change together, far apart, over and over.
        let mut batch = Batch::default();
        for key in [n % 2_000, 2_000_000 + n % 2_000] {
            batch.put(key::profile(cvmd::model::CustomerNumber(key)), n.to_be_bytes().to_vec());
        }
        batch
    };
    (0..2_000).map(|n| store.commit(pair(n))).collect::<Vec<_>>().into_iter().for_each(|receipt| {
        receipt.wait().unwrap();
    });
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| (2_000..22_000).for_each(|n| drop(store.commit(pair(n)))));
        let mut exports = 0;
        while !writer.is_finished() || exports == 0 {
            let target = Memory::new();
            import(&target, &*exported(&store), RESTORED).unwrap();
            for n in 0..2_000 {
                let side = |n| target.get(&key::profile(cvmd::model::CustomerNumber(n))).unwrap();
                assert_eq!(side(n), side(n + 2_000_000), "pair {n}");
            }
            exports += 1;
        }
    });
}

/// Changes of few keys, so that they meet.
fn batch() -> impl Strategy<Value = Batch> {
    let change = (0_u32..12, proptest::option::of(any::<u8>()));
    proptest::collection::vec(change, 1..6).prop_map(|changes| Batch {
        changes: changes
            .into_iter()
            .map(|(n, value)| (key::profile(cvmd::model::CustomerNumber(n)), value.map(|v| vec![v])))
            .collect(),
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn a_snapshot_stays_as_it_was(
        before in proptest::collection::vec(batch(), 0..12),
        after in proptest::collection::vec(batch(), 0..12),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let (disk, memory) = (open(folder.path()).unwrap(), Memory::new());
        let stores: [&dyn Store; 2] = [&disk, &memory];
        for store in stores {
            for batch in &before {
                drop(store.commit(batch.clone()));
            }
            let expected = items(store);
            let snapshot = store.snapshot().unwrap();
            for batch in &after {
                store.commit(batch.clone()).wait().unwrap();
            }
            let now: Items = snapshot.scan(&[]).collect::<Result<_, _>>().unwrap();
            prop_assert_eq!(&now, &expected);
            let own = key::meta(MetaRecord::Identity);
            let some: Vec<Vec<u8>> = snapshot.scan(&own).map(|item| item.unwrap().0).collect();
            prop_assert_eq!(some, vec![own]);
        }
    }
}
