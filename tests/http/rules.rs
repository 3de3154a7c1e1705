//! What is posted lets rules fire as what is imported does.

use cvmd::clock::{Clock, SystemClock};
use serde_json::json;

use super::Side;
use crate::crash::shop::patiently;
use crate::support::breathe;

const RULES: &str = r#"workspace shop
  currency EUR

event cart_abandoned
  value money

message offer
  email marketing
  subject "An offer"
  body messages/offer.txt

rule rescue
  on cart_abandoned
  when cart_abandoned.value >= 50 EUR
  then send offer
"#;

#[tokio::test(flavor = "multi_thread")]
async fn an_event_fires_its_rule_within_the_second() {
    let shop = super::shop(RULES).await;
    // The next tick is an hour away.
    shop.edit("cvmd.toml", "tick = \"1s\"", "tick = \"1h\"");
    let side = Side::of(shop).await;
    let line = json!({"id": "ana", "email": "ana@customers.example", "consent_email_marketing": "yes"});
    side.post("customers", line.to_string()).await;
    let event = |id: u32, age_min: i64, value: u32| {
        let time = SystemClock.now().minus(cvmd::model::Duration::seconds(age_min * 60)).to_string();
        json!({"id": id, "customer_id": "ana", "event": "cart_abandoned", "time": time, "value": value})
            .to_string()
    };
    // What is an hour old is history.
    side.post("events", event(1, 61, 90)).await;
    side.post("events", event(2, 0, 20)).await;
    breathe(300).await;
    assert_eq!(side.shop.mails_to("ana"), 0);
    let before = SystemClock.boot_elapsed().0;
    assert_eq!(side.post("events", event(3, 0, 90)).await.0, 202);
    patiently("the mail comes", async || (side.shop.mails_to("ana") == 1).then_some(())).await;
    let took = SystemClock.boot_elapsed().0 - before;
    assert!(took < 10_000, "it took {took} ms");
    let explained = patiently("it is told what became of it", async || {
        let (_, explained) = side.get("/v1/customers/ana/explain?rule=rescue").await;
        let messages = explained["rules"][0]["history"][0]["messages"].to_string();
        messages.contains("sent").then_some(messages)
    })
    .await;
    assert!(explained.contains("offer"), "{explained}");
    // Sent again it is known.
    side.post("events", event(3, 0, 90)).await;
    breathe(300).await;
    assert_eq!(side.shop.mails_to("ana"), 1);
}

/// Who came by HTTP was created then; of who came in a file nobody knows when.
#[tokio::test(flavor = "multi_thread")]
async fn who_comes_by_http_becomes_their_first_segment() {
    let side = Side::start(
        r#"workspace shop
  currency EUR

segments
  prospect when orders = 0
  active otherwise

message offer
  email marketing
  subject "An offer"
  body messages/offer.txt

rule hello
  when segment becomes prospect
  then send offer
"#,
    )
    .await;
    let line = |id: &str| {
        json!({"id": id, "email": format!("{id}@customers.example"), "consent_email_marketing": "yes"})
            .to_string()
    };
    side.shop.write("old.ndjson", &line("old"));
    side.shop.must(&["import", "customers", "old.ndjson"]);
    side.post("customers", line("new")).await;
    patiently("the mail comes", async || (side.shop.mails_to("new") == 1).then_some(())).await;
    breathe(1_500).await;
    assert_eq!(side.shop.mails_to("old"), 0);
    let created =
        async |id: &str| side.get(&format!("/v1/customers/{id}")).await.1["fields"]["created"].clone();
    assert_eq!(created("old").await, serde_json::Value::Null);
    assert!(created("new").await.is_string());
    // An order tells more.
    side.post("orders", r#"{"order_id":1,"customer_id":"new","time":"2026-01-02T10:00:00Z","total":1}"#)
        .await;
    assert_eq!(created("new").await, "2026-01-02T10:00:00Z");
}
