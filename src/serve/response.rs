//! All that can be answered. Commands print it as tables or as JSON; the JSON is stable.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::outbox::{Amount, OutboxChanged, OutboxRow};
use super::stored::{StoreStats, Transferred};
use super::{ErasedView, Status, SuppressionsView, Timeline};
use crate::model::Instant;

/// An answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "snake_case")]
pub enum Response {
    /// It was done; the sentence says what.
    Done {
        /// Lower-case, without a full stop.
        message: String,
    },
    /// It was not done.
    Refused(Refusal),
    /// To a status.
    Status(Box<Status>),
    /// To a reload that went well.
    Reloaded(Reloaded),
    /// To an evaluation.
    Matches(Matches),
    /// To an explain.
    Explanation(Explanation),
    /// To a render.
    Rendered(RenderedMessage),
    /// To a test of a message.
    TestSent(TestSent),
    /// To a question after a customer.
    Customer(Box<CustomerView>),
    /// To a question after a person.
    Timeline(Box<Timeline>),
    /// To a wish for everything that is held of a person.
    Held {
        /// A document by tables.
        held: serde_json::Value,
    },
    /// To an erasure.
    Erased(ErasedView),
    /// To a question after the suppression list.
    Suppressions(SuppressionsView),
    /// To a list of the outbox.
    Outbox {
        /// The messages, those due first before those due later.
        messages: Vec<OutboxRow>,
        /// How many were found beyond the limit.
        more: u64,
        /// Whether older ones were not looked at, for there are very many.
        unread: bool,
    },
    /// To a retry or a drop.
    OutboxChanged(OutboxChanged),
    /// To an import.
    Imported(Imported),
    /// To a progress.
    Progress(Progress),
    /// To a question for names.
    Names(Names),
    /// To store stats.
    StoreStats(StoreStats),
    /// To an export or an import of the store.
    Transferred(Transferred),
}

impl Response {
    /// A refusal.
    #[must_use]
    pub fn refused(kind: RefusalKind, message: impl Into<String>) -> Self {
        Self::Refused(Refusal { kind, message: message.into(), details: Vec::new() })
    }
}

/// Why something was not done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// What sort of reason.
    pub kind: RefusalKind,
    /// The reason and what to do; lower-case, user text in backticks.
    pub message: String,
    /// More of it, line by line: rendered diagnostics.
    pub details: Vec<String>,
}

/// Why the files of the rules do not run as they are now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReloadFailure {
    /// Since when no files have run, for whatever reasons.
    pub since: Instant,
    /// The commit of the files, with `-dirty` where they differ from it; none where they cannot be read.
    pub commit: Option<String>,
    /// What is wrong.
    #[serde(flatten)]
    pub refusal: Refusal,
}

/// Sorts of refusals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefusalKind {
    /// The rules have errors: exit 1.
    Errors,
    /// Something that the user named makes no sense: exit 2.
    Usage,
    /// Something that the user named does not exist: exit 2.
    NotFound,
    /// It should have worked and did not: exit 2.
    Failed,
}

/// What is known of a customer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CustomerView {
    /// Of this shape: 1.
    pub schema_version: u32,
    /// The shop's id.
    pub id: String,
    /// When they were first seen here.
    pub learnt: Instant,
    /// Values by field, as webhooks carry them: money as amount and currency, an unknown as null.
    pub fields: BTreeMap<String, serde_json::Value>,
    /// Marketing, by channel.
    pub consents: BTreeMap<String, ConsentView>,
    /// Whether nothing is sent to them, or to one of their addresses.
    pub suppressed: bool,
    /// What they ordered.
    pub orders: Latest,
    /// What happened to them.
    pub events: Latest,
}

/// What was last said about marketing on a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConsentView {
    /// Given or withdrawn.
    pub given: bool,
    /// When it was said.
    pub at: Option<Instant>,
    /// Whether the person did it here.
    pub by_person: bool,
}

/// Some of many.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Latest {
    /// How many there are.
    pub count: u64,
    /// The latest of them, the last one first.
    pub latest: Vec<serde_json::Value>,
}

/// A reload that went well.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reloaded {
    /// Whether the set is another than before.
    pub changed: bool,
    /// The running set's hash, shortened.
    pub rule_set: String,
    /// Its commit.
    pub commit: String,
    /// How many rules.
    pub rules: u64,
    /// Warnings, rendered.
    pub warnings: Vec<String>,
}

/// Who matches.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Matches {
    /// As of when.
    pub at: Instant,
    /// How many customers were looked at.
    pub customers: u64,
    /// A rule each, in the order of their names.
    pub rules: Vec<RuleMatches>,
}

/// Who matches a rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleMatches {
    /// The rule.
    pub rule: String,
    /// How many match.
    pub count: u64,
    /// For how many it is unknown.
    pub unknown: u64,
    /// Their ids, sorted by bytes, as far as the limit allows.
    pub customer_ids: Vec<String>,
    /// What its condition asks for that no instant has: the event that fires it, or a movement.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub needs: Option<Needs>,
}

/// What a rule asks for beside the state at an instant; without it such conditions are unknown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Needs {
    /// The event of this name.
    Event(String),
    /// A movement between two ticks.
    Movement,
}

/// Why a customer gets what.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Explanation {
    /// The customer's id.
    pub customer: String,
    /// As of when.
    pub at: Instant,
    /// A rule each.
    pub rules: Vec<RuleExplanation>,
}

/// Why a rule does or does not send to a customer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RuleExplanation {
    /// The rule.
    pub rule: String,
    /// The sentence beside its name.
    pub title: Option<String>,
    /// Where it stands.
    pub place: String,
    /// Whether the condition holds: `true`, `false`, `unknown`.
    pub matches: String,
    /// What would become of it, or what stopped it, in a sentence.
    pub outcome: String,
    /// The fixed word of what stopped it (`consent`, `cap`); none: nothing did, or it does not match.
    pub stopped_by: Option<String>,
    /// The condition's tree with its values.
    pub tree: serde_json::Value,
    /// The same for people, a line a step.
    pub tree_text: String,
    /// What was decided before, the latest first.
    pub history: Vec<PastDecision>,
}

/// A decision of the past.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PastDecision {
    /// The decision's id; none for a non-send.
    pub decision: Option<String>,
    /// When.
    pub at: Instant,
    /// When it is due, which is later where quiet hours or a cap hold it back.
    pub due: Instant,
    /// What it came to: `sent`, `held out`, or the fixed word of what stopped it.
    pub fate: String,
    /// The commit that decided.
    pub commit: String,
    /// Where the rule stood.
    pub place: String,
    /// The values that mattered: clause and value.
    pub values: Vec<(String, String)>,
    /// Its messages: name and state.
    pub messages: Vec<(String, String)>,
    /// What its messages cost together, whether or not they went out; none where none says so.
    pub cost: Option<Amount>,
}

/// A message as a customer would get it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RenderedMessage {
    /// The message.
    pub message: String,
    /// The customer's id.
    pub customer: String,
    /// As of when.
    pub at: Instant,
    /// Its channel.
    pub channel: String,
    /// The language of the body that this customer gets; none: the body that serves everybody.
    pub language: Option<String>,
    /// The kind of event that it shows; none: no event.
    pub event: Option<String>,
    /// The sender that the message names; none: the configuration's.
    pub from: Option<String>,
    /// Where answers go, where the message says so.
    pub reply_to: Option<String>,
    /// One line; none: the channel has no subjects.
    pub subject: Option<String>,
    /// What mail programs show beside the subject; it stands hidden in the HTML.
    pub preview: Option<String>,
    /// The plain-text part.
    pub text: String,
    /// The HTML part.
    pub html: Option<String>,
}

/// A test that the mail server took.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TestSent {
    /// The message.
    pub message: String,
    /// The address.
    pub to: String,
    /// What the mail server said.
    pub reply: String,
}

/// What an import did.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Imported {
    /// File by file.
    pub files: Vec<ImportedFile>,
    /// Rows rejected, of all files.
    pub rejected: u64,
}

/// What an import did with a file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ImportedFile {
    /// As the user named it.
    pub name: String,
    /// The figures.
    pub summary: serde_json::Value,
    /// The same for people.
    pub summary_text: String,
}

/// How far an import is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Progress {
    /// Bytes read so far, of all files.
    pub done: u64,
    /// Bytes of all files; 0 where none is under way.
    pub total: u64,
}

/// What a store remembers of names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Names {
    /// First names by kind and name, and the rules that run, as `ruleset::Remembered` writes itself:
    /// for the same version of the program.
    pub remembered: serde_json::Value,
}
