//! Tests of `check`.

mod bad;
mod good;
mod human;
mod render;
mod tree;
