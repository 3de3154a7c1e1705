//! Each sentence of the contract.

use std::io::Write;

use serde_json::{Value, json};

use super::{INGEST, READ, Side, said};
use crate::crash::shop::{RULES, Shop};

const CUSTOMERS: &str = r#"{"id":"ana","email":"ana@shop.example","plan":"pro","consent_email_marketing":"yes"}
{"id":"ben","email":"not an address"}
{"email":"nobody@shop.example"}
"#;

/// The answer's counts, and line, id, code and scope of what was not taken.
fn counts(answer: &Value) -> (u64, u64, Vec<String>) {
    let rejected = answer["rejected"].as_array().unwrap().iter().map(|one| {
        assert!(one["message"].as_str().unwrap().len() > 5, "{one}");
        let text = |key: &str| one[key].as_str().unwrap_or("-").to_owned();
        format!("{} {} {} {}", one["line"], text("id"), text("code"), text("scope"))
    });
    (answer["accepted"].as_u64().unwrap(), answer["unchanged"].as_u64().unwrap(), rejected.collect())
}

#[tokio::test(flavor = "multi_thread")]
async fn good_lines_are_kept_beside_bad_ones_and_the_same_again_changes_nothing() {
    let side = Side::start(RULES).await;
    let bad = ["2 ben bad_email field".to_owned(), "3 - missing_id line".to_owned()];
    let (status, answer) = side.post("customers", CUSTOMERS).await;
    assert_eq!((status, counts(&answer)), (202, (2, 0, bad.to_vec())));
    let (status, answer) = side.post("customers", CUSTOMERS).await;
    assert_eq!((status, counts(&answer)), (202, (0, 2, bad.to_vec())));
    // One object, an array.
    let (status, answer) = side.post("customers", "{\n \"id\": \"ana\", \"plan\": \"free\"\n}").await;
    assert_eq!((status, counts(&answer)), (202, (1, 0, vec![])));
    let (status, answer) = side.post("customers", r#"[{"id": "ana"}, {"id": 7}]"#).await;
    assert_eq!((status, counts(&answer)), (202, (1, 1, vec![])));
    let (status, ana) = side.get("/v1/customers/ana").await;
    assert_eq!(
        (status, &ana["fields"]["plan"], &ana["fields"]["email"]),
        (200, &json!("free"), &json!("ana@shop.example"))
    );
    assert_eq!(ana["consents"]["email"]["given"], true);
    assert_eq!(side.get("/v1/customers/7").await.0, 200);
    assert_eq!(side.get("/v1/customers/ben").await.1["fields"]["email"], Value::Null);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_id_stands_for_one_order_and_one_event() {
    let side = Side::start(&format!("{RULES}\nevent cart_abandoned\n  value money\n")).await;
    let order = |total: &str| json!({"order_id": "1", "customer_id": "ana", "time": "2026-01-02T10:00:00Z", "total": total});
    let (status, answer) = side.post("orders", order("12345678.9012").to_string()).await;
    assert_eq!((status, counts(&answer)), (202, (1, 0, vec![])));
    // Written in another way it is the same amount; another amount is a conflict.
    let same =
        r#"{"order_id":1,"customer_id":"ana","time":"2026-01-02T10:00:00+00:00","total":12345678.90120}"#;
    let (_, answer) = side.post("orders", same).await;
    assert_eq!(counts(&answer), (0, 1, vec![]));
    let (status, answer) = side.post("orders", order("5").to_string()).await;
    assert_eq!((status, counts(&answer)), (400, (0, 0, vec!["1 1 conflict line".into()])));
    let both = format!(
        "[{}, {}]",
        order("5"),
        json!({"order_id": "2", "customer_id": "ana", "time": "2026-01-03", "total": 1})
    );
    let (status, answer) = side.post("orders", both).await;
    assert_eq!((status, counts(&answer)), (202, (1, 0, vec!["1 1 conflict line".into()])));
    let event = |value: u32| json!({"id": "e", "customer_id": "cleo", "time": "2026-01-02", "event": "cart_abandoned", "value": value});
    assert_eq!(counts(&side.post("events", event(9).to_string()).await.1), (1, 0, vec![]));
    assert_eq!(counts(&side.post("events", event(9).to_string()).await.1), (0, 1, vec![]));
    let (status, answer) = side.post("events", event(8).to_string()).await;
    assert_eq!((status, counts(&answer)), (400, (0, 0, vec!["1 e conflict line".into()])));
    let (_, ana) = side.get("/v1/customers/ana").await;
    assert_eq!(ana["orders"]["count"], 2);
    assert_eq!(ana["orders"]["latest"][1]["total"], json!({"amount": "12345678.9012", "currency": "EUR"}));
    // An event of nobody we know creates them.
    let (_, cleo) = side.get("/v1/customers/cleo").await;
    assert_eq!(cleo["events"]["latest"][0]["event"], "cart_abandoned");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_person_did_is_undone_only_by_a_later_consent() {
    let side = Side::start(RULES).await;
    let say = async |given: &str, at: Option<&str>| {
        let mut line = json!({"id": "ana", "consent_email_marketing": given});
        if let Some(at) = at {
            line["consent_email_marketing_at"] = at.into();
        }
        side.post("customers", line.to_string()).await;
        let (_, ana) = side.get("/v1/customers/ana").await;
        (ana["consents"]["email"]["given"].as_bool().unwrap(), ana["consents"]["email"]["at"].clone())
    };
    assert_eq!(say("yes", Some("2026-03-01T00:00:00Z")).await, (true, json!("2026-03-01T00:00:00Z")));
    assert_eq!(say("no", Some("2026-02-01T00:00:00Z")).await, (true, json!("2026-03-01T00:00:00Z")));
    assert_eq!(say("no", Some("2026-04-01T00:00:00Z")).await, (false, json!("2026-04-01T00:00:00Z")));
    assert!(!say("yes", None).await.0);
    assert!(!say("", None).await.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_token_opens_its_own_door() {
    let side = Side::start(RULES).await;
    let line = r#"{"id":"ana"}"#;
    let url = |path: &str| format!("http://{}{path}", side.address);
    for (token, status) in [(INGEST, 202), (READ, 403), ("x", 401), ("", 401)] {
        let request = side.client().post(url("/v1/customers")).body(line).bearer_auth(token);
        assert_eq!(said(request).await.0, status, "{token}");
    }
    for (token, status) in [(INGEST, 403), (READ, 200), ("x", 401)] {
        for path in ["/v1/customers/ana", "/v1/customers/ana/explain"] {
            assert_eq!(
                said(side.client().get(url(path)).bearer_auth(token)).await.0,
                status,
                "{token} {path}"
            );
        }
    }
    let response = side.client().post(url("/v1/orders")).body(line).send().await.unwrap();
    assert_eq!(
        (response.status().as_u16(), &response.headers()["www-authenticate"]),
        (401, &"Bearer".parse().unwrap())
    );
    // Whether somebody is a customer is for those who may read.
    assert_eq!(said(side.client().get(url("/v1/customers/nobody"))).await.0, 401);
    assert_eq!(side.get("/v1/customers/nobody").await.0, 404);
    for open in ["/healthz", "/openapi.json"] {
        assert_eq!(said(side.client().get(url(open))).await.0, 200);
    }
    let (status, answer) = said(side.client().get(url("/control/v1"))).await;
    assert_eq!((status, &answer["code"]), (404, &json!("not_found")), "control is not for the public");
    assert_eq!(said(side.client().put(url("/v1/customers"))).await.0, 405);
    let log = side.daemon.log();
    assert!(!log.contains(INGEST) && !log.contains(READ) && !log.contains("ana"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_its_secret_a_door_is_closed_but_on_the_socket() {
    let side = Side::of(Shop::new(RULES).await).await;
    let (status, answer) = side.post("customers", r#"{"id":"ana"}"#).await;
    assert_eq!(status, 401);
    assert!(answer["message"].as_str().unwrap().contains("`ingest_token`"), "{answer}");
    let socket = side.shop.path("data/cvmd.sock");
    let client = reqwest::Client::builder().unix_socket(socket).no_proxy().build().unwrap();
    let (status, _) = said(client.post("http://cvmd/v1/customers").body(r#"{"id":"ana"}"#)).await;
    assert_eq!(status, 202);
    let (status, ana) = said(client.get("http://cvmd/v1/customers/ana")).await;
    assert_eq!((status, &ana["id"]), (200, &json!("ana")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_is_explained() {
    let side = Side::start(RULES).await;
    side.post("customers", r#"{"id":"a/ñ 1","email":"ana@shop.example"}"#).await;
    let (status, shown) = side.get("/v1/customers/a%2F%C3%B1%201/explain?rule=offers").await;
    assert_eq!(
        (status, &shown["customer"], &shown["rules"][0]["matches"]),
        (200, &json!("a/ñ 1"), &json!("false"))
    );
    let (_, all) = side.get("/v1/customers/a%2F%C3%B1%201/explain?at=2026-01-01T00:00:00Z").await;
    assert_eq!((all["rules"].as_array().unwrap().len(), &all["at"]), (3, &json!("2026-01-01T00:00:00Z")));
    assert_eq!(side.get("/v1/customers/nobody/explain").await.0, 404);
    assert_eq!(side.get("/v1/customers/a%2F%C3%B1%201/explain?rule=nothing").await.0, 404);
    assert_eq!(side.get("/v1/customers/a%2F%C3%B1%201/explain?at=yesterday").await.0, 400);
    assert_eq!(side.get("/v1/customers/%FF").await.0, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_may_be_packed() {
    let side = Side::start(RULES).await;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(CUSTOMERS.as_bytes()).unwrap();
    let packed = encoder.finish().unwrap();
    let (status, answer) =
        said(side.request("customers", packed.clone()).header("content-encoding", "gzip")).await;
    assert_eq!((status, &answer["accepted"]), (202, &json!(2)));
    let cut = packed[..packed.len() - 5].to_vec();
    let (status, answer) = said(side.request("customers", cut).header("content-encoding", "gzip")).await;
    assert_eq!((status, &answer["code"]), (400, &json!("bad_gzip")));
    let (status, answer) = said(side.request("customers", packed).header("content-encoding", "br")).await;
    assert_eq!((status, &answer["code"]), (415, &json!("unknown_encoding")));
}
