//! Clients that mean harm, or do not know better: a clear answer, and a daemon that goes on.

use std::io::Write;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::{INGEST, Side, said};
use crate::crash::shop::RULES;

/// Sends bytes and reads what is answered until the other side closes, or nothing comes for a while.
async fn raw(side: &Side, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(side.address).await.unwrap();
    // Whoever is refused may be cut off while still sending.
    let _ = stream.write_all(bytes).await;
    let mut answer = Vec::new();
    let _ = tokio::time::timeout(Duration::from_secs(2), stream.read_to_end(&mut answer)).await;
    String::from_utf8_lossy(&answer).into_owned()
}

fn head(more: &str) -> String {
    format!("POST /v1/customers HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {INGEST}\r\n{more}\r\n")
}

async fn is_well(side: &mut Side, id: &str) {
    let (status, answer) = side.post("customers", json!({"id": id}).to_string()).await;
    assert_eq!((status, &answer["accepted"]), (202, &json!(1)), "{}", side.daemon.log());
    assert!(side.daemon.has_ended().is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_that_are_none_are_answered_and_forgotten() {
    let mut side = Side::start(RULES).await;
    for (bytes, status) in [
        ("nonsense\r\n\r\n".to_owned(), "400"),
        (head("content-length: 5\r\ncontent-length: 6\r\n") + "{}", "400"),
        (head("content-length: -1\r\n") + "{}", "400"),
        (head("transfer-encoding: chunked\r\n") + "zz\r\n{}\r\n0\r\n\r\n", "400"),
        (head("transfer-encoding: chunked\r\n") + "2\r\n{}\r\n0\r\n\r\n", "400"),
        (format!("GET /{} HTTP/1.1\r\nhost: x\r\n\r\n", "x".repeat(100_000)), "4"),
        (head(&format!("x: {}\r\n", "x".repeat(100_000))), "431"),
    ] {
        let answer = raw(&side, bytes.as_bytes()).await;
        let shown: String = bytes.chars().take(200).collect();
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{shown}\n{answer}");
    }
    // Half a request, and half a body: whoever goes away is forgotten.
    raw(&side, b"POST /v1/customers HT").await;
    raw(&side, (head("content-length: 100\r\n") + "{\"id\":").as_bytes()).await;
    is_well(&mut side, "after").await;
    assert_eq!(side.get("/v1/customers/after").await.0, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_that_are_none_say_what_they_should_be() {
    let mut side = Side::start(RULES).await;
    let code = |answer: &Value| answer["code"].as_str().unwrap_or("-").to_owned();
    for (body, expected) in [
        (&b""[..], "empty"),
        (b" \n ", "empty"),
        (b"[]", "nothing_taken"),
        (b"[{\"id\":1}", "bad_body"),
        (b"[\"\xff\"]", "bad_body"),
        (b"\xff\xfe", "nothing_taken"),
        (b"{\"id\":\"\xff\"}", "nothing_taken"),
        (b"id,email\nana,ana@shop.example\n", "nothing_taken"),
        (b"{\"id\":{}}", "nothing_taken"),
    ] {
        let (status, answer) = side.post("customers", body.to_vec()).await;
        assert_eq!(
            (status, code(&answer)),
            (400, expected.to_owned()),
            "{}: {answer}",
            String::from_utf8_lossy(body)
        );
    }
    let deep = "[".repeat(1_000_000);
    assert_eq!(side.post("customers", deep).await.0, 400);
    // More than is listed is counted.
    let (status, answer) = side.post("customers", "x\n".repeat(50_000)).await;
    let listed = answer["rejected"].as_array().unwrap().len() as u64;
    assert_eq!((status, listed + answer["more_rejected"].as_u64().unwrap()), (400, 50_000));
    assert_eq!(listed, 1_000);
    is_well(&mut side, "after").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_too_large_is_refused_however_it_comes() {
    let mut side = Side::start(RULES).await;
    let large = b"{\"id\":1}\n".repeat(100 * 1024 * 1024 / 9);
    let (status, answer) = side.post("customers", large).await;
    assert_eq!((status, &answer["code"]), (413, &json!("too_large")));
    let (status, answer) = side.post("customers", "{}\n".repeat(100_001)).await;
    assert_eq!((status, &answer["code"]), (413, &json!("too_large")), "{answer}");
    // Without a length.
    let mut chunked = head("transfer-encoding: chunked\r\n").into_bytes();
    for _ in 0..9 {
        chunked.extend_from_slice(b"100000\r\n");
        chunked.extend_from_slice(&vec![b' '; 0x10_0000]);
        chunked.extend_from_slice(b"\r\n");
    }
    chunked.extend_from_slice(b"0\r\n\r\n");
    assert!(raw(&side, &chunked).await.starts_with("HTTP/1.1 413"));
    // A gigabyte in a megabyte.
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    let zeros = vec![b' '; 1024 * 1024];
    (0..1_024).for_each(|_| encoder.write_all(&zeros).unwrap());
    let bomb = encoder.finish().unwrap();
    let (status, _) = said(side.request("customers", bomb).header("content-encoding", "gzip")).await;
    assert_eq!(status, 413);
    // Without a token nothing of a body is read.
    let request = side.client().post(format!("http://{}/v1/customers", side.address)).body("{}");
    assert_eq!(said(request).await.0, 401);
    is_well(&mut side, "after").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn many_who_dawdle_keep_nobody_out() {
    let mut side = Side::start(RULES).await;
    let mut dawdlers = Vec::new();
    for _ in 0..400 {
        let mut stream = TcpStream::connect(side.address).await.unwrap();
        stream.write_all(b"POST /v1/customers HTTP/1.1\r\nhost").await.unwrap();
        dawdlers.push(stream);
    }
    is_well(&mut side, "meanwhile").await;
    drop(dawdlers);
    is_well(&mut side, "after").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_posts_while_the_daemon_ends_is_answered() {
    let mut side = Side::start(RULES).await;
    // A connection that is open and idle does not keep it from ending.
    side.post("customers", r#"{"id":"ana"}"#).await;
    let idle = TcpStream::connect(side.address).await.unwrap();
    assert!(side.daemon.terminate().await.success());
    drop(idle);
}

/// What JSON can say and a shop should not: each costs its own line, with a code.
#[tokio::test(flavor = "multi_thread")]
async fn lines_that_mean_harm_are_named_one_by_one() {
    let mut side = Side::start(&format!("{RULES}\nevent cart_abandoned\n  value money\n")).await;
    let order =
        |more: &str| format!("{{\"order_id\":\"o\",\"customer_id\":\"x\",\"time\":\"2026-01-02\",{more}}}");
    let long = "x".repeat(10_000);
    for (kind, line, code) in [
        ("customers", r#"{"id":"a","id":"b"}"#.to_owned(), "bad_json"),
        ("customers", r#"{"id":"a","ID":"b"}"#.into(), "bad_json"),
        ("customers", r#"{"id":"a\u0001b"}"#.into(), "bad_id"),
        ("customers", r#"{"id":"a\nb"}"#.into(), "bad_id"),
        ("customers", r#"{"id":true}"#.into(), "bad_id"),
        ("customers", r#"{"id":1.5}"#.into(), "bad_id"),
        ("customers", r#"{"id":["a"]}"#.into(), "bad_id"),
        ("customers", r#"{"id":"\ud800"}"#.into(), "bad_json"),
        ("customers", format!("{{\"id\":\"{long}\"}}"), "bad_id"),
        ("customers", r#"{"id":null}"#.into(), "missing_id"),
        ("orders", order("\"total\":1e400"), "bad_total"),
        ("orders", order("\"total\":\"NaN\""), "bad_total"),
        ("orders", order("\"total\":1.23456"), "bad_total"),
        ("orders", order("\"total\":99999999999999999999"), "bad_total"),
        ("orders", order("\"total\":{\"amount\":1}"), "bad_value"),
        ("orders", order("\"total\":1,\"currency\":\"EURO\""), "bad_currency"),
        ("orders", order("\"total\":1,\"time\":\"2026-01-03\""), "bad_json"),
        ("orders", order("\"total\":1").replace("2026-01-02", "9999-12-01"), "in_future"),
        ("orders", order("\"total\":1").replace("2026-01-02", "2026-02-30"), "bad_time"),
        ("orders", order("\"total\":1").replace("2026-01-02", "-4712-01-01"), "bad_time"),
        ("events", r#"{"id":"e","customer_id":"x","time":"2026-01-02","event":"sent"}"#.into(), "bad_event"),
        ("events", r#"{"id":"e","customer_id":"x","time":"2026-01-02","event":"order"}"#.into(), "bad_event"),
        (
            "events",
            r#"{"id":"e","customer_id":"x","time":"2026-01-02","event":"cart_abandoned","value":1e400}"#
                .into(),
            "bad_value",
        ),
    ] {
        let (status, answer) = side.post(kind, line.clone()).await;
        let found = answer["rejected"][0]["code"].as_str().unwrap_or("-");
        assert_eq!((status, found), (400, code), "{kind} {}: {answer}", &line[..line.len().min(200)]);
        let id = &answer["rejected"][0]["id"];
        if kind != "customers" && code != "bad_json" {
            assert!(id == "o" || id == "e", "the id is named: {answer}");
        }
    }
    // Long ago is history, and a currency is part of an order.
    let old = order("\"total\":1,\"currency\":\"USD\"").replace("2026-01-02", "1969-07-20");
    assert_eq!(side.post("orders", old.clone()).await.0, 202);
    let (status, answer) = side.post("orders", old.replace("USD", "EUR")).await;
    assert_eq!((status, &answer["rejected"][0]["code"]), (400, &json!("conflict")), "{answer}");
    // A misspelt key is told, and the line taken.
    let (status, answer) = side.post("customers", r#"{"id":"x","emial":"x@shop.example"}"#).await;
    assert_eq!((status, &answer["ignored"]), (202, &json!(["emial"])), "{answer}");
    is_well(&mut side, "after").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn posts_of_one_customer_at_the_same_time_are_all_kept() {
    let side = std::sync::Arc::new(Side::start(RULES).await);
    let clients: Vec<_> = (0..40)
        .map(|n| {
            let side = std::sync::Arc::clone(&side);
            tokio::spawn(async move {
                let order =
                    json!({"order_id": n / 2, "customer_id": "ana", "time": "2026-01-02", "total": 1});
                let profile = json!({"id": "ana", "age": n});
                let (kind, body) = if n % 4 == 3 { ("customers", profile) } else { ("orders", order) };
                side.post(kind, body.to_string()).await
            })
        })
        .collect();
    for client in clients {
        let (status, answer) = client.await.unwrap();
        assert_eq!(status, 202, "{answer}");
    }
    let (_, ana) = side.get("/v1/customers/ana").await;
    assert_eq!(ana["orders"]["count"], 20, "{ana}");
    assert!(ana["fields"]["age"].is_number(), "{ana}");
}
