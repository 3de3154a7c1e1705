//! `webhook`: an address, the secrets that sign, what is sent along and how much it bears.

use crate::diagnostic::{Code, Span};
use crate::language::tree::{Name, WebhookClause};
use crate::ruleset::{self, CallLimits, Header};

use super::item::{Of, Webhook};
use super::names::check_name;
use super::report::{Report, problem};

/// Letters that an address may have.
const ADDRESS_LIMIT: usize = 2_048;
/// Secrets that sign at once: the new one and the one that it replaces.
const SECRET_LIMIT: usize = 2;
/// Headers of a webhook, and letters that a header's name may have.
const HEADER_LIMIT: usize = 16;
const HEADER_NAME_LIMIT: usize = 128;
/// Headers that belong to the call itself or to the connection.
const OURS: [&str; 14] = [
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "expect",
    "host",
    "keep-alive",
    "proxy-authenticate",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "user-agent",
];

/// A checked webhook; its address is empty after a diagnostic.
pub(super) fn check(item: &Of<'_, Webhook<'_>>, report: &mut Report<'_>) -> ruleset::Webhook {
    let url = match item.parts.url {
        Some(url) if is_address(&url.text) => url.text.clone(),
        Some(url) => {
            bad_address(url, report);
            String::new()
        }
        None => {
            if !item.item.broken {
                report.add(
                    problem(Code::BadAddress, item.item.head, format!("`{}` has no address", item.name.text))
                        .label("add `post \"https://…\"`")
                        .why("the call would go nowhere"),
                );
            }
            String::new()
        }
    };
    let secrets = secrets(item.parts.secrets, report);
    let mut webhook = ruleset::Webhook {
        name: item.name.text.clone(),
        place: report.place(item.item.head),
        url,
        secrets,
        headers: Vec::new(),
        limits: CallLimits::default(),
    };
    for (clause, span) in item.parts.terms {
        term(&mut webhook, clause, *span, report);
    }
    webhook
}

fn secrets(written: &[Name], report: &mut Report<'_>) -> Vec<String> {
    let mut secrets: Vec<String> = Vec::new();
    for secret in written {
        if !check_name(report, secret) || secrets.contains(&secret.text) {
            continue;
        }
        if secrets.len() == SECRET_LIMIT {
            report.add(
                problem(Code::TooMany, secret.span, format!("more than {SECRET_LIMIT} secrets that sign"))
                    .label("this one is beyond the limit")
                    .why("two serve a change: the new one first, the old one until the receiver knows the new one"),
            );
            break;
        }
        secrets.push(secret.text.clone());
    }
    secrets
}

fn term(webhook: &mut ruleset::Webhook, clause: &WebhookClause, span: Span, report: &mut Report<'_>) {
    let limits = &mut webhook.limits;
    let twice = match clause {
        WebhookClause::Header { name, secret } => return header(webhook, name, secret, report),
        WebhookClause::AtOnce(calls) => limits.at_once.replace(*calls).map(|_| "at most … calls at once"),
        WebhookClause::Rate { calls, per } => {
            limits.rate.replace((*calls, *per)).map(|_| "at most … calls per …")
        }
        WebhookClause::AnswerWithin(wait) => limits.answer_within.replace(*wait).map(|_| "answer within"),
    };
    if let Some(words) = twice {
        report.add(
            problem(Code::DuplicateClause, span, format!("`{words}` is written twice"))
                .label("remove one of them")
                .why("nobody could say which of them holds"),
        );
    }
}

fn header(webhook: &mut ruleset::Webhook, name: &Name, secret: &Name, report: &mut Report<'_>) {
    if !check_name(report, secret) {
        return;
    }
    let header = name.text.to_ascii_lowercase();
    let wrong = if webhook.headers.len() == HEADER_LIMIT {
        let found = problem(Code::TooMany, name.span, format!("more than {HEADER_LIMIT} headers"));
        Some(found.label("this one is beyond the limit").why("many receivers refuse a call with so many"))
    } else if !is_header_name(&header) {
        let found = problem(Code::BadHeader, name.span, format!("`{}` is no name of a header", name.text));
        Some(
            found
                .label("write letters, digits and `-`, such as \"X-Api-Key\"")
                .why("the call could not be sent"),
        )
    } else if OURS.contains(&header.as_str()) || header.starts_with("webhook-") {
        let found =
            problem(Code::BadHeader, name.span, format!("the header `{}` is ours to write", name.text));
        Some(
            found
                .label("leave it out, or use another")
                .why("it says how the call itself is to be read, or proves whose it is"),
        )
    } else if webhook.headers.iter().any(|known| known.name == header) {
        let found =
            problem(Code::BadHeader, name.span, format!("the header `{}` is written twice", name.text));
        Some(found.label("remove one of them").why("receivers read one of two at random"))
    } else {
        None
    };
    match wrong {
        Some(found) => report.add(found),
        None => webhook.headers.push(Header { name: header, secret: secret.text.clone() }),
    }
}

/// Whether a name, in lower case, can be a header's (RFC 9110, 5.6.2: a token).
fn is_header_name(name: &str) -> bool {
    let token = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
    (1..=HEADER_NAME_LIMIT).contains(&name.len()) && name.bytes().all(token)
}

fn bad_address(url: &Name, report: &mut Report<'_>) {
    let found = problem(Code::BadAddress, url.span, "this is no address that can be called")
        .label("an address begins with `https://` and names a host")
        .why("the call would go nowhere");
    let guess = format!("https://{}", url.text.trim());
    let has_scheme = url.text.contains("://");
    report.add(if !has_scheme && is_address(&guess) && url.text.contains('.') {
        found.review(url.span, format!("\"{guess}\""))
    } else {
        found
    });
}

/// Whether a text is an `http` or `https` address: a host, no user and password (a secret in a
/// rule file would be read by everybody), nothing that is not printable ASCII.
fn is_address(text: &str) -> bool {
    let Some(rest) = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://")) else {
        return false;
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit_once(':').map_or(authority, |(host, port)| {
        if port.bytes().all(|b| b.is_ascii_digit()) { host } else { authority }
    });
    text.len() <= ADDRESS_LIMIT
        && !host.is_empty()
        && !authority.contains('@')
        && text.bytes().all(|b| b.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        for good in ["https://crm.shop.example/v1/touch", "http://127.0.0.1:9000/hook", "http://[::1]:80/x"] {
            assert!(is_address(good), "{good}");
        }
        for bad in
            ["", "crm.shop.example", "ftp://x", "https://", "https:///x", "https://a:b@c/", "https://a b/"]
        {
            assert!(!is_address(bad), "{bad}");
        }
    }
}
