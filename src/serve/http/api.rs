//! The integrator's paths: what they take and what they answer. The same on the public listener,
//! behind tokens, and on the admin listener, behind its own guard.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, Request as HttpRequest, State};
use axum::http::{StatusCode, header};
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response as HttpResponse};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;

use super::body::{self, Budget, Whole};
use super::fault::Fault;
use super::guard::{Access, Door, admit};
use crate::model::Instant;
use crate::serve::{Control, ImportKind, Request, Response, Taken};

/// How long a question waits for its turn, behind an import, say.
const PATIENCE: Duration = Duration::from_secs(10);

/// What the paths share.
#[derive(Clone)]
struct Api {
    control: Arc<dyn Control>,
    budget: Budget,
    description: Arc<str>,
}

/// The paths below `/v1`, and their description. `door` says who may come in where.
pub(in crate::serve) fn api(
    control: Arc<dyn Control>,
    description: Arc<str>,
    door: impl Fn(Access) -> Door,
) -> Router {
    let api = Api { control, budget: Budget::default(), description };
    let takes = |kind| post(move |State(api): State<Api>, request: HttpRequest| take(api, kind, request));
    let writes = Router::new()
        .route("/v1/customers", takes(ImportKind::Customers))
        .route("/v1/orders", takes(ImportKind::Orders))
        .route("/v1/events", takes(ImportKind::Events))
        .route_layer(from_fn_with_state(door(Access::Write), admit));
    let reads = Router::new()
        .route("/v1/customers/{id}", get(customer))
        .route("/v1/customers/{id}/explain", get(explain))
        .route_layer(from_fn_with_state(door(Access::Read), admit));
    writes
        .merge(reads)
        .route("/openapi.json", get(describe))
        .method_not_allowed_fallback(async || Fault::method_not_allowed())
        .with_state(api)
}

async fn take(api: Api, kind: ImportKind, request: HttpRequest) -> HttpResponse {
    match taken(&api, kind, request).await {
        Ok(response) => response,
        Err(fault) => fault.into_response(),
    }
}

async fn taken(api: &Api, kind: ImportKind, request: HttpRequest) -> Result<HttpResponse, Fault> {
    let Whole { bytes, room } = body::read(request, &api.budget).await?;
    if bytes.trim_ascii().is_empty() {
        return Err(Fault::bad("empty", "the body is empty: send an object, an array of objects, or NDJSON"));
    }
    let taken = api.control.take(kind, bytes).await;
    drop(room);
    match taken {
        Taken::Kept(posted) if posted.is_good() => Ok((StatusCode::ACCEPTED, Json(posted)).into_response()),
        Taken::Kept(posted) => Err(Fault::nothing_taken(posted)),
        Taken::Unreadable(why) => Err(Fault::bad("bad_body", why)),
        Taken::TooMuch(why) => Err(Fault::too_large(why)),
        Taken::Busy => Err(Fault::busy()),
        Taken::NoRoom => Err(Fault::no_room()),
        Taken::Failed(why) => Err(Fault::failed(why)),
    }
}

async fn customer(State(api): State<Api>, id: Result<Path<String>, PathRejection>) -> HttpResponse {
    let Ok(Path(customer)) = id else { return bad_path() };
    match ask(&api, Request::Customer { customer }).await {
        Ok(Response::Customer(customer)) => Json(customer).into_response(),
        Ok(other) => unexpected(other),
        Err(fault) => fault.into_response(),
    }
}

/// Asks the daemon; who waits for it holds a connection.
async fn ask(api: &Api, request: Request) -> Result<Response, Fault> {
    tokio::time::timeout(PATIENCE, api.control.call(request)).await.map_err(|_| Fault::occupied())
}

/// What to explain.
#[derive(Debug, Deserialize)]
struct Wanted {
    rule: Option<String>,
    at: Option<Instant>,
}

async fn explain(
    State(api): State<Api>,
    id: Result<Path<String>, PathRejection>,
    wanted: Result<Query<Wanted>, QueryRejection>,
) -> HttpResponse {
    let Ok(Path(customer)) = id else { return bad_path() };
    let Ok(Query(Wanted { rule, at })) = wanted else {
        let text = "the query cannot be read: `rule` is the name of a rule, `at` a time such as `2026-12-01T09:00:00Z`";
        return Fault::bad("bad_query", text).into_response();
    };
    match ask(&api, Request::Explain { customer, rule, at }).await {
        Ok(Response::Explanation(explanation)) => Json(explanation).into_response(),
        Ok(other) => unexpected(other),
        Err(fault) => fault.into_response(),
    }
}

fn bad_path() -> HttpResponse {
    Fault::not_found("the customer's id in the path is not UTF-8, percent-encoded").into_response()
}

fn unexpected(response: Response) -> HttpResponse {
    match response {
        Response::Refused(refusal) => Fault::refused(refusal).into_response(),
        _ => Fault::failed("the daemon answered something else: see its log").into_response(),
    }
}

async fn describe(State(api): State<Api>) -> HttpResponse {
    ([(header::CONTENT_TYPE, "application/json")], api.description.to_string()).into_response()
}
