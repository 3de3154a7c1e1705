//! Room on the store's disk, and what is let go of what stands on it.

use tracing::{error, info};

use super::super::Metrics;
use super::super::metrics::ByKind;

/// The store's disk is nearly full, or is so no more.
#[derive(Debug)]
pub struct DiskTurned {
    /// Bytes that are free.
    pub free: u64,
    /// What is wrong; none: nothing any more.
    pub short: Option<String>,
}

impl DiskTurned {
    /// Says so.
    pub fn happened(&self, metrics: &Metrics) {
        let Self { free, short } = self;
        if let Some(why) = short {
            metrics.disk_shortages.inc();
            error!(free, why, "the disk is nearly full: everything that can wait does");
        } else {
            info!(free, "the disk has room again: everything goes on");
        }
    }
}

/// What a retention lets go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    /// Decisions, with their runs.
    Decisions,
    /// Who was passed over.
    NonSends,
    /// What became of messages.
    Messages,
}

impl Kept {
    /// All of them.
    pub(in crate::observe) const ALL: [Self; 3] = [Self::Decisions, Self::NonSends, Self::Messages];

    /// A word for it.
    pub(in crate::observe) const fn label(self) -> &'static str {
        match self {
            Self::Decisions => "decisions",
            Self::NonSends => "non-sends",
            Self::Messages => "messages",
        }
    }
}

/// Old records were let go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Pruned {
    decisions: u64,
    non_sends: u64,
    messages: u64,
}

impl Pruned {
    /// So many more of a kind.
    pub const fn add(&mut self, kind: Kept, records: u64) {
        *self.of(kind) += records;
    }

    const fn of(&mut self, kind: Kept) -> &mut u64 {
        match kind {
            Kept::Decisions => &mut self.decisions,
            Kept::NonSends => &mut self.non_sends,
            Kept::Messages => &mut self.messages,
        }
    }

    /// All of them.
    #[must_use]
    pub const fn records(&self) -> u64 {
        self.decisions + self.non_sends + self.messages
    }

    /// Says so, where there were any.
    pub fn happened(mut self, metrics: &Metrics) {
        for kind in Kept::ALL {
            metrics.pruned.get_or_create(&ByKind { kind: kind.label() }).inc_by(*self.of(kind));
        }
        if self.records() > 0 {
            let Self { decisions, non_sends, messages } = self;
            info!(decisions, non_sends, messages, "records older than `[keep]` says are let go");
        }
    }
}
