//! Who may write and who may read.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::fault::Fault;
use crate::config::Secret;
use crate::serve::token::Token;

/// The tokens of the public listener: what has none is closed.
#[derive(Clone, Default)]
pub struct Tokens {
    write: Option<Arc<Token>>,
    read: Option<Arc<Token>>,
}

impl std::fmt::Debug for Tokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tokens(…)")
    }
}

impl Tokens {
    /// The secrets `ingest_token`, which may write, and `read_token`, which may read.
    #[must_use]
    pub fn new(ingest: Option<&Secret>, read: Option<&Secret>) -> Self {
        let token = |secret: &Secret| Arc::new(Token::new(secret));
        Self { write: ingest.map(token), read: read.map(token) }
    }
}

/// What a path lets one do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    Write,
    Read,
}

/// Who comes in.
#[derive(Clone)]
pub(super) enum Door {
    /// Whoever reached the listener: another guard stands before it.
    Open,
    /// Whoever shows the right token.
    Tokens(Tokens, Access),
}

/// Lets a request in, or says why not.
pub(super) async fn admit(State(door): State<Door>, request: Request, next: Next) -> Response {
    match refusal(&door, &request) {
        None => next.run(request).await,
        Some(fault) => fault.into_response(),
    }
}

fn refusal(door: &Door, request: &Request) -> Option<Fault> {
    let Door::Tokens(tokens, access) = door else { return None };
    let shown = |token: &Option<Arc<Token>>| token.as_ref().is_some_and(|t| t.admits(request.headers()));
    // Both are compared, always: the time that it takes tells nothing.
    let (writes, reads) = (shown(&tokens.write), shown(&tokens.read));
    let (name, needed, admitted, other) = match access {
        Access::Write => ("ingest_token", &tokens.write, writes, reads),
        Access::Read => ("read_token", &tokens.read, reads, writes),
    };
    if admitted {
        return None;
    }
    if other {
        return Some(Fault::forbidden(&format!("this takes the token of the secret `{name}`")));
    }
    Some(Fault::unauthorized(&match needed {
        Some(_) => format!("send `Authorization: Bearer TOKEN` with the token of the secret `{name}`"),
        None => format!("this is closed: write the secret `{name}` under [secrets] of cvmd.toml"),
    }))
}
