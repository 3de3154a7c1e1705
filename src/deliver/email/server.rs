//! Which mail server, how to reach it, and how patient to be.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::extension::ClientId;

use crate::deliver::tls;
use crate::model;

/// How a connection is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Security {
    /// Not at all: a server on this machine or in a closed network.
    Plain,
    /// Upgraded by STARTTLS (RFC 3207); never sent without.
    StartTls,
    /// Encrypted from the first byte (RFC 8314).
    Tls,
}

/// How long each phase may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeOuts {
    /// To open the connection, and to agree on encryption.
    pub connect: Duration,
    /// For the reply to a command.
    pub command: Duration,
    /// For the text and the reply to the dot that ends it: a server that gives up here has often
    /// taken the message, so that impatience makes duplicates (RFC 5321, 4.5.3.2.6 says 10 minutes).
    pub end_of_data: Duration,
}

impl Default for TimeOuts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            command: Duration::from_mins(1),
            end_of_data: Duration::from_mins(10),
        }
    }
}

/// How long a connection is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Messages; many servers close after a hundred.
    pub messages: u32,
    /// Age.
    pub age: model::Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { messages: 100, age: model::Duration::seconds(300) }
    }
}

/// A mail server as the configuration names it.
#[derive(Clone)]
pub struct Server {
    pub(super) security: Security,
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) credentials: Option<Credentials>,
    pub(super) hello: ClientId,
    pub(super) tls: Arc<rustls::ClientConfig>,
    /// How patient to be.
    pub time_outs: TimeOuts,
    /// How long to use a connection.
    pub limits: Limits,
}

impl std::fmt::Debug for Server {
    /// Without the credentials.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Server({:?} {}:{})", self.security, self.host, self.port)
    }
}

impl Server {
    /// Reads `smtp://host[:25]` (plain), `starttls://[user:password@]host[:587]` or
    /// `smtps://[user:password@]host[:465]`; user and password percent-encoded. `hello` is the name
    /// to greet with, a domain; `authorities` a PEM file of certificates to trust instead of the
    /// public ones.
    ///
    /// # Errors
    /// What is wrong with the address, and how it should look; never with the password.
    pub fn parse(url: &str, hello: &str, authorities: Option<&Path>) -> Result<Self, String> {
        let (scheme, rest) =
            url.split_once("://").ok_or("the mail server's `url` must look like `smtp://127.0.0.1:25`")?;
        let (security, default_port) = match scheme {
            "smtp" => (Security::Plain, 25),
            "starttls" => (Security::StartTls, 587),
            "smtps" => (Security::Tls, 465),
            other => return Err(format!("`{other}://` is none of `smtp://`, `starttls://`, `smtps://`")),
        };
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        let (user, place) = rest.rsplit_once('@').map_or((None, rest), |(user, place)| (Some(user), place));
        let (host, port) = host_and_port(place, default_port)?;
        let credentials = user.map(credentials).transpose()?;
        if credentials.is_some() && security == Security::Plain {
            return Err(
                "a password over `smtp://` could be read on the way: use `starttls://` or `smtps://`".into(),
            );
        }
        Ok(Self {
            security,
            host,
            port,
            credentials,
            hello: ClientId::Domain(checked_hello(hello)?),
            tls: Arc::new(tls::client_config(authorities)?),
            time_outs: TimeOuts::default(),
            limits: Limits::default(),
        })
    }
}

/// Splits `mail.example:25`, `127.0.0.1`, `[::1]:25`.
fn host_and_port(place: &str, default_port: u16) -> Result<(String, u16), String> {
    let wrong = || format!("`{}` is no server like `mail.shop.example:25`", place.escape_debug());
    let (host, port) = match place.strip_prefix('[') {
        Some(literal) => {
            let (host, port) = literal.split_once(']').ok_or_else(wrong)?;
            host.parse::<std::net::Ipv6Addr>().map_err(|_| wrong())?;
            (host, port)
        }
        None => place.find(':').map_or((place, ""), |at| place.split_at(at)),
    };
    let port = match port.strip_prefix(':') {
        Some(digits) => digits.parse().map_err(|_| wrong())?,
        None if port.is_empty() => default_port,
        None => return Err(wrong()),
    };
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':');
    if host.is_empty() || port == 0 || !host.chars().all(fits) {
        return Err(wrong());
    }
    Ok((host.into(), port))
}

fn credentials(user: &str) -> Result<Credentials, String> {
    let wrong = || "the mail server's user and password must look like `user:password@`".to_owned();
    let (name, password) = user.split_once(':').ok_or_else(wrong)?;
    let (name, password) = (unescape(name).ok_or_else(wrong)?, unescape(password).ok_or_else(wrong)?);
    Ok(Credentials::new(name, password))
}

/// Undoes percent-encoding; `None` where it is none or not UTF-8.
fn unescape(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        if *first == b'%' {
            let (digits, tail) = tail.split_at_checked(2)?;
            bytes.push(u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?);
            rest = tail;
        } else {
            bytes.push(*first);
            rest = tail;
        }
    }
    String::from_utf8(bytes).ok()
}

fn checked_hello(hello: &str) -> Result<String, String> {
    let fits = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-');
    if hello.is_empty() || !hello.bytes().all(fits) {
        return Err(format!("`{}` is no name to greet a mail server with", hello.escape_debug()));
    }
    Ok(hello.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(url: &str) -> Result<(Security, String, u16), String> {
        Server::parse(url, "shop.example", None).map(|s| (s.security, s.host, s.port))
    }

    #[test]
    fn servers_are_read_with_the_ports_of_their_kind() {
        for (url, want) in [
            ("smtp://127.0.0.1:2525", (Security::Plain, "127.0.0.1", 2525)),
            ("smtp://mail.example/", (Security::Plain, "mail.example", 25)),
            ("starttls://u:p%40@mail.example", (Security::StartTls, "mail.example", 587)),
            ("smtps://[::1]", (Security::Tls, "::1", 465)),
            ("smtps://[::1]:1465", (Security::Tls, "::1", 1465)),
        ] {
            assert_eq!(parsed(url), Ok((want.0, want.1.into(), want.2)), "{url}");
        }
    }

    #[test]
    fn what_is_no_server_is_refused_and_the_password_not_shown() {
        for url in [
            "mail.example",
            "http://mail.example",
            "smtp://",
            "smtp://a b",
            "smtp://h:0",
            "smtp://h:x",
            "smtp://[::1",
            "smtp://[::1]x",
            "smtp://u:hunter2@h",
            "smtps://u%zz:hunter2@h",
            "smtps://u@h",
            "smtp://::1",
            "smtps://u:hunter2@h:x",
        ] {
            let why = parsed(url).unwrap_err();
            assert!(!why.contains("hunter2"), "{url}: {why}");
        }
        assert_eq!(unescape("a%3Ab%"), None);
        assert_eq!(unescape("a%3ab").as_deref(), Some("a:b"));
    }
}
