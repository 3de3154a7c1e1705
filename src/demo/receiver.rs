//! A webhook receiver on loopback that does what a careful integrator does: verifies the signature
//! (Standard Webhooks) before it believes a word.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use crate::deliver::webhook::{Secret, sign};

/// A call that was verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// Its `webhook-id`.
    pub id: String,
    /// The rule that called.
    pub rule: String,
    /// For whom.
    pub customer: String,
    /// What it says, as JSON.
    pub fields: String,
}

/// The receiver; it ends with the process.
#[derive(Debug)]
pub struct Receiver {
    /// Where it listens.
    pub address: SocketAddr,
    /// What it verified.
    pub calls: mpsc::UnboundedReceiver<Verified>,
}

struct Desk {
    secret: Secret,
    calls: mpsc::UnboundedSender<Verified>,
}

impl Receiver {
    /// Listens on a free port of loopback. Must be called on a tokio runtime.
    ///
    /// # Errors
    /// When the secret is none, or nothing can listen there.
    pub async fn start(secret: &str) -> Result<Self, String> {
        let secret = Secret::parse(secret.trim())?;
        let listener = TcpListener::bind("127.0.0.1:0").await;
        let listener = listener.map_err(|error| format!("the demo's receiver cannot listen: {error}"))?;
        let address = listener.local_addr().map_err(|error| error.to_string())?;
        let (sender, calls) = mpsc::unbounded_channel();
        let desk = Arc::new(Desk { secret, calls: sender });
        let router = Router::new().route("/v1/touch", post(take)).with_state(desk);
        tokio::spawn(async move { axum::serve(listener, router).await });
        Ok(Self { address, calls })
    }
}

async fn take(State(desk): State<Arc<Desk>>, headers: HeaderMap, body: String) -> StatusCode {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let Ok(timestamp) = header("webhook-timestamp").parse() else { return StatusCode::BAD_REQUEST };
    let id = header("webhook-id");
    let expected = sign(std::slice::from_ref(&desk.secret), id, timestamp, &body);
    if id.is_empty() || !header("webhook-signature").split(' ').any(|one| one == expected) {
        return StatusCode::UNAUTHORIZED;
    }
    let document: serde_json::Value = serde_json::from_str(&body).unwrap_or_default();
    let text = |name: &str| document["data"][name].as_str().unwrap_or_default().to_owned();
    let verified = Verified {
        id: id.to_owned(),
        rule: text("rule"),
        customer: text("customer_id"),
        fields: document["data"]["fields"].to_string(),
    };
    // Nobody looks any more only while the demo ends.
    let _ = desk.calls.send(verified);
    StatusCode::NO_CONTENT
}
