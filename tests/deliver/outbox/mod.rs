//! Tests of `outbox`: a memory store, a virtual clock, real peers on the loopback interface.

mod aside;
mod crash;
mod deeds;
mod domains;
mod encryption;
mod endpoints;
mod faults;
mod flow;
mod p99;
mod queues;
mod renames;
pub mod stage;
mod turns;
