//! Runs, their decisions, and what a continuous rule remembers.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Cost;
use super::control::{Met, ServedBy};
use super::guard::{Audience, HeldFor, Holding};
use crate::model::{Bitmap, CustomerNumber, DecisionKey, Instant, Occurrence, RuleNumber, RuleSetHash};

/// Why a customer who matched was not sent to. Each has a metric label and a sentence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Skip {
    /// No consent for marketing on the channel.
    Consent,
    /// The address is suppressed.
    Suppression,
    /// There is no address on the channel.
    NoAddress,
    /// The rule's own `at most`.
    AtMost,
    /// A policy's cap.
    Cap,
    /// The rule, the channel or everything is paused.
    Paused,
    /// The run is held: a first run above the limit.
    Held,
    /// Another rule has this customer's one message of the tick, or one waits for the same instant.
    Arbitration,
    /// Quiet hours that say `or skip`, or that never end.
    QuietHours,
    /// Another record with the same address has this occurrence.
    SameAddress,
    /// The message would expire before its time comes.
    Expired,
    /// Matched already when a rule with `new matches only` began.
    MatchedBefore,
    /// A placeholder of a message is unknown, and nothing is said that stands there instead.
    Placeholder,
    /// The rule's limit over all customers together: `at most 2000 per day`.
    InAll,
}

impl Skip {
    /// All reasons, in the order of their stored codes.
    pub const ALL: [Self; 14] = [
        Self::Consent,
        Self::Suppression,
        Self::NoAddress,
        Self::AtMost,
        Self::Cap,
        Self::Paused,
        Self::Held,
        Self::Arbitration,
        Self::QuietHours,
        Self::SameAddress,
        Self::Expired,
        Self::MatchedBefore,
        Self::Placeholder,
        Self::InAll,
    ];

    /// The code in keys and records.
    #[must_use]
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// The fixed word of tests, metrics and JSON.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Consent => "consent",
            Self::Suppression => "suppression",
            Self::NoAddress => "no address",
            Self::AtMost => "at most",
            Self::Cap => "cap",
            Self::Paused => "pause",
            Self::Held => "held",
            Self::Arbitration => "arbitration",
            Self::QuietHours => "quiet hours",
            Self::SameAddress => "same address",
            Self::Expired => "expired",
            Self::MatchedBefore => "matched before",
            Self::Placeholder => "placeholder",
            Self::InAll => "limit",
        }
    }

    /// Whether a continuous rule tries again while the customer goes on matching.
    #[must_use]
    pub const fn tries_again(self) -> bool {
        match self {
            Self::Cap
            | Self::Paused
            | Self::Held
            | Self::Arbitration
            | Self::QuietHours
            | Self::Expired
            | Self::Placeholder
            | Self::InAll => true,
            Self::Consent
            | Self::Suppression
            | Self::NoAddress
            | Self::AtMost
            | Self::SameAddress
            | Self::MatchedBefore => false,
        }
    }
}

/// What a decision came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Fate {
    /// Handed to the outbox.
    Send,
    /// In the holdout: recorded as it would have been sent.
    HeldOut,
    /// Rehearsed by a `draft`: nothing goes out.
    Draft,
}

/// A decision, made once under its key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// For whom.
    pub customer: CustomerNumber,
    /// Which firing, for this customer.
    pub occurrence: Occurrence,
    /// What it came to.
    pub fate: Fate,
    /// When its messages become due: the run's instant, or later where they wait. Its entries in
    /// the ledger stand at this instant.
    pub due: Instant,
    /// The values that mattered: the text of the clause and the value then, by their order in `when`.
    pub values: Vec<(String, String)>,
    /// What its messages cost together, or would cost, whatever its fate; none where none of them says so.
    pub cost: Option<Cost>,
}

impl Decision {
    /// Its key.
    #[must_use]
    pub const fn key(&self, rule: RuleNumber) -> DecisionKey {
        DecisionKey { rule, occurrence: self.occurrence, customer: self.customer }
    }
}

/// How far a run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum RunState {
    /// Slices up to (not including) this customer number are committed.
    Open(CustomerNumber),
    /// Held: nobody is used up until a person releases it.
    Held,
    /// All slices are committed.
    Closed,
    /// A held run that was let go, or whose rule is gone.
    Dropped,
}

/// A run: one firing of one rule over everybody. Its recipients are bitmaps beside it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    /// The rule.
    pub rule: RuleNumber,
    /// The instant decided at: a schedule's occurrence, or the tick of a continuous rule.
    pub at: Instant,
    /// The clock when it was decided.
    pub now: Instant,
    /// Whether occurrences are ordinals (continuous) or `at` (scheduled).
    pub continuous: bool,
    /// With which rules.
    pub rule_set: RuleSetHash,
    /// Of which commit.
    pub commit: String,
    /// Where the rule stood: `winback.rules:1`.
    pub place: String,
    /// How many matched.
    pub matched: u64,
    /// How many were to be sent when the run began.
    pub recipients: u64,
    /// How many were passed over, by reason.
    pub skipped: BTreeMap<Skip, u64>,
    /// How far it is.
    pub state: RunState,
    /// How many the rule meant when it began.
    pub audience: Audience,
    /// Why it is held, or was until a person let it go.
    pub held_for: Option<HeldFor>,
}

/// What a rule remembers between ticks.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RuleMemory {
    /// Decided for the current match: cleared when the condition has been false.
    pub spent: Bitmap,
    /// Passed over for a reason that may pass, and since when: tried again for up to seven days.
    pub trying: BTreeMap<CustomerNumber, Instant>,
    /// When the rule was first active in this store.
    pub began: Option<Instant>,
    /// Up to when a scheduled rule served or skipped its occurrences, in every zone.
    pub served: Option<Instant>,
    /// By which timetable.
    pub served_by: Option<ServedBy>,
    /// Of a rule in customer time, those who changed their zone, and what they met before.
    pub met: BTreeMap<CustomerNumber, Met>,
    /// The end of the season (`until`) in which a continuous rule looked at everybody last.
    pub season_end: Option<Instant>,
    /// Whether a run of this rule was ever closed, and with which condition (SHA-256 of `when`).
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
