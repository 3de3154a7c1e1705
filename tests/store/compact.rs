//! A store written anew: the same records, none of the bytes that were removed, whole after any crash.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use cvmd::store::{Batch, Store, StoreError, compact, open, tables};

const SECRET: &[u8] = b"Only.Ana@person.example";

fn records(store: &dyn Store) -> BTreeMap<Vec<u8>, Vec<u8>> {
    store.scan(&[], &[]).map(Result::unwrap).collect()
}

/// A store in which something was written and removed.
fn filled(directory: &Path) -> BTreeMap<Vec<u8>, Vec<u8>> {
    let store = open(directory).unwrap();
    for n in 0_u32..500 {
        let mut batch = Batch::default();
        batch.put([b"\x00\x02".as_slice(), &n.to_be_bytes()].concat(), vec![7; 300]);
        batch.put(b"\x00\x16secret".to_vec(), SECRET.to_vec());
        store.commit(batch).wait().unwrap();
    }
    let mut batch = Batch::default();
    batch.remove(b"\x00\x16secret".to_vec());
    store.commit(batch).wait().unwrap();
    records(&store)
}

fn holds_secret(directory: &Path) -> bool {
    fs::read_dir(directory).unwrap().any(|entry| {
        let path = entry.unwrap().path();
        if path.is_dir() {
            return holds_secret(&path);
        }
        fs::read(path).unwrap().windows(SECRET.len()).any(|window| window == SECRET)
    })
}

fn beside(directory: &Path, end: &str) -> PathBuf {
    directory.with_file_name(format!("store.{end}"))
}

#[test]
fn what_was_removed_stands_in_no_file_and_all_else_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let directory = folder.path().join("store");
    let before = filled(&directory);
    assert!(holds_secret(folder.path()), "this test tries nothing");
    compact(&directory).unwrap();
    assert!(!holds_secret(folder.path()));
    let store = open(&directory).unwrap();
    assert_eq!(records(&store), before, "who the store is, too");
    let names: Vec<_> =
        fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, ["store"], "nothing is left beside it");
    assert!(matches!(compact(&directory), Err(StoreError::Locked(_))), "while somebody has it");
}

#[test]
fn a_crash_leaves_the_old_store_or_the_new_one() {
    let folder = tempfile::tempdir().unwrap();
    let directory = folder.path().join("store");
    let before = filled(&directory);
    // While it copied: half a store beside the old one.
    drop(open(&beside(&directory, "compacting")).unwrap());
    assert_eq!(records(&open(&directory).unwrap()), before);
    // Between the two renames.
    fs::rename(&directory, beside(&directory, "before")).unwrap();
    assert_eq!(records(&open(&directory).unwrap()), before);
    assert!(!beside(&directory, "before").exists());
    // After them: the old one is still there, and goes.
    compact(&directory).unwrap();
    filled(&beside(&directory, "before"));
    assert_eq!(records(&open(&directory).unwrap()), before);
    assert!(!holds_secret(&directory) && !beside(&directory, "before").exists());
    compact(&directory).unwrap();
    assert_eq!(tables::meta::identity(&open(&directory).unwrap()).unwrap().version, 1);
}
