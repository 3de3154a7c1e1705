//! Tests of `store`.

mod compact;
mod damage;
mod golden;
mod kill;
mod layouts;
mod model;
mod samples;
mod sled_store;
mod tables;
mod trace;
mod transfer;
