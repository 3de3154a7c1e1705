//! The signs that a rule does harm.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What became of a message that a guard counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Sign {
    /// It bounced: the address does not exist.
    Bounces,
    /// The reader called it spam.
    Complaints,
    /// The reader wants no more of it.
    Unsubscribes,
}

impl Sign {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Bounces, Self::Complaints, Self::Unsubscribes];

    /// As a policy writes it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Bounces => "bounces",
            Self::Complaints => "complaints",
            Self::Unsubscribes => "unsubscribes",
        }
    }

    /// What such messages did, behind their number: `12 of 400 bounced`.
    #[must_use]
    pub const fn verb(self) -> &'static str {
        match self {
            Self::Bounces => "bounced",
            Self::Complaints => "brought a complaint",
            Self::Unsubscribes => "made people unsubscribe",
        }
    }
}

impl fmt::Display for Sign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}
