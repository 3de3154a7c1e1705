//! Tests of `decide`: each stage against a small world, and laws over random ones.

mod laws;
mod shop;
mod stages;
