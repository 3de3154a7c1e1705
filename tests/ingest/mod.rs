//! Tests of `ingest` and `generate`.

mod body;
mod cases;
mod generated;
mod laws;
mod real;
pub(crate) mod world;
