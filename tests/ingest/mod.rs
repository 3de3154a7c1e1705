//! Tests of `ingest` and `generate`.

mod body;
mod cases;
mod generated;
mod large;
mod laws;
mod real;
mod world;
