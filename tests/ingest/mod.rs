//! Tests of `ingest` and `generate`.

mod cases;
mod laws;
mod real;
mod world;
