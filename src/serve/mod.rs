//! Control over the admin socket, and its client. Not what a request does: the engine's to say.
//!
//! A command asks a [`Control`]: the daemon's, through [`Remote`], or an engine that it opened
//! itself. Both answer the same [`Request`] with the same [`Response`]: one code path.

mod client;
mod listen;
mod request;
mod response;
mod routes;
mod spool;

pub use client::{Remote, connect};
pub use listen::{BindError, Listener, MAX_SOCKET_PATH};
pub use request::{Import, ImportFile, ImportKind, OutboxFilter, Queued, Request};
pub use response::{
    Explanation, Imported, ImportedFile, Matches, Names, Needs, OutboxRow, PastDecision, Progress, Refusal,
    RefusalKind, Reloaded, Response, RuleExplanation, RuleMatches, RuleState, RuleStatus, Status, StoreStats,
    Transferred, Waiting,
};
pub use routes::{CALL_TIME_OUT, IMPORT_TIME_OUT, MAX_REQUEST_BYTES};
pub use spool::{CHUNK_BYTES, MAX_SPOOLED_BYTES, Spool};

use std::future::Future;
use std::pin::Pin;

/// An answer on its way.
pub type Reply<'a> = Pin<Box<dyn Future<Output = Response> + Send + 'a>>;

/// Whoever answers requests.
pub trait Control: Send + Sync {
    /// Answers a request; what goes wrong is a [`Response::Refused`]. Requests may come at the same
    /// time; a [`Request::Progress`] is answered while an import is under way.
    fn call(&self, request: Request) -> Reply<'_>;
}

/// Where the control interface begins; the version of the protocol.
const CONTROL_PATH: &str = "/control/v1";
/// Where files are handed over.
const SPOOL_PATH: &str = "/control/v1/spool";
