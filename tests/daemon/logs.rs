//! The log in each of its formats, read back: what an event counts is what it says, in fields of their own.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::os::unix::fs::MetadataExt;
use std::os::unix::net::UnixDatagram;
use std::time::Duration;

use serde_json::Value;

use crate::crash::shop::{Daemon, RULES, Shop, patiently};
use crate::support::leaks;

const PEOPLE: u32 = 3;

/// Lets a daemon live: an import, a broken reload, a pause; then it ends.
async fn live(shop: &Shop, mut daemon: Daemon) {
    shop.ready(&mut daemon).await.unwrap_or_else(|status| panic!("{status}\n{}", daemon.log()));
    shop.customers("in", (0..PEOPLE).map(|n| format!("c{n}")));
    shop.must(&["import", "folder", "in"]);
    patiently("all is sent", async || (shop.outbox("sent").await.len() == 3 * PEOPLE as usize).then_some(()))
        .await;
    shop.edit("rules/shop.rules", "orders >= 1", "orders >= one");
    patiently("it is refused", async || shop.status().await?.reload_error.map(drop)).await;
    assert!(daemon.terminate().await.success());
}

/// What the log must say, whatever its format: the message, a field, and what that holds.
const SAID: [(&str, &str, &str); 4] = [
    ("ready", "admin", "unix:"),
    ("tick", "decisions", "9"),
    ("rules are not taken over", "diagnostics", "shop.rules:21:"),
    ("the outbox is open", "open", "0"),
];

fn check(events: &[BTreeMap<String, String>], message: &str, name: impl Fn(&str) -> String) {
    for (says, field, holds) in SAID {
        let field = name(field);
        let found = events.iter().filter(|event| event[message] == says);
        let mut found = found.filter_map(|event| event.get(&field));
        assert!(
            found.any(|value| value.contains(holds)),
            "`{says}` has no {field} with {holds}: {events:#?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn json_is_an_object_a_line_with_figures_as_figures() {
    let shop = Shop::new(RULES).await;
    let mut command = shop.command(&["run"]);
    command.env("CVMD_LOG_FORMAT", "json");
    live(&shop, shop.start_logged(command, "log")).await;
    let read = |line: &str| -> BTreeMap<String, String> {
        let event: serde_json::Map<String, Value> = serde_json::from_str(line).expect(line);
        for field in ["timestamp", "level", "message", "target"] {
            assert!(event[field].is_string(), "{line}");
        }
        if event["message"] == "tick" {
            assert!(event["decisions"].is_u64() && event["level"] == "INFO", "{line}");
        }
        let shown = |value: Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        event.into_iter().map(|(name, value)| (name, shown(value))).collect()
    };
    let events: Vec<_> = shop.read("log").lines().map(read).collect();
    check(&events, "message", str::to_owned);
}

/// The fields of a datagram of the journal's native protocol.
fn fields(mut rest: &[u8]) -> BTreeMap<String, String> {
    let mut fields = BTreeMap::new();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    while !rest.is_empty() {
        let end = rest.iter().position(|byte| matches!(byte, b'=' | b'\n')).unwrap();
        let (name, after) = (text(&rest[..end]), &rest[end + 1..]);
        let length = if rest[end] == b'=' {
            rest = after;
            rest.iter().position(|byte| *byte == b'\n').unwrap()
        } else {
            rest = &after[8..];
            usize::try_from(u64::from_le_bytes(after[..8].try_into().unwrap())).unwrap()
        };
        assert!(name.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_'));
        fields.insert(name, text(&rest[..length]));
        assert_eq!(rest[length], b'\n');
        rest = &rest[length + 1..];
    }
    fields
}

#[tokio::test(flavor = "multi_thread")]
async fn the_journal_gets_a_field_each_figure_and_stderr_nothing() {
    let shop = Shop::new(RULES).await;
    let journal = UnixDatagram::bind(shop.path("journal")).unwrap();
    journal.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
    let (end, ended) = std::sync::mpsc::channel::<()>();
    let listener = std::thread::spawn(move || {
        let (mut heard, mut buffer) = (Vec::new(), vec![0; 1 << 20]);
        loop {
            match journal.recv(&mut buffer) {
                Ok(length) => heard.push(buffer[..length].to_vec()),
                // All that the daemon said before its end is in the socket's buffer.
                Err(_) if ended.try_recv().is_ok() => return heard,
                Err(_) => {}
            }
        }
    });
    // The stream that systemd would have given is known by its device and inode.
    let stderr = File::create(shop.path("log")).unwrap().metadata().unwrap();
    let mut command = shop.command(&["run"]);
    command.env_remove("CVMD_LOG_FORMAT").env("CVMD_JOURNAL", shop.path("journal"));
    command.env("JOURNAL_STREAM", format!("{}:{}", stderr.dev(), stderr.ino()));
    live(&shop, shop.start_logged(command, "log")).await;
    end.send(()).unwrap();
    let heard: Vec<_> = listener.join().unwrap();
    assert_eq!(fs::read_to_string(shop.path("log")).unwrap(), "");
    let all = heard.iter().map(|one| String::from_utf8_lossy(one).into_owned()).collect::<String>();
    assert!(leaks::found(&all, &[]).is_empty(), "{:?}", leaks::found(&all, &[]));
    let events: Vec<_> = heard.iter().map(|datagram| fields(datagram)).collect();
    check(&events, "CVMD_EVENT", |name| format!("CVMD_{}", name.to_uppercase()));
    for event in &events {
        assert_eq!(event["SYSLOG_IDENTIFIER"], "cvmd");
        assert!(event["MESSAGE"].starts_with(&event["CVMD_EVENT"]), "{event:?}");
    }
    let level = |says: &str| &events.iter().find(|event| event["CVMD_EVENT"] == says).unwrap()["PRIORITY"];
    assert_eq!((&**level("tick"), &**level("rules are not taken over")), ("6", "3"));
}
