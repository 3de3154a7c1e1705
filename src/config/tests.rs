use std::path::{Path, PathBuf};

use super::*;
use crate::model::Duration;

fn parse(text: &str) -> Result<Config, ConfigError> {
    Config::parse(text, Path::new("/srv/shop/cvmd.toml"), &Environment::default())
}

fn problems(text: &str) -> Vec<String> {
    let error = parse(text).expect_err("should be refused");
    error.problems.iter().map(|p| p.to_string().replace("/srv/shop/", "")).collect()
}

#[test]
fn the_empty_file_is_a_configuration_that_reaches_nobody() {
    let config = parse("").unwrap();
    assert_eq!(config.rules, Path::new("/srv/shop/rules"));
    assert_eq!(config.listen.admin, Address::Unix("/srv/shop/data/cvmd.sock".into()));
    assert_eq!(config.email.transport, Transport::File("/srv/shop/outbox".into()));
    assert_eq!((config.daemon.tick, config.daemon.hold_after), (Duration::seconds(60), Duration::hours(24)));
    assert_eq!((config.daemon.min_free, config.keep), (256_000_000, Keep::default()));
    assert_eq!(config.webhooks.retries[0], Duration::seconds(5));
    assert_eq!(config.public_url("127.0.0.1:40001".parse().unwrap()), "http://127.0.0.1:40001");
    assert_eq!((config.marketing_refused(), config.warnings.len()), (None, 0));
}

#[test]
fn the_design_s_own_example_is_read_as_it_stands() {
    let config = parse(
        r#"
rules = "rules"
data  = "data"                      # under systemd the StateDirectory
[listen]
public = "127.0.0.1:8087"
admin  = "unix:data/cvmd.sock"
url    = "https://mail.shop.example"
[daemon]
tick = "60s"
hold_after = "24h"
[email]
transport = "smtp"
url  = "smtp://127.0.0.1:25"
from = "Shop <hello@shop.example>"
directory = "outbox"
[secrets]
crm_key = "secrets/crm_key"
[webhooks]
allow_private = false
[sandbox]
allow = []
"#,
    )
    .unwrap();
    let server = SmtpServer {
        security: Security::Plain,
        host: "127.0.0.1".into(),
        port: 25,
        login: None,
        ca_file: None,
    };
    assert_eq!(config.email.transport, Transport::Smtp(vec![server]));
    assert_eq!(config.secrets.names().collect::<Vec<_>>(), ["crm_key"]);
    assert_eq!(config.marketing_refused(), None);
    assert!(config.sandbox.is_empty());
}

#[test]
fn every_mistake_is_told_with_its_line_and_what_to_write() {
    let text = r#"
ruels = "rules"
[deamon]
[daemon]
tikc = "60s"
tick = 60
hold_after = "1 day"
[listen]
public = "localhost:8087"
url = "mail.shop.example"
[webhooks]
allow_private = "no"
retries = ["5s", "soon"]
workers = 0
[sandbox]
allow = ["*@shop.example"]
[secrets]
CRM = "x"
"#;
    let expected = [
        "cvmd.toml:2: unknown key `ruels`: did you mean `rules`?",
        "cvmd.toml:3: unknown key `deamon`: did you mean `daemon`?",
        "cvmd.toml:5: unknown key `tikc` in [daemon]: did you mean `tick`?",
        "cvmd.toml:6: `tick` is a number without a unit: write `\"60s\"`",
        "cvmd.toml:7: `hold_after` is `1 day`: write a length of time such as `\"60s\"`, `\"5m\"`, `\"24h\"`",
        "cvmd.toml:9: `public` is `localhost:8087`: write an IP address and a port, `\"127.0.0.1:8087\"`",
        "cvmd.toml:10: `url` is `mail.shop.example`: write an address such as `\"https://mail.shop.example\"`",
        "cvmd.toml:12: `allow_private` is a text: write `true` or `false`, without quotes",
        "cvmd.toml:13: `retries` has a wait that is `soon`: write a length of time such as `\"60s\"`, `\"5m\"`, `\"24h\"`",
        "cvmd.toml:14: `workers` is `0`: write a whole number from 1 to 256",
        "cvmd.toml:16: `allow` has `*@shop.example` in it: write addresses (`ana@shop.example`) and domains (`shop.example`)",
        "cvmd.toml:18: `CRM` is no name for a secret: write lower-case letters, digits and `_`, beginning with a letter",
    ];
    assert_eq!(problems(text), expected);
}

#[test]
fn what_is_no_toml_is_told_with_its_line() {
    let found = problems("rules = \"rules\"\ndata = \n");
    assert!(found[0].starts_with("cvmd.toml:2: this is not TOML: "), "{found:?}");
    assert_eq!(
        problems("email = 1"),
        ["cvmd.toml:1: `email` is a section: write `[email]` on a line of its own"]
    );
}

#[test]
fn smtp_needs_a_server_and_a_sender_and_keeps_passwords_out() {
    assert_eq!(
        problems("[email]\ntransport = \"smtp\""),
        [
            "cvmd.toml:2: `transport = \"smtp\"` needs a server: write `url = \"smtp://127.0.0.1:25\"`",
            "cvmd.toml:2: `transport = \"smtp\"` needs a sender: write `from = \"Shop <hello@shop.example>\"`",
        ]
    );
    let found =
        problems("[email]\ntransport = \"smtp\"\nfrom = \"a@b.example\"\nurl = \"smtp://u:hunter2@h\"");
    assert!(found[0].starts_with("cvmd.toml:4: `url` has a user in it") && !found[0].contains("hunter2"));
    let found = problems("[email]\nfrom = \"Shop hello@shop.example\"");
    assert!(found[0].contains("write a name and an address"), "{found:?}");
    let found = problems("[email]\nfrom = \"Shop\\r\\nBcc: x <a@b.example>\"");
    assert!(found[0].contains("control character"), "{found:?}");
}

#[test]
fn servers_are_read_with_their_default_ports() {
    let server = |url: &str| {
        let text = format!("[email]\ntransport = \"smtp\"\nfrom = \"a@b.example\"\nurl = \"{url}\"");
        match parse(&text).map(|config| config.email.transport) {
            Ok(Transport::Smtp(servers)) => {
                let server = servers[0].clone();
                Some((server.security, server.host, server.port))
            }
            Ok(Transport::File(_)) | Err(_) => None,
        }
    };
    assert_eq!(server("smtp://mx"), Some((Security::Plain, "mx".into(), 25)));
    assert_eq!(server("starttls://mx.example/"), Some((Security::StartTls, "mx.example".into(), 587)));
    assert_eq!(server("smtps://[::1]:2465"), Some((Security::Tls, "::1".into(), 2465)));
    for bad in ["mx", "http://mx", "smtp://", "smtp://mx:x", "smtp://mx/path", "smtp://[::1]2"] {
        assert_eq!(server(bad), None, "{bad}");
    }
}

#[test]
fn servers_to_fall_back_on_stand_in_order_each_with_its_own_password() {
    let text = r#"
[email]
transport = "smtp"
from = "a@b.example"
url = "smtp://127.0.0.1"
fallback = [{ url = "smtps://b.example", user = "shop", password = "b_key", ca_file = "b.pem" }, { url = "smtp://[::1]:2525" }]
[secrets]
b_key = "secrets/b_key"
"#;
    let config = parse(text).unwrap();
    let Transport::Smtp(servers) = &config.email.transport else { panic!() };
    let shown: Vec<String> = servers.iter().map(ToString::to_string).collect();
    assert_eq!(shown, ["smtp://127.0.0.1:25", "smtps://b.example:465", "smtp://[::1]:2525"]);
    let (login, ca_file) = (servers[1].login.clone(), servers[1].ca_file.clone());
    assert_eq!(login, Some(("shop".into(), "b_key".into())));
    assert_eq!((ca_file, &servers[2].login), (Some("/srv/shop/b.pem".into()), &None));
    let as_sections = text.replace(
        "fallback = [{ url = \"smtps://b.example\", user = \"shop\", password = \"b_key\", ca_file = \"b.pem\" }, { url = \"smtp://[::1]:2525\" }]",
        "[[email.fallback]]\nurl = \"smtps://b.example\"\nuser = \"shop\"\npassword = \"b_key\"\nca_file = \"b.pem\"\n[[email.fallback]]\nurl = \"smtp://[::1]:2525\"",
    );
    assert_ne!(as_sections, text);
    assert_eq!(parse(&as_sections).unwrap().email, config.email);
}

#[test]
fn mistakes_in_servers_and_domains_are_told_where_they_stand() {
    let found = problems(
        r#"[email]
transport = "smtp"
from = "a@b.example"
url = "smtp://mx.example"
user = "shop"
password = "key"
ca_file = "ca.pem"
fallback = [{ user = "x", pasword = "y" }, "smtp://b"]
domain_rate = "fast"
domain_workers = 0
[email.domains]
"ana@gmail.com" = { workers = 2 }
"gmail.com" = { wrokers = 2, rate = "0/m" }
"yahoo.com" = 3
[secrets]
key = "key"
"#,
    );
    let expected = [
        "cvmd.toml:4: the password would go to `mx.example` in clear: write `starttls://` or `smtps://`",
        "cvmd.toml:7: `ca_file` needs a server that encrypts: write `starttls://` or `smtps://`",
        "cvmd.toml:8: a server of `fallback` has no `url`: write `url = \"smtps://HOST:465\"`",
        "cvmd.toml:8: `user` and `password` go together; `password` is the name of a secret: write both or none",
        "cvmd.toml:8: unknown key `pasword` in [email.fallback]: did you mean `password`?",
        "cvmd.toml:8: `fallback` has something in it that is no section: write `[{ url = \"smtps://HOST:465\" }]`, one after the other",
        "cvmd.toml:9: `domain_rate` is `fast`: write how many in what time, `\"10/s\"`, `\"600/m\"`, `\"5000/h\"`",
        "cvmd.toml:10: `domain_workers` is `0`: write a whole number from 1 to 256",
        "cvmd.toml:12: `ana@gmail.com` is no domain: write what stands behind the `@`, `gmail.com`",
        "cvmd.toml:13: unknown key `wrokers` in [email.domains]: did you mean `workers`?",
        "cvmd.toml:13: `rate` is `0/m`: write how many in what time, `\"10/s\"`, `\"600/m\"`, `\"5000/h\"`",
        "cvmd.toml:14: `domains` has something in it that is no section: write `{ \"gmail.com\" = { workers = 4, rate = \"600/m\" } }`",
    ];
    assert_eq!(found, expected);
    let alone = problems("[email]\nfallback = [{ url = \"smtp://b\" }]");
    assert_eq!(alone, ["cvmd.toml:2: `fallback` follows a first server: write `url` for that one"]);
}

#[test]
fn limits_of_domains_are_the_usual_ones_unless_a_domain_says_more() {
    let limit = |workers, rate: Option<(u32, i64)>| DomainLimit {
        workers,
        rate: rate.map(|(count, seconds)| Rate { count, per: Duration::seconds(seconds) }),
    };
    let domains = parse("").unwrap().email.domains;
    assert_eq!(domains.of("gmail.com"), limit(8, None));
    assert_eq!(parse("[email]\nworkers = 1").unwrap().email.domains.usual.workers, 1);
    let text = "[email]\nworkers = 6\ndomain_rate = \"10/s\"\n[email.domains]\n\"Gmail.com.\" = { rate = \"600/m\" }\n\
                \"yahoo.com\" = { workers = 1 }";
    let domains = parse(text).unwrap().email.domains;
    assert_eq!(domains.of("gmail.com"), limit(3, Some((600, 60))));
    assert_eq!(domains.of("yahoo.com"), limit(1, Some((10, 1))));
    assert_eq!(domains.of("shop.example"), limit(3, Some((10, 1))));
    let warned = parse("[email]\nworkers = 4\ndomain_workers = 4").unwrap().warnings;
    assert_eq!(warned.len(), 1, "{warned:?}");
}

#[test]
fn marketing_over_smtp_wants_https_or_this_machine() {
    let refused = |url: &str| {
        let text = format!(
            "{url}\n[email]\ntransport = \"smtp\"\nfrom = \"a@b.example\"\nurl = \"smtp://127.0.0.1\""
        );
        parse(&text).unwrap().marketing_refused().is_some()
    };
    assert!(refused(""));
    assert!(refused("[listen]\nurl = \"http://mail.shop.example\""));
    assert!(refused("[listen]\nurl = \"http://127.0.0.1.shop.example\""));
    for fine in ["https://mail.shop.example/", "http://127.0.0.1:8087", "http://[::1]:1", "http://localhost"]
    {
        assert!(!refused(&format!("[listen]\nurl = \"{fine}\"")), "{fine}");
    }
}

#[test]
fn the_admin_listener_on_tcp_needs_a_token() {
    let found = problems("[listen]\nadmin = \"127.0.0.1:8088\"");
    assert!(found[0].starts_with("cvmd.toml:2: the admin listener on TCP needs a token"), "{found:?}");
    assert!(parse("[listen]\nadmin = \"127.0.0.1:8088\"\n[secrets]\nadmin_token = \"t\"").is_ok());
}

#[test]
fn secrets_are_trimmed_named_and_never_shown() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str, mode: u32| {
        std::fs::write(dir.path().join(name), text).unwrap();
        std::fs::set_permissions(dir.path().join(name), std::fs::Permissions::from_mode(mode)).unwrap();
    };
    write("key", " hunter2\n", 0o640);
    write("open", "hunter2", 0o644);
    write("empty", "\n", 0o600);
    let text = "[secrets]\nkey = \"key\"\nopen = \"open\"\nempty = \"empty\"\ngone = \"gone\"";
    let file = dir.path().join("cvmd.toml");
    let secrets = Config::parse(text, &file, &Environment::default()).unwrap().secrets;
    let key = secrets.read("key").unwrap();
    assert_eq!((key.expose(), &key.warning), ("hunter2", &None));
    assert!(!format!("{key:?}").contains("hunter2"));
    let warning = secrets.read("open").unwrap().warning.unwrap();
    assert!(warning.contains("`open`") && warning.contains("644") && !warning.contains("hunter2"));
    for (name, says) in [("empty", "is empty"), ("gone", "no such file"), ("other", "under [secrets]")] {
        let error = secrets.read(name).unwrap_err().to_string();
        assert!(error.contains(name) && error.contains(says), "{error}");
    }

    let credentials = tempfile::tempdir().unwrap();
    std::fs::write(credentials.path().join("key"), "from systemd").unwrap();
    std::fs::write(credentials.path().join("more"), "also").unwrap();
    let environment = Environment {
        credentials: Some(credentials.path().into()),
        state: Some(PathBuf::from("/var/lib/cvmd")),
        runtime: Some(PathBuf::from("/run/cvmd")),
    };
    let config = Config::parse(text, &file, &environment).unwrap();
    assert_eq!(config.data, Path::new("/var/lib/cvmd"));
    assert_eq!(config.listen.admin, Address::Unix("/run/cvmd/cvmd.sock".into()));
    assert_eq!(config.secrets.read("key").unwrap().expose(), "from systemd");
    assert_eq!(config.secrets.read("more").unwrap().expose(), "also");
    assert!(config.secrets.read("../more").is_err());
}

/// Who asks the service has none of its environment, and finds it all the same.
#[test]
fn the_machine_s_file_has_the_machine_s_places() {
    let places = |text: &str, path: &str| {
        let config = Config::parse(text, Path::new(path), &Environment::default()).unwrap();
        let Address::Unix(socket) = config.listen.admin else { panic!("no socket") };
        (config.data.display().to_string(), socket.display().to_string())
    };
    let both = |data: &str, socket: &str| (data.to_owned(), socket.to_owned());
    assert_eq!(places("", locate::SYSTEM_FILE), both("/var/lib/cvmd", "/run/cvmd/cvmd.sock"));
    assert_eq!(places("", "/srv/cvmd.toml"), both("/srv/data", "/srv/data/cvmd.sock"));
    let named = "data = \"d\"\n[listen]\nadmin = \"unix:s\"\n";
    assert_eq!(places(named, locate::SYSTEM_FILE), both("/etc/cvmd/d", "/etc/cvmd/s"));
}

#[test]
fn the_file_is_the_one_asked_for_else_the_one_here() {
    let dir = tempfile::tempdir().unwrap();
    let asked = dir.path().join("other.toml");
    assert!(locate(Some(&asked), dir.path()).is_err());
    assert!(locate(Some(dir.path()), dir.path()).unwrap_err().to_string().contains("is a folder"));
    std::fs::write(dir.path().join("cvmd.toml"), "").unwrap();
    std::fs::write(&asked, "").unwrap();
    assert_eq!(locate(None, dir.path()).unwrap(), dir.path().join("cvmd.toml"));
    assert_eq!(locate(Some(&asked), dir.path()).unwrap(), asked);
}

#[test]
fn what_is_kept_is_a_length_of_time_or_for_ever() {
    let keep = |text: &str| parse(&format!("[keep]\n{text}\n")).unwrap().keep;
    let days = |days| Some(Duration::days(days));
    assert_eq!(
        keep("decisions = \"60d\"\nnon_sends = \"forever\""),
        Keep { decisions: days(60), non_sends: None }
    );
    assert_eq!(keep("decisions = \"forever\"\norders = \"forever\"").decisions, None);
    let said = problems("[keep]\ndecisions = \"59d\"\nnon_sends = 90\ncontacts = \"400d\"\n");
    assert_eq!(said.len(), 3, "{said:?}");
    assert!(said[0].contains("from `\"60d\"` to") && said[0].ends_with("or `\"forever\"`"), "{said:?}");
    assert!(said[2].contains("is always `\"forever\"`, for by them nobody gets a message twice"), "{said:?}");
}

#[test]
fn room_on_the_disk_is_a_size() {
    let size =
        |text: &str| parse(&format!("[daemon]\nmin_free = {text}\n")).map(|config| config.daemon.min_free);
    assert_eq!(size("\"2GB\"").unwrap(), 2_000_000_000);
    assert_eq!(size("\"0\"").unwrap(), 0);
    for wrong in ["256", "\"256\"", "\"1.5GB\"", "\"MB\"", "\"99999999999999GB\"", "\"-1MB\"", "true"] {
        let said = size(wrong).unwrap_err().to_string();
        assert!(said.contains("write a size such as `\"256MB\"`"), "{wrong}: {said}");
    }
}
