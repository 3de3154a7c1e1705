//! `webhook`: an address and the secrets that sign.

use crate::diagnostic::Code;
use crate::language::tree::Name;
use crate::ruleset;

use super::item::{Of, Webhook};
use super::names::check_name;
use super::report::{Report, problem};

/// Letters that an address may have.
const ADDRESS_LIMIT: usize = 2_048;

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
    let mut secrets: Vec<String> = Vec::new();
    for secret in item.parts.secrets {
        if check_name(report, secret) && !secrets.contains(&secret.text) {
            secrets.push(secret.text.clone());
        }
    }
    ruleset::Webhook { name: item.name.text.clone(), place: report.place(item.item.head), url, secrets }
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
