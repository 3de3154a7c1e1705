//! A start, or a reload, on something that is wrong.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use cvmd::model::CustomerNumber;
use cvmd::record::key;
use cvmd::store::{Batch, Store, open};

use crate::crash::shop::{Daemon, RULES, Shop, patiently};
use crate::support::breathe;

fn ids(count: usize) -> impl Iterator<Item = String> {
    (0..count).map(|n| format!("c{n}"))
}

/// A `cvmd run` that must end by itself with exit 2; what it said.
async fn refused(shop: &Shop) -> String {
    let mut daemon = shop.start_logged(shop.command(&["run"]), "refused");
    let status = daemon.end().await;
    assert_eq!(status.code(), Some(2), "{}", daemon.log());
    daemon.log()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_daemon_leaves_the_first_alone() {
    let shop = Shop::new(RULES).await;
    let mut daemon = shop.run().await;
    let said = refused(&shop).await;
    assert!(said.contains("another cvmd (process") && said.contains("stop it first"), "{said}");
    shop.customers("in", ids(3));
    shop.must(&["import", "folder", "in"]);
    patiently("the first serves", async || (shop.mail.taken().len() == 6).then_some(())).await;
    assert!(daemon.terminate().await.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn sigterm_ends_in_order() {
    let shop = Shop::new(RULES).await;
    shop.customers("in", ids(200));
    let mut daemon = shop.run().await;
    shop.must(&["import", "folder", "in"]);
    // In the middle of sending.
    patiently("it sends", async || (shop.mail.taken().len() > 5).then_some(())).await;
    assert_eq!(daemon.terminate().await.code(), Some(0), "{}", daemon.log());
    assert!(daemon.log().contains("ended"), "{}", daemon.log());
    assert!(!shop.path("data/cvmd.sock").exists());
    let mut daemon = shop.run().await;
    patiently("the rest goes", async || {
        let all = shop.mail.taken().len() >= 400 && shop.calls.calls().len() >= 200;
        (all && shop.status().await?.outbox.is_empty()).then_some(())
    })
    .await;
    assert!(ids(200).all(|id| shop.mails_to(&id) == 2), "once each");
    assert_eq!(shop.calls.calls().len(), 200);
    assert!(daemon.terminate().await.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unreadable_secret_is_named_and_its_calls_wait() {
    let shop = Shop::new(RULES).await;
    fs::remove_file(shop.path("secrets/crm_key")).unwrap();
    shop.customers("in", ids(2));
    let mut daemon = shop.run().await;
    shop.must(&["import", "folder", "in"]);
    patiently("mail goes all the same", async || (shop.mail.taken().len() == 4).then_some(())).await;
    let status = shop.cli(&["status"]);
    let shown = String::from_utf8_lossy(&status.stdout).into_owned();
    assert!(shown.contains("the secret `crm_key`") && shown.contains("secrets/crm_key"), "{shown}");
    assert!(shown.contains("calls that need it wait"), "{shown}");
    assert_eq!(status.status.code(), Some(1), "it needs a person");
    assert!(daemon.log().contains("the secret `crm_key`"), "{}", daemon.log());
    shop.write("secrets/crm_key", crate::support::webhook::SECRET);
    fs::set_permissions(shop.path("secrets/crm_key"), fs::Permissions::from_mode(0o600)).unwrap();
    shop.must(&["reload"]);
    patiently("the calls go", async || (shop.calls.calls().len() == 2).then_some(())).await;
    assert!(shop.calls.calls().iter().all(|call| call.verified));
    assert!(daemon.terminate().await.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_that_the_start_itself_needs_ends_it() {
    let shop = Shop::new(RULES).await;
    shop.edit("cvmd.toml", "workers = 2", "workers = 2\nuser = \"shop\"\npassword = \"mail_key\"");
    shop.edit("cvmd.toml", "[secrets]", "[secrets]\nmail_key = \"secrets/mail_key\"");
    let said = refused(&shop).await;
    assert!(said.contains("the secret `mail_key`") && said.contains("secrets/mail_key"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_corrupt_profile_is_said_and_the_others_are_served() {
    let shop = Shop::new(RULES).await;
    shop.customers("in", ids(3));
    shop.must(&["import", "folder", "in"]);
    {
        let store = open(&shop.path("data/store")).unwrap();
        let key = key::profile(CustomerNumber(1));
        let mut value = store.get(&key).unwrap().unwrap();
        *value.last_mut().unwrap() ^= 0x55;
        let mut batch = Batch::default();
        batch.put(key, value);
        // Waiting blocks, and so does closing the store.
        tokio::task::spawn_blocking(move || store.commit(batch).wait().map(drop)).await.unwrap().unwrap();
    }
    let mut daemon = shop.run().await;
    let said = daemon.log();
    assert!(said.contains("a damaged record was left out") && said.contains("checksum"), "{said}");
    patiently("the others are served", async || (shop.mail.taken().len() == 4).then_some(())).await;
    breathe(1_500).await;
    assert_eq!((shop.mails_to("c0"), shop.mails_to("c1"), shop.mails_to("c2")), (2, 0, 2));
    assert!(daemon.terminate().await.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_configuration_names_the_line_and_the_word_that_was_meant() {
    let shop = Shop::new(RULES).await;
    shop.edit("cvmd.toml", "tick = \"1s\"", "tik = \"1s\"\nhold_after = \"soon\"");
    let said = refused(&shop).await;
    assert!(said.contains("cvmd.toml:7") && said.contains("`tik`") && said.contains("`tick`"), "{said}");
    assert!(said.contains("cvmd.toml:8") && said.contains("hold_after"), "all in one go: {said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_rules_at_the_first_start_end_it() {
    let shop = Shop::new(RULES).await;
    shop.edit("rules/shop.rules", "orders >= 1\n  then send offer", "oders >= 1\n  then send offer");
    let said = refused(&shop).await;
    assert!(said.contains("shop.rules:21") && said.contains("oders"), "{said}");
}

async fn reload_error(shop: &Shop) -> String {
    patiently("the reload failed", async || {
        let refusal = shop.status().await?.reload_error?.refusal;
        Some(format!("{} {}", refusal.message, refusal.details.join("\n")))
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reload_with_errors_leaves_the_old_rules_at_work() {
    let shop = Shop::new(RULES).await;
    let mut daemon = shop.run().await;
    let good = shop.status().await.unwrap().rule_set;
    // An editor saves; nobody says `reload`.
    shop.edit("rules/shop.rules", "orders >= 1\n  then send offer", "oders >= 1\n  then send offer");
    let why = reload_error(&shop).await;
    assert!(why.contains("shop.rules:21") && why.contains("oders"), "{why}");
    let status = shop.cli(&["status"]);
    assert!(String::from_utf8_lossy(&status.stdout).contains("shop.rules:21"));
    assert_eq!(status.status.code(), Some(1), "it needs a person");
    assert_eq!(shop.cli(&["reload"]).status.code(), Some(1));
    shop.customers("in", ids(2));
    shop.must(&["import", "folder", "in"]);
    patiently("the old rules work", async || (shop.mail.taken().len() == 4).then_some(())).await;
    // A bad commit and a reboot are no outage.
    assert!(daemon.terminate().await.success());
    daemon = shop.run().await;
    assert_eq!(shop.status().await.unwrap().rule_set, good);
    assert!(reload_error(&shop).await.contains("shop.rules:21"));
    mended(&shop, &daemon).await;
    assert!(daemon.terminate().await.success());
}

async fn mended(shop: &Shop, daemon: &Daemon) {
    shop.edit("rules/shop.rules", "oders >= 1", "orders >= 2");
    patiently("the mended file is taken over", async || {
        let status = shop.status().await?;
        (status.reload_error.is_none() && daemon.log().contains("rules are read")).then_some(())
    })
    .await;
    assert!(shop.cli(&["status"]).status.success());
    shop.customers("more", std::iter::once("late".to_owned()));
    shop.must(&["import", "folder", "more"]);
    patiently("the new rules work", async || (shop.mails_to("late") == 1).then_some(())).await;
    breathe(1_500).await;
    assert_eq!(shop.mails_to("late"), 1, "only the receipt: one order is no longer enough for the offer");
}
