//! Why a guard stopped a rule, or a run waits for a person.

use serde::{Deserialize, Serialize};

use crate::model::{Instant, Share, Sign};

/// What paused a rule: the figures of its last sends when a policy's guard looked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tripped {
    /// What was counted.
    pub sign: Sign,
    /// How many of the sends did it.
    pub did: u32,
    /// Of how many sends.
    pub sends: u32,
    /// More than this share was too much.
    pub above: Share,
    /// Where the guard was written: `policies.rules:7`.
    pub place: String,
}

/// How many matched a rule at a run, all zones together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Audience {
    /// Which occurrence it was: runs of one occurrence, or of a continuous rule in one day, say the
    /// same here. A civil date and time, in milliseconds as if it were UTC.
    pub of: i64,
    /// How many customers. None where nobody counted: a rule in customer time that no policy asks about.
    pub customers: Option<u64>,
}

/// Why a run is held.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum HeldFor {
    /// The rule's first run, or the first after its `when` was edited, is above the limit.
    FirstRun {
        /// The limit.
        limit: u64,
    },
    /// The audience grew by more than a policy allows.
    Growth {
        /// What it is.
        audience: u64,
        /// Twice what it was: the median of the runs before may lie between two of them.
        twice_before: u64,
        /// By more than this share was too much.
        above: Share,
        /// Where that is written: `policies.rules:8`.
        place: String,
    },
}

/// That a continuous rule holds its run; a scheduled one has a run record that says so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holding {
    /// Since when.
    pub since: Instant,
    /// Why, as it was then.
    pub why: HeldFor,
    /// How many would have been sent then.
    pub recipients: u64,
}
