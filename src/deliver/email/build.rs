//! The bytes of an e-mail. Same input, same bytes, so that a retry repeats its first attempt.

use std::time::{Duration, SystemTime};

use base64::Engine as _;
use lettre::Address;
use lettre::message::header::{ContentType, HeaderName, HeaderValue, MIME_VERSION_1_0};
use lettre::message::{Mailbox, Message, MessageBuilder, MultiPart, SinglePart};

use crate::model::Instant;
use crate::record::MessageKey;

/// The longest subject, in bytes; a longer one is a template gone wrong.
const LONGEST_SUBJECT: usize = 2_000;
/// What a mail program posts to the link (RFC 8058).
const ONE_CLICK: &str = "List-Unsubscribe=One-Click";
/// The longest link: a line of a header holds 998 bytes.
const LONGEST_LINK: usize = 900;
/// The last second of the year 9999: lettre's date panics beyond.
const LATEST_DATE_MS: i64 = 253_402_300_799_000;

/// A rendered e-mail to one recipient.
#[derive(Clone, PartialEq, Eq)]
pub struct Email {
    /// Whose message it is: left side of the Message-ID.
    pub key: MessageKey,
    /// The sender, `Name <address>` or the address alone.
    pub from: String,
    /// Where answers go, in the same form.
    pub reply_to: Option<String>,
    /// The recipient's address.
    pub to: String,
    /// The subject, without line breaks.
    pub subject: String,
    /// The plain-text part.
    pub text: String,
    /// The HTML part.
    pub html: Option<String>,
    /// The Date: the instant of the first claim.
    pub date: Instant,
    /// Right side of the Message-ID: a domain.
    pub domain: String,
    /// The link by which the reader unsubscribes with one click (RFC 8058), an http or https URL.
    pub unsubscribe: Option<String>,
}

impl std::fmt::Debug for Email {
    /// The key only: all else is personal.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Email({})", self.key)
    }
}

/// An e-mail as it goes over the wire.
#[derive(Clone)]
pub struct Built {
    /// Whose message it is.
    pub key: MessageKey,
    /// The envelope's sender.
    pub from: Address,
    /// The envelope's one recipient.
    pub to: Address,
    /// Headers and body, lines ended by CR LF.
    pub bytes: Vec<u8>,
}

impl std::fmt::Debug for Built {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Built({})", self.key)
    }
}

impl Email {
    /// Makes the bytes: the text alone, or text and HTML as alternatives.
    ///
    /// # Errors
    /// Why it cannot be sent, in a person's words and without personal data: a bad address, a line
    /// break in a header, an impossible date.
    pub fn build(&self) -> Result<Built, String> {
        let from = mailbox(&self.from, "the sender (`from`)")?;
        let to = address(&self.to)?;
        let mut builder = Message::builder()
            .header(MIME_VERSION_1_0)
            .date(self.system_time()?)
            .message_id(Some(self.message_id()?))
            .from(from.clone())
            .to(Mailbox::new(None, to.clone()));
        let subject = self.checked_subject()?;
        builder = if subject.contains("=?") {
            let name = HeaderName::new_from_ascii_str("Subject");
            builder.raw_header(HeaderValue::dangerous_new_pre_encoded(
                name,
                subject.to_owned(),
                encoded_words(subject),
            ))
        } else {
            builder.subject(subject)
        };
        if let Some(link) = &self.unsubscribe {
            let list = HeaderName::new_from_ascii_str("List-Unsubscribe");
            builder = builder.raw_header(plain(list, format!("<{}>", checked_link(link)?)));
            let post = HeaderName::new_from_ascii_str("List-Unsubscribe-Post");
            builder = builder.raw_header(plain(post, ONE_CLICK.to_owned()));
        }
        if let Some(reply_to) = &self.reply_to {
            builder = builder.reply_to(mailbox(reply_to, "`reply to`")?);
        }
        let message =
            self.with_body(builder).map_err(|error| format!("the message cannot be built: {error}"))?;
        Ok(Built { key: self.key, from: from.email, to, bytes: message.formatted() })
    }

    fn with_body(&self, builder: MessageBuilder) -> Result<Message, lettre::error::Error> {
        let text = SinglePart::builder().header(ContentType::TEXT_PLAIN).body(self.text.clone());
        let Some(html) = &self.html else {
            return builder.singlepart(text);
        };
        let html_part = SinglePart::builder().header(ContentType::TEXT_HTML).body(html.clone());
        // lettre draws a random boundary otherwise. A body that holds ours gets a longer one.
        let mut boundary = format!("cvmd_{}", self.key);
        while self.text.contains(&boundary) || html.contains(&boundary) {
            boundary.push('_');
        }
        builder.multipart(MultiPart::alternative().boundary(boundary).singlepart(text).singlepart(html_part))
    }

    fn checked_subject(&self) -> Result<&str, String> {
        no_control(&self.subject, "the subject")?;
        if self.subject.len() > LONGEST_SUBJECT {
            return Err(format!("the subject is longer than {LONGEST_SUBJECT} bytes"));
        }
        Ok(&self.subject)
    }

    fn message_id(&self) -> Result<String, String> {
        let fits = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-');
        if self.domain.is_empty() || !self.domain.bytes().all(fits) {
            return Err(format!("`{}` is no domain for the Message-ID", self.domain.escape_debug()));
        }
        Ok(format!("<{}@{}>", self.key, self.domain))
    }

    fn system_time(&self) -> Result<SystemTime, String> {
        let ms = u64::try_from(self.date.0).ok().filter(|_| self.date.0 <= LATEST_DATE_MS);
        ms.and_then(|ms| SystemTime::UNIX_EPOCH.checked_add(Duration::from_millis(ms)))
            .ok_or_else(|| "the date lies before 1970 or after 9999: look at the machine's clock".into())
    }
}

/// Line breaks in a header would let a value write headers of its own, and other control characters
/// make lettre panic.
fn no_control(text: &str, what: &str) -> Result<(), String> {
    if text.chars().any(char::is_control) {
        return Err(format!("{what} holds a line break or another control character"));
    }
    Ok(())
}

/// A header as it is, on one line: a link that is folded or encoded is none.
fn plain(name: HeaderName, value: String) -> HeaderValue {
    HeaderValue::dangerous_new_pre_encoded(name, value.clone(), value)
}

/// A text that holds what looks like an encoded word (RFC 2047): lettre leaves it as it is where it is
/// ASCII, and readers would decode it.
fn encoded_words(text: &str) -> String {
    let mut words = vec![String::new()];
    for c in text.chars() {
        match words.last_mut() {
            Some(word) if word.len() + c.len_utf8() <= 42 => word.push(c),
            Some(_) | None => words.push(c.into()),
        }
    }
    let encode =
        |word: &String| format!("=?utf-8?b?{}?=", base64::engine::general_purpose::STANDARD.encode(word));
    words.iter().map(encode).collect::<Vec<_>>().join("\r\n ")
}

fn checked_link(link: &str) -> Result<&str, String> {
    let fits = |b: u8| b.is_ascii_graphic() && !matches!(b, b'<' | b'>' | b',');
    if link.len() > LONGEST_LINK || !link.bytes().all(fits) {
        return Err("the link to unsubscribe cannot stand in a header: look at `[listen] url`".into());
    }
    Ok(link)
}

fn mailbox(text: &str, what: &str) -> Result<Mailbox, String> {
    no_control(text, what)?;
    let mailbox: Mailbox =
        text.parse().map_err(|_| format!("{what} is no address like `Shop <hello@shop.example>`"))?;
    // The parser unfolds quoted pairs and encoded words: what it found is checked once more.
    mailbox.name.iter().try_for_each(|name| no_control(name, what))?;
    no_control(mailbox.email.as_ref(), what)?;
    Ok(mailbox)
}

fn address(text: &str) -> Result<Address, String> {
    no_control(text, "the recipient's address")?;
    text.parse().map_err(|_| "the recipient's address is not valid".into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{CustomerNumber, DecisionKey, Occurrence, RuleNumber};
    use proptest::prelude::*;

    fn email() -> Email {
        let decision =
            DecisionKey { rule: RuleNumber(1), occurrence: Occurrence(7), customer: CustomerNumber(79) };
        Email {
            key: MessageKey { decision, action: 0 },
            from: "Shop <hello@shop.example>".into(),
            reply_to: None,
            to: "ana@customer.example".into(),
            subject: "We miss you".into(),
            text: "Hello Ana\n".into(),
            html: Some("<p>Hello Ana</p>".into()),
            date: Instant(1_790_000_000_000),
            domain: "shop.example".into(),
            unsubscribe: None,
        }
    }

    fn text_of(email: &Email) -> String {
        String::from_utf8(email.build().unwrap().bytes).unwrap()
    }

    #[test]
    fn the_same_input_gives_the_same_bytes() {
        let text = text_of(&email());
        assert_eq!(text, text_of(&email()));
        assert!(text.contains("Message-ID: <d1-7-4f-0@shop.example>\r\n"), "{text}");
        assert!(text.contains("Date: Mon, 21 Sep 2026 14:13:20 +0000\r\n"), "{text}");
        assert!(text.contains("boundary=\"cvmd_d1-7-4f-0\""), "{text}");
    }

    #[test]
    fn a_link_to_unsubscribe_stands_in_two_headers_each_on_one_line() {
        let link = format!("https://mail.shop.example/u/{}?m=d1-7-4f-80", "Ab_-".repeat(30));
        let text = text_of(&Email { unsubscribe: Some(link.clone()), ..email() });
        assert!(text.contains(&format!("\r\nList-Unsubscribe: <{link}>\r\n")), "{text}");
        assert!(text.contains("\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"), "{text}");
        assert!(!text_of(&email()).contains("List-Unsubscribe"));
        for bad in ["https://x/\r\nBcc: a@b", "https://x/ y", "https://x/>", "https://é/", &"x".repeat(1_000)]
        {
            assert!(Email { unsubscribe: Some(bad.into()), ..email() }.build().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_subject_like_an_encoded_word_is_encoded_whole() {
        let subject = format!("=?utf-8?q?no?= {}", "é".repeat(60));
        let text = text_of(&Email { subject: subject.clone(), ..email() });
        let head = text.split("\r\n\r\n").next().unwrap().replace("\r\n ", " ");
        let line = head.lines().find_map(|line| line.strip_prefix("Subject: ")).unwrap();
        let decoded = line.split(' ').map(|word| {
            let word = word.strip_prefix("=?utf-8?b?").and_then(|word| word.strip_suffix("?="));
            base64::engine::general_purpose::STANDARD.decode(word.unwrap()).unwrap()
        });
        assert_eq!(String::from_utf8(decoded.flatten().collect()).unwrap(), subject);
    }

    #[test]
    fn a_text_alone_is_no_multipart_and_a_body_never_ends_its_part() {
        let plain = text_of(&Email { html: None, ..email() });
        assert!(!plain.contains("multipart") && plain.contains("Content-Type: text/plain"), "{plain}");
        let rude = text_of(&Email { text: "--cvmd_d1-7-4f-0--".into(), ..email() });
        assert!(rude.contains("boundary=\"cvmd_d1-7-4f-0_\""), "{rude}");
    }

    #[test]
    fn line_breaks_and_bad_addresses_are_refused_in_words_without_the_address() {
        for bad in [
            Email { from: "Shop\r\nBcc: x@y.example <hello@shop.example>".into(), ..email() },
            Email { from: "Shop".into(), ..email() },
            Email { reply_to: Some("a\n@b".into()), ..email() },
            Email { to: "ana@customer.example\r\nRCPT TO:<x@y.example>".into(), ..email() },
            Email { to: "ana".into(), ..email() },
            Email { to: "a@b.example, c@d.example".into(), ..email() },
            Email { subject: "a\r\nBcc: x@y.example".into(), ..email() },
            Email { subject: "x".repeat(2_001), ..email() },
            Email { domain: "shop.example>\r\n".into(), ..email() },
            Email { date: Instant(-1), ..email() },
            Email { date: Instant(i64::MAX), ..email() },
        ] {
            let why = bad.build().unwrap_err();
            assert!(!why.contains('@') || why.contains("hello@shop.example"), "{why}");
            assert!(!why.contains("customer"), "{why}");
        }
    }

    proptest! {
        #[test]
        fn no_input_panics_or_adds_a_header(
            name in any::<String>(), subject in any::<String>(), text in any::<String>(), html in any::<String>(),
        ) {
            let email = Email { from: format!("{name} <hello@shop.example>"), subject, text, html: Some(html), ..email() };
            if let Ok(built) = email.build() {
                let bytes = String::from_utf8_lossy(&built.bytes).into_owned();
                let head = bytes.split("\r\n\r\n").next().unwrap_or_default();
                let fields = head.split("\r\n").filter(|line| !line.starts_with([' ', '\t'])).count();
                prop_assert_eq!(fields, 7, "{}", head);
            }
        }
    }
}
