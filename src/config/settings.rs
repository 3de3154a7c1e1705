//! `[listen]`, `[daemon]`, `[webhooks]`, `[sandbox]`.

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use super::read::File;
use super::value;
use crate::model::Duration;

/// Where something listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    /// An IP address and a port.
    Tcp(SocketAddr),
    /// A socket in the file system.
    Unix(PathBuf),
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => write!(f, "{address}"),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

/// `[listen]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listen {
    /// What customers and integrators reach, through a reverse proxy.
    pub public: SocketAddr,
    /// Dashboard, metrics, control.
    pub admin: Address,
    /// The public listener as customers reach it, without a slash at its end; none: not written.
    pub url: Option<String>,
}

/// `[daemon]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Daemon {
    /// Between two looks at everybody.
    pub tick: Duration,
    /// After a longer silence a start is on hold.
    pub hold_after: Duration,
    /// Bytes: while less is free on the store's disk nothing is decided, sent or taken in. 0: that is not
    /// looked at.
    pub min_free: u64,
}

/// `[webhooks]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Webhooks {
    /// Whether private and loopback addresses may be called.
    pub allow_private: bool,
    /// The waits before each further try; after the last one a call is dead.
    pub retries: Vec<Duration>,
    /// Calls under way at once, per endpoint.
    pub workers: usize,
    /// For connecting, TLS included.
    pub connect_timeout: Duration,
    /// For the whole call.
    pub timeout: Duration,
}

/// Enough for what people ask and for what is under way, for a long time.
const MIN_FREE: u64 = 256 * value::MB;

/// The retries of the Standard Webhooks specification.
const WEBHOOK_RETRIES_S: [i64; 9] = [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400];

pub(super) fn listen(file: &File<'_>, folder: &Path, socket: &Path) -> Listen {
    let mut section = file.section("listen", &["public", "admin", "url"]);
    Listen {
        public: section.parse("public", value::tcp).unwrap_or(SocketAddr::from((Ipv4Addr::LOCALHOST, 8087))),
        admin: section
            .parse("admin", value::address(folder))
            .unwrap_or_else(|| Address::Unix(socket.join("cvmd.sock"))),
        url: section.parse("url", value::url),
    }
}

pub(super) fn daemon(file: &File<'_>) -> Daemon {
    let mut section = file.section("daemon", &["tick", "hold_after", "min_free"]);
    let tick = value::duration(Duration::seconds(1)..=Duration::hours(1));
    let hold_after = value::duration(Duration::hours(1)..=Duration::days(365));
    Daemon {
        tick: section.parse("tick", tick).unwrap_or(Duration::seconds(60)),
        hold_after: section.parse("hold_after", hold_after).unwrap_or(Duration::hours(24)),
        min_free: section.parse("min_free", value::size).unwrap_or(MIN_FREE),
    }
}

pub(super) fn webhooks(file: &File<'_>) -> Webhooks {
    let keys = ["allow_private", "retries", "workers", "connect_timeout", "timeout"];
    let mut section = file.section("webhooks", &keys);
    let limit = || value::duration(Duration(100)..=Duration::seconds(600));
    Webhooks {
        allow_private: section.parse("allow_private", value::boolean).unwrap_or(false),
        retries: section
            .parse("retries", value::retries)
            .unwrap_or_else(|| WEBHOOK_RETRIES_S.map(Duration::seconds).to_vec()),
        workers: section.parse("workers", value::number(1..=256)).unwrap_or(8),
        connect_timeout: section.parse("connect_timeout", limit()).unwrap_or(Duration::seconds(10)),
        timeout: section.parse("timeout", limit()).unwrap_or(Duration::seconds(30)),
    }
}

pub(super) fn sandbox(file: &File<'_>) -> Vec<String> {
    let mut section = file.section("sandbox", &["allow"]);
    let allowed = section.parse("allow", |list| {
        let lower = |text: String| {
            let entry = text.strip_prefix('@').unwrap_or(&text).to_lowercase();
            let domain = entry.rsplit('@').next().unwrap_or(&entry);
            let bad = entry.matches('@').count() > 1
                || entry.starts_with('@')
                || domain.is_empty()
                || entry.contains(|c: char| c.is_whitespace() || matches!(c, '*' | ',' | '<' | '>'));
            let advice = "write addresses (`ana@shop.example`) and domains (`shop.example`)";
            if bad { Err(format!("has `{text}` in it: {advice}")) } else { Ok(entry) }
        };
        value::texts(list)?.into_iter().map(lower).collect()
    });
    allowed.unwrap_or_default()
}
