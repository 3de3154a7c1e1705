//! Endpoints that mean no good, or are broken: what they send is bounded in size, time and memory.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use cvmd::clock::{Clock, SystemClock};
use cvmd::deliver::Outcome;
use cvmd::deliver::webhook::{Call, Caller, Options, SecretHeader};
use cvmd::model;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::support::breathe;
use crate::support::webhook::Receiver;

/// What a server writes once a call came in: first `head`, then `tail` again and again, with a pause
/// before each, `times` at most; then it closes.
#[derive(Clone)]
struct Script {
    head: Vec<u8>,
    tail: Vec<u8>,
    pause_ms: i64,
    times: u64,
}

/// A server that plays a script on each connection; how many bytes the other side let it write.
async fn server(script: Script) -> (String, Arc<AtomicU64>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let written = Arc::new(AtomicU64::new(0));
    let count = Arc::clone(&written);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let (script, count) = (script.clone(), Arc::clone(&count));
            tokio::spawn(async move {
                let mut request = vec![0; 4_096];
                let _ = stream.read(&mut request).await?;
                stream.write_all(&script.head).await?;
                for _ in 0..script.times {
                    if script.pause_ms > 0 {
                        breathe(script.pause_ms).await;
                    }
                    stream.write_all(&script.tail).await?;
                    count.fetch_add(script.tail.len() as u64, Ordering::Relaxed);
                }
                stream.shutdown().await
            });
        }
    });
    (url, written)
}

fn call(url: &str) -> Call {
    Call {
        id: "d1-1-3".into(),
        url: url.into(),
        body: "{}".into(),
        secrets: vec![],
        headers: vec![],
        answer_within: None,
    }
}

/// What the call came to, and how long it took, in milliseconds.
async fn timed(call: &Call) -> (Outcome, i64) {
    let options = Options { allow_private: true, total: Duration::from_millis(700), ..Options::default() };
    let caller = Caller::new(&options).unwrap();
    let start = SystemClock.boot_elapsed();
    let outcome = caller.send(call, SystemClock.now()).await;
    (outcome, SystemClock.boot_elapsed().0 - start.0)
}

fn retried(outcome: &Outcome, with: &str) -> bool {
    matches!(outcome, Outcome::Retry { reason, after: None } if reason.contains(with))
}

#[tokio::test]
async fn ten_gigabytes_are_not_read() {
    let endless =
        |head: &str| Script { head: head.into(), tail: vec![b'x'; 1 << 20], pause_ms: 0, times: 10 << 10 };
    for (head, sent) in [
        ("HTTP/1.1 200 OK\r\nContent-Length: 10737418240\r\n\r\n", true),
        ("HTTP/1.1 500 No\r\nContent-Length: 10737418240\r\n\r\n", false),
        // Without a length, and as headers that never end.
        ("HTTP/1.1 200 OK\r\n\r\n", true),
        ("HTTP/1.1 200 OK\r\nX-A: ", false),
        ("", false),
    ] {
        let (url, written) = server(endless(head)).await;
        let (outcome, took) = timed(&call(&url)).await;
        assert_eq!(matches!(outcome, Outcome::Sent { .. }), sent, "{head:?}: {outcome:?}");
        // The rest of the connection is given up, whatever of it the kernel had buffered.
        breathe(50).await;
        let before = written.load(Ordering::Relaxed);
        breathe(50).await;
        assert_eq!(written.load(Ordering::Relaxed), before, "{head:?}: it is still read");
        assert!(before <= 32 << 20, "{head:?}: {before} bytes were taken");
        assert!(took < 2_000, "{head:?}: {took} ms");
    }
}

#[tokio::test]
async fn one_byte_at_a_time_ends_with_the_time_out() {
    let drip = |head: &str| Script { head: head.into(), tail: b"x".into(), pause_ms: 100, times: 600 };
    let (url, _) = server(drip("HTTP/1.1 200 OK\r\nX-A: ")).await;
    let (outcome, took) = timed(&call(&url)).await;
    assert!(retried(&outcome, "did not answer within 0.7 s"), "{outcome:?}");
    assert!((600..2_000).contains(&took), "{took} ms");
    // Its own limit comes before that of all.
    let short = Call { answer_within: Some(model::Duration(200)), ..call(&url) };
    let (outcome, took) = timed(&short).await;
    assert!(retried(&outcome, "did not answer within 0.2 s") && took < 650, "{outcome:?} in {took} ms");
    // Once its status is known the rest is of no interest.
    let (url, _) = server(drip("HTTP/1.1 204 OK\r\nContent-Length: 600\r\n\r\n")).await;
    let (outcome, took) = timed(&call(&url)).await;
    assert!(matches!(outcome, Outcome::Sent { .. }) && took < 1_600, "{outcome:?} in {took} ms");
    let (url, _) = server(drip("HTTP/1.1 503 No\r\nContent-Length: 600\r\nRetry-After: 7\r\n\r\n")).await;
    let (outcome, _) = timed(&call(&url)).await;
    assert!(matches!(outcome, Outcome::Retry { after: Some(model::Duration(7_000)), .. }), "{outcome:?}");
}

#[tokio::test]
async fn an_answer_that_is_cut_counts_by_its_status_where_there_is_one() {
    let cut = |head: &str| Script { head: head.into(), tail: vec![], pause_ms: 0, times: 0 };
    for (head, sent) in [
        ("HTTP/1.1 200 OK\r\nContent-Length: 600\r\n\r\nhalf of", true),
        ("HTTP/1.1 200 OK\r\nContent-Le", false),
        ("HTTP/1.1 20", false),
        ("", false),
        ("SSH-2.0-OpenSSH_9.9\r\n", false),
        ("HTTP/1.1 999999 OK\r\n\r\n", false),
    ] {
        let (url, _) = server(cut(head)).await;
        let (outcome, _) = timed(&call(&url)).await;
        let as_wanted = if sent {
            matches!(outcome, Outcome::Sent { .. })
        } else {
            matches!(&outcome, Outcome::Retry { after: None, .. })
        };
        assert!(as_wanted, "{head:?}: {outcome:?}");
    }
}

#[tokio::test]
async fn what_an_endpoint_says_is_neither_kept_nor_shown() {
    let head =
        "HTTP/1.1 500 ana@shop.example hunter2\r\nLocation: http://hunter2/\r\nX-A: hunter2\r\n\r\nhunter2";
    let (url, _) = server(Script { head: head.into(), tail: vec![], pause_ms: 0, times: 0 }).await;
    let (outcome, _) = timed(&call(&url)).await;
    assert!(
        !format!("{outcome:?}").contains("hunter2") && !format!("{outcome:?}").contains('@'),
        "{outcome:?}"
    );
}

#[tokio::test]
async fn headers_go_along_and_stand_in_no_debug_print() {
    let receiver = Receiver::start().await;
    let header = |name, value| SecretHeader::parse(name, value).unwrap();
    let headers = vec![header("x-api-key", "hunter2"), header("authorization", "Bearer a.b-c=\n")];
    let with = Call { headers, ..call(&receiver.url()) };
    assert!(!format!("{with:?} {:?}", with.headers).contains("hunter2"));
    let (outcome, _) = timed(&with).await;
    assert!(matches!(outcome, Outcome::Sent { .. }), "{outcome:?}");
    let [one] = receiver.calls().try_into().unwrap();
    assert_eq!(one.header("x-api-key"), Some("hunter2"));
    assert_eq!(one.header("authorization"), Some("Bearer a.b-c="));
    assert_eq!(one.header("content-type"), Some("application/json"));
}
