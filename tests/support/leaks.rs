//! Looks for personal data and secrets in what a process wrote into its log: there shall be none.

/// First and last names of the people in test shops, words that stand nowhere else.
pub const NAMES: [(&str, &str); 4] =
    [("Wilhelmina", "Quispe"), ("Radomir", "Oyelaran"), ("Ximena", "Vanterpool"), ("Thorvald", "Szczepanik")];

/// How a telephone of a test shop begins.
const PHONE: &str = "+3461155";

/// The telephone of a customer of a test shop.
pub fn phone(number: usize) -> String {
    format!("{PHONE}{:04}", number % 10_000)
}

/// Characters of the token of a link by which people unsubscribe, at least.
const TOKEN: usize = 16;

/// What of people or secrets stands in a log, with its line; `secrets` are those the process was given.
pub fn found(log: &str, secrets: &[String]) -> Vec<String> {
    let mut found = Vec::new();
    for line in log.lines() {
        let mut note = |what: &str, shown: &str| found.push(format!("{what} `{shown}` in `{line}`"));
        if let Some(address) = address(line) {
            note("an e-mail address", address);
        }
        let names = NAMES.iter().flat_map(|(first, last)| [*first, *last]);
        let lower = line.to_lowercase();
        for name in names.filter(|name| lower.contains(&name.to_lowercase())) {
            note("a name", name);
        }
        if line.contains(PHONE) {
            note("a telephone", PHONE);
        }
        if let Some(token) = token(line) {
            note("the token of a link", token);
        }
        for secret in secrets.iter().filter(|secret| line.contains(secret.as_str())) {
            note("a secret", secret);
        }
    }
    found
}

/// The first address: an `@` with a name before it, and a domain with a point after it.
fn address(line: &str) -> Option<&str> {
    let of_name = |c: char| c.is_alphanumeric() || "._%+-'=".contains(c);
    let of_domain = |c: char| c.is_alphanumeric() || ".-".contains(c);
    line.match_indices('@').find_map(|(at, _)| {
        let name = line[..at].chars().rev().take_while(|c| of_name(*c)).map(char::len_utf8).sum::<usize>();
        let domain: usize = line[at + 1..].chars().take_while(|c| of_domain(*c)).map(char::len_utf8).sum();
        let (start, end) = (at - name, at + 1 + domain);
        let domain = line[at + 1..end].trim_end_matches('.');
        (name > 0 && domain.contains('.')).then(|| &line[start..end])
    })
}

/// The first `/u/…` of a length that no word has.
fn token(line: &str) -> Option<&str> {
    line.match_indices("/u/").find_map(|(at, _)| {
        let rest = &line[at + 3..];
        let end =
            rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '-' && c != '_').unwrap_or(rest.len());
        (end >= TOKEN).then(|| &rest[..end])
    })
}

#[test]
fn what_must_not_stand_in_a_log_is_found_there() {
    let secrets = ["whsec_abc".to_owned()];
    let of = |line: &str| found(line, &secrets).len();
    for leak in [
        "550 5.1.1 <bob.o'hara+x@customers.example>: unknown",
        "to=\"c1@customers.example\"",
        "ANA@EXAMPLE.ORG.",
        "Hello wilhelmina, an offer",
        "customer=Szczepanik",
        "sms to +34611550042",
        "GET /u/AAECAwQFBgcICQoLDA0ODw-_ 200",
        "signed with whsec_abc",
    ] {
        assert_eq!(of(leak), 1, "{leak}");
    }
    for fine in [
        "rule=offers customer=17 sent",
        "at 09:00 @ noon, x@y",
        "POST /u/{token} 405",
        "the secret `crm_key` cannot be read",
        "ed25519@openssh",
        "",
    ] {
        assert_eq!(of(fine), 0, "{fine}");
    }
    assert_eq!(found(&format!("fine\n{}", phone(7)), &[]).len(), 1);
    assert_eq!(found("a@b.example c\nd e@f.example\n", &[]).len(), 2, "each line");
}
