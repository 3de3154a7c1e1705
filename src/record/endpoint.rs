//! Endpoints that are not called for now, and mail servers and domains that are left alone.

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

/// A mail server, or a domain of recipients, that is left alone for a while. Without such a record it is
/// not: it ends with the first message that goes through.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Aside {
    /// Which of the two.
    pub kind: AsideKind,
    /// `smtps://mail.example:465`, or the domain in lower case.
    pub name: String,
    /// What it said, or how it failed.
    pub reason: String,
    /// Not before this; then one message finds out how it is.
    pub until: Instant,
    /// Times in a row that it failed or asked for less; each next wait is twice as long.
    pub times: u32,
}

/// What is left alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum AsideKind {
    /// A mail server of the configuration.
    Relay,
    /// A domain that recipients are at.
    Domain,
}

impl AsideKind {
    /// As a key has it.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Relay => 0,
            Self::Domain => 1,
        }
    }
}
