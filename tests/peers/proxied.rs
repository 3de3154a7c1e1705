//! The real `cvmd` and real mail servers, with a proxy in between that breaks the dialogue at each phase.

use base64::Engine as _;
use cvmd::clock::{Clock, SystemClock};
use serde_json::Value;

use super::mail::Aiosmtpd;
use super::postfix::{Postfix, is_there};
use super::python;
use crate::crash::bad_days::faults::{PEOPLE, check, settled, shop};
use crate::crash::shop::{Shop, patiently};
use crate::support::proxy::{Fault, Proxy};
use crate::support::smtp::{At, Mail, SmtpServer, dead_address};

const FAULTS: [(At, Fault); 11] = [
    (At::Hello, Fault::CutBefore),
    (At::Mail, Fault::Closing),
    (At::Rcpt, Fault::Closing),
    (At::Rcpt, Fault::CutBefore),
    (At::Data, Fault::Closing),
    (At::Data, Fault::CutAfter),
    (At::Mail, Fault::Drip),
    (At::Dot, Fault::Closing),
    (At::Dot, Fault::CutBefore),
    (At::Dot, Fault::CutAfter),
    (At::Dot, Fault::Drip),
];

/// Lives through all faults before the server at that address; the shop, when nothing is under way.
async fn live_through(server: std::net::SocketAddr) -> Shop {
    let shop = shop().await;
    let proxy = Proxy::start(server, &FAULTS).await;
    shop.edit("cvmd.toml", &shop.mail.address.to_string(), &proxy.address.to_string());
    // Each failure counts as a try of some message.
    shop.edit("cvmd.toml", "retries = [\"1s\", ", &format!("retries = [{}", "\"1s\", ".repeat(9)));
    let mut daemon = shop.run().await;
    shop.must(&["import", "folder", "in"]);
    settled(&shop).await;
    let hits = proxy.hits();
    assert_eq!(hits.iter().map(|hit| (hit.at, hit.fault)).collect::<Vec<_>>(), FAULTS, "each has hit");
    for hit in &hits {
        let in_flight = !hit.to.is_empty() || matches!(hit.at, At::Hello | At::Mail);
        assert!(in_flight, "it hit no message: {hit:?}");
    }
    assert!(daemon.terminate().await.success());
    shop
}

/// What the last server took, against what was decided.
async fn hold_against(shop: &Shop, what: &str, taken: &[Mail]) {
    let mut daemon = shop.run().await;
    check(shop, what, taken).await;
    let doubt = shop.outbox("in doubt").await;
    assert!(doubt.len() <= 3, "only what was cut or dripped at the dot: {doubt:?}");
    assert!(taken.len() >= 2 * PEOPLE - doubt.len(), "{what}: {}", taken.len());
    assert!(daemon.terminate().await.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn through_a_proxy_that_breaks_each_phase_postfix_has_everything() {
    if python().is_none() || !is_there() {
        return;
    }
    let next = SmtpServer::start().await;
    let (folder, address) = (tempfile::tempdir().unwrap(), dead_address().await);
    Postfix::prepare(folder.path(), address.port(), next.address.port(), "none");
    let postfix = Postfix::start(folder.path());
    patiently("Postfix listens", async || tokio::net::TcpStream::connect(address).await.ok()).await;
    let shop = live_through(address).await;
    let least = shop_sent(&shop).await;
    patiently("all arrived behind Postfix", async || (next.taken().len() >= least).then_some(())).await;
    let taken: Vec<Mail> = next.taken().into_iter().map(without_trace).collect();
    hold_against(&shop, "Postfix", &taken).await;
    drop(postfix);
}

/// How many messages are said to be sent.
async fn shop_sent(shop: &Shop) -> usize {
    let mut daemon = shop.run().await;
    let sent = shop.outbox("sent").await.len();
    assert!(daemon.terminate().await.success());
    sent
}

/// Without what a server writes on top of each message that it passes on.
fn without_trace(mut mail: Mail) -> Mail {
    let text = String::from_utf8_lossy(&mail.bytes).into_owned();
    let mut is_trace = false;
    let kept: String = text
        .split_inclusive("\r\n")
        .filter(|line| {
            let goes_on = line.starts_with([' ', '\t']);
            is_trace = if goes_on { is_trace } else { line.starts_with("Received:") };
            !is_trace
        })
        .collect();
    mail.bytes = kept.into_bytes();
    mail
}

#[tokio::test(flavor = "multi_thread")]
async fn through_a_proxy_that_breaks_each_phase_aiosmtpd_has_everything() {
    let Some(python) = python() else { return };
    let server = Aiosmtpd::start(&python).await;
    let port = u16::try_from(server.lines()[0]["plain"].as_u64().unwrap()).unwrap();
    let shop = live_through(([127, 0, 0, 1], port).into()).await;
    let mail = |line: &Value| Mail {
        from: line["from"].as_str().unwrap().into(),
        to: line["to"][0].as_str().unwrap().into(),
        bytes: base64::engine::general_purpose::STANDARD.decode(line["bytes"].as_str().unwrap()).unwrap(),
        connection: 0,
        at: SystemClock.now(),
    };
    let taken: Vec<Mail> = server.lines().iter().skip(1).map(mail).collect();
    hold_against(&shop, "aiosmtpd", &taken).await;
}
