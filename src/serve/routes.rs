//! The admin listener's paths.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, Query, Request as HttpRequest, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response as HttpResponse};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;

use super::http::guarded_api;
use super::token::Token;
use super::{
    CHUNK_BYTES, CONTROL_PATH, Control, Import, RefusalKind, Request, Response, SPOOL_PATH, Spool, Status,
};

/// The largest request without its files.
pub const MAX_REQUEST_BYTES: usize = 1024 * 1024;
/// A request but an import or an export is given up after so long.
pub const CALL_TIME_OUT: Duration = Duration::from_mins(10);
/// An import or an export is given up after so long.
pub const IMPORT_TIME_OUT: Duration = Duration::from_hours(12);
/// A daemon that does not answer within this is not healthy.
const HEALTH_TIME_OUT: Duration = Duration::from_secs(5);

#[derive(Clone)]
struct Desk {
    control: Arc<dyn Control>,
    spool: Spool,
}

/// All paths. With a token, all but `/healthz` ask for it.
pub(super) fn router(
    control: Arc<dyn Control>,
    spool: Spool,
    token: Option<Token>,
    description: Arc<str>,
) -> Router {
    let api = guarded_api(Arc::clone(&control), description);
    let guarded = Router::new()
        .route(CONTROL_PATH, post(call))
        .layer(DefaultBodyLimit::max(MAX_REQUEST_BYTES))
        .merge(
            Router::new()
                .route(SPOOL_PATH, post(create))
                .route(&format!("{SPOOL_PATH}/{{token}}"), get(fetch).post(append).delete(remove))
                .layer(DefaultBodyLimit::max(CHUNK_BYTES)),
        )
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
        .with_state(Desk { control: Arc::clone(&control), spool: spool.clone() })
        .merge(api);
    let guarded = match token {
        Some(token) => guarded.layer(from_fn_with_state(token, admit)),
        None => guarded,
    };
    let healthz = Router::new().route("/healthz", get(healthy)).with_state(Desk { control, spool });
    guarded.merge(healthz)
}

async fn admit(State(token): State<Token>, request: HttpRequest, next: Next) -> HttpResponse {
    if token.admits(request.headers()) {
        return next.run(request).await;
    }
    let text = "the admin token is missing or wrong: send `Authorization: Bearer TOKEN`\n";
    (StatusCode::UNAUTHORIZED, [(header::WWW_AUTHENTICATE, "Bearer")], text).into_response()
}

async fn call(State(desk): State<Desk>, body: Bytes) -> HttpResponse {
    let Ok(request) = serde_json::from_slice::<Request>(&body) else {
        let version = env!("CARGO_PKG_VERSION");
        let text = format!(
            "the daemon (version {version}) does not know this request: use the `cvmd` of its version"
        );
        return (StatusCode::BAD_REQUEST, Json(Response::refused(RefusalKind::Usage, text))).into_response();
    };
    Json(answer(&desk, request).await).into_response()
}

/// Answers in a task of its own: a client that goes away does not stop half an import.
async fn answer(desk: &Desk, request: Request) -> Response {
    let desk = desk.clone();
    let label = request.label();
    let limit = if matches!(request, Request::Import(_) | Request::StoreExport { .. }) {
        IMPORT_TIME_OUT
    } else {
        CALL_TIME_OUT
    };
    let work = tokio::spawn(async move {
        match request {
            Request::Import(import) => import_spooled(&desk, import).await,
            Request::StoreExport { file } => export_spooled(&desk, &file).await,
            other => desk.control.call(other).await,
        }
    });
    let stop = work.abort_handle();
    match tokio::time::timeout(limit, work).await {
        Ok(Ok(response)) => response,
        Ok(Err(_)) => {
            tracing::error!(request = label, "a request failed inside");
            Response::refused(RefusalKind::Failed, "the daemon failed while it answered: see its log")
        }
        Err(_) => {
            stop.abort();
            let text = format!("the daemon did not finish within {} s: see its log", limit.as_secs());
            Response::refused(RefusalKind::Failed, text)
        }
    }
}

/// Puts the spool's files in the place of their tokens, and removes them afterwards.
async fn import_spooled(desk: &Desk, mut import: Import) -> Response {
    let tokens: Vec<PathBuf> = import.files.iter().map(|file| file.path.clone()).collect();
    let rejects = import.rejects.clone();
    for path in import.files.iter_mut().map(|file| &mut file.path).chain(&mut import.rejects) {
        let Some(spooled) = desk.spool.take(path) else {
            let text = "a file of the import was not handed over: run the command again";
            return Response::refused(RefusalKind::Failed, text);
        };
        *path = spooled;
    }
    let response = desk.control.call(Request::Import(import)).await;
    for token in tokens.iter().filter_map(|token| token.to_str()) {
        desk.spool.remove(token);
    }
    if let Some(rejects) = rejects {
        desk.spool.release(&rejects);
    }
    response
}

/// Lets an export go into a file of the spool, for the client to fetch.
async fn export_spooled(desk: &Desk, token: &std::path::Path) -> Response {
    let Some(file) = desk.spool.take(token) else {
        let text = "there is no room for the export: run the command again";
        return Response::refused(RefusalKind::Failed, text);
    };
    let response = desk.control.call(Request::StoreExport { file }).await;
    desk.spool.release(token);
    response
}

#[derive(Deserialize)]
struct At {
    offset: u64,
}

async fn create(State(desk): State<Desk>) -> HttpResponse {
    spooled(move || desk.spool.create().map(String::into_bytes)).await
}

async fn append(
    State(desk): State<Desk>,
    Path(token): Path<String>,
    Query(at): Query<At>,
    chunk: Bytes,
) -> HttpResponse {
    spooled(move || desk.spool.append(&token, at.offset, &chunk).map(|()| Vec::new())).await
}

async fn fetch(State(desk): State<Desk>, Path(token): Path<String>, Query(at): Query<At>) -> HttpResponse {
    spooled(move || desk.spool.read(&token, at.offset)).await
}

async fn remove(State(desk): State<Desk>, Path(token): Path<String>) -> HttpResponse {
    spooled(move || {
        desk.spool.remove(&token);
        Ok(Vec::new())
    })
    .await
}

async fn spooled(work: impl FnOnce() -> std::io::Result<Vec<u8>> + Send + 'static) -> HttpResponse {
    match tokio::task::spawn_blocking(work).await {
        Ok(Ok(bytes)) => bytes.into_response(),
        Ok(Err(error)) => (StatusCode::CONFLICT, error.to_string()).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

async fn status(desk: &Desk) -> Option<Box<Status>> {
    match tokio::time::timeout(HEALTH_TIME_OUT, desk.control.call(Request::Status {})).await {
        Ok(Response::Status(status)) => Some(status),
        Ok(_) | Err(_) => None,
    }
}

async fn metrics(State(desk): State<Desk>, headers: HeaderMap) -> HttpResponse {
    let accept = headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok());
    match desk.control.metrics(accept).await {
        Some(measured) => ([(header::CONTENT_TYPE, measured.content_type)], measured.text).into_response(),
        None => (StatusCode::NOT_FOUND, "nothing is measured here\n").into_response(),
    }
}

async fn healthy(State(desk): State<Desk>) -> HttpResponse {
    match tokio::time::timeout(HEALTH_TIME_OUT, desk.control.lives()).await {
        Ok(true) => "ok\n".into_response(),
        Ok(false) | Err(_) => {
            (StatusCode::SERVICE_UNAVAILABLE, "the daemon does not answer\n").into_response()
        }
    }
}

async fn ready(State(desk): State<Desk>) -> HttpResponse {
    match status(&desk).await {
        Some(status) if status.is_ready() => "ready\n".into_response(),
        Some(status) => {
            let problems =
                if status.problems.is_empty() { "no rules run".into() } else { status.problems.join("\n") };
            (StatusCode::SERVICE_UNAVAILABLE, format!("{problems}\n")).into_response()
        }
        None => (StatusCode::SERVICE_UNAVAILABLE, "the daemon does not answer\n").into_response(),
    }
}
