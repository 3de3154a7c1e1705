//! Each fault of a webhook's receiver, through the real `cvmd`: no call is lost, and no id ever has two
//! payloads.

use std::collections::BTreeMap;

use super::faults::run_later;
use crate::crash::shop::{Daemon, RULES, Shop, elapsed, patiently};
use crate::support::breathe;
use crate::support::smtp::SmtpServer;
use crate::support::webhook::{Answer, Call, Receiver};

const PEOPLE: usize = 60;

async fn shop(webhooks: &str) -> Shop {
    let (head, rest) = RULES.split_once("rule offers").unwrap();
    let (_, calls) = rest.split_once("rule calls").unwrap();
    let shop = Shop::new(&format!("{head}rule calls{calls}")).await;
    shop.edit(
        "cvmd.toml",
        "allow_private = true\nretries = [\"1s\", \"1s\", \"5m\"]",
        &format!("allow_private = true\n{webhooks}"),
    );
    shop.customers("in", (0..PEOPLE).map(|n| format!("c{n}")));
    shop
}

/// Of each id: how often it came. Fails where it came with two payloads, or unsigned.
fn history(calls: &[Call], is_now: bool) -> BTreeMap<String, usize> {
    let mut payloads: BTreeMap<&str, (&str, usize)> = BTreeMap::new();
    for call in calls {
        assert!(call.verified || !is_now, "{call:?}");
        let (body, count) = payloads.entry(call.id()).or_insert((&call.body, 0));
        assert_eq!(*body, call.body, "one id, two payloads");
        *count += 1;
    }
    payloads.into_iter().map(|(id, (_, count))| (id.to_owned(), count)).collect()
}

async fn all_sent(shop: &Shop) {
    patiently("all are delivered", async || (shop.outbox("sent").await.len() == PEOPLE).then_some(())).await;
    assert_eq!(shop.outbox("dead").await, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_that_is_down_for_a_day_gets_everything_soon_after() {
    let shop = shop("").await;
    shop.calls.always(Answer::status(503));
    let mut daemon = shop.run().await;
    shop.must(&["import", "folder", "in"]);
    patiently("it is left alone", async || {
        String::from_utf8_lossy(&shop.cli(&["status"]).stdout).contains("answered 503").then_some(())
    })
    .await;
    // A day in which it lives at some hours of it.
    for hours in [1, 6, 12, 18, 24] {
        assert!(daemon.terminate().await.success());
        let before = shop.calls.calls().len();
        daemon = run_later(&shop, hours).await;
        patiently("one goes to see", async || (shop.calls.calls().len() > before).then_some(())).await;
        breathe(300).await;
        assert_eq!(shop.calls.calls().len(), before + 1, "one alone, at {hours} h");
    }
    assert!(daemon.terminate().await.success());
    let tried = history(&shop.calls.calls(), false);
    // Ten to find out, what the other workers had then, and those that went to see.
    assert!(tried.len() <= 10 + 8 + 5, "what waits uses up no tries: {tried:?}");
    shop.calls.always(Answer::status(200));
    let mut daemon = run_later(&shop, 25).await;
    patiently("what was never tried arrives", async || {
        (history(&shop.calls.calls(), false).len() == PEOPLE).then_some(())
    })
    .await;
    assert!(daemon.terminate().await.success());
    let mut daemon = run_later(&shop, 48).await;
    all_sent(&shop).await;
    assert_eq!(history(&shop.calls.calls(), false).len(), PEOPLE);
    assert!(daemon.terminate().await.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_of_200_after_the_time_out_brings_the_same_call_again() {
    let shop = shop("timeout = \"1s\"\nworkers = 4\nretries = [\"1s\", \"1s\", \"1s\"]").await;
    for _ in 0..3 {
        shop.calls.script(Answer::Slow(2_500));
    }
    let mut daemon = shop.run().await;
    shop.must(&["import", "folder", "in"]);
    all_sent(&shop).await;
    let history = history(&shop.calls.calls(), true);
    assert_eq!((history.len(), history.values().filter(|count| **count == 2).count()), (PEOPLE, 3));
    assert!(daemon.terminate().await.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn redirects_are_not_followed_and_the_call_arrives_once_the_address_is_right() {
    let shop = shop("workers = 2\nretries = [\"1s\", \"1s\", \"1s\", \"1s\"]").await;
    let elsewhere = Receiver::start().await;
    for code in [301, 302, 303, 307, 308] {
        shop.calls.script(Answer::Status(
            code,
            vec![format!("Location: {}", elsewhere.url())],
            String::new(),
        ));
    }
    let mut daemon = shop.run().await;
    shop.must(&["import", "folder", "in"]);
    all_sent(&shop).await;
    assert_eq!(elsewhere.calls(), [], "nobody was followed");
    let tries: usize = history(&shop.calls.calls(), true).values().sum();
    assert_eq!(tries, PEOPLE + 5);
    assert!(daemon.terminate().await.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_gigabytes_are_not_taken() {
    let shop = shop("timeout = \"5s\"\nworkers = 2\nretries = [\"1s\", \"1s\", \"1s\"]").await;
    for code in [200, 500, 200, 410 - 10] {
        shop.calls.script(Answer::Endless(code));
    }
    let mut daemon = shop.run().await;
    shop.must(&["import", "folder", "in"]);
    all_sent(&shop).await;
    let written = shop.calls.written();
    // A few megabytes each stand in the kernel's buffers.
    assert!(written <= 128 << 20, "{written} bytes were taken");
    let history = history(&shop.calls.calls(), true);
    assert_eq!(history.values().sum::<usize>(), PEOPLE + 2, "what answered 200 was delivered");
    assert!(daemon.terminate().await.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn proxies_in_the_environment_are_not_asked() {
    let shop = shop("").await;
    let proxy = Receiver::start().await;
    let trap = SmtpServer::start().await;
    let mut command = shop.command(&["run"]);
    for name in ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"] {
        command.env(name, format!("http://{}", proxy.address));
    }
    command.env_remove("NO_PROXY").env_remove("no_proxy").env_remove("REQUEST_METHOD");
    let mut daemon = shop.start_logged(command, "log");
    assert!(shop.ready(&mut daemon).await.is_ok(), "{}", daemon.log());
    shop.must(&["import", "folder", "in"]);
    all_sent(&shop).await;
    assert_eq!((proxy.calls(), trap.connections()), (vec![], 0));
    assert_eq!(history(&shop.calls.calls(), true).len(), PEOPLE);
    assert!(daemon.terminate().await.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_that_is_gone_holds_the_calls_until_it_is_back() {
    let shop = shop("").await;
    let secret = shop.read("secrets/crm_key");
    std::fs::remove_file(shop.path("secrets/crm_key")).unwrap();
    let mut daemon = shop.run().await;
    shop.must(&["import", "folder", "in"]);
    let waits = async |daemon: &Daemon| {
        patiently("status says which", async || {
            let shown = String::from_utf8_lossy(&shop.cli(&["status"]).stdout).into_owned();
            shown.contains("the secret `crm_key`").then_some(())
        })
        .await;
        assert!(!daemon.log().contains(&secret));
    };
    waits(&daemon).await;
    assert_eq!(shop.calls.calls(), []);
    shop.write("secrets/crm_key", &secret);
    shop.must(&["reload"]);
    all_sent(&shop).await;
    // Gone again while it runs, and at a reload.
    std::fs::remove_file(shop.path("secrets/crm_key")).unwrap();
    shop.must(&["reload"]);
    shop.customers("more", (100..105).map(|n| format!("c{n}")));
    shop.must(&["import", "folder", "more"]);
    waits(&daemon).await;
    assert_eq!(shop.calls.calls().len(), PEOPLE, "unsigned it does not go");
    shop.write("secrets/crm_key", &secret);
    shop.must(&["reload"]);
    patiently("they go", async || (shop.calls.calls().len() == PEOPLE + 5).then_some(())).await;
    assert_eq!(history(&shop.calls.calls(), true).len(), PEOPLE + 5);
    assert!(daemon.terminate().await.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_that_wait_go_by_the_webhooks_new_name_and_its_limits() {
    let shop = shop("").await;
    let secret = shop.read("secrets/crm_key");
    std::fs::remove_file(shop.path("secrets/crm_key")).unwrap();
    let mut daemon = shop.run().await;
    shop.must(&["import", "folder", "in"]);
    patiently("they are decided", async || {
        (shop.status().await?.outbox.get("pending").copied() == Some(PEOPLE as u64)).then_some(())
    })
    .await;
    let renamed =
        "webhook partner\n  formerly crm\n  at most 1 calls at once\n  at most 20 calls per second\n ";
    shop.edit("rules/shop.rules", "webhook crm\n ", renamed);
    shop.edit("rules/shop.rules", "call crm with", "call partner with");
    shop.must(&["reload"]);
    let listed = |webhook: &str, state: &str| {
        let shown =
            shop.must(&["outbox", "list", "--webhook", webhook, "--state", state, "--format", "json"]);
        let shown: serde_json::Value = serde_json::from_str(&shown).unwrap();
        shown["messages"].as_array().unwrap().len()
    };
    assert_eq!((listed("partner", "pending"), listed("crm", "pending")), (PEOPLE, PEOPLE));
    shop.calls.always(Answer::Slow(20));
    let start = elapsed();
    shop.write("secrets/crm_key", &secret);
    shop.must(&["reload"]);
    all_sent(&shop).await;
    assert!(elapsed() - start >= 1_900, "60 calls at 20 a second");
    assert_eq!((shop.calls.most_at_once(), history(&shop.calls.calls(), true).len()), (1, PEOPLE));
    assert_eq!((listed("partner", "sent"), listed("crm", "sent")), (PEOPLE, PEOPLE));
    assert!(daemon.terminate().await.success());
}

/// A message that a webhook carries waits for that webhook, and says so.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_webhook_carries_is_told_with_its_endpoint() {
    let shop = shop("retries = [\"1s\", \"1s\", \"5m\"]").await;
    let carried =
        "message nudge\n  sms transactional by webhook crm\n  text \"Your basket is waiting\"\n\nrule calls";
    shop.edit("rules/shop.rules", "rule calls", carried);
    shop.edit("rules/shop.rules", "then call crm with orders", "then send nudge");
    shop.calls.always(Answer::status(500));
    let mut daemon = shop.run().await;
    shop.must(&["import", "folder", "in"]);
    let shown = patiently("it is left alone", async || {
        let shown = String::from_utf8_lossy(&shop.cli(&["status"]).stdout).into_owned();
        shown.contains("ENDPOINT crm").then_some(shown)
    })
    .await;
    assert!(!shown.contains("; 0 calls wait"), "{shown}");
    let listed = shop.must(&["outbox", "list", "--webhook", "crm"]);
    assert!(listed.contains("webhook crm until") && listed.contains("nudge"), "{listed}");
    shop.calls.always(Answer::status(200));
    patiently("all are delivered", async || (shop.outbox("sent").await.len() == PEOPLE).then_some(())).await;
    assert!(daemon.terminate().await.success());
}
