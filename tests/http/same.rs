//! A stream ends in the same store whether it is posted or imported.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::Side;
use crate::crash::shop::RULES;

/// Numbers that look random and are the same in each run.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }

    fn one<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[usize::try_from(self.below(of.len() as u64)).unwrap()]
    }
}

const KINDS: [&str; 3] = ["customers", "orders", "events"];

/// A line of a kind about one of few customers. With `clashes` ids stand for several things, and what one
/// line says another contradicts.
fn line(r: &mut Random, kind: &str, n: usize, clashes: bool) -> String {
    if r.below(12) == 0 {
        return r.one(&["nonsense", "{}", "[1]", "{\"id\":\"\"}", "17", "{\"id\":{\"a\":1}}"]).to_owned();
    }
    let customer = format!("c{}", r.below(9));
    let id = if clashes { r.below(15).to_string() } else { n.to_string() };
    let time = r.one(&["2026-01-02", "2026-01-03T10:00:00Z", "2026-01-03 12:00", "never", "2999-01-01"]);
    let value = match kind {
        "customers" => {
            let mut value = json!({"id": if clashes { customer } else { format!("u{n}") }});
            value["email"] = r.one(&["ana@shop.example", "BEN@shop.example", "no address", ""]).into();
            value["plan"] = r.one(&["free", "pro", "gold"]).into();
            value["age"] = json!(r.below(90));
            if r.below(2) == 0 {
                value["consent_email_marketing"] = r.one(&["yes", "no", "", "perhaps"]).into();
                value["consent_email_marketing_at"] = r.one(&["2026-01-01", "2026-02-01", ""]).into();
            }
            value
        }
        "orders" => json!({
            "order_id": id, "customer_id": customer, "time": time,
            "total": r.one(&["12.5", "-3", "0", "1e3", "1234567.8901", "much"]),
            "currency": r.one(&["EUR", "EUR", "USD", ""]), "product": r.one(&["a", "b", ""]),
        }),
        _ => json!({
            "id": id, "customer_id": customer, "time": time, "event": r.one(&["visit", "cart_abandoned", "Bad!", "order"]),
            "value": r.one(&["5", "6.5", "x"]), "note": r.one(&["", "n"]),
        }),
    };
    value.to_string()
}

/// What is known of everybody, but when it was learnt.
async fn everybody(side: &Side, ids: &BTreeSet<String>) -> Vec<Value> {
    let mut all = Vec::new();
    for id in ids {
        let (_, mut view) = side.get(&format!("/v1/customers/{id}")).await;
        if let Some(view) = view.as_object_mut() {
            view.remove("learnt");
        }
        if let Some(fields) = view["fields"].as_object_mut() {
            // Who came by HTTP was created then, at the latest.
            fields.remove("created");
        }
        all.push(view);
    }
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_posted_is_a_stream_imported() {
    let rules = format!("{RULES}\nevent cart_abandoned\n  value money\n");
    for (seed, clashes) in [(1, true), (2, true), (3, false), (4, false)] {
        let (posted, imported) = (Side::start(&rules).await, Side::start(&rules).await);
        let mut r = Random(seed);
        let mut ids: BTreeSet<String> = (0..9).map(|n| format!("c{n}")).collect();
        ids.extend((0..150).map(|n| format!("u{n}")));
        for kind in KINDS {
            let lines: Vec<String> = (0..150).map(|n| line(&mut r, kind, n, clashes)).collect();
            let name = format!("{kind}.ndjson");
            // A file that begins with an object is NDJSON.
            let file = format!("{{\"first\":1}}\n{}\n", lines.join("\n"));
            imported.shop.write(&name, &file);
            let told = imported.shop.path(&name);
            let mut arguments = vec!["import", kind, told.to_str().unwrap()];
            if kind == "orders" {
                arguments.extend(["--total", "per-line"]);
            }
            imported.shop.cli(&arguments);
            if clashes {
                assert_ne!(posted.post(kind, file).await.0, 500);
                continue;
            }
            let mut rest = &lines[..];
            while !rest.is_empty() {
                let count = usize::try_from(1 + r.below(20)).unwrap().min(rest.len());
                let (some, others) = rest.split_at(count);
                assert_ne!(posted.post(kind, some.join("\n")).await.0, 500);
                // As a client does who heard nothing.
                posted.post(kind, some.join("\n")).await;
                rest = others;
            }
        }
        let (one, other) = (everybody(&posted, &ids).await, everybody(&imported, &ids).await);
        assert!(one.iter().filter(|view| view.get("id").is_some()).count() > 5, "{one:?}");
        for (one, other) in one.iter().zip(&other) {
            assert_eq!(one, other, "seed {seed}");
        }
    }
}
