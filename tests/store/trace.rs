//! What kill -9 cannot show, for the kernel keeps what was written: that each acknowledgement comes
//! after an `fdatasync`. Seen from outside by strace, where it is installed.

use std::path::Path;
use std::process::Command;

use cvmd::store::{Batch, Store, open};

const DIRECTORY: &str = "CVMD_TEST_TRACE_DIRECTORY";
const COMMITS: u32 = 10;

/// The traced child; no test of its own without the variable.
#[test]
fn child_commits_one_by_one() {
    let Some(directory) = std::env::var_os(DIRECTORY) else { return };
    let store = open(Path::new(&directory)).unwrap();
    for n in 0..COMMITS {
        let mut batch = Batch::default();
        batch.put(n.to_be_bytes().to_vec(), vec![1]);
        // A file's name is the acknowledgement: its making is a system call of its own.
        let acknowledgement = Path::new(&directory).join(format!("acknowledged-{n}"));
        store.commit(batch).wait().unwrap();
        std::fs::write(acknowledgement, "").unwrap();
    }
}

#[test]
fn each_acknowledgement_follows_a_sync() {
    if Command::new("strace").arg("-V").output().is_err() {
        assert!(std::env::var_os("CVMD_PEERS").is_none(), "strace is not installed");
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let trace = directory.path().join("trace");
    let status = Command::new("strace")
        .args(["-f", "-e", "trace=fdatasync,openat", "-o"])
        .arg(&trace)
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", "store::trace::child_commits_one_by_one", "--test-threads=1"])
        .env(DIRECTORY, directory.path().join("store"))
        .output()
        .unwrap()
        .status;
    assert!(status.success());
    let text = std::fs::read_to_string(&trace).unwrap();
    let mut synced = false;
    let mut acknowledged = 0;
    for line in text.lines() {
        if line.contains("fdatasync") && line.ends_with("= 0") {
            synced = true;
        } else if line.contains(&format!("acknowledged-{acknowledged}")) {
            assert!(synced, "acknowledgement {acknowledged} without a sync:\n{text}");
            synced = false;
            acknowledged += 1;
        }
    }
    assert_eq!(acknowledged, COMMITS);
}
