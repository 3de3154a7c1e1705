//! The drill: a backup beside the running daemon, the machine dies, another one takes over from the backup.
//! Nothing is lost, nothing is sent twice, and what customers hold in their hands still works.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::TcpStream;

use super::shop::{Daemon, RULES, Shop, patiently};

/// How often each address had each subject.
fn mails(shop: &Shop) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for mail in shop.mail.taken() {
        let subject = mail.header("Subject").unwrap_or_default();
        *counts.entry(format!("{} {subject}", mail.to)).or_default() += 1;
    }
    counts
}

async fn settled(shop: &Shop, mailed: usize) {
    patiently("all is sent", async || {
        (mails(shop).len() == mailed && shop.status().await?.outbox.is_empty()).then_some(())
    })
    .await;
}

/// The path of the unsubscribe link in a customer's offer.
fn link(shop: &Shop, customer: &str) -> String {
    let mail = shop.mail.taken().into_iter().find(|mail| {
        mail.to == format!("{customer}@customers.example") && mail.header("List-Unsubscribe").is_some()
    });
    let header = mail.unwrap().header("List-Unsubscribe").unwrap();
    let url = header.trim().trim_start_matches('<').split('>').next().unwrap().to_owned();
    url[url.find("/u/").unwrap()..].to_owned()
}

/// One click on it.
fn click(daemon: &Daemon, path: &str) -> String {
    let log = daemon.log();
    let after = log.split_once("public=").unwrap().1.trim_start_matches('"');
    let address: String = after.chars().take_while(|c| c.is_ascii_digit() || ".:".contains(*c)).collect();
    let mut stream = TcpStream::connect(&address).unwrap();
    let body = "List-Unsubscribe=One-Click";
    let request = format!(
        "POST {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\
         content-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

/// What is stored of a customer, as they would be told.
fn known(shop: &Shop, customer: &str) -> String {
    shop.must(&["customer", "export", customer])
}

#[tokio::test(flavor = "multi_thread")]
async fn a_machine_that_died_is_replaced_from_its_backup() {
    let shop = Shop::new(RULES).await;
    shop.customers("in", (0..12).map(|n| format!("c{n}")));
    let mut daemon = shop.run().await;
    shop.must(&["import", "folder", "in"]);
    settled(&shop, 24).await;
    let answer = click(&daemon, &link(&shop, "c1"));
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    shop.must(&["customer", "suppress", "c2"]);
    shop.must(&["customer", "erase", "c3", "--yes"]);
    patiently("it is taken in", async || known(&shop, "c1").contains("unsubscribed").then_some(())).await;
    let people = ["c0", "c1", "c2"];
    let before = people.map(|customer| known(&shop, customer));
    shop.must(&["store", "export", "backup.zst"]);
    daemon.kill();

    // Elsewhere: other files, the same configuration but for the place.
    shop.edit(
        "cvmd.toml",
        "data = \"data\"",
        "data = \"elsewhere\"\n[listen]\nadmin = \"unix:data/cvmd.sock\"",
    );
    shop.edit("cvmd.toml", "[listen]\npublic", "public");
    shop.must(&["store", "import", "backup.zst"]);
    let mut daemon = shop.run().await;
    let hold = shop.status().await.unwrap().hold.unwrap();
    assert!(hold.contains("the store was restored"), "{hold}");
    assert_eq!(people.map(|customer| known(&shop, customer)), before, "nothing is lost");
    // The links of the old machine's mails lead here, for the key travelled with the backup.
    let answer = click(&daemon, &link(&shop, "c5"));
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    // Who was erased comes back by no file, and whoever is new waits for the person who looks first.
    shop.customers("gone", std::iter::once("c3".to_owned()));
    drop(shop.cli(&["import", "folder", "gone"]));
    assert!(!shop.cli(&["customer", "export", "c3"]).status.success(), "erased, also here");
    shop.customers("more", ["n1", "n2"].into_iter().map(str::to_owned));
    shop.must(&["import", "folder", "more"]);
    daemon.kill();
    let mut daemon = shop.run().await;
    assert!(shop.status().await.unwrap().hold.is_some(), "a restart does not end the hold");
    assert_eq!(mails(&shop).len(), 24, "nothing goes out on hold");
    shop.must(&["resume", "all"]);
    settled(&shop, 28).await;
    let twice: Vec<_> = mails(&shop).into_iter().filter(|(_, count)| *count > 1).collect();
    assert!(twice.is_empty(), "{twice:?}");
    assert!(mails(&shop).contains_key("n1@customers.example An offer"));
    assert!(known(&shop, "c5").contains("unsubscribed"));
    assert!(daemon.terminate().await.success());
}
