//! That what is said is durable before it is said: the rows of an import before its answer, the
//! claim of a message before the message's first byte. Seen from outside by strace.

use std::collections::BTreeMap;
use std::process::Command;

use super::shop::{RULES, Shop, installed, patiently};

/// What happened, in the order of the system calls.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Event {
    /// The store's file was written to; whether the customer's id is in it.
    Written(bool),
    /// A sync of the store's file that was asked for at this place of the trace has come back.
    Synced(usize),
    /// An import was answered.
    Acknowledged,
    /// A message's first byte: MAIL FROM, or a call's request line.
    FirstByte,
}

/// Reads `strace -f -y`, as far as it is about one customer.
fn events(trace: &str, customer: &str) -> Vec<Event> {
    let mut events = Vec::new();
    let mut asked: BTreeMap<&str, usize> = BTreeMap::new();
    for line in trace.lines() {
        let thread = line.split(' ').next().unwrap_or_default();
        let call = line[thread.len()..].trim_start();
        if call.starts_with("fdatasync(") && call.contains("/data/store/db>") {
            asked.insert(thread, events.len());
        }
        if call.contains("fdatasync") && call.ends_with("= 0") {
            events.extend(asked.remove(thread).map(Event::Synced));
        } else if call.starts_with("pwrite64(") && call.contains("/data/store/db>") {
            events.push(Event::Written(call.contains(customer)));
        } else if call.contains(r#"answer\":\"imported"#) {
            events.push(Event::Acknowledged);
        } else if call.contains("\"MAIL FROM:") || call.contains("\"POST /hook ") {
            events.push(Event::FirstByte);
        }
    }
    events
}

/// Whether, of the events before place `said` and from `from` on, one wrote the customer, and a sync
/// that was asked for after it had come back.
fn is_founded(events: &[Event], from: usize, said: usize) -> bool {
    let written = (from..said).find(|place| events[*place] == Event::Written(true));
    written.is_some_and(|written| {
        events[written..said].iter().any(|event| matches!(event, Event::Synced(asked) if *asked > written))
    })
}

/// What is wrong with the trace of one customer's import and message.
fn wrong(events: &[Event], import: usize) -> Option<String> {
    let mut answers = (0..events.len()).filter(|place| events[*place] == Event::Acknowledged);
    let Some(answer) = answers.nth(import) else { return Some("no answer".into()) };
    let byte = (answer..events.len()).find(|place| events[*place] == Event::FirstByte);
    let Some(byte) = byte else { return Some("no message".into()) };
    if !is_founded(events, 0, answer) {
        return Some("the import was answered before its rows were synced".into());
    }
    // The claim holds the address, or the call's body: the id is in both.
    (!is_founded(events, answer, byte)).then(|| "a message began before its claim was synced".into())
}

/// The sockets over which mail goes that wait for more before they send (RFC 896): Nagle's pause
/// costs 40 ms a message.
fn slow(trace: &str) -> Vec<&str> {
    let socket = |line: &str, call: &str| -> Option<String> {
        let rest = &line[line.find(call)? + call.len()..];
        Some(rest[..=rest.find('>')?].to_owned())
    };
    let mut quick = std::collections::BTreeSet::new();
    let mut slow = Vec::new();
    for line in trace.lines() {
        if line.contains("TCP_NODELAY, [1]") {
            quick.extend(socket(line, "setsockopt("));
        } else if line.contains("\"MAIL FROM:") {
            let call =
                ["sendto(", "write(", "writev(", "sendmsg("].into_iter().find(|call| line.contains(call));
            let over = call.and_then(|call| socket(line, call));
            if over.is_none_or(|over| !quick.contains(&over)) {
                slow.push(line);
            }
        }
    }
    slow
}

#[test]
fn a_socket_that_waits_is_caught() {
    let on = "7 setsockopt(12<socket:[34]>, SOL_TCP, TCP_NODELAY, [1], 4) = 0\n";
    let mail = "7 sendto(12<socket:[34]>, \"MAIL FROM:<a@b>\\r\\n\", 17, 0, NULL, 0) = 17\n";
    assert!(slow(&format!("{on}{mail}")).is_empty());
    assert_eq!(slow(&format!("{mail}{on}")).len(), 1);
    assert_eq!(slow(&format!("{on}{}", mail.replace("34", "35"))).len(), 1);
}

#[test]
fn a_planted_early_word_is_caught() {
    use Event::{Acknowledged, FirstByte, Synced, Written};
    let row = [Written(true), Synced(1), Acknowledged];
    let with = |rest: &[Event]| wrong(&[&row, rest].concat(), 0);
    assert_eq!(with(&[Written(true), Written(false), Synced(5), FirstByte]), None);
    assert!(with(&[Written(true), FirstByte, Synced(5)]).is_some());
    assert!(with(&[Written(false), Synced(4), FirstByte]).is_some());
    assert!(with(&[Written(true), Synced(3), FirstByte]).is_some(), "asked for too early");
    assert!(wrong(&[Written(true), Acknowledged, Synced(1), FirstByte], 0).is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn acknowledgements_and_first_bytes_follow_a_sync() {
    if std::env::var_os("CVMD_PEERS").is_none() || !installed("strace") {
        eprintln!("SKIPPED: the trace of system calls needs CVMD_PEERS=1 and strace");
        return;
    }
    let rules = RULES.replace("rule receipts\n  when orders >= 1\n  then send receipt\n\n", "");
    let rules = rules.replace("orders >= 1\n  then send", "plan = pro\n  then send");
    let shop = Shop::new(&rules.replace("orders >= 1\n  then call", "plan = free\n  then call")).await;
    let mut command = Command::new("strace");
    shop.equip(&mut command);
    command
        .args([
            "-f",
            "-y",
            "-s",
            "1000000",
            "-e",
            "trace=fdatasync,pwrite64,write,writev,sendto,sendmsg,setsockopt",
        ])
        .args(["-o", "trace", env!("CARGO_BIN_EXE_cvmd"), "--config", "cvmd.toml", "run"]);
    let mut daemon = shop.start_logged(command, "log");
    let pid = shop.ready(&mut daemon).await.unwrap().pid.unwrap().to_string();
    let customers = ["first-customer", "second-customer", "third-customer", "fourth-customer"];
    for (number, customer) in customers.iter().enumerate() {
        let folder = format!("in{number}");
        shop.customers(&folder, std::iter::once((*customer).to_owned()));
        if number % 2 == 1 {
            shop.edit(&format!("{folder}/customers.csv"), "yes,pro", "yes,free");
        }
        shop.must(&["import", "folder", &folder]);
        patiently("the message went", async || {
            let all = shop.mail.taken().len() + shop.calls.calls().len() == number + 1;
            (all && shop.status().await?.outbox.is_empty()).then_some(())
        })
        .await;
    }
    assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
    daemon.end().await;
    let trace = shop.read("trace");
    assert!(trace.contains("\"MAIL FROM:"));
    assert_eq!(slow(&trace), Vec::<&str>::new());
    for (number, customer) in customers.iter().enumerate() {
        let found = wrong(&events(&trace, customer), number);
        assert_eq!(found, None, "{customer}:\n{trace}");
    }
}
