//! Senders and reply addresses: `Shop <hello@shop.example>` or `hello@shop.example`.

use crate::diagnostic::Code;
use crate::language::tree::Name;

use super::names::shorten;
use super::report::{Report, problem};

/// Whether a sender, if one is written, is an address; objects where it is none.
pub(super) fn check(sender: Option<&Name>, report: &mut Report<'_>) -> bool {
    let Some(sender) = sender.filter(|sender| !is_sender(&sender.text)) else { return true };
    report.add(
        problem(Code::BadSender, sender.span, format!("`{}` is no address", shorten(&sender.text)))
            .label("write `Shop <hello@shop.example>`")
            .why("mail servers refuse the message"),
    );
    false
}

fn is_sender(text: &str) -> bool {
    if text.len() > 500 || text.contains(char::is_control) {
        return false;
    }
    match text.trim().strip_suffix('>').map(|rest| rest.rsplit_once('<')) {
        Some(Some((name, address))) => !name.contains(['<', '>']) && is_address(address),
        Some(None) => false,
        None => is_address(text.trim()),
    }
}

fn is_address(text: &str) -> bool {
    let Some((local, domain)) = text.split_once('@') else { return false };
    let plain = |part: &str| {
        !part.is_empty() && !part.contains(|c: char| c.is_whitespace() || "@<>()[]\\,;:\"".contains(c))
    };
    let dots = |part: &str| !part.starts_with('.') && !part.ends_with('.') && !part.contains("..");
    plain(local) && plain(domain) && dots(local) && dots(domain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn senders() {
        for good in ["a@b", "Shop <hello@shop.example>", "Müller & Co <x@y.example>"] {
            assert!(is_sender(good), "{good}");
        }
        for bad in ["", "Shop", "Shop <hello>", "a@b@c", "a b@c", "x\r\nBcc: a@b", "<a@b> <c@d>", "a@.b"] {
            assert!(!is_sender(bad), "{bad}");
        }
    }
}
