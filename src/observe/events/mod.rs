//! What happens: one struct an event, which logs and counts together.

mod disk;
mod holds;
mod messages;
mod people;
mod routes;
mod rows;
mod rules;
mod ticks;

pub use disk::{DiskTurned, Kept, Pruned};
pub use holds::{ClockBehind, ClockStepped, HoldOver, RuleCatchesUp, RunHeld, WentOnHold};
pub use messages::{Delivered, InDoubt, OutboxOpened};
pub use people::{AddressSuppressed, Erased, LeftOut, LeftUs};
pub use routes::{CalledAgain, EndpointLeftAlone, RelaySetAside, RuleTripped, SlowedDown, Unreachable};
pub use rows::{Posted, RowsImported};
pub use rules::{RulesRefused, RulesTaken};
pub use ticks::{EventsDecided, TickEnd, Ticked};

use crate::model::Instant;

/// Seconds since 1970, with fractions.
#[expect(clippy::cast_precision_loss, reason = "milliseconds of this millennium are exact")]
pub(super) fn seconds(at: Instant) -> f64 {
    at.0 as f64 / 1_000.0
}
