//! Peers on the loopback interface that do as they are told, for the tests of more than one room.

pub mod certificates;
pub mod history;
pub mod leaks;
pub mod proxy;
pub mod smtp;
pub mod webhook;

use cvmd::clock::{Clock, SystemClock};
use cvmd::model::Duration;

/// Lets so many milliseconds of real time pass.
pub async fn breathe(ms: i64) {
    SystemClock.sleep_until(SystemClock.now().plus(Duration(ms))).await;
}

/// Waits until `done` holds, for at most ten seconds.
///
/// # Panics
/// When it never did.
pub async fn until(what: &str, mut done: impl FnMut() -> bool) {
    let deadline = SystemClock.boot_elapsed().0 + 10_000;
    while !done() {
        assert!(SystemClock.boot_elapsed().0 < deadline, "it did not come to pass: {what}");
        breathe(2).await;
    }
}
