//! Tests of `deliver` and `outbox`.

mod email;
mod file;
mod samples;
mod webhook;
