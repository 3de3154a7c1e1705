//! Tests of `check`.

mod bad;
mod good;
pub(crate) mod human;
mod render;
pub(crate) mod tree;
