//! Tests of `outbox`: a memory store, a virtual clock, real peers on the loopback interface.

mod crash;
mod deeds;
mod domains;
mod endpoints;
mod faults;
mod flow;
mod p99;
mod queues;
pub mod stage;
mod turns;
