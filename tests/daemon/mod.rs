//! Tests of `daemon` and of what it stands on: calendar, reload, control socket.

mod reload;
mod schedule;
mod serve;
