//! The store on disk: lock, leftovers, groups, reopening, refusals.

use cvmd::record::codec::VALUE_LIMIT;
use cvmd::store::limits::BATCH_LIMIT;
use cvmd::store::tables::meta;
use cvmd::store::{Batch, Options, Store, StoreError, open, open_with};

fn put(key: &[u8], value: &[u8]) -> Batch {
    let mut batch = Batch::default();
    batch.put(key.to_vec(), value.to_vec());
    batch
}

#[test]
fn what_was_committed_is_there_after_reopening() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("new/store");
    let id = {
        let store = open(&path).unwrap();
        let receipt = store.commit(put(b"k", b"1"));
        assert_eq!(store.get(b"k").unwrap(), Some(b"1".to_vec()), "seen before it is durable");
        receipt.wait().unwrap();
        drop(store.commit(put(b"l", b"2")));
        meta::identity(&store).unwrap()
    };
    let store = open(&path).unwrap();
    assert_eq!(store.get(b"k").unwrap(), Some(b"1".to_vec()));
    assert_eq!(store.get(b"l").unwrap(), Some(b"2".to_vec()), "closing waits for what was committed");
    assert_eq!(meta::identity(&store).unwrap(), id);
    assert!(store.stats().unwrap().bytes > 0);
    assert_eq!(store.failure(), None);
}

#[test]
fn a_second_daemon_is_told_who_has_the_store() {
    let directory = tempfile::tempdir().unwrap();
    let _first = open(directory.path()).unwrap();
    let Err(StoreError::Locked(text)) = open(directory.path()) else { panic!("opened twice") };
    let pid = format!("process {}", std::process::id());
    assert!(text.contains(&pid) && text.contains("stop it first"), "{text}");
}

#[test]
fn a_leftover_of_a_killed_snapshot_does_not_stop_the_next_start() {
    let directory = tempfile::tempdir().unwrap();
    open(directory.path()).unwrap().commit(put(b"k", b"1")).wait().unwrap();
    let leftover = directory.path().join("snap.7FFFFFFFFFFFFFFF.generating");
    std::fs::write(&leftover, b"torn").unwrap();
    let store = open(directory.path()).unwrap();
    assert!(!leftover.exists());
    assert_eq!(store.get(b"k").unwrap(), Some(b"1".to_vec()));
}

#[test]
fn batches_beyond_the_limits_are_refused_and_change_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path()).unwrap();
    let mut many = Batch::default();
    for n in 0..=BATCH_LIMIT {
        many.put(n.to_be_bytes().to_vec(), vec![1]);
    }
    let long = put(b"k", &vec![0; VALUE_LIMIT + 1]);
    for (batch, word) in [(many.clone(), "301"), (long, "4097"), (put(b"", b"1"), "key")] {
        let Err(StoreError::Refused(text)) = store.commit(batch).wait() else { panic!("{word}") };
        assert!(text.contains(word), "{text}");
    }
    assert_eq!(store.failure(), None, "a refusal is no failure of the store");
    many.changes.pop();
    store.commit(many).wait().unwrap();
}

#[test]
fn batches_that_wait_share_a_sync() {
    let directory = tempfile::tempdir().unwrap();
    let options = Options { sync_delay: Some(std::time::Duration::from_millis(20)), ..Options::default() };
    let store = open_with(directory.path(), &options).unwrap();
    let before = store.groups();
    let receipts: Vec<_> = (0_u32..100).map(|n| store.commit(put(&n.to_be_bytes(), b"1"))).collect();
    let sequences: Vec<_> = receipts.into_iter().map(|receipt| receipt.wait().unwrap()).collect();
    assert!(sequences.is_sorted());
    let groups = store.groups() - before;
    assert!(groups < 10, "{groups} groups for 100 commits");
}

#[test]
fn a_damaged_store_says_so_and_what_to_do() {
    let directory = tempfile::tempdir().unwrap();
    open(directory.path()).unwrap().commit(put(b"k", b"1")).wait().unwrap();
    // Reopening writes a snapshot, which is then torn.
    drop(open(directory.path()).unwrap());
    let entries = std::fs::read_dir(directory.path()).unwrap();
    for path in entries.map(|entry| entry.unwrap().path()) {
        if path.file_name().unwrap().to_string_lossy().starts_with("snap.") {
            std::fs::write(path, b"short").unwrap();
        }
    }
    let Err(StoreError::Corrupt(text)) = open(directory.path()) else { panic!("opened a torn snapshot") };
    assert!(text.contains("store import"), "{text}");
}
