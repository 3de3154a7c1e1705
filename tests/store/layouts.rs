//! A store of another layout is left alone, and says which cvmd is asked for.

use cvmd::store::tables::meta;
use cvmd::store::{Batch, Store, StoreError, open};

fn opened_with_layout(version: u32) -> Result<(), StoreError> {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path().join("store");
    let store = open(&at).unwrap();
    let mut identity = meta::identity(&store).unwrap();
    identity.version = version;
    let mut batch = Batch::default();
    meta::put_identity(&mut batch, &identity);
    store.commit(batch).wait().unwrap();
    drop(store);
    open(&at).map(|store| {
        assert_eq!(meta::identity(&store).unwrap(), identity);
    })
}

#[test]
fn this_layout_opens_and_others_say_what_to_do() {
    assert_eq!(opened_with_layout(meta::VERSION), Ok(()));
    let Err(StoreError::Newer(newer)) = opened_with_layout(meta::VERSION + 1) else { panic!("it opened") };
    assert!(newer.contains("run the version of cvmd that wrote it, or a newer one"), "{newer}");
    assert!(newer.contains("Nothing in it was changed") && newer.contains("restore an export"), "{newer}");
    let Err(StoreError::Corrupt(older)) = opened_with_layout(meta::OLDEST - 1) else { panic!("it opened") };
    assert!(older.contains("run the version of cvmd that did"), "{older}");
}
