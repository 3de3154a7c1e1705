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

use super::relays::{Lesson, RelayTurn, Relays, SetAside};
use super::reply::{self, Meaning, Phase};
use super::{Built, Server, handshake};
use crate::deliver::{Outcome, scrub};
use crate::failpoint;
use crate::model::Instant;

/// How long a polite goodbye may take.
const GOODBYE: Duration = Duration::from_secs(2);

/// One connection to a relay, opened when it is needed.
pub struct Session {
    relays: Arc<Relays>,
    open: Option<Open>,
    lesson: Lesson,
    turns: Vec<RelayTurn>,
}

struct Open {
    connection: AsyncSmtpConnection,
    /// Position of its relay.
    relay: usize,
    sent: u32,
    refused: u32,
    since: Instant,
    used: Instant,
}

/// How a step of a transaction failed.
enum Failure {
    /// The server answered, or never will; this is what it comes to. Whether the connection lives.
    Answered(Outcome, bool),
    /// The relay does not serve us: nothing of the message was taken, and another one may. Why.
    Relay(String),
    /// The connection broke before MAIL FROM was answered.
    Broken(String),
}

impl Session {
    /// A session without a connection yet.
    #[must_use]
    pub fn new(relays: Arc<Relays>) -> Self {
        Self { relays, open: None, lesson: Lesson::default(), turns: Vec::new() }
    }

    /// Hands one message over: to the relay of the open connection, else to the first that is not set
    /// aside, and on to the next one where a relay fails for certain before it took anything. The
    /// connection is dropped on any time-out or broken line, and kept otherwise.
    pub async fn send(&mut self, mail: &Built, now: Instant) -> Outcome {
        self.leave_worn_connection(now).await;
        let before = self.lesson.failed.len();
        loop {
            let reused = self.open.is_some();
            let relay = match &self.open {
                Some(open) => open.relay,
                None => match self.relays.choose(now, &self.lesson.failed[before..]) {
                    Some(relay) => relay,
                    None => return unreachable(&self.lesson.failed[before..]),
                },
            };
            let why = match self.attempt(relay, mail, now).await {
                // This message goes nowhere else; the next one rather does.
                Ok(Outcome::InDoubt { reason }) => {
                    self.lesson.failed.push((relay, reason.clone()));
                    return Outcome::InDoubt { reason };
                }
                Ok(outcome) => {
                    self.lesson.answered = Some(relay);
                    return outcome;
                }
                // A server may close an idle connection at any time: nothing was said on it, so that
                // a new one may try again at once.
                Err(Failure::Broken(_)) if reused => continue,
                Err(Failure::Answered(outcome, _)) => return outcome,
                Err(Failure::Broken(reason) | Failure::Relay(reason)) => reason,
            };
            self.lesson.failed.push((relay, why));
        }
    }

    /// Tells the others what the last message taught about relays; those that were set aside by it.
    pub fn learn(&mut self, now: Instant) -> Vec<SetAside> {
        let (news, turns) = self.relays.learn(std::mem::take(&mut self.lesson), now);
        self.turns.extend(turns);
        news
    }

    /// What changed for relays since this was last asked, as a restart has to know it.
    pub fn take_turns(&mut self) -> Vec<RelayTurn> {
        std::mem::take(&mut self.turns)
    }

    /// When the open connection has been idle for long enough; none: there is none.
    #[must_use]
    pub fn idle_until(&self) -> Option<Instant> {
        self.open.as_ref().map(|open| open.used.plus(self.relays.servers()[open.relay].limits.idle))
    }

    /// Says goodbye and closes.
    pub async fn close(&mut self) {
        if let Some(mut open) = self.open.take() {
            let _ = tokio::time::timeout(GOODBYE, open.connection.quit()).await;
        }
    }

    async fn leave_worn_connection(&mut self, now: Instant) {
        let worn = |open: &Open| {
            let limits = self.relays.servers()[open.relay].limits;
            let (age, idle) = (now.since(open.since), now.since(open.used));
            // A clock stepped back makes a connection no younger than new: then it is left, too.
            let is_full = open.sent >= limits.messages || open.refused >= limits.refused;
            is_full || age >= limits.age || idle >= limits.idle || idle.0 < 0
        };
        if self.open.as_ref().is_some_and(worn) {
            self.close().await;
        }
    }

    /// One try on the open connection, or on a new one.
    async fn attempt(&mut self, relay: usize, mail: &Built, now: Instant) -> Result<Outcome, Failure> {
        let server = &self.relays.servers()[relay];
        let mut open = if let Some(open) = self.open.take() {
            open
        } else {
            let connection = handshake::connect(server).await.map_err(Failure::Relay)?;
            Open { connection, relay, sent: 0, refused: 0, since: now, used: now }
        };
        open.sent += 1;
        open.used = now;
        match transaction(&mut open.connection, server, mail).await {
            Ok(reply) => {
                self.open = Some(open);
                Ok(Outcome::Sent { reply })
            }
            Err(Failure::Answered(outcome, alive)) => {
                open.refused += 1;
                if alive && reset(&mut open.connection, server).await {
                    self.open = Some(open);
                }
                Ok(outcome)
            }
            Err(Failure::Relay(why)) => Err(Failure::Relay(format!("the mail server {}: {why}", server.at))),
            Err(Failure::Broken(why)) => {
                Err(Failure::Broken(format!("the mail server {}: {why}", server.at)))
            }
        }
    }
}

/// What is wrong with the relays that were tried, the most wanted one first.
fn unreachable(failed: &[(usize, String)]) -> Outcome {
    let reasons: Vec<&str> = failed.iter().map(|(_, why)| why.as_str()).collect();
    Outcome::Unreachable { reason: reasons.join("; ") }
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
        other @ (Failure::Answered(..) | Failure::Relay(_)) => other,
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
        Ok(Err(error)) => Err(failure(&error, phase, recipient)),
        // An answer may still come and would be taken for that of the next command.
        Err(_) => {
            let reason = format!("the mail server did not answer within {} s", limit.as_secs_f32());
            Err(match phase {
                Phase::Sender => Failure::Relay(reason),
                // It asks others about the recipient, who are slow.
                Phase::Recipient | Phase::Data | Phase::End => {
                    Failure::Answered(Outcome::SlowDown { reason }, false)
                }
            })
        }
    }
}

fn failure(error: &Error, phase: Phase, recipient: &str) -> Failure {
    match reply::meaning(error, phase, recipient) {
        Some(Meaning::Message(outcome)) => Failure::Answered(outcome, !reply::is_closing(error)),
        Some(Meaning::Relay(reason)) => Failure::Relay(reason),
        None => Failure::Broken(reply::describe(error, recipient)),
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
            let said = scrub(&format!("{} {}", response.code(), text.join(" ")), mail.to.as_ref());
            if u16::from(response.code()) / 100 == 2 {
                return Ok(said);
            }
            // `354` to a message that is over: the server and we do not speak of the same thing.
            format!("the mail server said {said}")
        }
        Ok(Err(error)) => match failure(&error, Phase::End, mail.to.as_ref()) {
            Failure::Broken(reason) => reason,
            // A reply that refuses is certain: the message was not taken.
            refused @ (Failure::Answered(..) | Failure::Relay(_)) => return Err(refused),
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
