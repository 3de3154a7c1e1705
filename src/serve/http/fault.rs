//! Everything that is answered with an error: a code for programs, a message for people.

use axum::Json;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::serve::{Posted, Refusal, RefusalKind};

/// When to come again where too much is on its way, in seconds.
const RETRY_AFTER_S: &str = "2";

/// The same where a person has to make room first.
const RETRY_AFTER_NO_ROOM_S: &str = "60";

/// An error's answer.
#[derive(Debug)]
pub(super) struct Fault {
    status: StatusCode,
    header: Option<(HeaderName, &'static str)>,
    body: Box<Body>,
}

#[derive(Debug, Serialize)]
struct Body {
    code: &'static str,
    message: String,
    /// To a post whose lines were looked at.
    #[serde(flatten)]
    posted: Option<Posted>,
}

impl Fault {
    fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, header: None, body: Box::new(Body { code, message: message.into(), posted: None }) }
    }

    /// No token, a wrong one, or none that could be right.
    pub(super) fn unauthorized(message: &str) -> Self {
        let header = Some((header::WWW_AUTHENTICATE, "Bearer"));
        Self { header, ..Self::new(StatusCode::UNAUTHORIZED, "unauthorized", message) }
    }

    /// A token that may do something else.
    pub(super) fn forbidden(message: &str) -> Self {
        Self::new(StatusCode::FORBIDDEN, "forbidden", message)
    }

    pub(super) fn not_found(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", message)
    }

    pub(super) fn method_not_allowed() -> Self {
        Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "method_not_allowed",
            "this path takes other methods: see the header `allow` and `/openapi.json`",
        )
    }

    /// A request that makes no sense as it is.
    pub(super) fn bad(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, message)
    }

    /// A post none of whose lines was good.
    pub(super) fn nothing_taken(posted: Posted) -> Self {
        let mut fault = Self::bad("nothing_taken", "no line could be taken: `rejected` says why");
        fault.body.posted = Some(posted);
        fault
    }

    pub(super) fn too_slow() -> Self {
        let text = "the body did not come in time: send less at once";
        Self::new(StatusCode::REQUEST_TIMEOUT, "too_slow", text)
    }

    pub(super) fn too_large(message: impl Into<String>) -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", message)
    }

    pub(super) fn unknown_encoding() -> Self {
        let text = "the body's encoding is not known: send it plain or with `content-encoding: gzip`";
        let header = Some((header::ACCEPT_ENCODING, "gzip"));
        Self { header, ..Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unknown_encoding", text) }
    }

    /// Too much is on its way.
    pub(super) fn busy() -> Self {
        let text = "too much is on its way to the disk: send it again later, nothing is doubled by that";
        let header = Some((header::RETRY_AFTER, RETRY_AFTER_S));
        Self { header, ..Self::new(StatusCode::TOO_MANY_REQUESTS, "busy", text) }
    }

    /// The disk is nearly full.
    pub(super) fn no_room() -> Self {
        let text = "the daemon's disk is nearly full: nothing was taken, send it again when there is room";
        let header = Some((header::RETRY_AFTER, RETRY_AFTER_NO_ROOM_S));
        Self { header, ..Self::new(StatusCode::SERVICE_UNAVAILABLE, "no_room", text) }
    }

    /// Something else takes its time.
    pub(super) fn occupied() -> Self {
        let header = Some((header::RETRY_AFTER, RETRY_AFTER_S));
        let text = "the daemon is occupied, with an import, say: ask again later";
        Self { header, ..Self::new(StatusCode::TOO_MANY_REQUESTS, "busy", text) }
    }

    /// It should have worked.
    pub(super) fn failed(message: impl Into<String>) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "failed", message)
    }

    /// What the daemon refused.
    pub(super) fn refused(refusal: Refusal) -> Self {
        match refusal.kind {
            RefusalKind::NotFound => Self::not_found(refusal.message),
            RefusalKind::Usage => Self::bad("refused", refusal.message),
            RefusalKind::Errors | RefusalKind::Failed => Self::failed(refusal.message),
        }
    }
}

impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        let mut response = (self.status, Json(self.body)).into_response();
        if let Some((name, value)) = self.header {
            response.headers_mut().insert(name, HeaderValue::from_static(value));
        }
        response
    }
}
