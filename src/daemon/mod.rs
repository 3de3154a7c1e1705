//! Start, decider, tick, shutdown: a library over clock, store and channels.

mod activate;
mod active;
mod engine;
mod fields;
mod memory;
mod outgoing;
mod people;
mod run;
mod snapshot;
mod start;
mod tick;

pub use active::Active;
pub use engine::Engine;
pub use outgoing::{LeftInStore, Outgoing};
pub use snapshot::{Shared, Snapshot};
pub use start::Damage;
pub use tick::TickReport;
