//! Each fault of a mail server, through the real `cvmd`: it hits messages in flight, nothing is lost,
//! marketing arrives at most once, and what a server certainly did not take arrives in the end.

use std::collections::BTreeMap;

use cvmd::serve::{OutboxRow, Status};

use crate::crash::shop::{Daemon, PATIENCE_MS, RULES, Shop, elapsed, patiently};
use crate::support::breathe;
use crate::support::smtp::{Act, At, Certificate, Mail, Protection, SmtpServer, authority};

/// Customers; each is to have an offer and a receipt.
pub const PEOPLE: usize = 12;

pub fn ids() -> impl Iterator<Item = String> {
    (0..PEOPLE).map(|n| format!("c{n}"))
}

/// A shop without calls, with time-outs for tests.
pub async fn shop() -> Shop {
    let (rules, _) = RULES.split_once("rule calls").unwrap();
    let shop = Shop::new(rules).await;
    let waits = "connect_timeout = \"1s\"\ntimeout = \"1s\"\ndot_timeout = \"1s\"";
    let retries = "retries = [\"1s\", \"1s\", \"1s\", \"1s\", \"1s\", \"5m\"]";
    shop.edit(
        "cvmd.toml",
        "workers = 2\nretries = [\"1s\", \"1s\", \"5m\"]",
        &format!("workers = 2\n{waits}\n{retries}"),
    );
    shop.customers("in", ids());
    shop
}

/// A daemon that lives so many hours later.
pub async fn run_later(shop: &Shop, hours: i64) -> Daemon {
    let mut command = shop.command(&["run"]);
    command.env("CVMD_CLOCK_SHIFT", (hours * 3_600_000).to_string());
    let mut daemon = shop.start_logged(command, "log");
    assert!(shop.ready(&mut daemon).await.is_ok(), "{}", daemon.log());
    daemon
}

fn under_way(status: &Status) -> u64 {
    ["pending", "claimed", "retry"].iter().filter_map(|state| status.outbox.get(*state)).sum()
}

/// Waits until nothing is under way but what is in doubt; that.
pub async fn settled(shop: &Shop) -> Vec<OutboxRow> {
    patiently("nothing is under way", async || {
        let status = shop.status().await?;
        let known = status.outbox.get("in doubt").copied().unwrap_or_default();
        let open = under_way(&status);
        let all = shop.outbox("sent").await.len() as u64 + known + shop.outbox("dead").await.len() as u64;
        (open == 0 && all == 2 * PEOPLE as u64).then_some(())
    })
    .await;
    shop.outbox("in doubt").await
}

/// Holds what arrived against what was decided.
pub async fn check(shop: &Shop, what: &str, taken: &[Mail]) {
    let doubt = settled(shop).await;
    assert_eq!(shop.outbox("dead").await, [], "{what}");
    let mut arrived: BTreeMap<(String, String), Vec<&Mail>> = BTreeMap::new();
    let mut by_id: BTreeMap<String, &[u8]> = BTreeMap::new();
    for mail in taken {
        let id = mail.header("Message-ID").unwrap();
        let first = by_id.entry(id).or_insert(&mail.bytes);
        assert_eq!(*first, mail.bytes, "{what}: one id, two texts");
        arrived.entry((mail.to.clone(), mail.header("Subject").unwrap())).or_default().push(mail);
    }
    for id in ids() {
        let count = |subject: &str| {
            let key = (format!("{id}@customers.example"), subject.to_owned());
            arrived.get(&key).map_or(0, Vec::len)
        };
        let offers = count("An offer");
        let is_held = doubt.iter().any(|row| row.customer_id == id && row.rule == "offers");
        assert!(offers <= 1, "{what}: {id} had the offer {offers} times");
        assert!(offers == 1 || is_held, "{what}: {id} has neither had the offer nor is it in doubt");
        assert!(count("Your receipt") >= 1, "{what}: {id} has no receipt");
    }
    assert!(doubt.iter().all(|row| row.rule == "offers"), "{what}: {doubt:?}");
}

/// One fault, twice in the middle: the third time that its place is reached, and the fifth.
async fn live_through(at: At, act: Act, may_doubt: bool) {
    let what = format!("{at:?} {act:?}");
    let shop = shop().await;
    let skipped = if at == At::Greeting { 0 } else { 2 };
    for _ in 0..2 {
        for _ in 0..skipped {
            shop.mail.script(at, Act::Late(0));
        }
        shop.mail.script(at, act.clone());
    }
    let mut daemon = shop.run().await;
    shop.must(&["import", "folder", "in"]);
    let (deadline, mut hours) = (elapsed() + PATIENCE_MS, 0);
    loop {
        let status = shop.status().await.unwrap();
        // Where it took the domain for overburdened, that is over in an hour.
        if status.waiting.iter().any(|waiting| waiting.waits_for.contains("less mail of us")) {
            assert!(daemon.terminate().await.success());
            hours += 1;
            daemon = run_later(&shop, hours).await;
        } else if under_way(&status) == 0 && shop.mail.hits().iter().filter(|hit| hit.act == act).count() == 2
        {
            break;
        }
        assert!(elapsed() < deadline, "{what}: {:?}", shop.mail.hits());
        breathe(50).await;
    }
    for hit in shop.mail.hits().iter().filter(|hit| hit.act == act) {
        let in_flight = !hit.to.is_empty() || matches!(at, At::Greeting | At::Hello | At::Mail);
        assert!(hit.at == at && in_flight, "{what} hit no message: {hit:?}");
    }
    check(&shop, &what, &all_of(&shop).await).await;
    let doubt = shop.outbox("in doubt").await;
    assert!(doubt.is_empty() || may_doubt, "{what}: {doubt:?}");
    assert!(daemon.terminate().await.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_421_in_the_middle_loses_nothing() {
    for at in [At::Mail, At::Rcpt, At::Data, At::Dot] {
        live_through(at, Act::SayAndClose("421 4.3.2 shutting down".into()), false).await;
    }
    live_through(At::Rcpt, Act::SayAndClose("421 4.7.0 too fast".into()), false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cut_before_the_reply_to_the_dot_is_a_doubt_about_that_message_alone() {
    for act in [Act::Cut, Act::Forget, Act::Hang] {
        live_through(At::Dot, act, true).await;
    }
    live_through(At::Rcpt, Act::Cut, false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_byte_a_second_is_given_up_and_nobody_gets_it_twice() {
    for (at, may_doubt) in [(At::Greeting, false), (At::Mail, false), (At::Rcpt, false), (At::Dot, true)] {
        live_through(at, Act::Drip(1_000), may_doubt).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_refused_domain_waits_and_all_others_go() {
    let shop = shop().await;
    let at = |path: &str, from: &str, to: &str| shop.edit(path, from, to);
    at("in/customers.csv", "c0@customers.example", "c0@bad.example");
    at("in/customers.csv", "c5@customers.example", "c5@bad.example");
    shop.mail.towards("bad.example", Some((At::Rcpt, Act::SayAndClose("421 4.7.28 unusual rate".into()))));
    let mut daemon = shop.run().await;
    shop.must(&["import", "folder", "in"]);
    let good = 2 * (PEOPLE - 2);
    patiently("all others have theirs", async || (shop.mail.taken().len() == good).then_some(())).await;
    patiently("the domain was asked", async || (!shop.mail.hits().is_empty()).then_some(())).await;
    let shown = patiently("status says so", async || {
        let shown = shop.must(&["status"]);
        shown.contains("domains that want less mail of us").then_some(shown)
    })
    .await;
    assert!(!shown.contains("bad.example"), "a domain of few people is not named: {shown}");
    assert!(!daemon.log().contains("bad.example"), "{}", daemon.log());
    // A restart does not ask it again at once.
    let tried = shop.mail.hits().len();
    assert!(daemon.terminate().await.success());
    let mut daemon = shop.run().await;
    patiently("status still says so", async || {
        shop.must(&["status"]).contains("domains that want less mail of us").then_some(())
    })
    .await;
    breathe(1_500).await;
    assert_eq!(shop.mail.hits().len(), tried);
    shop.mail.towards("bad.example", None);
    assert!(daemon.terminate().await.success());
    let mut daemon = run_later(&shop, 2).await;
    patiently("it has its own", async || (shop.mail.taken().len() == 2 * PEOPLE).then_some(())).await;
    assert_eq!(settled(&shop).await, []);
    assert!(!shop.must(&["status"]).contains("less mail of us"));
    assert!(daemon.terminate().await.success());
}

/// The same address, encrypted in some way or other.
async fn replaced(shop: &mut Shop, protection: Protection, certificate: Certificate, scheme: &str) {
    let before = shop.mail.address;
    shop.mail = SmtpServer::start_as(protection, certificate).await;
    let (from, to) = (format!("smtp://{before}"), format!("{scheme}://{}", shop.mail.address));
    let ca_file = authority();
    shop.edit(
        "cvmd.toml",
        &format!("url = \"{from}\""),
        &format!("url = \"{to}\"\nca_file = \"{}\"", ca_file.display()),
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_starttls_that_is_offered_and_broken_is_never_done_without() {
    let mut shop = shop().await;
    replaced(&mut shop, Protection::StartTls, Certificate::Good, "starttls").await;
    let broken = [
        Act::SayAndBabble("220 go on".into()),
        Act::Say("454 4.7.0 TLS not available".into()),
        Act::SayAndClose("220 go on".into()),
        Act::Hang,
        Act::Cut,
    ];
    for act in &broken {
        shop.mail.script(At::StartTls, act.clone());
    }
    let mut daemon = shop.run().await;
    shop.must(&["import", "folder", "in"]);
    patiently("each has hit", async || (shop.mail.hits().len() == broken.len()).then_some(())).await;
    assert_eq!(shop.mail.taken(), [], "nothing goes in clear");
    check(&shop, "STARTTLS", &all_of(&shop).await).await;
    assert_eq!(shop.outbox("in doubt").await, []);
    assert!(daemon.log().contains("STARTTLS"), "{}", daemon.log());
    assert!(daemon.terminate().await.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_certificate_gets_nothing_and_a_mended_one_everything() {
    for (certificate, says) in [
        (Certificate::SelfSigned, "nobody whom we trust signed its certificate"),
        (Certificate::Expired, "has expired"),
        (Certificate::OtherName, "is not for `127.0.0.1`"),
    ] {
        let mut shop = shop().await;
        replaced(&mut shop, Protection::StartTls, certificate, "starttls").await;
        let mut daemon = shop.run().await;
        shop.must(&["import", "folder", "in"]);
        patiently("status says so", async || {
            let shown = String::from_utf8_lossy(&shop.cli(&["status"]).stdout).into_owned();
            (shown.contains("nothing goes out by email") && shown.contains(says)).then_some(())
        })
        .await;
        assert!(shop.mail.connections() > 0 && shop.mail.taken().is_empty(), "{certificate:?}");
        assert!(daemon.terminate().await.success());
        let wrong = shop.mail.address;
        shop.mail = SmtpServer::start_with(Protection::StartTls).await;
        shop.edit("cvmd.toml", &wrong.to_string(), &shop.mail.address.to_string());
        let mut daemon = shop.run().await;
        check(&shop, says, &all_of(&shop).await).await;
        assert!(daemon.terminate().await.success());
    }
}

/// What arrived once nothing is under way.
pub async fn all_of(shop: &Shop) -> Vec<Mail> {
    settled(shop).await;
    shop.mail.taken()
}
