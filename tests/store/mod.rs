//! Tests of `store`.

mod sled_store;
