//! A shop as it runs: rules in git, the daemon, a mail server and a receiver of others. A commit
//! changes a rule; it acts without a restart, and everything arrives once.

use std::collections::BTreeMap;
use std::process::{Command, Stdio};

use serde_json::Value;

use super::{file, python};
use crate::crash::shop::{Shop, patiently};
use crate::support::breathe;
use crate::support::webhook::SECRET;

const RULES: &str = r#"workspace shop
  currency EUR

attribute plan choice free | pro

webhook crm
  post "CRM" signed with secret crm_key

message offer
  email marketing
  subject "An offer"
  body messages/offer.txt

message receipt
  email transactional
  subject "Your receipt"
  body messages/receipt.txt

rule offers
  when plan = pro and orders >= 2
  then send offer
       call crm with orders, revenue

rule receipts
  when orders >= 1
  then send receipt
"#;

/// Customers, numbered; even ones ordered twice, multiples of three are on the free plan.
const CUSTOMERS: usize = 60;

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_changes_a_rule_and_everything_arrives_once() {
    let Some(python) = python() else { return };
    let shop = Shop::new(RULES).await;
    let mut command = Command::new(python);
    command.arg(file("receivers.py")).arg(SECRET).stdin(Stdio::null());
    let _receivers = shop.start_with_output(command, "arrived", "receivers.log");
    let ports = patiently("the receivers listen", async || arrivals(&shop).into_iter().next()).await;
    shop.edit("cvmd.toml", &shop.mail.address.to_string(), &format!("127.0.0.1:{}", ports["mail"]));
    let url = format!("http://127.0.0.1:{}/hook", ports["hook"]);
    shop.edit("rules/shop.rules", &shop.calls.url(), &url);
    git(&shop, &["init", "--quiet"]);
    let first = commit(&shop, "Begin");

    let mut daemon = shop.run().await;
    let pid = shop.status().await.unwrap().pid;
    import(&shop);
    let is_pro = |n: &usize| !n.is_multiple_of(3);
    let twice = |n: &usize| n.is_multiple_of(2);
    let mut offers: Vec<usize> = (0..CUSTOMERS).filter(is_pro).filter(twice).collect();
    expect(&shop, &offers, &first).await;

    // From now on one order is enough, and the offer has another subject.
    shop.edit("rules/shop.rules", "plan = pro and orders >= 2", "plan = pro and orders >= 1");
    shop.edit("rules/shop.rules", "\"An offer\"", "\"A new offer\"");
    let second = commit(&shop, "Ask for one order only");
    assert_ne!(first, second);
    offers = (0..CUSTOMERS).filter(is_pro).collect();
    expect(&shop, &offers, &second).await;
    let subjects = count(&shop, |seen| seen["subject"].as_str().map(str::to_owned));
    let old = (0..CUSTOMERS).filter(is_pro).filter(twice).count();
    assert_eq!(subjects["An offer"], old);
    assert_eq!(subjects["A new offer"], offers.len() - old);
    let status = shop.status().await.unwrap();
    assert_eq!((status.pid, status.commit), (pid, Some(second)), "no restart");
    assert!(daemon.terminate().await.success());
}

/// Waits until these customers had the offer and its call, and everybody the receipt; then a little
/// longer, for what must not come.
async fn expect(shop: &Shop, offers: &[usize], commit: &str) {
    let wanted = offers.len() * 2 + CUSTOMERS;
    patiently("all that is wanted arrives", async || {
        (arrivals(shop).len() > wanted && shop.status().await?.outbox.is_empty()).then_some(())
    })
    .await;
    patiently("the commit runs", async || {
        (shop.status().await?.commit.as_deref() == Some(commit)).then_some(())
    })
    .await;
    // Two more ticks.
    breathe(2_500).await;
    assert_eq!(count(shop, |seen| seen.get("refused").map(ToString::to_string)), BTreeMap::new());
    let ids = count(shop, |seen| seen.get("id").or(seen.get("webhook_id"))?.as_str().map(str::to_owned));
    assert!(ids.values().all(|count| *count == 1), "one id twice: {ids:?}");
    let mails = count(shop, |seen| {
        let kind = if seen["subject"] == "Your receipt" { "receipt" } else { "offer" };
        Some(format!("{kind} {}", seen.get("to")?.as_str()?.split('@').next()?))
    });
    let calls = count(shop, |seen| {
        let data = &seen.get("body")?["data"];
        assert_eq!((&data["rule"], &seen["body"]["type"]), (&"offers".into(), &"cvmd.call".into()));
        Some(data["customer_id"].as_str()?.to_owned())
    });
    let once = |ids: Vec<String>| ids.into_iter().map(|id| (id, 1)).collect::<BTreeMap<_, _>>();
    let receipts = (0..CUSTOMERS).map(|n| format!("receipt c{n}"));
    assert_eq!(mails, once(offers.iter().map(|n| format!("offer c{n}")).chain(receipts).collect()));
    assert_eq!(calls, once(offers.iter().map(|n| format!("c{n}")).collect()));
}

/// The lines that the receivers wrote; the first are their ports.
fn arrivals(shop: &Shop) -> Vec<Value> {
    let text = shop.read("arrived");
    let whole = text.split_inclusive('\n').filter(|line| line.ends_with('\n'));
    whole.map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn count(shop: &Shop, key: impl Fn(&Value) -> Option<String>) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for key in arrivals(shop).iter().filter_map(key) {
        *counts.entry(key).or_default() += 1;
    }
    counts
}

fn import(shop: &Shop) {
    let mut customers = "id,email,consent_email_marketing,plan\n".to_owned();
    let mut orders = "order_id,customer_id,time,total\n".to_owned();
    for n in 0..CUSTOMERS {
        let plan = if n % 3 == 0 { "free" } else { "pro" };
        customers += &format!("c{n},c{n}@customers.example,yes,{plan}\n");
        for order in 0..=(n + 1) % 2 {
            orders += &format!("o{n}-{order},c{n},2026-01-02,20\n");
        }
    }
    shop.write("in/customers.csv", &customers);
    shop.write("in/orders.csv", &orders);
    shop.must(&["import", "folder", "in"]);
}

fn git(shop: &Shop, arguments: &[&str]) -> String {
    let mut command = Command::new("git");
    command.current_dir(shop.path("rules")).args([
        "-c",
        "user.name=Ana",
        "-c",
        "user.email=ana@shop.example",
    ]);
    let output = command.args(arguments).output().unwrap();
    assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// Commits the rules; the commit's id as `cvmd` shows it.
fn commit(shop: &Shop, message: &str) -> String {
    git(shop, &["add", "."]);
    git(shop, &["commit", "--quiet", "-m", message]);
    git(shop, &["rev-parse", "HEAD"])
}
