//! Start, decider, tick, shutdown: a library over clock, store and channels.

mod activate;
mod active;
mod checked;
mod decider;
mod engine;
mod explain;
mod fields;
mod gate;
mod handle;
mod import;
mod load;
mod local;
mod memory;
mod outgoing;
mod people;
mod run;
mod service;
mod signals;
mod snapshot;
mod start;
mod status;
mod switches;
mod tick;
mod ways_out;

pub use active::Active;
pub use engine::Engine;
pub use gate::{DaemonGate, Sender};
pub use handle::OnBytes;
pub use load::LoadError;
pub use local::Local;
pub use outgoing::{LeftInStore, Outgoing};
pub use service::{Service, Signals, run};
pub use snapshot::{Shared, Snapshot};
pub use start::Damage;
pub use switches::Resumed;
pub use tick::TickReport;
