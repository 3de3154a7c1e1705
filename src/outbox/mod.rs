//! The queue between decisions and channels: claims, retries, dead letters, doubt.
//!
//! Knows messages, their states and when they are due; asks a [`Gate`] whether one may go and with
//! what, and the channels of `deliver` to take it. It knows neither rules nor customers.
//!
//! A message is *claimed* durably before its first byte. A claim covers many messages, doubt does
//! not: each worker keeps a small file of what it began and what came of it, so that after a crash
//! in the same boot only the message under its hand is in doubt.

mod aside;
mod calls;
mod circuit;
mod domains;
mod endpoint;
mod gate;
mod index;
mod journal;
mod line;
mod list;
mod options;
mod patience;
mod recovery;
mod retry;
mod running;
#[cfg(test)]
mod sample;
mod settle;
mod shared;
mod wish;
mod worker;

pub use domains::Slowed;
pub use gate::{Claim, Endpoint, Gate, Payload, Prepared, Report, Route, domain_of};
pub use index::Counts;
pub use list::{Filter, Row};
pub use options::{Channels, Options};
pub use recovery::Recovery;
pub use retry::Retries;
pub use running::Outbox;
pub use wish::{again, drop_dead, drop_follower, drop_open, revive};
