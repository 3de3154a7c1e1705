//! Inputs that nobody wrote: half-typed, pasted, mutated and far too long ones, for everything that
//! reads what others wrote, with the laws that hold for any input whatever.
//!
//! Mutations come from a seed: `CVMD_FUZZ_SECONDS` says how long (a few seconds of all targets
//! together unless it says more), `CVMD_FUZZ_SEED` which. What fails is made smaller, written to
//! `target/fuzz`, and becomes a regression where it is copied into `tests/fuzz/corpus`.

mod driver;
mod exports;
mod floods;
mod folders;
mod foreign;
mod half_typed;
mod laws;
mod mutate;
mod people;
mod quantities;
mod rules;
mod shrink;
mod text;
mod workspace;
