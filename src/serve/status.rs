//! How the daemon is: what runs, what waits, what is wrong and with which command, what comes next.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::outbox::EndpointStatus;
use super::response::ReloadFailure;
use crate::model::{Duration, Instant};

/// How the daemon is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// Of the program that answers.
    pub version: String,
    /// Its process; none: no daemon runs, the store was opened for this question.
    pub pid: Option<u32>,
    /// Since when it runs.
    pub started: Option<Instant>,
    /// Its clock.
    pub now: Instant,
    /// The IANA zone of the running workspace, in which commands read dates and local times.
    pub zone: Option<String>,
    /// The running rule set's hash, shortened.
    pub rule_set: Option<String>,
    /// Its commit.
    pub commit: Option<String>,
    /// Since when that set runs in this store, restarts included.
    pub rules_since: Option<Instant>,
    /// Why the files as they are now do not run, if so; the old set goes on.
    pub reload_error: Option<ReloadFailure>,
    /// The last committed tick.
    pub last_tick: Option<Instant>,
    /// The next tick.
    pub next_tick: Option<Instant>,
    /// Why nothing is decided until `cvmd resume`, if so.
    pub hold: Option<String>,
    /// Pauses in force: `all`, `channel email`, `rule winback`.
    pub pauses: Vec<String>,
    /// What needs a person: a failed disk, rules that were silenced by a bug, secrets that cannot be read.
    pub problems: Vec<String>,
    /// Customers in the store.
    pub customers: u64,
    /// Orders in the store.
    pub orders: u64,
    /// Messages by state (`pending`, `in doubt`).
    pub outbox: BTreeMap<String, u64>,
    /// What those of them wait for that were decided for later.
    pub waiting: Vec<Waiting>,
    /// The mail servers in order of preference; none where mail goes into files or no daemon runs.
    pub relays: Vec<RelayStatus>,
    /// Webhooks that are not called for now, by name.
    pub endpoints: Vec<EndpointStatus>,
    /// In the order of their names.
    pub rules: Vec<RuleStatus>,
    /// What is wrong, or keeps something from happening until a person says so: the worst first.
    pub attention: Vec<Attention>,
    /// What the end of a hold lets happen at once; none where nothing is held back.
    pub catch_up: Option<CatchUp>,
    /// What happens by itself, and when: the next first.
    pub coming: Vec<Coming>,
}

/// How a mail server is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RelayStatus {
    /// `smtps://mail.example:465`.
    pub name: String,
    /// Whether mail goes there now.
    pub in_use: bool,
    /// Why it is set aside, if so.
    pub trouble: Option<String>,
    /// When it is tried again, if it is set aside.
    pub until: Option<Instant>,
}

impl Status {
    /// Whether it decides and delivers as the rules say.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.rule_set.is_some() && self.problems.is_empty()
    }
}

/// How a rule is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleStatus {
    /// Its name.
    pub name: String,
    /// Where it stands.
    pub place: String,
    /// Its schedule for people; none: continuous.
    pub schedule: Option<String>,
    /// Its next occurrence.
    pub next: Option<Instant>,
    /// Its last run.
    pub last_run: Option<Instant>,
    /// To how many that run decided to send.
    pub last_recipients: Option<u64>,
    /// What it does now.
    pub state: RuleState,
    /// More about the state: how many are held, since when it is paused.
    pub note: Option<String>,
    /// The occurrences that were passed over last, since the daemon started; none once it has run again.
    pub missed: Option<Missed>,
}

/// What a rule does now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RuleState {
    /// It decides when its time comes.
    Active,
    /// Paused.
    Paused,
    /// Its run waits for `cvmd resume RULE`.
    Held,
    /// Silenced: it failed.
    Silenced,
}

impl RuleState {
    /// The word in tables.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Paused => "paused",
            Self::Held => "held",
            Self::Silenced => "silenced",
        }
    }
}

/// Messages that wait for the same thing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waiting {
    /// For what: `quiet hours`, `cap`.
    pub waits_for: String,
    /// How many.
    pub messages: u64,
    /// Until when the first of them waits.
    pub first: Instant,
    /// Until when the last of them waits.
    pub last: Instant,
}

/// Something that is wrong, or that waits for a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attention {
    /// Of what sort.
    pub kind: AttentionKind,
    /// What is the matter; lower-case, without a full stop.
    pub what: String,
    /// The command that helps, or shows more; none where none does.
    pub command: Option<String>,
    /// More of it, line by line.
    pub details: Vec<String>,
}

/// Sorts of what is wrong, the worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AttentionKind {
    /// The store, the mail server, a secret, a rule that failed.
    Problem,
    /// Nothing is decided or sent.
    Hold,
    /// The files of the rules do not run.
    Reload,
    /// The clock is behind what was done by it.
    Clock,
    /// A rule's run waits for a yes.
    Held,
    /// A webhook is not called.
    Endpoint,
    /// Nobody knows whether messages went out.
    Doubt,
    /// A pause.
    Paused,
}

impl AttentionKind {
    /// The word before it, for people.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Problem => "PROBLEM",
            Self::Hold => "HOLD",
            Self::Reload => "RELOAD",
            Self::Clock => "CLOCK",
            Self::Held => "HELD",
            Self::Endpoint => "ENDPOINT",
            Self::Doubt => "DOUBT",
            Self::Paused => "PAUSED",
        }
    }
}

/// Something that happens by itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Coming {
    /// When.
    pub at: Instant,
    /// What: `rule daily`.
    pub what: String,
    /// What keeps it from happening, if something does.
    pub unless: Option<String>,
}

/// What the end of a hold lets happen at once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CatchUp {
    /// Why it is held back: `gap`, `restore`, `clock step`, `asked`; `no daemon`: a start now would go on hold.
    pub reason: String,
    /// Since when; none: it is not yet.
    pub since: Option<Instant>,
    /// When everybody was looked at last.
    pub last_tick: Option<Instant>,
    /// Events that rules have not been asked about.
    pub events: u64,
    /// The rules that would act, or passed an occurrence over, in the order in which they do.
    pub rules: Vec<RuleCatchUp>,
}

/// What a rule makes of what it missed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleCatchUp {
    /// Its name.
    pub rule: String,
    /// Occurrences that it passes over.
    pub missed: Option<Missed>,
    /// Occurrences that it makes up for; in customer time they may be several.
    pub late: Vec<Instant>,
    /// How late an occurrence may be and still run, in milliseconds; none: it has no schedule.
    pub if_missed: Option<Duration>,
    /// For how many customers it acts; each rule alone, so that a cap may leave fewer.
    pub customers: u64,
    /// Why its run is held then, for a person to release.
    pub held: Option<String>,
    /// Firings after events whose wait is over.
    pub firings: u64,
    /// Whom a run that was cut off still has before it.
    pub cut_off: u64,
}

/// Occurrences that do not run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Missed {
    /// How many; at most ten thousand are counted.
    pub count: u64,
    /// The first of them.
    pub first: Instant,
    /// The last of them.
    pub last: Instant,
}

impl fmt::Display for Missed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { count, first, last } = self;
        match count {
            1 => write!(f, "the occurrence of {first} was missed"),
            count => write!(f, "{count} occurrences were missed ({first} to {last})"),
        }
    }
}

impl RuleCatchUp {
    /// Whether there is nothing to say of the rule.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.missed.is_none()
            && self.late.is_empty()
            && self.customers + self.firings + self.cut_off == 0
            && self.held.is_none()
    }

    /// What happens, in a sentence: what would happen where `would`, else what happens now.
    #[must_use]
    pub fn sentence(&self, would: bool) -> String {
        let within = self.if_missed.unwrap_or_default();
        let mut parts = Vec::new();
        if let Some(missed) = self.missed {
            let why = if self.late.is_empty() { format!(", later than {within}") } else { String::new() };
            parts.push(format!("{missed} and passed over{why}"));
        }
        match (self.late.first(), self.late.last()) {
            (Some(first), Some(last)) if first != last => {
                parts.push(format!("the occurrences of {first} to {last} run late"));
            }
            (Some(late), _) => parts.push(format!("the occurrence of {late} runs late, within {within}")),
            (None, _) => {}
        }
        let acts = if would { "would act" } else { "acts" };
        let customers = self.customers;
        match &self.held {
            Some(held) => parts.push(format!("its run would be held: {held}")),
            None if customers > 0 => parts.push(format!("{acts} for {customers} customer(s) at once")),
            None if !self.late.is_empty() => parts.push(format!("{acts} for nobody")),
            None => {}
        }
        if self.firings > 0 {
            parts.push(format!("{} firing(s) after events are due", self.firings));
        }
        if self.cut_off > 0 {
            parts.push(format!("a run that was cut off goes on, for up to {} customer(s)", self.cut_off));
        }
        parts.join("; ")
    }
}
