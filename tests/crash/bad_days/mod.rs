//! What an operator meets sooner or later. Each has a defined end and a message that says what to do.

mod calls;
mod clock;
mod disk;
mod endpoint;
pub mod faults;
mod peers;
mod relays;
mod start;
