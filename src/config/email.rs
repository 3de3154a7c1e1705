//! `[email]`.

use std::path::{Path, PathBuf};

use super::domains::{self, DomainLimits};
use super::read::{File, Parsed, Section};
use super::value;
use crate::model::Duration;

/// `[email]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Email {
    /// How it leaves.
    pub transport: Transport,
    /// The sender where a message names none: `Shop <hello@shop.example>`.
    pub from: String,
    /// The waits before each further try; after the last one a message is dead.
    pub retries: Vec<Duration>,
    /// What becomes of marketing mail of which a crash left us in doubt.
    pub in_doubt: InDoubt,
    /// Connections, each with its own worker.
    pub workers: usize,
    /// For connecting, TLS and greeting included.
    pub connect_timeout: Duration,
    /// For the reply to each command but the final dot.
    pub timeout: Duration,
    /// For the reply to the final dot: giving up early there is how mail gets sent twice (RFC 5321,
    /// 4.5.3.2.6).
    pub dot_timeout: Duration,
    /// How much of one recipient's domain goes out at once.
    pub domains: DomainLimits,
}

/// How e-mail leaves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Transport {
    /// To the first of these that takes mail; never empty.
    Smtp(Vec<SmtpServer>),
    /// Into `.eml` files of this folder.
    File(PathBuf),
}

/// An SMTP server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SmtpServer {
    /// How the connection is protected.
    pub security: Security,
    /// A name or an address, without brackets.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// The user, and the name of the secret that is the password.
    pub login: Option<(String, String)>,
    /// Certificates (PEM) to trust instead of the public ones.
    pub ca_file: Option<PathBuf>,
}

impl std::fmt::Display for SmtpServer {
    /// `smtps://mail.example:465`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let scheme = match self.security {
            Security::Plain => "smtp",
            Security::StartTls => "starttls",
            Security::Tls => "smtps",
        };
        if self.host.contains(':') {
            write!(f, "{scheme}://[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{scheme}://{}:{}", self.host, self.port)
        }
    }
}

/// How a connection is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Security {
    /// `smtp://`: not at all.
    Plain,
    /// `starttls://`: begins plain, must become TLS.
    StartTls,
    /// `smtps://`: TLS from the first byte.
    Tls,
}

/// What becomes of marketing mail that may or may not have been taken by the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InDoubt {
    /// Held and reported: nobody gets it twice, somebody may not get it.
    Hold,
    /// Sent again: everybody gets it, somebody may get it twice.
    Send,
}

/// For a mail server: minutes first, for greylisting, up to a day.
const EMAIL_RETRIES_S: [i64; 7] = [60, 300, 900, 3_600, 14_400, 43_200, 86_400];

/// The most servers to fall back on.
const MAX_FALLBACKS: usize = 8;

/// The keys of a server.
const SERVER_KEYS: [&str; 4] = ["url", "user", "password", "ca_file"];
const KEYS: [&str; 13] = [
    "transport",
    "fallback",
    "from",
    "directory",
    "retries",
    "in_doubt",
    "workers",
    "domain_workers",
    "domain_rate",
    "domains",
    "connect_timeout",
    "timeout",
    "dot_timeout",
];

pub(super) fn email(file: &File<'_>, folder: &Path) -> Email {
    let keys: Vec<&str> = SERVER_KEYS.into_iter().chain(KEYS).collect();
    let mut section = file.section("email", &keys);
    let limit = || value::duration(Duration(100)..=Duration::seconds(3_600));
    let smtp = section.parse("transport", one_of(&[("smtp", true), ("file", false)])).unwrap_or(false);
    let directory = section.parse("directory", value::path(folder)).unwrap_or_else(|| folder.join("outbox"));
    let servers: Vec<SmtpServer> =
        server_of(&mut section, folder).into_iter().chain(fallbacks(&mut section, folder)).collect();
    if section.has("fallback") && !section.has("url") {
        file.error("email", "fallback", "`fallback` follows a first server: write `url` for that one");
    }
    let from = section.parse("from", sender);
    if smtp && !section.has("url") {
        let text = "`transport = \"smtp\"` needs a server: write `url = \"smtp://127.0.0.1:25\"`";
        file.error("email", "transport", text);
    }
    if smtp && !section.has("from") {
        let text = "`transport = \"smtp\"` needs a sender: write `from = \"Shop <hello@shop.example>\"`";
        file.error("email", "transport", text);
    }
    let workers = section.parse("workers", value::number(1..=256)).unwrap_or(16);
    let domains = domains::limits(&mut section, workers);
    if section.has("domain_workers") && domains.usual.workers >= workers {
        let text =
            "`domain_workers` is as high as `workers`: one domain that answers slowly can keep all of them";
        file.warning("email", "domain_workers", text);
    }
    Email {
        transport: if smtp && !servers.is_empty() {
            Transport::Smtp(servers)
        } else {
            Transport::File(directory)
        },
        from: from.unwrap_or_else(|| "cvmd <cvmd@localhost>".into()),
        retries: section
            .parse("retries", value::retries)
            .unwrap_or_else(|| EMAIL_RETRIES_S.map(Duration::seconds).to_vec()),
        in_doubt: section
            .parse("in_doubt", one_of(&[("hold", InDoubt::Hold), ("send", InDoubt::Send)]))
            .unwrap_or(InDoubt::Hold),
        workers,
        connect_timeout: section.parse("connect_timeout", limit()).unwrap_or(Duration::seconds(30)),
        timeout: section.parse("timeout", limit()).unwrap_or(Duration::seconds(300)),
        dot_timeout: section.parse("dot_timeout", limit()).unwrap_or(Duration::seconds(600)),
        domains,
    }
}

/// The server that a section names by its `url`.
fn server_of(section: &mut Section<'_>, folder: &Path) -> Option<SmtpServer> {
    let server = section.parse("url", server);
    let login = section.parse("user", value::text).zip(section.parse("password", value::text));
    if section.has("user") != section.has("password") {
        let text =
            "`user` and `password` go together; `password` is the name of a secret: write both or none";
        section.error(if section.has("user") { "user" } else { "password" }, text);
    }
    let ca_file = section.parse("ca_file", value::path(folder));
    let server = SmtpServer { login, ca_file, ..server? };
    if server.ca_file.is_some() && server.security == Security::Plain {
        section.error("ca_file", "`ca_file` needs a server that encrypts: write `starttls://` or `smtps://`");
    }
    if server.login.is_some() && server.security == Security::Plain && !value::is_loopback_host(&server.host)
    {
        let host = &server.host;
        let text = format!("the password would go to `{host}` in clear: write `starttls://` or `smtps://`");
        section.error("url", &text);
    }
    Some(server)
}

/// The servers to fall back on, in the order in which they are tried.
fn fallbacks(section: &mut Section<'_>, folder: &Path) -> Vec<SmtpServer> {
    let advice = "write `[{ url = \"smtps://HOST:465\" }]`, one after the other";
    let mut parts = section.parts("fallback", &SERVER_KEYS, advice);
    if parts.len() > MAX_FALLBACKS {
        section.error("fallback", &format!("`fallback` has more than {MAX_FALLBACKS} servers: write fewer"));
    }
    let mut servers = Vec::new();
    for part in &mut parts {
        if !part.has("url") {
            part.error("url", "a server of `fallback` has no `url`: write `url = \"smtps://HOST:465\"`");
        }
        servers.extend(server_of(part, folder));
    }
    servers
}

/// One of a few words.
fn one_of<T: Copy>(words: &'static [(&'static str, T)]) -> impl Fn(&toml::de::DeValue<'_>) -> Parsed<T> {
    move |value| {
        let text = value::text(value)?;
        words.iter().find(|(word, _)| *word == text).map(|&(_, meaning)| meaning).ok_or_else(|| {
            let known: Vec<String> = words.iter().map(|(word, _)| format!("`\"{word}\"`")).collect();
            format!("is `{text}`: write {}", known.join(" or "))
        })
    }
}

/// `Shop <hello@shop.example>`, as the mail library reads it.
fn sender(value: &toml::de::DeValue<'_>) -> Parsed<String> {
    let text = value::text(value)?;
    match text.parse::<lettre::message::Mailbox>() {
        Ok(_) => Ok(text),
        Err(_) => Err(format!("is `{text}`: write a name and an address, `\"Shop <hello@shop.example>\"`")),
    }
}

/// `smtp://HOST[:PORT]`, `starttls://…`, `smtps://…`.
fn server(value: &toml::de::DeValue<'_>) -> Parsed<SmtpServer> {
    let text = value::text(value)?;
    let schemes = [
        ("smtp://", Security::Plain, 25),
        ("starttls://", Security::StartTls, 587),
        ("smtps://", Security::Tls, 465),
    ];
    let found = schemes
        .iter()
        .find_map(|&(scheme, security, port)| Some((text.strip_prefix(scheme)?, security, port)));
    // The text is not repeated where it may hold a password.
    if text.contains('@') {
        return Err("has a user in it: write the address alone, `user = \"…\"`, and `password = \"NAME\"` \
                    with that NAME under [secrets]"
            .into());
    }
    let wrong = || {
        format!(
            "is `{text}`: write `\"smtp://127.0.0.1:25\"`, `\"starttls://HOST:587\"` or `\"smtps://HOST:465\"`"
        )
    };
    let (rest, security, default_port) = found.ok_or_else(wrong)?;
    let rest = rest.strip_suffix('/').unwrap_or(rest);
    let (host, port) = match rest.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((host, "")) => (host, None),
        Some((host, port)) => (host, Some(port.strip_prefix(':').ok_or_else(wrong)?)),
        None => rest.split_once(':').map_or((rest, None), |(host, port)| (host, Some(port))),
    };
    let port = port.map_or(Ok(default_port), |port| port.parse().map_err(|_| wrong()))?;
    let is_host = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | ':');
    if host.is_empty() || !host.chars().all(is_host) {
        return Err(wrong());
    }
    Ok(SmtpServer { security, host: host.into(), port, login: None, ca_file: None })
}
