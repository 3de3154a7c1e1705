//! What governs the daemon: pauses, holds, the last tick, loads, and the store's own record.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::guard::{Audience, Holding, Tripped};
use crate::model::{Channel, Instant, RuleNumber, RuleSetHash, Timetable};

/// What a store knows of itself; made when it is first opened.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoreIdentity {
    /// The layout of keys.
    pub version: u32,
    /// Random; tells stores apart. A restored export keeps it.
    pub id: [u8; 16],
    /// Random; the key of holdouts, splits and links in messages. Travels with an export.
    pub secret: [u8; 32],
}

impl std::fmt::Debug for StoreIdentity {
    /// Without the secret, so that no debug print carries it into a log.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StoreIdentity")
            .field("version", &self.version)
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

/// What is paused.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum PauseScope {
    /// Everything that goes out.
    Everything,
    /// What goes out on a channel.
    Channel(Channel),
    /// What a rule sends.
    Rule(RuleNumber),
}

/// What happens to messages that were queued when the pause began.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum WhileQueued {
    /// They wait for the pause's end.
    Hold,
    /// They are taken back.
    Drop,
    /// They wait, and go only if their time is not over then.
    Expire,
}

/// A pause.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pause {
    /// Of what.
    pub scope: PauseScope,
    /// Since when.
    pub since: Instant,
    /// What the queued ones do.
    pub queued: WhileQueued,
    /// The figures by which a policy's guard began it; none: a person did.
    pub tripped: Option<Tripped>,
}

/// Why the daemon decides nothing until a person says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum HoldReason {
    /// It started long after the last tick.
    Gap,
    /// The store was restored from an export.
    Restore,
    /// The wall clock stepped forward.
    ClockStep,
    /// An operator asked for it.
    Asked,
}

impl HoldReason {
    /// The fixed word of logs, metrics and JSON.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Gap => "gap",
            Self::Restore => "restore",
            Self::ClockStep => "clock step",
            Self::Asked => "asked",
        }
    }
}

/// The daemon's hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    /// Why.
    pub reason: HoldReason,
    /// Since when.
    pub since: Instant,
    /// The last tick before it, where there was one.
    pub last_tick: Option<Instant>,
}

/// A load under way: no rule looks at a customer before its last row is stored. The record is
/// removed by the load's last commit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Load {
    /// When it began.
    pub started: Instant,
    /// What is loaded: file names.
    pub what: String,
}

/// By which timetable a rule served its last occurrence: an edited one must not fire again in the
/// period that was served.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServedBy {
    /// As it was then.
    pub timetable: Timetable,
    /// The workspace's zone then.
    pub workspace: String,
}

/// What a customer who changed their zone has met of a rule in customer time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Met {
    /// The civil date and time of the last occurrence met where they were, in milliseconds as if
    /// it were UTC.
    pub civil: i64,
    /// Up to when the rule had served its occurrences when they moved.
    pub as_of: Instant,
}

/// What a rule remembers besides its bitmaps.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct RuleState {
    /// When the rule was first active in this store: earlier occurrences are no concern of it.
    pub began: Option<Instant>,
    /// Up to when a scheduled rule served or skipped its occurrences, in every zone.
    pub served: Option<Instant>,
    /// By which timetable.
    pub served_by: Option<ServedBy>,
    /// The end of the season (`until`) in which a continuous rule looked at everybody last.
    pub season_end: Option<Instant>,
    /// With which condition (SHA-256 of `when`) a run of this rule was closed last.
    pub ran: Option<[u8; 32]>,
    /// Whether an operator released the first run above the limit.
    pub released: bool,
    /// The last run that was closed: its instant and how many it meant to send.
    pub last_run: Option<(Instant, u64)>,
    /// Whether those who matched when a rule with `new matches only` began are passed over.
    pub settled: bool,
    /// The audiences of its last runs, oldest first; a handful.
    pub audiences: Vec<Audience>,
    /// Since when its sends count before guards: a person let it go on then.
    pub counted_since: Option<Instant>,
    /// That its run is held, of a continuous rule.
    pub holding: Option<Holding>,
}

/// The last good rule set: that which runs, and runs again after a start that finds bad files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastGood {
    /// Over all paths and texts.
    pub hash: RuleSetHash,
    /// The git commit that its files came from last, `unknown` without git.
    pub commit: String,
    /// Since when it runs.
    pub since: Instant,
}

/// A rule set that decided, or is the last good one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredRuleSet {
    /// Over all paths and texts.
    pub hash: RuleSetHash,
    /// The git commit, `unknown` without git.
    pub commit: String,
    /// When it was first active here.
    pub since: Instant,
    /// Path and text.
    pub sources: BTreeMap<String, String>,
}
