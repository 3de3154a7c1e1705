//! Reloads of the real `cvmd` beside a real git: whatever people and tools do to the files, it runs the
//! last set that stood still and was right.
//!
//! `CVMD_RELOAD_SEQUENCES=200` says how many random sequences are played; `--include-ignored` also
//! breaks the daemon on purpose, and the proof must turn red.

mod checkout;
mod days;
#[cfg(debug_assertions)]
mod sequences;
#[cfg(debug_assertions)]
mod story;
#[cfg(debug_assertions)]
mod ways;
