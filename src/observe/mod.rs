//! What is seen of a daemon: metrics, and events that log and count in one go. No personal data: numbers, names
//! of rules and channels, fixed words.
//!
//! Whoever meets an event makes its struct and says [`Ticked::happened`] and the like: the line in the log and
//! the metric cannot tell different stories. Knows names and units; not how the figures come about.

mod events;
mod exposition;
mod metrics;
mod scene;

pub use events::{
    Delivered, DiskTurned, EventsDecided, InDoubt, Kept, Posted, Pruned, RowsImported, RulesRefused,
    RulesTaken, TickEnd, Ticked,
};
pub use exposition::{CLASSIC, Exposition, OPEN_METRICS};
pub use metrics::Metrics;
pub use scene::{RulesSeen, Scene};
