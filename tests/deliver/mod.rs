//! Tests of `deliver` and `outbox`.

mod email;
mod file;
mod hostile;
pub mod outbox;
mod relays;
mod replies;
pub mod samples;
mod tls;
mod webhook;
