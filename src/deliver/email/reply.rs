//! What a mail server's refusal means: for the message, for the recipient's domain, for the relay.

use std::error::Error as _;

use lettre::transport::smtp::Error;

use crate::deliver::{Outcome, scrub};
use crate::record::SuppressionReason;

/// At which point of a transaction a reply came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// MAIL FROM: about us.
    Sender,
    /// RCPT TO: about the recipient.
    Recipient,
    /// DATA: about nobody yet.
    Data,
    /// After the dot: about the recipient or the text.
    End,
}

/// What a refusal is about.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// The message, or the domain of its recipient.
    Message(Outcome),
    /// The relay: it would say so to any message. Why.
    Relay(String),
}

/// An error in words, without personal data: `the mail server said 550 5.1.1 no such user`.
pub(super) fn describe(error: &Error, recipient: &str) -> String {
    let detail = error.source().map(ToString::to_string).unwrap_or_default();
    let detail = scrub(&detail, recipient);
    match error.status() {
        Some(code) => format!("the mail server said {code} {detail}").trim_end().to_owned(),
        None if error.is_client() => detail.to_lowercase(),
        None if detail.is_empty() => "the connection broke".into(),
        None => format!("the connection broke: {}", detail.to_lowercase()),
    }
}

/// What an error comes to; `None` where it is no reply (the connection broke).
pub(super) fn meaning(error: &Error, phase: Phase, recipient: &str) -> Option<Meaning> {
    let reason = describe(error, recipient);
    if error.is_client() {
        return Some(Meaning::Message(Outcome::dead(reason)));
    }
    let code = u16::from(error.status()?);
    let text = error.source().map(ToString::to_string).unwrap_or_default();
    let said = Said { code, status: Status::read(&text), phase, text: &text };
    Some(if said.is_about_the_relay() {
        Meaning::Relay(reason)
    } else if code < 500 || said.is_mailbox_full() {
        Meaning::Message(said.for_now(reason))
    } else {
        let suppress = said.is_bad_address().then_some(SuppressionReason::HardBounce);
        Meaning::Message(Outcome::Dead { reason, suppress, endpoint_gone: false })
    })
}

/// An enhanced status code (RFC 3463): `5.1.1`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Status {
    class: u16,
    subject: u16,
    detail: u16,
}

impl Status {
    /// The one that a reply's text begins with, if any.
    fn read(text: &str) -> Option<Self> {
        let word = text.split_whitespace().next()?;
        let mut parts = word.split('.').map(|part| {
            let fits = (1..=3).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
            fits.then(|| part.parse::<u16>().ok()).flatten()
        });
        let status = Self { class: parts.next()??, subject: parts.next()??, detail: parts.next()?? };
        (parts.next().is_none() && matches!(status.class, 2 | 4 | 5)).then_some(status)
    }
}

/// A refusal.
struct Said<'a> {
    code: u16,
    status: Option<Status>,
    phase: Phase,
    text: &'a str,
}

impl Said<'_> {
    fn has_subject(&self, subject: u16) -> bool {
        self.status.is_some_and(|status| status.subject == subject)
    }

    /// 530, 535 and 538 ask for a password or for encryption. 421 closes the connection: before a
    /// recipient was named, and where the server speaks of its own state (x.3.x), that is its own
    /// affair; later it is what a domain makes it say that has had enough of us.
    fn is_about_the_relay(&self) -> bool {
        match self.code {
            530 | 535 | 538 => self.phase != Phase::End,
            421 => self.phase == Phase::Sender || self.has_subject(3),
            _ => false,
        }
    }

    /// A mailbox that is full (x.2.2) is emptied again, whatever the first digit says. RFC 5321, 4.5.3.1.10
    /// has 552 mean what 452 means.
    fn is_mailbox_full(&self) -> bool {
        match self.status {
            Some(Status { subject: 2, detail: 2, .. }) => self.phase != Phase::Sender,
            Some(_) => false,
            None => self.code == 552 && self.phase != Phase::Sender,
        }
    }

    /// Refused for now.
    fn for_now(&self, reason: String) -> Outcome {
        if self.phase == Phase::Sender {
            return Outcome::retry(reason);
        }
        if self.is_greylisting() {
            return Outcome::Greylisted { reason };
        }
        // 4.7.x: a policy, most often a rate that we go beyond.
        if self.code == 421 || self.has_subject(7) {
            return Outcome::SlowDown { reason };
        }
        Outcome::retry(reason)
    }

    /// There is no code for it alone: 4.7.1 is the usual one, or the text says it.
    fn is_greylisting(&self) -> bool {
        let lower = self.text.to_ascii_lowercase();
        let named = lower.contains("greylist") || lower.contains("graylist");
        let usual = matches!(self.status, Some(Status { class: 4, subject: 7, detail: 1 }));
        matches!(self.code, 450 | 451) && (named || usual)
    }

    /// 5.1.x: the address is bad; x = 7 and 8 speak of the sender's, 9 of a server on the way.
    fn is_bad_address(&self) -> bool {
        let about_the_address = matches!(self.phase, Phase::Recipient | Phase::End);
        about_the_address
            && matches!(self.status, Some(Status { class: 5, subject: 1, detail }) if !matches!(detail, 7..=9))
    }
}

/// Whether the server said 421: it closes the connection.
pub(super) fn is_closing(error: &Error) -> bool {
    error.status().is_some_and(|code| u16::from(code) == 421)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_enhanced_status_is_three_numbers_at_the_beginning() {
        let status = |class, subject, detail| Some(Status { class, subject, detail });
        for (text, read) in [
            ("5.1.1 no such user", status(5, 1, 1)),
            ("4.7.650 limit", status(4, 7, 650)),
            ("5.1.1\nmore", status(5, 1, 1)),
            ("5.1.", None),
            ("5.1.1.1 x", None),
            ("5.1.x", None),
            ("3.1.1", None),
            ("5.1.1234", None),
            ("+5.1.1", None),
            ("no such user 5.1.1", None),
            ("", None),
        ] {
            assert_eq!(Status::read(text), read, "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_refused_for_now_is_never_suppressed_nor_dead(
            code in 400_u16..500, text in "([245]\\.[0-9]\\.[0-9]{1,3} )?[a-z ]{0,20}",
        ) {
            for phase in [Phase::Sender, Phase::Recipient, Phase::Data, Phase::End] {
                let said = Said { code, status: Status::read(&text), phase, text: &text };
                let outcome = said.for_now(String::new());
                let is_over = matches!(outcome, Outcome::Dead { .. } | Outcome::Sent { .. });
                prop_assert!(!is_over);
            }
        }
    }
}
