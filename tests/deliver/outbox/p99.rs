//! How long a healthy domain's mail takes alone, and beside others that are slow, dead or half a million.
//! Prints figures; run it alone:
//!
//!     cargo test --test main -- --ignored --nocapture p99

use std::collections::BTreeMap;
use std::sync::Arc;

use cvmd::clock::{Clock, SystemClock};
use cvmd::config::DomainLimit;
use cvmd::deliver::Mailer;
use cvmd::deliver::email::Relays;
use cvmd::model::{Duration, Instant};
use cvmd::record::OpenMessage;

use super::stage::{Stage, mail, relay};
use crate::support::smtp::{Act, At, SmtpServer, dead_address};
use crate::support::{breathe, history, until};

/// Messages to the healthy domain, one every so many milliseconds.
const HEALTHY: u32 = 1_500;
const APART_MS: i64 = 3;

struct Beside {
    what: &'static str,
    act: Option<Act>,
    others: u32,
    has_dead_relay: bool,
}

/// Milliseconds from the decision to the server, the median and the 99th percentile.
async fn measure(beside: &Beside) -> (i64, i64) {
    let peer = SmtpServer::start().await;
    // A server that takes its time, as real ones do.
    peer.always(Some((At::Dot, Act::Late(5))));
    peer.towards("bad.example", beside.act.clone().map(|act| (At::Rcpt, act)));
    let mut servers = vec![relay(peer.address)];
    if beside.has_dead_relay {
        servers.insert(0, relay(dead_address().await));
    }
    let mut stage = Stage::new(Mailer::Smtp(Arc::new(Relays::new(servers))));
    stage.options.mail_workers = 16;
    stage.options.domains.usual = DomainLimit { workers: 8, rate: None };
    let others: Vec<OpenMessage> = (HEALTHY..HEALTHY + beside.others).map(mail).collect();
    stage
        .gate
        .domains
        .lock()
        .unwrap()
        .extend(others.iter().map(|m| (m.customer.0, "bad.example".to_owned())));
    stage.decide(&others).await;
    let (outbox, _) = stage.start().await;
    let mut begun: BTreeMap<String, Instant> = BTreeMap::new();
    for customer in 0..HEALTHY {
        let message = [mail(customer)];
        stage.decide(&message).await;
        begun.insert(format!("ana{customer}@customer.example"), SystemClock.now());
        outbox.add(&message);
        breathe(APART_MS).await;
    }
    let healthy = || peer.taken().iter().filter(|mail| mail.to.ends_with("@customer.example")).count();
    until("the healthy domain has all of its own", || healthy() == HEALTHY as usize).await;
    let taken = peer.taken();
    let mut waits: Vec<i64> =
        taken.iter().filter_map(|mail| Some(mail.at.since(*begun.get(&mail.to)?).0)).collect();
    waits.sort_unstable();
    assert!(outbox.stop(Duration::seconds(5)).await);
    let all: Vec<OpenMessage> = others.into_iter().chain((0..HEALTHY).map(mail)).collect();
    history::check(&*stage.store, &all, &peer.taken());
    (waits[waits.len() / 2], waits[waits.len() * 99 / 100])
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "it measures; run it alone"]
async fn a_healthy_domains_p99_beside_a_dead_one_stays_within_twice_its_p99_alone() {
    let alone = Beside { what: "alone", act: None, others: 0, has_dead_relay: false };
    let hangs = || Some(Act::Hang);
    let cases = [
        Beside {
            what: "beside a domain that never answers",
            act: hangs(),
            others: 500,
            has_dead_relay: false,
        },
        Beside {
            what: "beside a domain that asks for less",
            act: Some(Act::SayAndClose("421 4.7.0 slow down".into())),
            others: 500,
            has_dead_relay: false,
        },
        Beside {
            what: "beside a domain that takes 300 ms each",
            act: Some(Act::Late(300)),
            others: 500,
            has_dead_relay: false,
        },
        Beside { what: "with a dead relay first", act: None, others: 0, has_dead_relay: true },
    ];
    let (median, usual) = measure(&alone).await;
    println!("{}: median {median} ms, p99 {usual} ms", alone.what);
    for case in cases {
        let (median, p99) = measure(&case).await;
        println!("{}: median {median} ms, p99 {p99} ms", case.what);
        assert!(p99 <= 2 * usual.max(10), "{}: {p99} ms instead of {usual} ms alone", case.what);
    }
}
