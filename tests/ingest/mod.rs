//! Tests of `ingest` and `generate`.

mod cases;
mod generated;
mod laws;
mod real;
mod world;
