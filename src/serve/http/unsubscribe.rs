//! `/u/{token}`: the link in marketing messages (RFC 8058).
//!
//! A GET shows a page with one button: programs that scan mail follow links. Only a POST unsubscribes,
//! whatever its body: mail programs send `List-Unsubscribe=One-Click`, and so does the page. No token is
//! needed but the link's own, and what is wrong with one that is wrong is not said.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;
use axum::routing::get;
use serde::Deserialize;

use super::body::skip;
use super::fault::Fault;
use super::page::{Said, page};
use crate::serve::{Control, Unsubscribed};

/// The longest body of a click, in bytes: it says a word.
const MAX_BODY_BYTES: usize = 16 * 1024;
/// For a whole body.
const BODY_TIME_OUT: Duration = Duration::from_secs(30);

/// The path, for whoever holds a link.
pub(super) fn unsubscribing(control: Arc<dyn Control>) -> Router {
    Router::new()
        .route("/u/{token}", get(show).post(click))
        .method_not_allowed_fallback(async || Fault::method_not_allowed())
        .with_state(control)
}

/// The message that a link came with, as far as it says so.
#[derive(Debug, Deserialize)]
struct From {
    m: Option<String>,
}

async fn show(
    State(control): State<Arc<dyn Control>>,
    token: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
) -> Response {
    let reader = token.ok().and_then(|Path(token)| control.reader(&token));
    let accepts = languages(&headers);
    match reader {
        Some(reader) => page(StatusCode::OK, Said::Asks, (Some(&reader), accepts.as_deref())),
        None => page(StatusCode::NOT_FOUND, Said::Unknown, (None, accepts.as_deref())),
    }
}

/// What the browser asks for, where it is text.
fn languages(headers: &HeaderMap) -> Option<String> {
    headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).map(str::to_owned)
}

async fn click(
    State(control): State<Arc<dyn Control>>,
    token: Result<Path<String>, PathRejection>,
    from: Result<Query<From>, QueryRejection>,
    request: Request,
) -> Response {
    let accepts = languages(request.headers());
    let page = |status, said, reader| page(status, said, (reader, accepts.as_deref()));
    // Read, so that the answer is; a body that is too long, or never ends, is no click.
    let mut body = request.into_body();
    match tokio::time::timeout(BODY_TIME_OUT, skip(&mut body, MAX_BODY_BYTES)).await {
        Ok(true) => {}
        Ok(false) => return page(StatusCode::PAYLOAD_TOO_LARGE, Said::Unknown, None),
        Err(_) => return page(StatusCode::REQUEST_TIMEOUT, Said::Unknown, None),
    }
    let Ok(Path(token)) = token else { return page(StatusCode::NOT_FOUND, Said::Unknown, None) };
    let message = from.ok().and_then(|Query(from)| from.m);
    match control.unsubscribe(&token, message.as_deref()).await {
        Unsubscribed::Done(reader) => page(StatusCode::OK, Said::Done, Some(&reader)),
        Unsubscribed::Unknown => page(StatusCode::NOT_FOUND, Said::Unknown, None),
        Unsubscribed::Busy(reader) => page(StatusCode::TOO_MANY_REQUESTS, Said::ComeAgain, Some(&reader)),
        Unsubscribed::Failed(reader) => {
            page(StatusCode::INTERNAL_SERVER_ERROR, Said::ComeAgain, Some(&reader))
        }
    }
}
