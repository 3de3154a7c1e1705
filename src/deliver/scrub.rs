//! Server replies without personal data: they are stored for long and shown in logs.

/// The longest reply that is kept, in characters.
const LONGEST: usize = 200;
const PLACEHOLDER: &str = "<address>";

/// A server's reply fit to be stored: everything around an `@` becomes `<address>`, so does the
/// recipient's local part where it stands alone (`user ana unknown`); control characters become
/// blanks; cut after 200 characters.
#[must_use]
pub fn scrub(reply: &str, recipient: &str) -> String {
    let blank = |c: char| if c.is_control() { ' ' } else { c };
    let flat: String = reply.chars().map(blank).collect();
    let mut clean = without_addresses(&flat);
    if let Some((local, _)) = recipient.rsplit_once('@') {
        clean = without_word(&clean, local.trim_matches('"'));
    }
    let clean = clean.split_whitespace().collect::<Vec<_>>().join(" ");
    if clean.chars().count() <= LONGEST {
        return clean;
    }
    clean.chars().take(LONGEST - 1).chain(['…']).collect()
}

/// Characters that end an address wherever they stand.
fn ends_address(c: char) -> bool {
    c.is_whitespace() || matches!(c, '<' | '>' | '(' | ')' | '[' | ']' | ',' | ';' | '\'' | '`' | '"')
}

fn without_addresses(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('@') {
        let start = address_start(&rest[..at]);
        out.push_str(&rest[..start]);
        out.push_str(PLACEHOLDER);
        let after = &rest[at + 1..];
        rest = &after[address_end(after)..];
    }
    out.push_str(rest);
    out
}

/// Where the local part before an `@` begins; a quoted one may hold blanks.
fn address_start(before: &str) -> usize {
    if let Some(quoted) = before.strip_suffix('"') {
        return quoted.rfind('"').unwrap_or(0);
    }
    let last = before.char_indices().rev().find(|(_, c)| ends_address(*c));
    last.map_or(0, |(at, c)| at + c.len_utf8())
}

/// How far the domain after an `@` reaches; a literal (`[10.0.0.1]`) has brackets.
fn address_end(after: &str) -> usize {
    if after.starts_with('[') {
        return after.find(']').map_or(after.len(), |at| at + 1);
    }
    after.find(ends_address).unwrap_or(after.len())
}

/// Replaces `word`, in any case, where no letter or digit touches it.
fn without_word(text: &str, word: &str) -> String {
    // Lower-casing only ASCII keeps every byte in its place.
    let (lower, needle) = (text.to_ascii_lowercase(), word.to_ascii_lowercase());
    if needle.is_empty() {
        return text.into();
    }
    let mut out = String::with_capacity(text.len());
    let mut done = 0;
    for (at, _) in lower.match_indices(&needle) {
        let end = at + needle.len();
        let touches = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
        if !touches(text[..at].chars().next_back()) && !touches(text[end..].chars().next()) {
            out.push_str(&text[done..at]);
            out.push_str(PLACEHOLDER);
            done = end;
        }
    }
    out.push_str(&text[done..]);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn addresses_leave_replies_and_the_rest_stays() {
        for (reply, clean) in [
            ("550 5.1.1 <ana@shop.example>: no such user", "550 5.1.1 <<address>>: no such user"),
            ("user ana unknown, Ana", "user <address> unknown, <address>"),
            ("banana is no ana2", "banana is no ana2"),
            ("\"ana maria\"@shop.example full", "<address> full"),
            ("ana@[10.0.0.1] gone", "<address> gone"),
            ("x ana+tag=shop.example@bounce.example\r\ny", "x <address> y"),
            ("@", "<address>"),
            ("250 2.0.0 Ok: queued as 4F2", "250 2.0.0 Ok: queued as 4F2"),
        ] {
            assert_eq!(scrub(reply, "ana@shop.example"), clean, "{reply}");
        }
        assert_eq!(scrub(&"é".repeat(500), "").chars().count(), LONGEST);
    }

    proptest! {
        #[test]
        fn no_at_sign_and_no_control_character_is_left(reply in any::<String>(), to in any::<String>()) {
            let clean = scrub(&reply, &to);
            prop_assert!(!clean.contains('@') && !clean.chars().any(char::is_control));
        }

        #[test]
        fn the_recipient_is_found_wherever_it_stands(
            before in "[ -~]{0,20}", local in "[a-z]{3,9}[.+_]?[a-z0-9]{1,5}", after in "[ -~]{0,20}",
        ) {
            let to = format!("{local}@shop.example");
            let around = scrub(&format!("{before} <{to}> {after}"), &to);
            prop_assert!(!around.contains(&to), "{}", around);
            let alone = scrub(&format!("user {local} unknown"), &to);
            prop_assert!(!alone.contains(&local), "{}", alone);
        }
    }
}
