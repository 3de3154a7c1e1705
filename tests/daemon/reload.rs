//! A watched tree: what people and tools do to files is one update each.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use cvmd::clock::SystemClock;
use cvmd::reload::{LoadError, Loaded, UNKNOWN_COMMIT, Watch, load};

/// Far less than the poll, so that only the kernel's word can have done it.
const SOON: Duration = Duration::from_secs(20);

fn watch(root: &Path) -> Watch {
    Watch::start(root.to_owned(), Ok(load(root).unwrap()), SystemClock::shared())
}

async fn next(watch: &mut Watch) -> Result<Loaded, LoadError> {
    tokio::time::timeout(SOON, watch.next()).await.expect("no update came")
}

/// Waits a little longer than a change takes, and sees that nothing came.
async fn quiet(watch: &mut Watch) {
    let nothing = tokio::time::timeout(Duration::from_millis(1_800), watch.next()).await;
    assert!(nothing.is_err(), "an update too many: {nothing:?}");
}

/// Long enough for the watch to have begun.
async fn begun() {
    SystemClock::shared().sleep(cvmd::model::Duration(200)).await;
}

fn workspace() -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("rules");
    fs::create_dir(&root).unwrap();
    fs::write(root.join("a.rules"), "one").unwrap();
    (dir, root)
}

#[tokio::test]
async fn an_editor_s_rename_is_one_update_and_a_touch_none() {
    let (_dir, root) = workspace();
    let mut watch = watch(&root);
    begun().await;
    fs::write(root.join(".a.rules.tmp"), "two").unwrap();
    fs::rename(root.join(".a.rules.tmp"), root.join("a.rules")).unwrap();
    let loaded = next(&mut watch).await.unwrap();
    assert_eq!((&loaded.files["a.rules"][..], &*loaded.commit), (&b"two"[..], UNKNOWN_COMMIT));
    fs::write(root.join("a.rules"), "two").unwrap();
    fs::write(root.join("logo.png"), "no rule").unwrap();
    quiet(&mut watch).await;
}

#[tokio::test]
async fn many_writes_in_a_row_are_one_update() {
    let (_dir, root) = workspace();
    let mut watch = watch(&root);
    begun().await;
    for number in 0..10 {
        fs::write(root.join(format!("{number}.rules")), "text").unwrap();
        SystemClock::shared().sleep(cvmd::model::Duration(60)).await;
    }
    assert_eq!(next(&mut watch).await.unwrap().files.len(), 11);
    quiet(&mut watch).await;
}

#[tokio::test]
async fn a_config_map_s_swap_is_one_update() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().to_owned();
    for (version, text) in [("..1", "one"), ("..2", "two")] {
        fs::create_dir(root.join(version)).unwrap();
        fs::write(root.join(version).join("a.rules"), text).unwrap();
    }
    symlink("..1", root.join("..data")).unwrap();
    symlink("..data/a.rules", root.join("a.rules")).unwrap();
    let mut watch = watch(&root);
    begun().await;
    symlink("..2", root.join("..data_tmp")).unwrap();
    fs::rename(root.join("..data_tmp"), root.join("..data")).unwrap();
    assert_eq!(next(&mut watch).await.unwrap().files["a.rules"], b"two");
    quiet(&mut watch).await;
}

#[tokio::test]
async fn a_root_that_is_a_link_may_be_swapped_and_is_watched_again() {
    let dir = tempfile::tempdir().unwrap();
    for (release, text) in [("1", "one"), ("2", "two")] {
        fs::create_dir(dir.path().join(release)).unwrap();
        fs::write(dir.path().join(release).join("a.rules"), text).unwrap();
    }
    let root = dir.path().join("rules");
    symlink("1", &root).unwrap();
    let mut watch = watch(&root);
    begun().await;
    symlink("2", dir.path().join("new")).unwrap();
    fs::rename(dir.path().join("new"), &root).unwrap();
    assert_eq!(next(&mut watch).await.unwrap().files["a.rules"], b"two");
    begun().await;
    fs::write(dir.path().join("2/a.rules"), "three").unwrap();
    assert_eq!(next(&mut watch).await.unwrap().files["a.rules"], b"three");
}

#[tokio::test]
async fn a_folder_in_the_place_of_the_root_is_watched_in_its_stead() {
    let (dir, root) = workspace();
    let mut watch = watch(&root);
    begun().await;
    fs::create_dir(dir.path().join("new")).unwrap();
    fs::write(dir.path().join("new/a.rules"), "two").unwrap();
    fs::rename(&root, dir.path().join("old")).unwrap();
    fs::rename(dir.path().join("new"), &root).unwrap();
    assert_eq!(next(&mut watch).await.unwrap().files["a.rules"], b"two");
    fs::write(root.join("a.rules"), "three").unwrap();
    assert_eq!(next(&mut watch).await.unwrap().files["a.rules"], b"three");
    fs::write(dir.path().join("old/a.rules"), "nobody's").unwrap();
    quiet(&mut watch).await;
}

#[tokio::test]
async fn a_link_further_up_may_be_swapped() {
    let dir = tempfile::tempdir().unwrap();
    for (release, text) in [("1", "one"), ("2", "two")] {
        fs::create_dir_all(dir.path().join(release).join("rules")).unwrap();
        fs::write(dir.path().join(release).join("rules/a.rules"), text).unwrap();
    }
    symlink("1", dir.path().join("current")).unwrap();
    let mut watch = watch(&dir.path().join("current/rules"));
    begun().await;
    symlink("2", dir.path().join("new")).unwrap();
    fs::rename(dir.path().join("new"), dir.path().join("current")).unwrap();
    assert_eq!(next(&mut watch).await.unwrap().files["a.rules"], b"two");
    fs::write(dir.path().join("2/rules/a.rules"), "three").unwrap();
    assert_eq!(next(&mut watch).await.unwrap().files["a.rules"], b"three");
}

#[tokio::test]
async fn what_was_noticed_is_read_though_nobody_waited_for_it_to_the_end() {
    let (_dir, root) = workspace();
    let mut watch = watch(&root);
    begun().await;
    fs::write(root.join("a.rules"), "two").unwrap();
    for _ in 0..4 {
        let cut_off = tokio::time::timeout(Duration::from_millis(200), watch.next()).await;
        assert!(cut_off.is_err(), "two readings are half a second apart: {cut_off:?}");
    }
    assert_eq!(next(&mut watch).await.unwrap().files["a.rules"], b"two");
    assert_eq!(watch.read().await.unwrap().files["a.rules"], b"two");
    quiet(&mut watch).await;
}

#[tokio::test]
async fn a_root_that_is_gone_is_told_once_and_its_return_is_an_update() {
    let (dir, root) = workspace();
    let mut watch = watch(&root);
    begun().await;
    fs::rename(&root, dir.path().join("away")).unwrap();
    let error = next(&mut watch).await.unwrap_err();
    assert!(error.to_string().contains("does not exist"), "{error}");
    watch.poke();
    quiet(&mut watch).await;
    fs::rename(dir.path().join("away"), &root).unwrap();
    assert_eq!(next(&mut watch).await.unwrap().files["a.rules"], b"one");
}

fn git(folder: &Path, arguments: &[&str]) -> Option<String> {
    let output = Command::new("git")
        .args(["-c", "user.name=Ana", "-c", "user.email=ana@shop.example", "-C"])
        .arg(folder)
        .args(arguments)
        .output()
        .ok()?;
    assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    Some(String::from_utf8(output.stdout).unwrap().trim().to_owned())
}

#[tokio::test]
async fn a_checkout_is_one_update_with_its_commit() {
    let (dir, root) = workspace();
    // Without git the commit is `unknown`; that is tested elsewhere.
    let Some(_) = git(dir.path(), &["init", "-q"]) else { return };
    fs::write(dir.path().join("README"), "not a rule").unwrap();
    let commit = || {
        git(dir.path(), &["add", "-A"]);
        git(dir.path(), &["commit", "-q", "-m", "change"]);
        git(dir.path(), &["rev-parse", "HEAD"]).unwrap()
    };
    let first = commit();
    assert_eq!(load(&root).unwrap().commit, first);
    fs::write(dir.path().join("README"), "changed, but no rule").unwrap();
    assert_eq!(load(&root).unwrap().commit, first);
    fs::write(root.join("b.rules"), "new").unwrap();
    assert_eq!(load(&root).unwrap().commit, format!("{first}-dirty"));
    fs::write(root.join("a.rules"), "two").unwrap();
    let second = commit();
    assert_eq!(load(&root).unwrap().commit, second);
    fs::remove_file(root.join("b.rules")).unwrap();
    assert_eq!(load(&root).unwrap().commit, format!("{second}-dirty"));
    git(dir.path(), &["checkout", "-q", "-f", "."]);

    let mut watch = watch(&root);
    begun().await;
    git(dir.path(), &["checkout", "-q", &first]);
    let loaded = next(&mut watch).await.unwrap();
    assert_eq!((loaded.files.len(), loaded.commit), (1, first));
    quiet(&mut watch).await;
    git(dir.path(), &["checkout", "-q", "-b", "other"]);
    quiet(&mut watch).await;
    // Seen in git's own folder.
    git(dir.path(), &["commit", "-q", "--allow-empty", "-m", "same files"]);
    assert_eq!(next(&mut watch).await.unwrap().commit, git(dir.path(), &["rev-parse", "HEAD"]).unwrap());
}

#[test]
fn asking_git_runs_nothing_that_the_checkout_names() {
    let (dir, root) = workspace();
    let Some(_) = git(dir.path(), &["init", "-q"]) else { return };
    git(dir.path(), &["add", "-A"]);
    git(dir.path(), &["commit", "-q", "-m", "first"]);
    let trap = dir.path().join("sprung");
    let command = format!("touch {}; cat", trap.display());
    for key in ["core.fsmonitor", "filter.trap.clean", "core.pager", "diff.external"] {
        git(dir.path(), &["config", key, &command]);
    }
    fs::write(dir.path().join(".gitattributes"), "* filter=trap\n").unwrap();
    fs::write(root.join("a.rules"), "two").unwrap();
    assert!(load(&root).unwrap().commit.ends_with("-dirty"));
    assert!(!trap.exists());
}
