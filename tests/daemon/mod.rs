//! Tests of `daemon` and of what it stands on: calendar, reload, control socket.

mod costs;
mod croner;
mod demo;
mod drafts;
pub mod engine;
mod events;
mod gaps;
mod languages;
mod letters;
mod many;
mod metrics;
mod movement;
mod names;
mod on_event;
mod ours;
mod policies;
mod privacy;
mod reload;
mod renames;
mod schedule;
mod serve;
mod sets;
mod shown;
mod syscalls;
mod systemd;
mod timetables;
mod unit;
