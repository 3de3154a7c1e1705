//! `/metrics`, `/healthz` and `/readyz` of the real daemon, as a collector reads them.
#![allow(clippy::float_cmp, reason = "whole numbers, as they are written")]

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::crash::shop::{RULES, Shop, patiently};

/// Samples by name and labels, as they are written.
type Samples = BTreeMap<String, f64>;

/// What stands on a path of the socket: status, content type, text.
async fn get(shop: &Shop, path: &str, accept: Option<&str>) -> (u16, String, String) {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder().unix_socket(shop.path("data/cvmd.sock")).build().unwrap();
    let mut request = client.get(format!("http://cvmd{path}"));
    if let Some(accept) = accept {
        request = request.header("Accept", accept);
    }
    let response = request.send().await.unwrap();
    let kind = response.headers().get("Content-Type").map(|kind| kind.to_str().unwrap().to_owned());
    (response.status().as_u16(), kind.unwrap_or_default(), response.text().await.unwrap())
}

/// Reads the text format, and refuses what a collector would.
fn read(text: &str) -> Samples {
    let (mut help, mut types, mut samples) = (BTreeMap::new(), BTreeMap::new(), Samples::new());
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("# HELP ") {
            let (name, said) = rest.split_once(' ').unwrap_or_else(|| panic!("{line}"));
            assert!(!said.trim().is_empty() && help.insert(name, said).is_none(), "{line}");
        } else if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (name, kind) = rest.split_once(' ').unwrap_or_else(|| panic!("{line}"));
            assert!(["counter", "gauge", "histogram"].contains(&kind), "{line}");
            assert!(types.insert(name, kind).is_none(), "{line}");
        } else {
            assert!(!line.starts_with('#'), "{line}");
            let (sample, value) = line.rsplit_once(' ').unwrap_or_else(|| panic!("{line}"));
            let name = sample.split('{').next().unwrap();
            let stems = [
                name,
                name.trim_end_matches("_bucket"),
                name.trim_end_matches("_sum"),
                name.trim_end_matches("_count"),
            ];
            let family = stems.into_iter().find(|stem| types.contains_key(stem));
            let family = family.unwrap_or_else(|| panic!("`{name}` has no type"));
            assert!(help.contains_key(family), "`{name}` has no help");
            assert_eq!(types[family] == "counter", name.ends_with("_total"), "{name}");
            assert!(name.starts_with("cvmd_"), "{name}");
            assert!(samples.insert(sample.to_owned(), value.parse().unwrap()).is_none(), "{line}");
        }
    }
    assert_eq!(help.len(), types.len());
    samples
}

async fn scrape(shop: &Shop) -> Samples {
    let (status, kind, text) = get(shop, "/metrics", None).await;
    assert_eq!((status, kind.as_str()), (200, cvmd::observe::CLASSIC));
    read(&text)
}

/// What the Prometheus project's own tool says of a text: nothing, or a success; no more than our own reader
/// where it is not installed.
fn promtool(arguments: &[&str], text: &str) {
    let mut promtool = Command::new(std::env::var_os("CVMD_PROMTOOL").unwrap_or_else(|| "promtool".into()));
    promtool.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let Ok(mut running) = promtool.spawn() else {
        println!("promtool is not installed: `{}` is left out", arguments.join(" "));
        return;
    };
    running.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let output = running.wait_with_output().unwrap();
    let said =
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    let fine = said.is_empty() || said.contains("SUCCESS");
    assert!(output.status.success() && fine, "{said}\n{text}");
}

/// Waits until a sample is what it should be.
async fn comes(shop: &Shop, sample: &str, wanted: impl Fn(f64) -> bool) -> Samples {
    patiently(sample, async || {
        let samples = scrape(shop).await;
        let value = *samples.get(sample).unwrap_or_else(|| panic!("no `{sample}` in {samples:#?}"));
        wanted(value).then_some(samples)
    })
    .await
}

#[tokio::test]
async fn values_move_with_what_the_daemon_does() {
    let shop = Shop::new(RULES).await;
    shop.customers("in", (0..3).map(|number| format!("c{number}")));
    // One who matches and gave no consent: she is counted once, however often she is looked at.
    let customers =
        shop.read("in/customers.csv").replacen("c2@customers.example,yes", "c2@customers.example,no", 1);
    shop.write("in/customers.csv", &customers);
    let mut daemon = shop.run().await;
    let before = comes(&shop, "cvmd_ticks_total{result=\"done\"}", |ticks| ticks >= 1.0).await;
    for (sample, value) in [
        ("cvmd_rules", 3.0),
        ("cvmd_rules_last_reload_successful", 1.0),
        ("cvmd_customers", 0.0),
        ("cvmd_on_hold", 0.0),
        ("cvmd_decisions_total", 0.0),
        ("cvmd_not_sent_total{reason=\"consent\"}", 0.0),
        ("cvmd_deliveries_total{channel=\"email\",result=\"sent\"}", 0.0),
        ("cvmd_outbox_messages{state=\"pending\"}", 0.0),
        ("cvmd_outbox_oldest_age_seconds", 0.0),
    ] {
        assert_eq!(before.get(sample), Some(&value), "{sample}: {before:#?}");
    }
    let info = before.keys().find(|key| key.starts_with("cvmd_rules_info{")).expect("which rules");
    assert!(info.contains("commit=\"unknown\"") && info.contains("rule_set=\""), "{info}");

    shop.must(&["import", "folder", "in"]);
    comes(&shop, "cvmd_deliveries_total{channel=\"email\",result=\"sent\"}", |sent| sent == 5.0).await;
    comes(&shop, "cvmd_deliveries_total{channel=\"webhook\",result=\"sent\"}", |sent| sent == 3.0).await;
    let ticks = before["cvmd_ticks_total{result=\"done\"}"];
    let after = comes(&shop, "cvmd_ticks_total{result=\"done\"}", |now| now >= ticks + 3.0).await;
    for (sample, value) in [
        ("cvmd_customers", 3.0),
        ("cvmd_orders", 3.0),
        ("cvmd_decisions_total", 8.0),
        ("cvmd_not_sent_total{reason=\"consent\"}", 1.0),
        ("cvmd_imported_rows_total{by=\"file\",result=\"accepted\"}", 6.0),
    ] {
        assert_eq!(after.get(sample), Some(&value), "{sample}: {after:#?}");
    }
    for sample in
        ["cvmd_last_tick_timestamp_seconds", "cvmd_store_commits_total", "cvmd_tick_duration_seconds_count"]
    {
        assert!(after[sample] > before[sample], "{sample}");
    }
    assert!(after["cvmd_store_size_bytes"] > 0.0 && after["cvmd_next_tick_timestamp_seconds"] > 1.7e9);
    assert_eq!(after["cvmd_tick_duration_seconds_count"], after["cvmd_evaluation_duration_seconds_count"]);
    assert!(after["cvmd_tick_duration_seconds_sum"] >= after["cvmd_evaluation_duration_seconds_sum"]);
    assert!(!format!("{after:?}").contains("customers.example"), "personal data");

    // Bad rules, and a person who stops everything.
    shop.edit("rules/shop.rules", "orders >= 1\n  then call", "oders >= 1\n  then call");
    let bad = comes(&shop, "cvmd_rules_last_reload_successful", |good| good == 0.0).await;
    assert_eq!((bad["cvmd_rules"], bad["cvmd_rules_reloads_total{result=\"refused\"}"]), (3.0, 1.0));
    shop.must(&["pause", "all"]);
    comes(&shop, "cvmd_pauses", |pauses| pauses == 1.0).await;
    assert!(daemon.terminate().await.success());
}

#[tokio::test]
async fn a_collector_chooses_its_format_and_promtool_has_nothing_to_say() {
    let shop = Shop::new(RULES).await;
    let _daemon = shop.run().await;
    let (status, kind, open) =
        get(&shop, "/metrics", Some("application/openmetrics-text; version=1.0.0")).await;
    assert_eq!((status, kind.as_str()), (200, cvmd::observe::OPEN_METRICS));
    assert!(open.ends_with("# EOF\n") && open.contains("# TYPE cvmd_ticks counter\n"), "{open}");
    let (_, _, text) = get(&shop, "/metrics", None).await;
    promtool(&["check", "metrics"], &text);
    let (health, _, said) = get(&shop, "/healthz", None).await;
    assert_eq!((health, said.as_str()), (200, "ok\n"));
    let (ready, _, said) = get(&shop, "/readyz", None).await;
    assert_eq!((ready, said.as_str()), (200, "ready\n"));
}

/// A metric that alerts or the dashboard name is one that there is.
#[tokio::test]
async fn alerts_and_the_dashboard_name_metrics_that_there_are() {
    let shop = Shop::new(RULES).await;
    let _daemon = shop.run().await;
    let samples = scrape(&shop).await;
    let known: Vec<&str> = samples.keys().map(|sample| sample.split('{').next().unwrap()).collect();
    for file in ["alerts.yml", "dashboard.json"] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("systemd").join(file);
        let text = std::fs::read_to_string(path).unwrap();
        let named = text.match_indices("cvmd_").map(|(at, _)| {
            let end =
                text[at..].find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(text.len() - at);
            &text[at..at + end]
        });
        let named: Vec<&str> = named.collect();
        assert!(named.len() >= 10, "{file}: {named:?}");
        for name in named {
            assert!(known.contains(&name), "{file}: there is no `{name}`");
        }
    }
    let dashboard =
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("systemd/dashboard.json"));
    let dashboard: serde_json::Value = serde_json::from_str(&dashboard.unwrap()).unwrap();
    assert!(dashboard["panels"].as_array().is_some_and(|panels| panels.len() >= 6));
}

#[cfg(debug_assertions)]
#[tokio::test]
async fn a_decider_that_stands_still_is_not_healthy_and_is_measured_all_the_same() {
    let shop = Shop::new(RULES).await;
    shop.write("stall", "");
    let mut command = shop.command(&["run"]);
    command.env("CVMD_STALL", shop.path("stall"));
    let mut daemon = shop.start_logged(command, "log");
    shop.ready(&mut daemon).await.unwrap();
    shop.write("stall", "decider\n");
    let (health, _, _) = patiently("it is seen", async || {
        let health = get(&shop, "/healthz", None).await;
        (health.0 == 503).then_some(health)
    })
    .await;
    assert_eq!(health, 503);
    assert_eq!(scrape(&shop).await["cvmd_rules"], 3.0);
    shop.write("stall", "");
    patiently("it goes on", async || (get(&shop, "/healthz", None).await.0 == 200).then_some(())).await;
}
