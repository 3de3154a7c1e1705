//! How fast the store commits: `cargo bench --bench store`.
//!
//! Each commit is a record of 200 bytes under a rising key, as events and messages are written. Once
//! with this machine's disk, once with 5 ms added to each sync, as real disks take; one commit at a
//! time and many at once.
#![allow(clippy::disallowed_methods, reason = "a benchmark reads the clock")]

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use cvmd::store::{Batch, Options, SledStore, Store, open_with};

fn commit(store: &SledStore, n: u64) -> cvmd::store::Receipt {
    let mut batch = Batch::default();
    batch.put(n.to_be_bytes().to_vec(), vec![7; 200]);
    store.commit(batch)
}

/// Commits with so many on their way at once, and prints what that came to.
fn measure(name: &str, sync_delay: Option<Duration>, commits: u64, at_once: usize) {
    let directory = tempfile::tempdir().expect("a directory for the store");
    let options = Options { sync_delay, ..Options::default() };
    let store = open_with(directory.path(), &options).expect("the store opens");
    let groups = store.groups();
    let mut waits: Vec<Duration> = Vec::new();
    let mut waiting = VecDeque::new();
    let mut settle = |waiting: &mut VecDeque<(Instant, cvmd::store::Receipt)>| {
        if let Some((since, receipt)) = waiting.pop_front() {
            receipt.wait().expect("a commit becomes durable");
            waits.push(since.elapsed());
        }
    };
    let start = Instant::now();
    for n in 0..commits {
        waiting.push_back((Instant::now(), commit(&store, n)));
        if waiting.len() >= at_once {
            settle(&mut waiting);
        }
    }
    while !waiting.is_empty() {
        settle(&mut waiting);
    }
    let elapsed = start.elapsed();
    waits.sort_unstable();
    let at = |share: usize| waits[(waits.len() - 1) * share / 100];
    println!(
        "{name:<24} {commits:>7} commits, {at_once:>4} at once: {:>8.0}/s, {:>6} syncs, wait median {:.1?}, 99 % {:.1?}, {:.1} MB",
        f64::from(u32::try_from(commits).unwrap_or(u32::MAX)) / elapsed.as_secs_f64(),
        store.groups() - groups,
        at(50),
        at(99),
        f64::from(u32::try_from(store.stats().map_or(0, |s| s.bytes / 1_024)).unwrap_or(u32::MAX)) / 1_024.0,
    );
}

fn main() {
    let slow = Some(Duration::from_millis(5));
    measure("this disk", None, 5_000, 1);
    measure("this disk", None, 100_000, 64);
    measure("this disk", None, 100_000, 1_000);
    measure("with 5 ms a sync", slow, 300, 1);
    measure("with 5 ms a sync", slow, 20_000, 64);
    measure("with 5 ms a sync", slow, 100_000, 1_000);
}
