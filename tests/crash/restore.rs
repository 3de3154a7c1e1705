//! A backup and its way back: the same people, the same decisions, no second send.

use std::collections::BTreeMap;

use super::shop::{RULES, Shop, patiently};
use crate::support::breathe;

/// How often each address had each subject, and how often each call came.
fn arrived(shop: &Shop) -> BTreeMap<String, usize> {
    let mails = shop.mail.taken().into_iter().map(|mail| {
        let subject = mail.header("Subject").unwrap_or_default();
        format!("{} {subject}", mail.to)
    });
    let calls = shop.calls.calls().into_iter().map(|call| {
        let body: serde_json::Value = serde_json::from_str(&call.body).unwrap();
        body["data"]["customer_id"].as_str().unwrap().to_owned()
    });
    let mut counts = BTreeMap::new();
    mails.chain(calls).for_each(|what| *counts.entry(what).or_default() += 1);
    counts
}

async fn all_arrived(shop: &Shop, customers: usize) {
    patiently("all is sent", async || {
        (arrived(shop).len() == 3 * customers && shop.status().await?.outbox.is_empty()).then_some(())
    })
    .await;
}

/// What `explain` says of a customer's past, without the instant of the question.
fn explained(shop: &Shop, customer: &str) -> serde_json::Value {
    let text = shop.must(&["explain", customer, "--format=json"]);
    let mut explanation: serde_json::Value = serde_json::from_str(&text).unwrap();
    explanation.as_object_mut().unwrap().remove("at");
    explanation
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restored_store_knows_everything_and_sends_nothing_twice() {
    let shop = Shop::new(RULES).await;
    shop.customers("in", (0..30).map(|n| format!("c{n}")));
    let mut daemon = shop.run().await;
    shop.must(&["import", "folder", "in"]);
    all_arrived(&shop, 30).await;
    let before: Vec<_> = ["c0", "c29"].iter().map(|customer| explained(&shop, customer)).collect();
    let said = shop.must(&["store", "export", "backup.zst"]);
    assert!(said.contains("30 customers"), "{said}");
    assert!(!shop.path("backup.zst.part").exists());
    let mode =
        std::os::unix::fs::PermissionsExt::mode(&shop.path("backup.zst").metadata().unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600, "it holds personal data");
    let refused = shop.cli(&["store", "import", "backup.zst"]);
    let text = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(refused.status.code() == Some(2) && text.contains("stop the daemon"), "{text}");
    assert!(daemon.terminate().await.success());
    let used = shop.cli(&["store", "import", "backup.zst"]);
    assert!(String::from_utf8_lossy(&used.stderr).contains("the store is not empty"));

    std::fs::rename(shop.path("data"), shop.path("lost")).unwrap();
    refuse_damaged(&shop);
    shop.must(&["store", "import", "backup.zst"]);
    let mut daemon = shop.run().await;
    shop.customers("more", (100..105).map(|n| format!("c{n}")));
    shop.must(&["import", "folder", "more"]);
    // Longer than two ticks.
    breathe(2_500).await;
    let status = shop.status().await.unwrap();
    let hold = status.hold.unwrap();
    assert!(hold.contains("the store was restored") && hold.contains("`cvmd resume all`"), "{hold}");
    let notes: Vec<_> = status.rules.iter().map(|rule| rule.note.clone().unwrap_or_default()).collect();
    assert_eq!(notes, ["on hold: would act for 5 customer(s) at once"; 3]);
    assert_eq!(arrived(&shop).len(), 90, "it is on hold");
    let after: Vec<_> = ["c0", "c29"].iter().map(|customer| explained(&shop, customer)).collect();
    assert_eq!(after, before);

    shop.must(&["resume", "all"]);
    all_arrived(&shop, 35).await;
    breathe(2_500).await;
    let twice: Vec<_> = arrived(&shop).into_iter().filter(|(_, count)| *count > 1).collect();
    assert!(twice.is_empty(), "{twice:?}");
    assert!(daemon.terminate().await.success());
    // Without a daemon the command opens the store itself.
    assert!(shop.must(&["store", "export", "backup.zst"]).contains("35 customers"));
}

/// A file that was cut or changed is refused with the place, and the store stays empty.
fn refuse_damaged(shop: &Shop) {
    let whole = std::fs::read(shop.path("backup.zst")).unwrap();
    let mut changed = zstd::decode_all(&*whole).unwrap();
    let middle = changed.len() / 2;
    changed[middle] ^= 1;
    let line = changed[..middle].split(|byte| *byte == b'\n').count();
    for (name, bytes, place) in [
        ("changed.zst", zstd::encode_all(&*changed, 1).unwrap(), format!("line {line} of the export")),
        ("cut.zst", whole[..whole.len() - 9].to_vec(), "of the export: the file was cut short".to_owned()),
        ("other.zst", b"id,email\n".to_vec(), "line 1 of the export: this is no export".to_owned()),
    ] {
        std::fs::write(shop.path(name), bytes).unwrap();
        let output = shop.cli(&["store", "import", name]);
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.code() == Some(2) && text.contains(&place), "{name}: {text}");
        assert!(text.contains("nothing was imported"), "{text}");
    }
}
