//! Tests of `deliver` and `outbox`.

mod email;
mod file;
mod outbox;
mod samples;
mod webhook;
