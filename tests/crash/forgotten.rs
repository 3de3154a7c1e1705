//! An erasure under the running daemon, of somebody of whom everything is stored that can be: afterwards no
//! byte of any file tells of them, nor of any export, once the store is compacted.

use std::fs;
use std::path::{Path, PathBuf};

use cvmd::clock::{Clock, SystemClock};

use super::shop::{Shop, patiently};
use crate::support::smtp::{Act, At};
use crate::support::webhook::Answer;

const ID: &str = "ana-7f3c9e";

/// What stands in nothing but what is known of her.
const SECRETS: [&str; 12] = [
    ID,
    "Ana.Doubt@doubt.example",
    "ana.dead@dead.example",
    "ana.busy@busy.example",
    "ana.waits@waits.example",
    "+34600998877",
    "Wilhelmina",
    "Oyelaran",
    "Xanadu-on-Sea",
    "order-5d21",
    "cart-88aa",
    "green-velvet-sofa",
];

const RULES: &str = r#"workspace shop
  currency EUR

attribute plan choice free | pro
attribute city text

event cart
  value money
  wish text

webhook crm
  post "CRM" signed with secret crm_key

message offer
  email marketing
  subject "An offer for {{ city | default('you') }}"
  body messages/offer.txt

message receipt
  email transactional
  subject "Your receipt"
  body messages/receipt.txt

rule offers
  when orders >= 1
  then send offer

rule calls
  when orders >= 1
  then call crm with orders, city, first_name

rule carts
  on cart, after 2 hours
  when cart.value > 1 EUR
  then send offer
"#;

/// All files below a folder but those that a person wrote.
fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if !path.is_dir() {
            found.push(path);
        } else if !["in", "rules"].iter().any(|own| path.ends_with(own)) {
            files(&path, found);
        }
    }
}

fn has(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window.eq_ignore_ascii_case(text.as_bytes()))
}

/// Which files tell which secret.
fn told(shop: &Shop, secrets: &[&str]) -> Vec<String> {
    let mut all = Vec::new();
    files(&shop.path(""), &mut all);
    let tells = |path: &PathBuf| {
        let bytes = fs::read(path).unwrap_or_default();
        let found = secrets.iter().filter(|secret| has(&bytes, secret));
        found.map(|secret| format!("{secret} in {}", path.display())).collect::<Vec<_>>()
    };
    all.iter().flat_map(tells).collect()
}

/// The keys and values of an export, one after the other.
fn exported(path: &Path) -> Vec<u8> {
    let text = zstd::stream::decode_all(fs::File::open(path).unwrap()).unwrap();
    let text = String::from_utf8(text).unwrap();
    let mut all = Vec::new();
    for line in text.lines() {
        for word in line.split('"') {
            use base64::Engine;
            all.extend_from_slice(word.as_bytes());
            all.push(0);
            let engines =
                [base64::engine::general_purpose::STANDARD, base64::engine::general_purpose::STANDARD_NO_PAD];
            all.extend(engines.iter().find_map(|engine| engine.decode(word).ok()).unwrap_or_default());
            all.push(0);
        }
    }
    all
}

async fn become_of(shop: &Shop, state: &str) {
    let there = async || (!shop.outbox(state).await.is_empty()).then_some(());
    patiently(&format!("a message is {state}"), there).await;
}

/// What a file says of her, and what the rules say from then on.
fn lives(shop: &Shop, email: &str, rules: &str) {
    let row = format!("{ID},{email},+34600998877,Wilhelmina,Oyelaran,Xanadu-on-Sea,free,yes\n");
    let head = "id,email,phone,first_name,last_name,city,plan,consent_email_marketing\n";
    shop.write("in/customers.csv", &format!("{head}{row}ben,ben@person.example,,Ben,,,pro,\n"));
    shop.must(&["import", "customers", shop.path("in/customers.csv").to_str().unwrap()]);
    if !rules.is_empty() {
        let text = shop.read("rules/shop.rules");
        shop.write("rules/shop.rules", &format!("{text}\n{rules}"));
        shop.must(&["reload"]);
    }
}

/// A life that leaves something in as many tables and files as there are.
async fn lived() -> Shop {
    let shop = Shop::new(RULES).await;
    shop.write(
        "rules/messages/offer.txt",
        "Hello {{ first_name | default('friend') }}. {{ unsubscribe_url }}\n",
    );
    shop.write("rules/messages/receipt.txt", "Thank you, {{ first_name | default('friend') }}.\n");
    shop.mail.towards("doubt.example", Some((At::Dot, Act::Forget)));
    shop.mail.towards("dead.example", Some((At::Rcpt, Act::Say("550 5.1.1 who is that".into()))));
    shop.mail.towards("busy.example", Some((At::Rcpt, Act::Say("451 4.3.0 later".into()))));
    shop.calls.always(Answer::status(500));
    shop
}

#[tokio::test(flavor = "multi_thread")]
async fn no_byte_tells_of_who_was_erased() {
    let shop = lived().await;
    let mut daemon = shop.run().await;
    lives(&shop, "Ana.Doubt@doubt.example", "");
    let orders = format!("order_id,customer_id,time,total\norder-5d21,{ID},2026-01-02,20\n");
    shop.write("in/orders.csv", &orders);
    shop.must(&["import", "orders", shop.path("in/orders.csv").to_str().unwrap()]);
    become_of(&shop, "in doubt").await;
    lives(&shop, "ana.dead@dead.example", "rule receipts\n  when orders >= 1\n  then send receipt\n");
    become_of(&shop, "dead").await;
    let again = "rule more_receipts\n  when orders >= 1\n  then send receipt\n";
    lives(&shop, "ana.busy@busy.example", again);
    become_of(&shop, "retry").await;
    let waits = "policy night\n  quiet hours 00:00 to 23:59\n\n\
                 rule more_offers\n  when orders >= 1\n  then send offer\n";
    lives(&shop, "ana.waits@waits.example", waits);
    become_of(&shop, "pending").await;
    let now = SystemClock.now();
    let cart =
        format!("id,customer_id,time,event,value,wish\ncart-88aa,{ID},{now},cart,9,green-velvet-sofa\n");
    shop.write("in/events.csv", &cart);
    shop.must(&["import", "events", shop.path("in/events.csv").to_str().unwrap()]);
    let waits = async || shop.must(&["status"]).contains("1 firing waits").then_some(());
    patiently("the rule waits", waits).await;
    // All of it is there: the search that follows can find it.
    shop.must(&["store", "export", shop.path("before.zst").to_str().unwrap()]);
    let before = exported(&shop.path("before.zst"));
    for secret in SECRETS {
        assert!(has(&before, secret), "the test does not try `{secret}`");
    }
    fs::remove_file(shop.path("before.zst")).unwrap();

    shop.must(&["customer", "erase", ID, "--yes"]);
    // The list of who is suppressed keeps nobody's address, either.
    shop.must(&["import", "orders", shop.path("in/orders.csv").to_str().unwrap()]);
    let gone = async || (shop.outbox("in doubt").await.is_empty()).then_some(());
    patiently("nothing of hers waits", gone).await;
    assert!(shop.outbox("retry").await.is_empty() && shop.outbox("pending").await.is_empty());
    shop.must(&["store", "export", shop.path("after.zst").to_str().unwrap()]);
    let after = exported(&shop.path("after.zst"));
    assert!(has(&after, "ben@person.example"), "the search finds nobody");
    let left: Vec<_> = SECRETS.iter().filter(|secret| has(&after, secret)).collect();
    assert!(left.is_empty(), "an export tells {left:?}");
    assert!(daemon.terminate().await.success(), "{}", daemon.log());
    shop.must(&["store", "compact"]);
    assert_eq!(told(&shop, &SECRETS), Vec::<String>::new());
    assert!(!told(&shop, &["ben@person.example"]).is_empty(), "the search finds nobody");
    // Nobody comes back by a start, and nothing goes out any more.
    let sent = shop.mail.taken().len();
    let mut daemon = shop.run().await;
    patiently("it ticks", async || shop.status().await?.last_tick).await;
    assert!(!shop.cli(&["customer", "show", ID]).status.success());
    assert!(daemon.terminate().await.success());
    assert_eq!(shop.mail.taken().len(), sent);
}
