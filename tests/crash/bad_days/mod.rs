//! What an operator meets sooner or later. Each has a defined end and a message that says what to do.

mod disk;
mod endpoint;
mod peers;
mod start;
