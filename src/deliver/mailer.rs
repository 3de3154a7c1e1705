//! The channel e-mail, whichever way it leaves.

use std::sync::Arc;

use super::Outcome;
use super::email::{Built, RelayState, RelayTurn, Relays, Session, SetAside};
use super::file::Folder;
use crate::model::Instant;
use crate::record::Aside;

/// How e-mail leaves.
#[derive(Debug, Clone)]
pub enum Mailer {
    /// Over SMTP, to the first relay that takes mail.
    Smtp(Arc<Relays>),
    /// Into a folder.
    Folder(Folder),
}

impl Mailer {
    /// A worker's own way out.
    #[must_use]
    pub fn session(&self) -> MailSession {
        match self {
            Self::Smtp(relays) => MailSession::Smtp(Box::new(Session::new(Arc::clone(relays)))),
            Self::Folder(folder) => MailSession::Folder(folder.clone()),
        }
    }

    /// How the relays are, in order of preference; none where mail goes into files.
    #[must_use]
    pub fn relays(&self) -> Vec<RelayState> {
        match self {
            Self::Smtp(relays) => relays.standing(),
            Self::Folder(_) => Vec::new(),
        }
    }

    /// Takes over which relays an earlier process left alone; those that are none of ours any more.
    #[must_use]
    pub fn restore(&self, asides: Vec<Aside>) -> Vec<Aside> {
        match self {
            Self::Smtp(relays) => relays.restore(asides),
            Self::Folder(_) => asides,
        }
    }

    /// Where nobody is to be tried before an instant: that one, and why.
    #[must_use]
    pub fn closed(&self, now: Instant) -> Option<(Instant, String)> {
        match self {
            Self::Smtp(relays) => relays.closed(now),
            Self::Folder(_) => None,
        }
    }

    /// Whether handing the same message over twice leaves no trace, so that doubt is none.
    #[must_use]
    pub fn is_repeatable(&self) -> bool {
        match self {
            Self::Smtp(_) => false,
            Self::Folder(_) => true,
        }
    }
}

/// One worker's way out.
pub enum MailSession {
    /// Its own connection.
    Smtp(Box<Session>),
    /// The folder.
    Folder(Folder),
}

impl MailSession {
    /// Hands one message over.
    pub async fn send(&mut self, mail: Built, now: Instant) -> Outcome {
        match self {
            Self::Smtp(session) => session.send(&mail, now).await,
            Self::Folder(folder) => {
                let folder = folder.clone();
                // It waits for the disk, which must not hold up other workers.
                let written = tokio::task::spawn_blocking(move || folder.send(&mail)).await;
                let broken =
                    || Outcome::Unreachable { reason: "the mail folder's writer was stopped".into() };
                written.unwrap_or_else(|_| broken())
            }
        }
    }

    /// Tells the other workers what the last message taught about relays; those that were set aside by it.
    pub fn learn(&mut self, now: Instant) -> Vec<SetAside> {
        match self {
            Self::Smtp(session) => session.learn(now),
            Self::Folder(_) => Vec::new(),
        }
    }

    /// What changed for relays since this was last asked, as a restart has to know it.
    pub fn take_turns(&mut self) -> Vec<RelayTurn> {
        match self {
            Self::Smtp(session) => session.take_turns(),
            Self::Folder(_) => Vec::new(),
        }
    }

    /// When the connection, if there is one, has been idle for long enough to be closed.
    #[must_use]
    pub fn idle_until(&self) -> Option<Instant> {
        match self {
            Self::Smtp(session) => session.idle_until(),
            Self::Folder(_) => None,
        }
    }

    /// Says goodbye.
    pub async fn close(&mut self) {
        match self {
            Self::Smtp(session) => session.close().await,
            Self::Folder(_) => {}
        }
    }
}
