//! An erasure that is killed at each of its commits, by the real binary: gone from the first one on, gone
//! on with by whoever comes next.

use std::fs;
use std::path::Path;

use super::shop::{RULES, Shop, patiently};

const EMAIL: &str = "Only.Ana@person.example";

fn holds(folder: &Path, text: &str) -> bool {
    fs::read_dir(folder).unwrap().any(|entry| {
        let path = entry.unwrap().path();
        if path.is_dir() {
            return holds(&path, text);
        }
        fs::read(path).is_ok_and(|bytes| bytes.windows(text.len()).any(|window| window == text.as_bytes()))
    })
}

async fn shop() -> Shop {
    let shop = Shop::new(RULES).await;
    shop.write("in/customers.csv", &format!("id,email,plan\nana,{EMAIL},pro\nben,ben@person.example,pro\n"));
    shop.write(
        "in/orders.csv",
        "order_id,customer_id,time,total\no1,ana,2026-01-02,20\no2,ben,2026-01-02,20\n",
    );
    shop.must(&["import", "folder", shop.path("in").to_str().unwrap()]);
    shop.write("in/customers.csv", &format!("id,email,plan\nana,{EMAIL},free\n"));
    shop.must(&["import", "customers", shop.path("in/customers.csv").to_str().unwrap()]);
    shop
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_at_each_commit_of_an_erasure_is_gone_on_with() {
    let mut places =
        vec!["erase_before_mark=1".to_owned(), "erase_marked=1".into(), "erase_before_end=1".into()];
    places.extend((1..=2).map(|n| format!("erase_before_commit={n}")));
    for place in places {
        let shop = shop().await;
        let mut command = shop.command(&["customer", "erase", "ana", "--yes"]);
        let killed = command.env("CVMD_FAILPOINT", &place).output().unwrap();
        assert!(!killed.status.success(), "{place} was not passed");
        let begun = !shop.cli(&["customer", "show", "ana"]).status.success();
        assert_eq!(begun, place != "erase_before_mark=1", "{place}");
        if !begun {
            shop.must(&["customer", "erase", "ana", "--yes"]);
        }
        let rejected = shop.must(&["import", "customers", shop.path("in/customers.csv").to_str().unwrap()]);
        assert!(rejected.contains("erased  1  line 2"), "{place}: {rejected}");
        let mut daemon = shop.run().await;
        let ticked = async || shop.status().await.and_then(|status| status.last_tick);
        patiently("a tick goes on with it", ticked).await;
        // Whoever asks again waits for what is under way.
        shop.must(&["customer", "erase", "ana", "--yes"]);
        assert!(daemon.terminate().await.success(), "{place}: {}", daemon.log());
        shop.must(&["store", "compact"]);
        assert!(!holds(&shop.path("data"), EMAIL), "{place}");
        assert_eq!(shop.mails_to("ana"), 0);
        shop.must(&["customer", "show", "ben"]);
    }
}
