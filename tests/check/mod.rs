//! Tests of `check`.

mod bad;
mod good;
pub(crate) mod human;
mod pages;
mod render;
pub(crate) mod tree;
