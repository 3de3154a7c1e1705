//! A worker's own connection. Not lettre's pool: a send that is cancelled leaves its reply behind on
//! a pooled connection, and the next message takes it for its own.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use lettre::transport::smtp::Error;
use lettre::transport::smtp::client::AsyncSmtpConnection;
use lettre::transport::smtp::commands::{Data, Mail, Rcpt, Rset};
use lettre::transport::smtp::extension::{Extension, MailBodyParameter, MailParameter};
use lettre::transport::smtp::response::Response;

use super::reply::{self, Phase};
use super::{Built, Server, handshake};
use crate::deliver::{Outcome, scrub};
use crate::failpoint;
use crate::model::Instant;

/// How long a polite goodbye may take.
const GOODBYE: Duration = Duration::from_secs(2);

/// One connection to a mail server, opened when it is needed.
pub struct Session {
    server: Arc<Server>,
    open: Option<Open>,
}

struct Open {
    connection: AsyncSmtpConnection,
    sent: u32,
    since: Instant,
}

/// How a step of a transaction failed.
enum Failure {
    /// The server answered, or never will; this is what it comes to. Whether the connection lives.
    Answered(Outcome, bool),
    /// The connection broke or fell silent.
    Broken(String),
}

impl Session {
    /// A session without a connection yet.
    #[must_use]
    pub fn new(server: Arc<Server>) -> Self {
        Self { server, open: None }
    }

    /// Hands one message over. The connection is dropped on any time-out or broken line, and kept
    /// otherwise.
    pub async fn send(&mut self, mail: &Built, now: Instant) -> Outcome {
        self.leave_worn_connection(now).await;
        let reused = self.open.is_some();
        match self.attempt(mail, now).await {
            // A server may close an idle connection at any time: nothing was said on it, so that a
            // new one may try again at once.
            Err(Failure::Broken(_)) if reused && self.open.is_none() => self.attempt(mail, now).await,
            other => other,
        }
        .unwrap_or_else(|failure| match failure {
            Failure::Answered(outcome, _) => outcome,
            Failure::Broken(reason) => Outcome::retry(reason),
        })
    }

    /// Says goodbye and closes.
    pub async fn close(&mut self) {
        if let Some(mut open) = self.open.take() {
            let _ = tokio::time::timeout(GOODBYE, open.connection.quit()).await;
        }
    }

    async fn leave_worn_connection(&mut self, now: Instant) {
        let limits = self.server.limits;
        // A clock stepped back makes a connection no younger than new: then it is left, too.
        let worn = |open: &Open| {
            let age = now.since(open.since);
            open.sent >= limits.messages || age >= limits.age || age.0 < 0
        };
        if self.open.as_ref().is_some_and(worn) {
            self.close().await;
        }
    }

    /// One try on the open connection, or on a new one. `Broken` means that not even MAIL FROM was
    /// answered.
    async fn attempt(&mut self, mail: &Built, now: Instant) -> Result<Outcome, Failure> {
        let mut open = match self.open.take() {
            Some(open) => open,
            None => match handshake::connect(&self.server).await {
                Ok(connection) => Open { connection, sent: 0, since: now },
                Err(reason) => return Ok(Outcome::Unreachable { reason }),
            },
        };
        open.sent += 1;
        match transaction(&mut open.connection, &self.server, mail).await {
            Ok(reply) => {
                self.open = Some(open);
                Ok(Outcome::Sent { reply })
            }
            Err(Failure::Answered(outcome, alive)) => {
                if alive && reset(&mut open.connection, &self.server).await {
                    self.open = Some(open);
                }
                Ok(outcome)
            }
            Err(broken @ Failure::Broken(_)) => Err(broken),
        }
    }
}

/// Ends what a refused transaction left open; whether the connection can be used again.
async fn reset(connection: &mut AsyncSmtpConnection, server: &Server) -> bool {
    matches!(tokio::time::timeout(server.time_outs.command, connection.command(Rset)).await, Ok(Ok(_)))
}

async fn transaction(
    connection: &mut AsyncSmtpConnection,
    server: &Server,
    mail: &Built,
) -> Result<String, Failure> {
    let limit = server.time_outs.command;
    let to = mail.to.as_ref();
    let parameters = parameters(connection, mail)?;
    step(limit, connection.command(Mail::new(Some(mail.from.clone()), parameters)), Phase::Sender, to)
        .await?;
    step(limit, connection.command(Rcpt::new(mail.to.clone(), vec![])), Phase::Recipient, to)
        .await
        .map_err(before_the_dot)?;
    step(limit, connection.command(Data), Phase::Data, to).await.map_err(before_the_dot)?;
    content(connection, server, mail).await
}

/// A line that breaks once the transaction has begun is no sign of an idle connection: the message
/// is tried again later.
fn before_the_dot(failure: Failure) -> Failure {
    match failure {
        Failure::Broken(reason) => Failure::Answered(Outcome::retry(reason), false),
        answered @ Failure::Answered(..) => answered,
    }
}

fn parameters(connection: &AsyncSmtpConnection, mail: &Built) -> Result<Vec<MailParameter>, Failure> {
    let refuse = |reason: &str| Err(Failure::Answered(Outcome::dead(reason), true));
    let offers = connection.server_info();
    let mut parameters = Vec::new();
    if !(mail.to.as_ref() as &str).is_ascii() || !(mail.from.as_ref() as &str).is_ascii() {
        if !offers.supports_feature(Extension::SmtpUtfEight) {
            return refuse(
                "the address has letters beyond ASCII, which the mail server does not take (SMTPUTF8)",
            );
        }
        parameters.push(MailParameter::SmtpUtfEight);
    }
    if !mail.bytes.is_ascii() {
        if !offers.supports_feature(Extension::EightBitMime) {
            return refuse(
                "the message has bytes beyond ASCII, which the mail server does not take (8BITMIME)",
            );
        }
        parameters.push(MailParameter::Body(MailBodyParameter::EightBitMime));
    }
    Ok(parameters)
}

async fn step(
    limit: Duration,
    command: impl Future<Output = Result<Response, Error>>,
    phase: Phase,
    recipient: &str,
) -> Result<Response, Failure> {
    match tokio::time::timeout(limit, command).await {
        Ok(Ok(response)) => Ok(response),
        Ok(Err(error)) => Err(match reply::outcome(&error, phase, recipient) {
            Some(outcome) => Failure::Answered(outcome, !reply::is_closing(&error)),
            None => Failure::Broken(reply::describe(&error, recipient)),
        }),
        // An answer may still come and would be taken for that of the next command.
        Err(_) => {
            let reason = format!("the mail server did not answer within {} s", limit.as_secs_f32());
            Err(Failure::Answered(Outcome::retry(reason), false))
        }
    }
}

/// The text and the dot. lettre asks the iterator for a second part after the first went out and
/// before it writes the dot: there the message stops being ours to repeat.
async fn content(
    connection: &mut AsyncSmtpConnection,
    server: &Server,
    mail: &Built,
) -> Result<String, Failure> {
    let dot = AtomicBool::new(false);
    // lettre writes CR LF before the dot by itself.
    let bytes = mail.bytes.strip_suffix(b"\r\n").unwrap_or(&mail.bytes);
    let parts = std::iter::once(bytes).chain(std::iter::from_fn(|| {
        failpoint::hit("before_dot");
        dot.store(true, Ordering::Relaxed);
        None
    }));
    let limit = server.time_outs.end_of_data;
    let reason = match tokio::time::timeout(limit, connection.message_iter(parts)).await {
        Ok(Ok(response)) => {
            let text: Vec<&str> = response.message().collect();
            return Ok(scrub(&format!("{} {}", response.code(), text.join(" ")), mail.to.as_ref()));
        }
        Ok(Err(error)) => match reply::outcome(&error, Phase::End, mail.to.as_ref()) {
            Some(outcome) => return Err(Failure::Answered(outcome, !reply::is_closing(&error))),
            None => reply::describe(&error, mail.to.as_ref()),
        },
        Err(_) => format!("the mail server did not answer within {} s", limit.as_secs_f32()),
    };
    let outcome = if dot.load(Ordering::Relaxed) {
        Outcome::InDoubt { reason: format!("{reason}, after the whole message had gone out") }
    } else {
        Outcome::retry(reason)
    };
    Err(Failure::Answered(outcome, false))
}
