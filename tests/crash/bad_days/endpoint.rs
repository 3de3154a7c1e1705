//! A webhook that is down or gone, and what an operator does with what it left.

use std::io::Write as _;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::crash::shop::{Daemon, RULES, Shop, installed, patiently};
use crate::support::breathe;
use crate::support::webhook::Answer;

fn ids(count: usize) -> impl Iterator<Item = String> {
    (0..count).map(|n| format!("c{n}"))
}

/// `cvmd … --format json`, which must go well.
fn json(shop: &Shop, arguments: &[&str]) -> Value {
    serde_json::from_str(&shop.must(&[arguments, &["--format", "json"]].concat())).unwrap()
}

fn webhook_ids(shop: &Shop) -> Vec<String> {
    let mut ids: Vec<String> = shop.calls.calls().iter().map(|call| call.id().to_owned()).collect();
    ids.sort_unstable();
    ids
}

/// A shop of four customers, whose calls died after two tries each.
async fn with_dead_calls() -> (Shop, Daemon) {
    let shop = Shop::new(RULES).await;
    shop.edit(
        "cvmd.toml",
        "allow_private = true\nretries = [\"1s\", \"1s\", \"5m\"]",
        "allow_private = true\nretries = [\"1s\"]",
    );
    shop.calls.always(Answer::status(500));
    shop.customers("in", ids(4));
    let daemon = shop.run().await;
    shop.must(&["import", "folder", "in"]);
    patiently("the calls died", async || (shop.outbox("dead").await.len() == 4).then_some(())).await;
    (shop, daemon)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_died_goes_again_under_the_same_id_or_is_dropped() {
    let (shop, mut daemon) = with_dead_calls().await;
    let dead = json(&shop, &["outbox", "list", "--state", "dead", "--webhook", "crm"]);
    assert_eq!(dead["messages"].as_array().unwrap().len(), 4);
    let first = webhook_ids(&shop);
    assert_eq!(first.len(), 8, "two tries each");

    let refused = |arguments: &[&str], why: &str| {
        let output = shop.cli(arguments);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.code() == Some(2) && said.contains(why), "{arguments:?}: {said}");
    };
    refused(&["outbox", "retry", "--yes"], "--all");
    refused(&["outbox", "drop", "--all", "--rule", "offers", "--yes"], "--all");
    refused(&["outbox", "retry", "--state", "dead"], "--yes");
    refused(&["outbox", "retry", "--state", "sent", "--yes"], "sent is sent");
    refused(&["outbox", "drop", "--customer", "nobody", "--yes"], "nobody");

    shop.calls.always(Answer::status(200));
    let one = json(&shop, &["outbox", "retry", "--customer", "c0", "--yes"]);
    assert_eq!((&one["changed"], &one["busy"]), (&1.into(), &0.into()));
    patiently("it arrives", async || (shop.calls.calls().len() == 9).then_some(())).await;
    let again = shop.calls.calls().pop().unwrap();
    let before = shop.calls.calls().into_iter().find(|call| call.id() == again.id()).unwrap();
    assert!(again.verified && again.body == before.body && again.body.contains("\"c0\""), "{again:?}");

    let rows = json(&shop, &["outbox", "list", "--state", "dead"]);
    let id = rows["messages"][0]["id"].as_str().unwrap();
    assert_eq!(json(&shop, &["outbox", "drop", id, "--yes"])["changed"], 1);
    assert_eq!(json(&shop, &["outbox", "retry", id, "--yes"])["changed"], 0, "what was dropped is over");
    let customer = rows["messages"][0]["customer_id"].as_str().unwrap();
    let told = shop.must(&["explain", customer]);
    assert!(told.contains("dropped by an operator; before that dead"), "{told}");

    // Without a daemon the same command does the same.
    assert!(daemon.terminate().await.success());
    assert_eq!(json(&shop, &["outbox", "retry", "--state", "dead", "--yes"])["changed"], 2);
    assert_eq!(json(&shop, &["status"])["outbox"]["pending"], 2);
    let mut daemon = shop.run().await;
    patiently("they arrive", async || (shop.calls.calls().len() == 11).then_some(())).await;
    breathe(300).await;
    assert_eq!(shop.outbox("dead").await, []);
    let mut unique = webhook_ids(&shop);
    unique.dedup();
    assert_eq!((unique.len(), shop.calls.calls().len()), (4, 11));
    assert!(daemon.terminate().await.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_that_is_gone_stays_so_until_a_person_says_otherwise() {
    let shop = Shop::new(RULES).await;
    shop.edit("cvmd.toml", "allow_private = true", "allow_private = true\nworkers = 1");
    shop.calls.always(Answer::status(410));
    shop.customers("in", ids(3));
    let mut daemon = shop.run().await;
    shop.must(&["import", "folder", "in"]);
    patiently("one died", async || (shop.outbox("dead").await.len() == 1).then_some(())).await;
    shop.must(&["reload"]);
    assert!(daemon.terminate().await.success());
    let mut daemon = shop.run().await;
    breathe(1_500).await;
    assert_eq!(shop.calls.calls().len(), 1, "neither a reload nor a restart calls it again");
    let output = shop.cli(&["status"]);
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(told.contains("crm: switched off since") && told.contains("2 calls wait"), "{told}");
    assert_eq!(output.status.code(), Some(1), "it needs a person");
    let listed = shop.must(&["outbox", "list"]);
    assert!(listed.contains("webhook crm"), "{listed}");
    assert_eq!(shop.cli(&["pause", "webhook", "crm"]).status.code(), Some(2));
    assert_eq!(shop.cli(&["resume", "webhook", "crn"]).status.code(), Some(2));

    shop.calls.always(Answer::status(200));
    assert!(shop.must(&["resume", "webhook", "crm"]).contains("webhook crm is called again"));
    patiently("the others arrive", async || (shop.calls.calls().len() == 3).then_some(())).await;
    shop.must(&["outbox", "retry", "--state", "dead", "--yes"]);
    patiently("so does the first", async || (shop.calls.calls().len() == 4).then_some(())).await;
    assert!(json(&shop, &["status"])["endpoints"].as_array().unwrap().is_empty());
    assert!(daemon.terminate().await.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn headers_come_from_secrets_and_two_secrets_sign() {
    let shop = Shop::new(RULES).await;
    let clauses = "signed with secret crm_next, crm_key\n  header \"X-Api-Key\" from secret crm_api\n  \
                   at most 2 calls at once\n  at most 50 calls per second\n  answer within 5 seconds";
    shop.edit("rules/shop.rules", "signed with secret crm_key", clauses);
    shop.edit(
        "cvmd.toml",
        "[secrets]",
        "[secrets]\ncrm_next = \"secrets/crm_next\"\ncrm_api = \"secrets/crm_api\"",
    );
    shop.write("secrets/crm_next", "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX\n");
    shop.customers("in", ids(20));
    let mut daemon = shop.run().await;
    shop.must(&["import", "folder", "in"]);
    breathe(1_000).await;
    assert_eq!(shop.calls.calls(), [], "a header without its secret is not left out");
    let told = String::from_utf8_lossy(&shop.cli(&["status"]).stdout).into_owned();
    assert!(told.contains("the secret `crm_api`"), "{told}");
    shop.write("secrets/crm_api", "hunter2\n");
    shop.must(&["reload"]);
    patiently("all arrive", async || (shop.calls.calls().len() == 20).then_some(())).await;
    for call in shop.calls.calls() {
        assert!(call.verified, "by the older of the two secrets");
        assert_eq!(call.header("x-api-key"), Some("hunter2"));
        assert_eq!(call.header("webhook-signature").unwrap().split(' ').count(), 2);
    }
    assert!(shop.calls.most_at_once() <= 2);
    assert!(!daemon.log().contains("hunter2"));
    assert!(daemon.terminate().await.success());
}

/// `cvmd …` at a terminal of its own, where somebody types this; its exit and what it said.
fn at_a_terminal(shop: &Shop, arguments: &str, typed: &str) -> (Option<i32>, String) {
    let command = format!(
        "'{}' --config '{}' {arguments}",
        env!("CARGO_BIN_EXE_cvmd"),
        shop.path("cvmd.toml").display()
    );
    let mut script = Command::new("script");
    shop.equip(&mut script);
    script.args(["--quiet", "--return", "--command", &command, "/dev/null"]);
    let mut child = script.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(typed.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    (output.status.code(), String::from_utf8_lossy(&output.stdout).replace("\r\n", "\n"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_is_asked_before_anything_is_sent_again_or_given_up() {
    if !installed("script") {
        return;
    }
    let (shop, mut daemon) = with_dead_calls().await;
    let tries = shop.calls.calls().len();
    shop.calls.always(Answer::status(200));
    for no in ["n\n", "\n", "no\n", "yess\n", "\u{4}"] {
        let (code, said) = at_a_terminal(&shop, "outbox retry --state dead", no);
        assert!(said.contains("send 4 messages again? [y/N]"), "{no:?}: {said}");
        assert!(code == Some(0) && said.contains("nothing was changed"), "{no:?}: {said}");
    }
    let (_, said) = at_a_terminal(&shop, "outbox drop --state dead --webhook crm", "n\n");
    assert!(
        said.contains("give 4 messages up for good? [y/N]") && said.contains("nothing was changed"),
        "{said}"
    );
    breathe(1_200).await;
    assert_eq!((shop.outbox("dead").await.len(), shop.calls.calls().len()), (4, tries));
    // What there is none of is not asked about.
    let (code, said) = at_a_terminal(&shop, "outbox drop --rule offers --state dead", "");
    assert!(code == Some(0) && said.contains("no such messages") && !said.contains('?'), "{said}");
    let (code, said) = at_a_terminal(&shop, "outbox drop --customer c3 --state dead", "Y\n");
    assert!(code == Some(0) && said.contains("1 message was dropped"), "{said}");
    let (code, said) = at_a_terminal(&shop, "outbox retry --state dead", "yes\n");
    assert!(code == Some(0) && said.contains("3 messages go again"), "{said}");
    patiently("they arrive", async || (shop.calls.calls().len() == tries + 3).then_some(())).await;
    assert!(daemon.terminate().await.success());
}
