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

/// Whether a line is one of a log.
fn is_logged(line: &str) -> bool {
    ["  INFO ", "  WARN ", " ERROR ", " DEBUG ", " TRACE "].iter().any(|level| {
        line.split_once(level).is_some_and(|(time, _)| time.ends_with('Z') && time.starts_with("20"))
    })
}

/// What of people or secrets stands in the logs below a folder (files called `….log`), and in those lines
/// of `said` that are a log's. The secrets are what stands in the folders `secrets` there.
pub fn below(folder: &std::path::Path, said: &str) -> Vec<String> {
    let (mut logs, mut secrets) = (Vec::new(), Vec::new());
    gather(folder, &mut logs, &mut secrets);
    logs.extend(said.lines().filter(|line| is_logged(line)).map(str::to_owned));
    logs.iter().flat_map(|log| found(log, &secrets)).collect()
}

fn gather(folder: &std::path::Path, logs: &mut Vec<String>, secrets: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        let text = || std::fs::read(&path).map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        if path.is_dir() {
            gather(&path, logs, secrets);
        } else if folder.ends_with("secrets") {
            let texts = text().map(|text| text.trim().to_owned()).ok();
            secrets.extend(texts.filter(|text| !text.is_empty()));
        } else if path.extension().is_some_and(|end| end == "log") {
            logs.extend(text());
        }
    }
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
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("secrets")).unwrap();
    std::fs::write(folder.path().join("secrets/key"), "hush\n").unwrap();
    std::fs::write(folder.path().join("cvmd.log"), "sent\nto a@b.example\nwith hush\n").unwrap();
    assert_eq!(below(folder.path(), "a@b.example says a command").len(), 2);
    assert_eq!(below(folder.path(), "2026-11-22T11:39:03.424Z  INFO to a@b.example").len(), 3);
    assert_eq!(found("a@b.example c\nd e@f.example\n", &[]).len(), 2, "each line");
}
