//! What a mail server's refusal means.

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

/// What a reply of 4xx or 5xx comes to; `None` where the error is no reply (the connection broke).
pub(super) fn outcome(error: &Error, phase: Phase, recipient: &str) -> Option<Outcome> {
    let reason = describe(error, recipient);
    if error.is_client() {
        return Some(Outcome::dead(reason));
    }
    let code = u16::from(error.status()?);
    if error.is_transient() {
        return Some(Outcome::retry(reason));
    }
    // 530, 535 and 538 ask for a password or for encryption: the next message would fare the same.
    if phase == Phase::Sender && matches!(code, 530 | 535 | 538) {
        return Some(Outcome::Unreachable { reason });
    }
    let text = error.source().map(ToString::to_string).unwrap_or_default();
    let about_the_address = matches!(phase, Phase::Recipient | Phase::End) && is_bad_address(&text);
    let suppress = about_the_address.then_some(SuppressionReason::HardBounce);
    Some(Outcome::Dead { reason, suppress, endpoint_gone: false })
}

/// Enhanced status 5.1.x (RFC 3463): the address is bad; x = 7 and 8 speak of the sender's.
fn is_bad_address(text: &str) -> bool {
    let Some(detail) = text.trim_start().strip_prefix("5.1.") else {
        return false;
    };
    let digits: String = detail.chars().take_while(char::is_ascii_digit).collect();
    !digits.is_empty() && digits != "7" && digits != "8"
}

/// Whether the server said 421: it closes the connection.
pub(super) fn is_closing(error: &Error) -> bool {
    error.status().is_some_and(|code| u16::from(code) == 421)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_bad_recipient_is_suppressed() {
        for (text, bad) in [
            ("5.1.1 no such user", true),
            ("5.1.10 null MX", true),
            ("5.1.0", true),
            ("5.1.7 bad sender", false),
            ("5.1.8 bad sender", false),
            ("5.2.2 full", false),
            ("5.1.", false),
            ("no such user", false),
        ] {
            assert_eq!(is_bad_address(text), bad, "{text}");
        }
    }
}
