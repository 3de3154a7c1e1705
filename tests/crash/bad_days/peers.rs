//! The mail server or a webhook's receiver has a bad day.

use crate::crash::shop::{RULES, Shop, elapsed, patiently};
use crate::support::breathe;
use crate::support::smtp::{Act, At, SmtpServer, dead_address};
use crate::support::webhook::Answer;

fn ids(count: usize) -> impl Iterator<Item = String> {
    (0..count).map(|n| format!("c{n}"))
}

/// The rules of [`RULES`] without the ones named.
fn without(names: &[&str]) -> String {
    let is_kept = |block: &&str| !names.iter().any(|name| block.starts_with(&format!("rule {name}\n")));
    RULES.split("\n\n").filter(is_kept).collect::<Vec<_>>().join("\n\n")
}

/// Whether `cvmd outbox list` says it.
fn listed(shop: &Shop, text: &str) -> Option<()> {
    shop.must(&["outbox", "list"]).contains(text).then_some(())
}

#[tokio::test(flavor = "multi_thread")]
async fn mail_waits_for_a_dead_server_and_goes_once_it_is_back() {
    let mut shop = Shop::new(&without(&["calls"])).await;
    let dead = dead_address().await;
    shop.edit("cvmd.toml", &shop.mail.address.to_string(), &dead.to_string());
    shop.customers("in", ids(5));
    let mut daemon = shop.run().await;
    shop.must(&["import", "folder", "in"]);
    patiently("all wait", async || {
        let status = shop.status().await?;
        let waiting: u64 = status.outbox.values().sum();
        (waiting == 10 && daemon.log().contains("cannot be reached")).then_some(())
    })
    .await;
    assert!(daemon.log().contains("messages wait"), "{}", daemon.log());
    let status = shop.cli(&["status"]);
    let shown = String::from_utf8_lossy(&status.stdout);
    assert!(shown.contains("nothing goes out by email") && shown.contains("messages wait"), "{shown}");
    assert_eq!(status.status.code(), Some(1), "it needs a person");
    let listed = shop.must(&["outbox", "list"]);
    assert!(listed.contains(&format!("the mail server {dead} cannot be reached")), "{listed}");
    shop.mail = SmtpServer::start_at(dead).await;
    patiently("all went", async || (shop.mail.taken().len() == 10).then_some(())).await;
    patiently("the results are durable", async || (shop.outbox("sent").await.len() == 10).then_some(()))
        .await;
    breathe(1_500).await;
    assert!(ids(5).all(|id| shop.mails_to(&id) == 2), "once each");
    assert!(daemon.terminate().await.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_mail_server_takes_what_the_first_does_not_and_status_says_so() {
    let shop = Shop::new(&without(&["calls"])).await;
    let dead = dead_address().await;
    let second = shop.mail.address;
    let servers = format!("url = \"smtp://{dead}\"\nfallback = [\"smtp://{second}\"]");
    shop.edit("cvmd.toml", &format!("url = \"smtp://{second}\""), &servers);
    let wrong = shop.cli(&["status"]);
    assert!(String::from_utf8_lossy(&wrong.stderr).contains("write `[{ url ="), "a text is no server");
    shop.edit("cvmd.toml", &format!("[\"smtp://{second}\"]"), &format!("[{{ url = \"smtp://{second}\" }}]"));
    shop.customers("in", ids(5));
    let mut daemon = shop.run().await;
    shop.must(&["import", "folder", "in"]);
    patiently("all went", async || (shop.mail.taken().len() == 10).then_some(())).await;
    patiently("the log says so", async || daemon.log().contains("left alone for a while").then_some(()))
        .await;
    let shown = shop.must(&["status"]);
    assert!(shown.contains(&format!("smtp://{dead} set aside until")), "{shown}");
    assert!(
        shown.contains("cannot be reached") && shown.contains(&format!("smtp://{second} in use")),
        "{shown}"
    );
    assert!(daemon.terminate().await.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_recipient_is_dead_and_not_written_to_again() {
    let shop = Shop::new(&without(&["calls", "receipts"])).await;
    shop.customers("in", ids(1));
    shop.mail.script(At::Rcpt, Act::Say("550 5.1.1 no such user".into()));
    let mut daemon = shop.run().await;
    shop.must(&["import", "folder", "in"]);
    let dead = patiently("it is dead", async || shop.outbox("dead").await.pop()).await;
    let result = dead.last_result.unwrap();
    assert!(result.contains("550") && !result.contains("customers.example"), "{result}");
    patiently("the log says so", async || daemon.log().contains("an address is suppressed").then_some(()))
        .await;
    assert!(!daemon.log().contains("customers.example"), "{}", daemon.log());
    // Another rule meets the suppression; a start does not forget it.
    let receipts = RULES.split("\n\n").find(|block| block.starts_with("rule receipts")).unwrap();
    shop.edit("rules/shop.rules", "rule offers", &format!("{receipts}\n\nrule offers"));
    for again in [false, true] {
        if again {
            assert!(daemon.terminate().await.success());
            daemon = shop.run().await;
        } else {
            shop.must(&["reload"]);
        }
        breathe(1_500).await;
        let explained = shop.must(&["explain", "c0", "receipts"]);
        assert!(explained.contains("suppress"), "{explained}");
        assert_eq!(shop.mail.taken().len(), 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_meet_500_429_410_and_silence_and_none_is_lost() {
    let shop = Shop::new(&without(&["offers", "receipts"])).await;
    shop.edit("cvmd.toml", "allow_private = true", "allow_private = true\ntimeout = \"1s\"\nworkers = 1");
    let retries = "retries = [\"1s\", \"1s\", \"1s\", \"1s\", \"1s\"]";
    shop.edit("cvmd.toml", "retries = [\"1s\", \"1s\", \"5m\"]", retries);
    shop.customers("in", ids(1));
    shop.calls.script(Answer::status(500));
    shop.calls.script(Answer::Hang);
    shop.calls.script(Answer::Status(429, vec!["Retry-After: 3".into()], String::new()));
    shop.calls.script(Answer::status(410));
    let daemon = shop.run().await;
    shop.must(&["import", "folder", "in"]);
    patiently("500 was answered", async || listed(&shop, "500")).await;
    patiently("it hung", async || (shop.calls.calls().len() == 2).then_some(())).await;
    patiently("it timed out and was called again", async || (shop.calls.calls().len() == 3).then_some(()))
        .await;
    let limited = elapsed();
    patiently("429 was answered", async || listed(&shop, "429")).await;
    patiently("Retry-After is over", async || (shop.calls.calls().len() == 4).then_some(())).await;
    assert!(elapsed() - limited >= 2_500, "Retry-After was not waited for");
    patiently("410 is said", async || daemon.log().contains("answered 410").then_some(())).await;
    // What comes later waits for a person, and is called when the rules are mended.
    shop.customers("more", std::iter::once("late".to_owned()));
    shop.must(&["import", "folder", "more"]);
    breathe(1_500).await;
    assert_eq!(shop.calls.calls().len(), 4, "a gone endpoint is left alone");
    let status = shop.cli(&["status"]);
    let shown = String::from_utf8_lossy(&status.stdout);
    assert!(shown.contains("answered 410") && shown.contains("help: cvmd resume webhook crm"), "{shown}");
    assert_eq!(status.status.code(), Some(1), "it needs a person");
    shop.must(&["resume", "webhook", "crm"]);
    patiently("the late one is called", async || (shop.calls.calls().len() == 5).then_some(())).await;
    let calls = shop.calls.calls();
    assert!(calls.iter().all(|call| call.verified));
    assert!(calls[..4].iter().all(|call| (call.id(), &call.body) == (calls[0].id(), &calls[0].body)));
    assert!(calls[4].body.contains("\"late\""), "{}", calls[4].body);
}
