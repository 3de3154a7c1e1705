//! `docs/configuration.md`: every key, with the default that it has.

use std::path::Path;

use cvmd::config::{Config, Environment, Transport};

use super::{blocks, page};

fn block() -> String {
    let mut found = blocks(&page("configuration.md"), "toml");
    assert_eq!(found.len(), 1);
    found.remove(0).text
}

fn parse(text: &str) -> Config {
    let parsed = Config::parse(text, Path::new("/srv/shop/cvmd.toml"), &Environment::default());
    parsed.unwrap_or_else(|error| panic!("{error}"))
}

/// With the lines that are comments because they have no default.
fn with_optional_keys() -> String {
    let line = |line: &str| match line.strip_prefix("# ") {
        Some(key) if key.contains(" = ") => format!("{key}\n"),
        Some(_) | None => format!("{line}\n"),
    };
    block().lines().map(line).collect()
}

#[test]
fn what_is_written_as_default_is_the_default() {
    assert_eq!(parse(&block()), parse(""));
}

#[test]
fn the_optional_keys_are_read() {
    let text = with_optional_keys().replace("transport = \"file\"", "transport = \"smtp\"");
    let login = text.replace("[secrets]", "[secrets]\nsmtp_password = \"secrets/smtp_password\"");
    let config = parse(&login);
    assert_eq!(config.listen.url.as_deref(), Some("https://mail.shop.example"));
    assert!(config.secrets.has("crm_key"));
    let Transport::Smtp(servers) = config.email.transport else { panic!("no server") };
    assert_eq!(servers[0].login, Some(("shop".into(), "smtp_password".into())));
    assert_eq!((servers.len(), config.email.domains.named.len()), (2, 1));
}

/// The program lists its keys when it meets one that it does not know.
#[test]
fn no_key_is_missing() {
    let text = with_optional_keys();
    for section in ["listen", "daemon", "keep", "email", "webhooks", "sandbox"] {
        let wrong = format!("[{section}]\nqqqqqqqqqqqqqqqqqqqqqqqq = 1\n");
        let asked = Config::parse(&wrong, Path::new("cvmd.toml"), &Environment::default());
        let error = asked.expect_err("an unknown key is refused").to_string();
        let keys: Vec<&str> =
            error.split("write one of").nth(1).unwrap().split('`').skip(1).step_by(2).collect();
        assert!(!keys.is_empty(), "{error}");
        let from = text.find(&format!("[{section}]\n")).unwrap();
        let part = text[from + 1..].split("\n[").next().unwrap();
        for key in keys {
            assert!(part.contains(&format!("\n{key} = ")), "`{key}` of [{section}] is not described");
        }
    }
}
