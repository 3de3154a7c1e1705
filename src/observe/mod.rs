//! What is seen of a daemon: metrics, and events that log and count in one go. No personal data: numbers, names
//! of rules and channels, fixed words.
//!
//! Whoever meets an event makes its struct and says [`Ticked::happened`] and the like: the line in the log and
//! the metric cannot tell different stories. Knows names and units; not how the figures come about.

mod events;
mod exposition;
mod journal;
mod metrics;
mod scene;

pub use events::{
    AddressSuppressed, CalledAgain, ClockBehind, ClockStepped, Delivered, DiskTurned, EndpointLeftAlone,
    Erased, EventsDecided, HoldOver, InDoubt, Kept, LeftOut, LeftUs, OutboxOpened, Posted, Pruned,
    RelaySetAside, RowsImported, RuleCatchesUp, RuleTripped, RulesRefused, RulesTaken, RunHeld, SlowedDown,
    TickEnd, Ticked, Unreachable, WentOnHold,
};
pub use exposition::{CLASSIC, Exposition, OPEN_METRICS};
pub use journal::{Journal, SOCKET};
pub use metrics::Metrics;
pub use scene::{RulesSeen, Scene};
