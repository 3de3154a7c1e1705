//! Tests of `daemon` and of what it stands on: calendar, reload, control socket.

pub mod engine;
mod events;
mod movement;
mod on_event;
mod policies;
mod reload;
mod schedule;
mod serve;
