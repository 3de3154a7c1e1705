//! Endpoints that are not called for now.

use serde::{Deserialize, Serialize};

use crate::model::{Duration, Instant};

/// Why an endpoint is not called for now. Without such a record it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outage {
    /// The webhook's name.
    pub name: String,
    /// The address that was called: at another one nothing was tried yet.
    pub url: String,
    /// Since when.
    pub since: Instant,
    /// What the last call came to.
    pub reason: String,
    /// How it ends.
    pub kind: OutageKind,
}

/// How an outage ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum OutageKind {
    /// The endpoint answered 410: by a person's word, or at another address.
    Gone,
    /// Too many calls in a row failed: by one call that succeeds.
    Failing {
        /// The wait before the next such call.
        rest: Duration,
        /// Not before this.
        until: Instant,
    },
}
