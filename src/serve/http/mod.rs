//! The public listener: what integrators and customers reach, through a reverse proxy. Whoever
//! connects is a stranger until a token says otherwise; each is held to limits of size, time and
//! number, and gets a clear answer.
//!
//! | path | who |
//! |---|---|
//! | `POST /v1/customers`, `/v1/orders`, `/v1/events` | `ingest_token` |
//! | `GET /v1/customers/{id}`, `/v1/customers/{id}/explain` | `read_token` |
//! | `GET /u/{token}`, `POST /u/{token}` | whoever has the link |
//! | `GET /openapi.json`, `/healthz` | anybody |

mod api;
mod body;
mod connection;
mod fault;
mod guard;
mod openapi;
mod page;
mod patient;
mod unsubscribe;
mod words;

pub use body::MAX_BODY_BYTES;
pub use guard::Tokens;
pub use openapi::openapi;

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::routing::get;
use tokio::net::TcpListener;

use super::Control;
use super::listen::BindError;
use crate::clock::Clock;

use api::api;
use fault::Fault;
use guard::Door;

/// The paths below `/v1` for a listener that lets nobody in who may not use them.
pub(super) fn guarded_api(control: Arc<dyn Control>, description: Arc<str>) -> Router {
    api(control, description, |_| Door::Open)
}

/// A bound public listener.
#[derive(Debug)]
pub struct PublicListener {
    listener: TcpListener,
    address: SocketAddr,
}

impl PublicListener {
    /// Binds the address. Must be called inside a tokio runtime.
    ///
    /// # Errors
    /// When it is taken, or is not this machine's.
    pub async fn bind(address: SocketAddr) -> Result<Self, BindError> {
        let refuse = |error| {
            BindError(format!(
                "cannot listen on `{address}`: {error}; write another address, `public = \"127.0.0.1:8087\"`, under [listen]"
            ))
        };
        let listener = TcpListener::bind(address).await.map_err(refuse)?;
        let address = listener.local_addr().map_err(refuse)?;
        Ok(Self { listener, address })
    }

    /// The address, its port found where 0 was asked for.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers requests until `stop` is ready, then those under way, for a short time.
    pub async fn serve(
        self,
        control: Arc<dyn Control>,
        tokens: Tokens,
        description: Arc<str>,
        clock: Arc<dyn Clock>,
        stop: impl Future<Output = ()> + Send,
    ) {
        let leave = unsubscribe::unsubscribing(Arc::clone(&control));
        let router = api(control, description, |access| Door::Tokens(tokens.clone(), access))
            .merge(leave)
            .route("/healthz", get(async || "ok\n"))
            .fallback(async || Fault::not_found("there is nothing here: see `/openapi.json`"));
        connection::serve(self.listener, router, clock, stop).await;
    }
}
