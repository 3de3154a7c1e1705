//! A disk that cannot keep up: who posts is told to come again, nothing is lost, and memory has a limit.

use std::sync::Arc;

use super::{INGEST, Side, shop};
use crate::crash::shop::{RULES, Shop};
use crate::support::breathe;

/// A daemon whose syncs take as long as the file `delay` says.
async fn slow() -> Side {
    let shop: Shop = shop(RULES).await;
    shop.write("delay", "0");
    // No tick stands before a post at the disk.
    shop.edit("cvmd.toml", "tick = \"1s\"", "tick = \"1h\"");
    let mut command = shop.command(&["run"]);
    command.env("CVMD_SYNC_DELAY", shop.path("delay"));
    let daemon = shop.start_logged(command, "log");
    Side::with(shop, daemon).await
}

/// Status, `Retry-After` and body of a post.
async fn post(side: &Side, body: Vec<u8>) -> (u16, Option<String>, String) {
    let response = side.request("customers", body).send().await.unwrap();
    let after = response.headers().get("retry-after").map(|value| value.to_str().unwrap().to_owned());
    (response.status().as_u16(), after, response.text().await.unwrap())
}

/// Bytes of memory of the daemon.
async fn memory(side: &Side) -> u64 {
    let pid = side.shop.status().await.unwrap().pid.unwrap();
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 1024
}

/// A load is one load for the rules, and many pieces for who posts meanwhile.
#[tokio::test(flavor = "multi_thread")]
async fn who_posts_while_files_are_taken_in_waits_for_a_piece_and_not_for_the_load() {
    let side = Side::of(shop(RULES).await).await;
    let mut file = String::from("id,email,consent_email_marketing\n");
    for number in 0..30_000 {
        file += &format!("many{number},many{number}@customers.example,yes\n");
    }
    side.shop.write("many.csv", &file);
    let list: String = (0..30_000).map(|number| format!("listed{number}@customers.example\n")).collect();
    side.shop.write("list.csv", &list);
    for (kind, path) in [("customers", "many.csv"), ("suppressions", "list.csv")] {
        let path = side.shop.path(path);
        let mut import = side.shop.command(&["import", kind, path.to_str().unwrap()]);
        let mut import =
            import.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null()).spawn().unwrap();
        let (mut during, mut holds) = (0, 0);
        while import.try_wait().unwrap().is_none() {
            let body = format!("{{\"id\":\"{kind}{during}\"}}");
            let (status, _, body) = post(&side, body.into_bytes()).await;
            assert_eq!(status, 202, "{kind}: {body}");
            let hold = side.shop.status().await.and_then(|status| status.hold);
            holds += usize::from(hold.is_some_and(|hold| hold.ends_with("is under way")));
            during += 1;
        }
        assert!(import.wait().unwrap().success());
        assert!(during > 3 && holds > 1, "{kind}: {during} posts, {holds} looks");
    }
    let (status, view) = side.get("/v1/customers/many29999").await;
    assert_eq!((status, &view["consents"]["email"]["given"]), (200, &true.into()), "{view}");
    assert!(side.shop.status().await.unwrap().hold.is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn who_waits_too_long_for_the_disk_comes_again_and_doubles_nothing() {
    let side = Arc::new(slow().await);
    side.shop.write("delay", "14000");
    let first = tokio::spawn({
        let side = Arc::clone(&side);
        async move { post(&side, br#"{"id":"first"}"#.to_vec()).await }
    });
    breathe(500).await;
    let (status, after, body) = post(&side, br#"{"id":"second"}"#.to_vec()).await;
    assert_eq!((status, after.as_deref()), (429, Some("2")), "{body}");
    assert!(body.contains("\"busy\""), "{body}");
    side.shop.write("delay", "0");
    // Who was at the disk already waits as long as it takes, or hears that nobody knows.
    let (first, ..) = first.await.unwrap();
    assert!(first == 202 || first == 429, "{first}");
    let (status, answer) = side.post("customers", r#"{"id":"first"}"#).await;
    assert!(status == 202 && (first == 429 || answer["unchanged"] == 1), "answered and lost: {answer}");
    let (status, answer) = side.post("customers", r#"{"id":"second"}"#).await;
    assert_eq!(
        (status, &answer["accepted"]),
        (202, &1.into()),
        "given up untouched is not taken later: {answer}"
    );
    // Links to unsubscribe and questions are answered meanwhile, too.
    assert_eq!(side.get("/v1/customers/second").await.0, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_large_bodies_before_a_slow_disk_do_not_fill_the_memory() {
    let side = Arc::new(slow().await);
    let before = memory(&side).await;
    side.shop.write("delay", "1500");
    // Few rows, many bytes: what is counted is what a body takes.
    let body = |n: usize| {
        let line = |row: usize| format!("{{\"id\":\"c{n}-{row}\"}}{}", " ".repeat(1_000_000));
        (0..7).map(line).collect::<Vec<_>>().join("\n").into_bytes()
    };
    let clients = (0..90).map(|n| {
        let side = Arc::clone(&side);
        tokio::spawn(async move { (n, post(&side, body(n)).await) })
    });
    let clients: Vec<_> = clients.collect();
    let (mut taken, mut refused) = (Vec::new(), 0);
    for client in clients {
        let (n, (status, after, body)) = client.await.unwrap();
        match status {
            202 => taken.push(n),
            429 => {
                assert_eq!(after.as_deref(), Some("2"));
                refused += 1;
            }
            _ => panic!("{status} {body}"),
        }
    }
    assert!(refused > 0 && !taken.is_empty(), "{} taken, {refused} refused", taken.len());
    // 630 MB were sent; 256 MiB may be under way, each body with a copy while it is read.
    let grown = memory(&side).await.saturating_sub(before);
    assert!(grown < 600 * 1024 * 1024, "it grew by {} MiB", grown / 1024 / 1024);
    side.shop.write("delay", "0");
    for n in taken {
        assert_eq!(side.get(&format!("/v1/customers/c{n}-6")).await.0, 200, "answered and lost");
    }
    let (status, answer) = side.post("customers", r#"{"id":"after"}"#).await;
    assert_eq!((status, answer["accepted"].as_u64()), (202, Some(1)));
    assert!(!side.daemon.log().contains(INGEST));
}
