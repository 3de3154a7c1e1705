//! What the recording channel and the driver write down; the checker reads nothing else of the run.

use std::collections::BTreeSet;

use super::script::Ms;

#[derive(Debug, Default)]
pub struct Log {
    pub lines: Vec<Line>,
    /// What is in the log, by rule, match, customer and attribute: a start finds again what was
    /// decided and is not applied.
    set: BTreeSet<(String, i64, String, String)>,
}

impl Log {
    /// A rule decided to set a value.
    pub fn set(&mut self, set: Sent) {
        let key = (set.rule.clone(), set.occurrence, set.customer.clone(), set.message.clone());
        if self.set.insert(key) {
            self.lines.push(Line::Set(set));
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Line {
    /// Everybody was looked at, as of then.
    Tick(Ms),
    /// Rules on events were asked, as of then.
    Asked(Ms),
    /// A rule decided to set a value: the attribute stands for the message, the value for the address.
    Set(Sent),
    /// What an attribute that rules set holds in the end: customer, attribute, value.
    Final(String, String, String),
    /// A message or a call was handed over.
    Sent(Sent),
    /// A message was taken back.
    Withdrawn(Sent, String),
    /// Somebody was passed over: rule, occurrence or day, customer, reason.
    Passed { rule: String, at: Ms, customer: String, reason: String },
    /// An occurrence was missed by too much: rule, the first and the last.
    Missed { rule: String, first: Ms, last: Ms },
    /// A run waits for a person.
    Held { rule: String, at: Ms },
    /// A person let a rule go on: whether a guard had paused it, and how many held runs went on.
    Resumed { rule: String, at: Ms, was_guarded: bool, runs: u64 },
}

/// A message that left, or would have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    /// What names the message: the event `sent` that follows has this id.
    pub key: String,
    pub rule: String,
    /// The instant of a scheduled rule's occurrence, the ordinal of a match.
    pub occurrence: i64,
    pub customer: String,
    pub message: String,
    pub channel: String,
    pub call: bool,
    /// Where it went.
    pub address: String,
    /// The id of the event on which it was decided.
    pub event: Option<String>,
    /// What it waited for until it was due, if for anything.
    pub waited: Option<String>,
    /// When it was decided, when it became due, when it left.
    pub decided: Ms,
    pub due: Ms,
    pub handed: Ms,
    /// The server said that there is no such address.
    pub bounced: bool,
}
