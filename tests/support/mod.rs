//! Peers on the loopback interface that do as they are told, for the tests of more than one room.

pub mod smtp;
pub mod webhook;

/// Waits until `done` holds, for at most ten seconds.
///
/// # Panics
/// When it never did.
pub async fn until(what: &str, mut done: impl FnMut() -> bool) {
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(10);
    while !done() {
        assert!(std::time::Instant::now() < deadline, "it did not come to pass: {what}");
        tokio::time::sleep(std::time::Duration::from_millis(2)).await;
    }
}
