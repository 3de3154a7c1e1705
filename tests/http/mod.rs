//! The public listener as an integrator sees it: the real `cvmd`, over loopback.

mod contract;
mod crash;
mod hostile;
mod pressure;
mod rules;
mod same;
mod unsubscribe;

use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;

use reqwest::{Client, RequestBuilder};
use serde_json::Value;

use crate::crash::shop::{Daemon, Shop, patiently};

/// What may write.
pub const INGEST: &str = "ingest-3f9a";
/// What may read.
pub const READ: &str = "read-77c1";

/// A running daemon and a client.
pub struct Side {
    pub shop: Shop,
    pub daemon: Daemon,
    pub address: SocketAddr,
    client: Client,
}

/// A shop whose daemon has both tokens.
pub async fn shop(rules: &str) -> Shop {
    let shop = Shop::new(rules).await;
    for (name, token) in [("ingest_token", INGEST), ("read_token", READ)] {
        let path = format!("secrets/{name}");
        shop.write(&path, token);
        fs::set_permissions(shop.path(&path), fs::Permissions::from_mode(0o600)).unwrap();
        shop.edit("cvmd.toml", "[secrets]\n", &format!("[secrets]\n{name} = \"{path}\"\n"));
    }
    shop
}

/// Where a daemon's public listener is, by its log.
pub async fn address(daemon: &Daemon) -> SocketAddr {
    patiently("the log says where it listens", async || {
        let log = daemon.log();
        let after = log.split_once("public=")?.1.trim_start_matches('"');
        let end = after.find(|c: char| c != '.' && c != ':' && !c.is_ascii_digit())?;
        after[..end].parse().ok()
    })
    .await
}

impl Side {
    pub async fn of(shop: Shop) -> Self {
        let daemon = shop.run().await;
        Self::with(shop, daemon).await
    }

    pub async fn with(shop: Shop, daemon: Daemon) -> Self {
        let address = address(&daemon).await;
        let _ = rustls::crypto::ring::default_provider().install_default();
        Self { shop, daemon, address, client: Client::builder().no_proxy().build().unwrap() }
    }

    pub async fn start(rules: &str) -> Self {
        Self::of(shop(rules).await).await
    }

    /// A post with the token that may write.
    pub fn request(&self, kind: &str, body: impl Into<reqwest::Body>) -> RequestBuilder {
        self.client.post(format!("http://{}/v1/{kind}", self.address)).bearer_auth(INGEST).body(body)
    }

    pub async fn post(&self, kind: &str, body: impl Into<reqwest::Body>) -> (u16, Value) {
        said(self.request(kind, body)).await
    }

    /// A GET with the token that may read.
    pub async fn get(&self, path: &str) -> (u16, Value) {
        said(self.client.get(format!("http://{}{path}", self.address)).bearer_auth(READ)).await
    }

    pub fn client(&self) -> &Client {
        &self.client
    }
}

/// The status, and the body as JSON (a text where it is none).
pub async fn said(request: RequestBuilder) -> (u16, Value) {
    let response = request.send().await.unwrap();
    let status = response.status().as_u16();
    let text = response.text().await.unwrap();
    (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
}
