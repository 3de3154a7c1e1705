//! Control over the admin socket, its client, and the public listener. Not what a request does: the
//! engine's to say.
//!
//! A command asks a [`Control`]: the daemon's, through [`Remote`], or an engine that it opened
//! itself. Both answer the same [`Request`] with the same [`Response`]: one code path.

mod client;
mod http;
mod listen;
mod outbox;
mod person;
mod post;
mod request;
mod response;
mod routes;
mod spool;
mod status;
mod stored;
mod token;
mod unsubscribe;

pub use client::{Remote, connect};
pub use http::{MAX_BODY_BYTES, PublicListener, Tokens, openapi};
pub use listen::{BindError, Listener, MAX_SOCKET_PATH};
pub use outbox::{Amount, EndpointState, EndpointStatus, OutboxChanged, OutboxRow};
pub use person::{
    ErasedView, ListWish, PersonWish, SuppressedDomain, SuppressionCount, SuppressionsView, Timeline,
    TimelineEntry,
};
pub use post::{MAX_IGNORED, MAX_IGNORED_CHARS, MAX_LISTED, Posted, RejectedLine, Scope, Taken, Taking};
pub use request::{Import, ImportFile, ImportKind, OutboxFilter, OutboxWish, Queued, Request};
pub use response::{
    ConsentView, CustomerView, Explanation, Imported, ImportedFile, Latest, Matches, Names, Needs,
    PastDecision, Progress, Refusal, RefusalKind, ReloadFailure, Reloaded, RenderedMessage, Response,
    RuleExplanation, RuleMatches, TestSent,
};
pub use routes::{CALL_TIME_OUT, IMPORT_TIME_OUT, MAX_REQUEST_BYTES};
pub use spool::{CHUNK_BYTES, MAX_SPOOLED_BYTES, Spool};
pub use status::{
    Attention, AttentionKind, CatchUp, Coming, Missed, RelayStatus, RuleCatchUp, RuleState, RuleStatus,
    Status, Waiting,
};
pub use stored::{StoreKind, StoreStats, Transferred};
pub use unsubscribe::{Reader, Unsubscribed, Unsubscribing};

use std::future::Future;
use std::pin::Pin;

/// An answer on its way.
pub type Reply<'a> = Pin<Box<dyn Future<Output = Response> + Send + 'a>>;

/// Whether it lives, on its way.
pub type Living<'a> = Pin<Box<dyn Future<Output = bool> + Send + 'a>>;

/// Metrics on their way.
pub type Measuring<'a> = Pin<Box<dyn Future<Output = Option<Measured>> + Send + 'a>>;

/// What a collector of metrics gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Measured {
    /// The type of the text.
    pub content_type: &'static str,
    /// All metrics.
    pub text: String,
}

/// Whoever answers requests.
pub trait Control: Send + Sync {
    /// Answers a request; what goes wrong is a [`Response::Refused`]. Requests may come at the same
    /// time; a [`Request::Progress`] is answered while an import is under way.
    fn call(&self, request: Request) -> Reply<'_>;

    /// Returns whether it gets on, as soon as that is seen: also behind an import that takes an hour.
    fn lives(&self) -> Living<'_> {
        Box::pin(async { matches!(self.call(Request::Status {}).await, Response::Status(_)) })
    }

    /// All metrics, in the format that an `Accept` header asks for; none where nothing is measured.
    fn metrics(&self, accept: Option<&str>) -> Measuring<'_> {
        let _ = accept;
        Box::pin(std::future::ready(None))
    }

    /// Takes in what an integrator posts: one object, an array, or NDJSON. Dropping the future gives it
    /// up where it was not begun.
    fn take(&self, kind: ImportKind, body: Vec<u8>) -> Taking<'_> {
        drop((kind, body));
        Box::pin(std::future::ready(Taken::Failed("nothing is taken in here: no daemon runs".into())))
    }

    /// Who holds a link to unsubscribe, by its token; none where it was not made here.
    fn reader(&self, token: &str) -> Option<Reader> {
        let _ = token;
        None
    }

    /// Unsubscribes who holds that link; `message` is the message that it came with, as the link says.
    fn unsubscribe<'a>(&'a self, token: &'a str, message: Option<&'a str>) -> Unsubscribing<'a> {
        let _ = (token, message);
        Box::pin(std::future::ready(Unsubscribed::Unknown))
    }
}

/// Where the control interface begins; the version of the protocol.
const CONTROL_PATH: &str = "/control/v1";
/// Where files are handed over.
const SPOOL_PATH: &str = "/control/v1/spool";
