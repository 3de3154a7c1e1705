//! The whole program from outside: the real `cvmd`, peers that log what reaches them, and a person
//! who kills it, starves it and mistypes.
//!
//! `CVMD_CRASH_ROUNDS=200` says how many rounds end in a crash; `--include-ignored` also breaks the daemon
//! on purpose, and the checker must notice.

pub mod bad_days;
mod drill;
#[cfg(debug_assertions)]
mod erased;
mod forgotten;
mod restore;
#[cfg(debug_assertions)]
mod room;
#[cfg(debug_assertions)]
mod rounds;
pub mod shop;
mod trace;
