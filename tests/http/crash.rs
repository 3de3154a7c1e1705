//! A kill at any instant: what was answered with 202 is there afterwards, and a client that sends
//! again what was not answered doubles nothing.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};

#[cfg(debug_assertions)]
use super::shop;
use super::{Side, said};
use crate::crash::shop::{RULES, Shop};

/// Clients that post at the same time.
const CLIENTS: usize = 4;
/// Posts of a client at most.
const POSTS: usize = 2_000;

/// A post of a client: two orders of one customer, one of another.
fn body(client: usize, n: usize) -> String {
    let order = |customer: String, line: usize| json!({"order_id": format!("{client}-{n}-{line}"), "customer_id": customer, "time": "2026-01-02", "total": n});
    let own = format!("c{client}-{}", n % 7);
    [order(own.clone(), 1), order(own, 2), order("shared".into(), 3)].map(|line| line.to_string()).join("\n")
}

/// Posts from all clients until the daemon is gone; how many of each were answered.
async fn until_dead(side: &Arc<Side>) -> Vec<usize> {
    let clients = (0..CLIENTS).map(|client| {
        let side = Arc::clone(side);
        tokio::spawn(async move {
            for n in 0..POSTS {
                let Ok(response) = side.request("orders", body(client, n)).send().await else {
                    return n;
                };
                assert_eq!(response.status().as_u16(), 202, "{:?}", response.text().await);
            }
            POSTS
        })
    });
    let clients: Vec<_> = clients.collect();
    let mut answered = Vec::new();
    for client in clients {
        answered.push(client.await.unwrap());
    }
    answered
}

/// The orders of a customer.
async fn orders(side: &Side, customer: &str) -> u64 {
    side.get(&format!("/v1/customers/{customer}")).await.1["orders"]["count"].as_u64().unwrap_or(0)
}

/// After a restart: all that was answered, then all that was sent, each once.
async fn check(shop: Shop, answered: &[usize]) {
    let side = Side::of(shop).await;
    let mut own: BTreeMap<String, u64> = BTreeMap::new();
    for (client, answered) in answered.iter().enumerate() {
        for n in 0..*answered {
            *own.entry(format!("c{client}-{}", n % 7)).or_default() += 2;
        }
    }
    for (customer, count) in &own {
        let there = orders(&side, customer).await;
        assert!(there >= *count, "{customer}: {count} were answered, {there} are there");
    }
    let mut sent = 0;
    for (client, answered) in answered.iter().enumerate() {
        for n in 0..=*answered {
            let (status, answer) = said(side.request("orders", body(client, n))).await;
            assert_eq!((status, answer["rejected"].as_array().map(Vec::len)), (202, Some(0)), "{answer}");
            if n < *answered {
                assert_eq!(answer["unchanged"], Value::from(3), "{client} {n}: {answer}");
            }
            sent += 1;
        }
    }
    assert_eq!(orders(&side, "shared").await, sent);
    let all: u64 = side.shop.status().await.unwrap().orders;
    assert_eq!(all, sent * 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_loses_nothing_that_was_answered() {
    let side = Arc::new(Side::start(RULES).await);
    let posting = tokio::spawn({
        let side = Arc::clone(&side);
        async move { until_dead(&side).await }
    });
    crate::support::breathe(400).await;
    side.daemon.signal("KILL");
    let answered = posting.await.unwrap();
    let mut side = Arc::into_inner(side).unwrap();
    side.daemon.end().await;
    assert!(answered.iter().sum::<usize>() > 0, "nothing was answered");
    check(side.shop, &answered).await;
}

#[cfg(debug_assertions)]
#[tokio::test(flavor = "multi_thread")]
async fn a_crash_at_each_place_loses_nothing_that_was_answered() {
    for place in
        ["posts_before_durable=9", "posts_before_reply=9", "commit_before_sync=12", "commit_before_reply=12"]
    {
        let shop = shop(RULES).await;
        let mut command = shop.command(&["run"]);
        command.env("CVMD_FAILPOINT", place);
        let daemon = shop.start_logged(command, "log");
        let side = Arc::new(Side::with(shop, daemon).await);
        let answered = until_dead(&side).await;
        let mut side = Arc::into_inner(side).unwrap();
        side.daemon.end().await;
        assert!(answered.iter().all(|count| *count < POSTS), "{place}: {answered:?}");
        check(side.shop, &answered).await;
    }
}

/// Posts to a daemon that is killed in a moment, and whose disk then loses what was not synced.
async fn until_the_power_fails(sabotage: &str) -> (Shop, Vec<usize>) {
    let shop = shop(RULES).await;
    let mut command = shop.command(&["run"]);
    command.env("CVMD_POWER_LOSS", shop.path("images")).env("CVMD_SABOTAGE", sabotage);
    let daemon = shop.start_logged(command, "log");
    let side = Arc::new(Side::with(shop, daemon).await);
    let posting = tokio::spawn({
        let side = Arc::clone(&side);
        async move { until_dead(&side).await }
    });
    crate::support::breathe(600).await;
    side.daemon.signal("KILL");
    let answered = posting.await.unwrap();
    let mut side = Arc::into_inner(side).unwrap();
    side.daemon.end().await;
    let (store, images) = (side.shop.path("data/store"), side.shop.path("images"));
    let whole = ["disk", "new"].map(|name| images.join(name)).into_iter().find(|image| image.is_dir());
    // Without a sync there is none: the disk is as it was when the daemon began.
    std::fs::remove_dir_all(&store).unwrap();
    if let Some(image) = whole {
        std::fs::rename(image, store).unwrap();
    }
    assert!(answered.iter().sum::<usize>() > 0, "nothing was answered");
    (side.shop, answered)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_loss_of_power_loses_nothing_that_was_answered() {
    let (shop, answered) = until_the_power_fails("").await;
    check(shop, &answered).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_before_the_sync_is_noticed() {
    let (shop, answered) = until_the_power_fails("ack_before_sync").await;
    let checked = std::thread::spawn(move || {
        tokio::runtime::Runtime::new().unwrap().block_on(check(shop, &answered));
    });
    let lost = tokio::task::spawn_blocking(move || checked.join().is_err()).await.unwrap();
    assert!(lost, "what was answered and not synced is there all the same");
}
