//! Tests of `daemon` and of what it stands on: calendar, reload, control socket.

mod engine;
mod reload;
mod schedule;
mod serve;
