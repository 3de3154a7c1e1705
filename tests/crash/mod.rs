//! The whole program from outside: the real `cvmd`, peers that log what reaches them, and a person
//! who kills it, starves it and mistypes.
//!
//! `cargo test --features failpoints --test main crash::` also runs the rounds that end in a crash;
//! `CVMD_CRASH_ROUNDS=200` says how many.

mod bad_days;
#[cfg(feature = "failpoints")]
mod erased;
mod restore;
#[cfg(feature = "failpoints")]
mod rounds;
pub mod shop;
mod trace;
