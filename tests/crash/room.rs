//! A disk that fills up, and has room again: what can wait does, and goes on by itself.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;

use super::shop::{Daemon, RULES, Shop, patiently};

const MUCH: &str = "900000000000";
const LITTLE: &str = "100000000";

fn with_disk(shop: &Shop, free: &str) -> Daemon {
    shop.write("free", free);
    let mut command = shop.command(&["run"]);
    command.env("CVMD_FREE_BYTES", shop.path("free"));
    shop.start_logged(command, "log")
}

/// What the admin socket answers over HTTP, head and body.
fn http(shop: &Shop, method: &str, path: &str, body: &str) -> String {
    let mut stream = UnixStream::connect(shop.path("data/cvmd.sock")).unwrap();
    let length = body.len();
    let head = format!(
        "{method} {path} HTTP/1.1\r\nhost: cvmd\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(body.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

fn metric(shop: &Shop, name: &str) -> Option<f64> {
    let text = http(shop, "GET", "/metrics", "");
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ').map(str::to_owned));
    line.and_then(|value| value.trim().parse().ok())
}

async fn arrived(shop: &Shop, customers: usize) {
    patiently("all is sent", async || {
        let sent = shop.mail.taken().len() == 2 * customers && shop.calls.calls().len() == customers;
        (sent && shop.status().await?.outbox.is_empty()).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_fills_up_stops_what_can_wait_and_room_lets_it_go_on() {
    let shop = Shop::new(RULES).await;
    shop.customers("in", (0..4).map(|n| format!("c{n}")));
    shop.customers("more", (4..7).map(|n| format!("c{n}")));
    let mut daemon = with_disk(&shop, MUCH);
    shop.ready(&mut daemon).await.unwrap();
    shop.must(&["import", "folder", "in"]);
    arrived(&shop, 4).await;
    shop.must(&["pause", "all"]);
    shop.must(&["import", "folder", "more"]);

    shop.write("free", LITTLE);
    let problem = patiently("it says that there is little room", async || {
        shop.status().await?.problems.into_iter().find(|problem| problem.contains("100 MB left"))
    })
    .await;
    assert!(
        problem.contains("until 281 MB are free") && problem.contains("`[daemon] min_free`"),
        "{problem}"
    );
    let human = shop.cli(&["status"]);
    assert_eq!(human.status.code(), Some(1), "it needs a person");
    let answer = http(&shop, "POST", "/v1/customers", r#"{"id":"new"}"#);
    assert!(answer.starts_with("HTTP/1.1 503") && answer.contains("\"no_room\""), "{answer}");
    assert!(answer.to_lowercase().contains("retry-after: 60"), "{answer}");
    let refused = shop.cli(&["import", "folder", "in"]);
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(refused.status.code() == Some(2) && said.contains("run the import again"), "{said}");
    // What a person asks for is done, what rules would do is not.
    shop.must(&["customer", "suppress", "c0"]);
    shop.must(&["resume", "all"]);
    let waits = "cvmd_ticks_total{result=\"waits for room\"}";
    let before = metric(&shop, waits).unwrap();
    patiently("it ticks, and waits", async || (metric(&shop, waits)? >= before + 2.0).then_some(())).await;
    assert_eq!(metric(&shop, "cvmd_disk_short"), Some(1.0));
    assert_eq!(metric(&shop, "cvmd_disk_free_bytes"), Some(100_000_000.0));
    assert_eq!((shop.mail.taken().len(), shop.calls.calls().len()), (8, 4), "nothing is sent");

    // A little more than the limit is not enough: it would come and go.
    shop.write("free", "270000000");
    patiently("it looked", async || (metric(&shop, "cvmd_disk_free_bytes")? > 2e8).then_some(())).await;
    assert_eq!(metric(&shop, "cvmd_disk_short"), Some(1.0));
    shop.write("free", MUCH);
    arrived(&shop, 7).await;
    assert_eq!(metric(&shop, "cvmd_disk_short"), Some(0.0));
    assert!(shop.status().await.unwrap().problems.is_empty());
    assert!(http(&shop, "POST", "/v1/customers", r#"{"id":"new"}"#).starts_with("HTTP/1.1 202"));
    let log = daemon.log();
    assert!(log.contains("the disk is nearly full") && log.contains("the disk has room again"), "{log}");
    assert!(daemon.terminate().await.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_on_a_full_disk_waits_and_a_limit_of_zero_does_not() {
    let shop = Shop::new(RULES).await;
    shop.customers("in", (0..2).map(|n| format!("c{n}")));
    shop.must(&["import", "folder", "in"]);
    let mut daemon = with_disk(&shop, LITTLE);
    let status = shop.ready(&mut daemon).await.unwrap();
    assert!(status.problems[0].contains("100 MB left"), "{:?}", status.problems);
    let waits = "cvmd_ticks_total{result=\"waits for room\"}";
    patiently("it ticks, and waits", async || (metric(&shop, waits)? >= 1.0).then_some(())).await;
    assert!(shop.mail.taken().is_empty());
    daemon.kill();
    shop.edit("cvmd.toml", "tick = \"1s\"", "tick = \"1s\"\nmin_free = \"0\"");
    let mut daemon = with_disk(&shop, LITTLE);
    shop.ready(&mut daemon).await.unwrap();
    arrived(&shop, 2).await;
    assert!(daemon.terminate().await.success());
}
