//! Answers about messages on their way.

use serde::{Deserialize, Serialize};

use crate::model::Instant;

/// A message on its way; no address, no name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutboxRow {
    /// Its id; also its `webhook-id` and the left side of its Message-ID.
    pub id: String,
    /// Where it stands: `pending`, `retry`, `in doubt`.
    pub state: String,
    /// The rule.
    pub rule: String,
    /// The message or webhook.
    pub target: String,
    /// Its channel.
    pub channel: String,
    /// The shop's id of the customer.
    pub customer_id: String,
    /// When it was decided.
    pub decided: Instant,
    /// Not before this.
    pub next_attempt: Instant,
    /// Attempts so far.
    pub attempts: u32,
    /// What the other side said last.
    pub last_result: Option<String>,
    /// What it waits for, where that is not its turn: `quiet hours`, `cap`, a pause.
    pub waits_for: Option<String>,
    /// Until when, where that is known.
    pub waits_until: Option<Instant>,
    /// What sending it costs, or cost; none where the message did not say so.
    pub cost: Option<Amount>,
}

/// An amount of money.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Amount {
    /// How much, exactly: `0.02`.
    pub amount: String,
    /// In which currency; none: the workspace named none.
    pub currency: Option<String>,
}

impl std::fmt::Display for Amount {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.amount)?;
        self.currency.as_ref().map_or(Ok(()), |currency| write!(f, " {currency}"))
    }
}

/// What a part of a retry or a drop did, or would do.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct OutboxChanged {
    /// Messages that go again, or ended.
    pub changed: u64,
    /// Messages that were meant and are just being sent.
    pub busy: u64,
    /// Where the next part begins; none: this was the last.
    pub after: Option<String>,
}

/// A webhook that is not called for now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndpointStatus {
    /// Its name.
    pub name: String,
    /// Why.
    pub state: EndpointState,
    /// Since when.
    pub since: Instant,
    /// What the last call came to.
    pub reason: String,
    /// When one call goes to see how it is; none: not before a person says so.
    pub next_probe: Option<Instant>,
    /// Calls that wait for it.
    pub waiting: u64,
}

/// Why a webhook is not called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndpointState {
    /// It answered 410.
    Gone,
    /// Too many calls in a row failed.
    Failing,
}
