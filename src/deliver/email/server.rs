//! Which mail server, how to reach it, and how patient to be.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::extension::ClientId;

use crate::config::{Security, SmtpServer, is_loopback_host};
use crate::deliver::tls;
use crate::model;

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
    /// Refused messages; a server that counts errors slows down after some, and closes after more.
    pub refused: u32,
    /// Age.
    pub age: model::Duration,
    /// Without a message; many servers close after minutes, and each one costs them something.
    pub idle: model::Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            messages: 100,
            refused: 8,
            age: model::Duration::seconds(300),
            idle: model::Duration::seconds(30),
        }
    }
}

/// A mail server: where it is, and how to behave towards it.
#[derive(Clone)]
pub struct Server {
    pub(super) at: SmtpServer,
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
        write!(f, "Server({})", self.at)
    }
}

impl Server {
    /// A server as the configuration names it. `password` is the value of the secret that
    /// `server.login` names; `hello` the name to greet with, a domain; `authorities` a PEM file of
    /// certificates to trust instead of the public ones.
    ///
    /// # Errors
    /// What is wrong, and what to write; never with the password.
    pub fn new(
        server: &SmtpServer,
        password: Option<&str>,
        hello: &str,
        authorities: Option<&Path>,
    ) -> Result<Self, String> {
        let credentials = match (&server.login, password) {
            (None, _) => None,
            (Some((_, secret)), None) => {
                return Err(format!("the mail server's password (secret `{secret}`) is missing"));
            }
            (Some(_), Some(_)) if server.security == Security::Plain && !is_loopback_host(&server.host) => {
                return Err(
                    "a password over `smtp://` could be read on the way: write `starttls://` or `smtps://`"
                        .into(),
                );
            }
            (Some((user, _)), Some(password)) => Some(Credentials::new(user.clone(), password.into())),
        };
        let fits = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-');
        if hello.is_empty() || !hello.bytes().all(fits) {
            return Err(format!("`{}` is no name to greet a mail server with", hello.escape_debug()));
        }
        Ok(Self {
            at: server.clone(),
            credentials,
            hello: ClientId::Domain(hello.into()),
            tls: Arc::new(tls::client_config(authorities)?),
            time_outs: TimeOuts::default(),
            limits: Limits::default(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_needs_encryption_and_does_not_show() {
        let at = |security| SmtpServer {
            security,
            host: "mail.example".into(),
            port: 25,
            login: Some(("shop".into(), "smtp_key".into())),
            ca_file: None,
        };
        let refused = Server::new(&at(Security::Plain), Some("hunter2"), "shop.example", None).unwrap_err();
        assert!(refused.contains("starttls://") && !refused.contains("hunter2"), "{refused}");
        let refused = Server::new(&at(Security::Tls), None, "shop.example", None).unwrap_err();
        assert!(refused.contains("`smtp_key`"), "{refused}");
        assert!(Server::new(&at(Security::Tls), Some("hunter2"), "a b", None).is_err());
        let here = SmtpServer { host: "127.0.0.1".into(), ..at(Security::Plain) };
        assert!(Server::new(&here, Some("hunter2"), "shop.example", None).is_ok());
        let server = Server::new(&at(Security::Tls), Some("hunter2"), "shop.example", None).unwrap();
        assert!(!format!("{server:?}").contains("hunter2"));
    }
}
