//! kill -9 of a process that commits: what it was told is durable is there, batches are whole, and
//! what survives is a prefix of what was committed.
//!
//! The child is this test binary run again for one test only, told by an environment variable where
//! its store is. It prints the number of each acknowledged commit.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use cvmd::store::{Batch, Store, open};

const DIRECTORY: &str = "CVMD_TEST_KILL_DIRECTORY";
const ROUNDS: u64 = 12;
/// Keys that each commit changes together.
const WIDTH: u64 = 20;

fn commit(store: &dyn Store, n: u64) -> cvmd::store::Receipt {
    let mut batch = Batch::default();
    batch.put(b"last".to_vec(), n.to_be_bytes().to_vec());
    for part in 0..WIDTH {
        // Two generations in turn, so that pages are rewritten as well as added.
        let key = [b"part/".as_slice(), &(n % 500).to_be_bytes(), &part.to_be_bytes()].concat();
        batch.put(key, [n.to_be_bytes().as_slice(), &[7; 100]].concat());
    }
    store.commit(batch)
}

/// The child's life; no test of its own without the variable.
#[test]
fn child_commits_until_killed() {
    let Some(directory) = std::env::var_os(DIRECTORY) else { return };
    let store = open(Path::new(&directory)).unwrap();
    let start = last(&store) + 1;
    let mut out = std::io::stdout();
    writeln!(out, "\nopened").unwrap();
    let mut waiting = std::collections::VecDeque::new();
    for n in start.. {
        waiting.push_back((n, commit(&store, n)));
        // A few on their way at all times, so that groups form.
        if waiting.len() > 5 {
            let (n, receipt) = waiting.pop_front().unwrap();
            receipt.wait().unwrap();
            writeln!(out, "durable {n}").unwrap();
            out.flush().unwrap();
        }
    }
}

fn last(store: &dyn Store) -> u64 {
    let bytes = store.get(b"last").unwrap().map_or([0; 8], |bytes| bytes.try_into().unwrap());
    u64::from_be_bytes(bytes)
}

/// Runs a child until it acknowledged `enough` commits more, kills it, answers the last one it
/// acknowledged.
fn run_and_kill(directory: &Path, enough: u64) -> u64 {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "store::kill::child_commits_until_killed", "--nocapture", "--test-threads=1"])
        .env(DIRECTORY, directory)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut acknowledged = 0;
    for _ in 0..enough {
        let durable =
            lines.by_ref().find_map(|line| line.unwrap().strip_prefix("durable ").map(str::to_owned));
        acknowledged = durable.expect("the child ended by itself").parse().unwrap();
    }
    child.kill().unwrap();
    child.wait().unwrap();
    // What it had printed when it died.
    for line in lines.map_while(Result::ok) {
        if let Some(n) = line.strip_prefix("durable ").and_then(|n| n.parse().ok()) {
            acknowledged = n;
        }
    }
    acknowledged
}

#[test]
fn no_acknowledged_commit_is_lost_by_kill_9() {
    let directory = tempfile::tempdir().unwrap();
    for round in 0..ROUNDS {
        let acknowledged = run_and_kill(directory.path(), 1 + round * 37 % 101);
        let store = open(directory.path()).unwrap();
        let last = last(&store);
        assert!(last >= acknowledged, "round {round}: {last} is there, {acknowledged} was acknowledged");
        // Every part of the last 500 commits and of none after.
        for n in last.saturating_sub(499).max(1)..=last {
            for part in 0..WIDTH {
                let key = [b"part/".as_slice(), &(n % 500).to_be_bytes(), &part.to_be_bytes()].concat();
                let value = store.get(&key).unwrap().expect("a part of a commit");
                assert_eq!(value[..8], n.to_be_bytes(), "round {round}: part {part} of commit {n}");
            }
        }
    }
}
