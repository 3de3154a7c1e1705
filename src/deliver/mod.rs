//! Channels: how a finished message leaves the house. E-mail, webhook, file; one folder each.
//!
//! Knows addresses, bytes and protocols; not rules, customers, consent nor the store. Whoever calls
//! has claimed the message durably, and hears what became of it as an [`Outcome`].

pub mod email;
pub mod file;
mod mailer;
mod outcome;
mod scrub;
pub mod tls;
pub mod webhook;

pub use mailer::{MailSession, Mailer};
pub use outcome::Outcome;
pub use scrub::scrub;
