//! All that a command can ask.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::{ListWish, PersonWish};
use crate::model::Instant;

/// A request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "request", rename_all = "snake_case", deny_unknown_fields)]
pub enum Request {
    /// How it goes: [`super::Status`].
    Status {},
    /// Read the rules again now: [`super::Reloaded`], or refused with the diagnostics.
    Reload {},
    /// Stop what `scope` names: `all`, `channel NAME`, `rule NAME`.
    Pause {
        /// What stops.
        scope: String,
        /// What becomes of its messages in the outbox.
        queued: Queued,
    },
    /// End a pause, or release a held run or the daemon's hold.
    Resume {
        /// What goes on: as for a pause.
        scope: String,
    },
    /// Who matches: [`super::Matches`]. Sends nothing.
    Evaluate {
        /// As of when; none: now.
        at: Option<Instant>,
        /// These rules only; none: all.
        rules: Vec<String>,
        /// At most so many customers a rule; the count is always of all.
        limit: Option<u64>,
    },
    /// Why a customer gets what: [`super::Explanation`].
    Explain {
        /// The shop's id of the customer.
        customer: String,
        /// This rule only; none: all.
        rule: Option<String>,
        /// As of when; none: now.
        at: Option<Instant>,
    },
    /// A message as a customer would get it: [`super::RenderedMessage`], or refused with what keeps it
    /// from being sent. Sends nothing.
    Render {
        /// The message's name.
        message: String,
        /// The shop's id of the customer.
        customer: String,
        /// As of when; none: now.
        at: Option<Instant>,
    },
    /// Send a message as a customer would get it to somebody who wants to see it: [`super::TestSent`], or
    /// refused with what keeps it from being sent. Nothing is decided or kept.
    SendTest {
        /// The message's name.
        message: String,
        /// The shop's id of the customer.
        customer: String,
        /// The address.
        to: String,
    },
    /// What is known of a customer: [`super::CustomerView`].
    Customer {
        /// The shop's id of the customer.
        customer: String,
    },
    /// What is wanted of or for one customer.
    Person {
        /// The shop's id of the customer, or their e-mail address.
        customer: String,
        /// What.
        wish: PersonWish,
    },
    /// What is wanted of the suppression list.
    Suppressions {
        /// What.
        wish: ListWish,
    },
    /// Messages on their way: [`super::OutboxRow`]s.
    OutboxList(OutboxFilter),
    /// Send messages again, or drop them: [`super::OutboxChanged`]. A part at a time.
    OutboxChange {
        /// What becomes of them.
        wish: OutboxWish,
        /// Which; its limit is of no account.
        filter: OutboxFilter,
        /// Only count them.
        only_count: bool,
        /// Where the part before ended, as it said; none: the first.
        after: Option<String>,
    },
    /// Take files in, as one load: [`super::Imported`].
    Import(Import),
    /// How far the import under way is: [`super::Progress`].
    Progress {},
    /// What the store remembers of names, so that rules can be checked as a reload would:
    /// [`super::Names`].
    Names {},
    /// The store's size: [`super::StoreStats`].
    StoreStats {},
    /// Write all that the store holds to a file: [`super::Transferred`].
    StoreExport {
        /// Where. Over the socket a token of the spool stands here on the way, and the client fetches
        /// what was written.
        file: PathBuf,
    },
    /// Fill an empty store from such a file: [`super::Transferred`]. A daemon refuses it.
    StoreImport {
        /// Where it is.
        file: PathBuf,
    },
    /// End the daemon, as SIGTERM does.
    Stop {},
}

/// What becomes of messages in the outbox when a pause begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Queued {
    /// They wait for the end of the pause.
    #[default]
    Hold,
    /// They are withdrawn.
    Drop,
    /// They wait, and are withdrawn where their time is over then.
    Expire,
}

/// What a person wants of messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OutboxWish {
    /// They go again now.
    Retry,
    /// They end.
    Drop,
}

/// Which messages are meant: those that meet all of it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct OutboxFilter {
    /// In this state, by its label (`in doubt`); none: all that are not finished.
    pub state: Option<String>,
    /// Of this rule.
    pub rule: Option<String>,
    /// This message, by its name.
    pub message: Option<String>,
    /// Calls of this webhook, and what it carries.
    pub webhook: Option<String>,
    /// To this customer, by the shop's id.
    pub customer: Option<String>,
    /// With one of these ids, of a message or of its decision; none: any.
    pub ids: Vec<String>,
    /// Decided, or ended, at this instant or later.
    pub since: Option<Instant>,
    /// At most so many.
    pub limit: u64,
}

/// An import: several files are one load.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Import {
    /// In the order given.
    pub files: Vec<ImportFile>,
    /// `--map COLUMN=FIELD`.
    pub map: Vec<(String, String)>,
    /// `--event`: what events are where no column says it.
    pub event: Option<String>,
    /// `--total`, as it was written: `per-line` or `per-order`.
    pub total: Option<String>,
    /// Where to write what was rejected, as CSV. Over the socket a token of the spool stands here
    /// on the way, and the client fetches what was written.
    pub rejects: Option<PathBuf>,
}

/// A file of an import.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportFile {
    /// What it holds.
    pub kind: ImportKind,
    /// As the user named it; its end (`.csv`, `.ndjson`, `.gz`) says how to read it.
    pub name: String,
    /// Where its bytes are. Over the socket a token of the spool stands here on the way, so that the
    /// daemon never opens a path that a client named.
    pub path: PathBuf,
}

/// What a file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ImportKind {
    /// A row a customer.
    Customers,
    /// A row a line of an order.
    Orders,
    /// A row an event.
    Events,
    /// A row an address, a domain or a customer to whom nothing goes.
    Suppressions,
}

impl Request {
    /// The request's name in logs.
    #[must_use]
    pub const fn label(&self) -> &'static str {
        match self {
            Self::Status {} => "status",
            Self::Reload {} => "reload",
            Self::Pause { .. } => "pause",
            Self::Resume { .. } => "resume",
            Self::Evaluate { .. } => "evaluate",
            Self::Explain { .. } => "explain",
            Self::Render { .. } => "render",
            Self::SendTest { .. } => "send-test",
            Self::Customer { .. } => "customer",
            Self::Person { wish, .. } => wish.label(),
            Self::Suppressions { wish } => wish.label(),
            Self::OutboxList(_) => "outbox list",
            Self::OutboxChange { wish: OutboxWish::Retry, .. } => "outbox retry",
            Self::OutboxChange { wish: OutboxWish::Drop, .. } => "outbox drop",
            Self::Import(_) => "import",
            Self::Progress {} => "progress",
            Self::Names {} => "names",
            Self::StoreStats {} => "store stats",
            Self::StoreExport { .. } => "store export",
            Self::StoreImport { .. } => "store import",
            Self::Stop {} => "stop",
        }
    }
}
