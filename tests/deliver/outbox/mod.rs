//! Tests of `outbox`: a memory store, a virtual clock, real peers on the loopback interface.

mod crash;
mod deeds;
mod flow;
mod queues;
mod stage;
