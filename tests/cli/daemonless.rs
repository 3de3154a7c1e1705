//! Commands that open the store themselves, and shapes that scripts read.

use std::fs;

use super::binary::{run, workspace};

const CUSTOMERS: &str = "id,email,clv,consent_email_marketing\n\
    b-2,bea@shop.example,900,yes\na-1,ana@shop.example,700,yes\nc-3,cy@shop.example,,no\n";

/// Two lapsing customers with a known value, one without.
const ORDERS: &str = "order_id,customer_id,time,total\n\
    o1,a-1,2026-08-01T10:00:00Z,10\no2,b-2,2026-08-01T10:00:00Z,20\no3,c-3,2026-08-01T10:00:00Z,30\n";

const RULE: &str = "when segment=lapsing and clv>500 then send offer\n";

fn smallest() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for folder in ["rules/messages", "data"] {
        fs::create_dir_all(dir.path().join(folder)).unwrap();
    }
    fs::write(dir.path().join("rules/winback.rules"), RULE).unwrap();
    fs::write(dir.path().join("rules/messages/offer.txt"), "Subject: Come back\n\nAn offer.\n").unwrap();
    fs::write(dir.path().join("data/customers.csv"), CUSTOMERS).unwrap();
    fs::write(dir.path().join("data/orders.csv"), ORDERS).unwrap();
    dir
}

#[test]
fn evaluate_from_a_folder_needs_neither_daemon_nor_configuration() {
    let dir = smallest();
    let ask = |more: &[&str]| {
        let first = ["evaluate", "--rules", "rules", "--from", "data", "--at", "2026-11-01"];
        run(dir.path(), &[&first, more].concat())
    };
    let said = ask(&["--format", "csv"]);
    assert_eq!(
        (said.code, said.stdout.as_str()),
        (0, "rule,customer_id\nwinback,a-1\nwinback,b-2\n"),
        "{said:?}"
    );
    let said = ask(&["--format", "json"]);
    let document: serde_json::Value = serde_json::from_str(&said.stdout).unwrap();
    assert_eq!(document["schema_version"], 1);
    assert_eq!(document["rules"][0]["customer_ids"], serde_json::json!(["a-1", "b-2"]));
    assert_eq!((&document["rules"][0]["count"], &document["rules"][0]["unknown"]), (&2.into(), &1.into()));
    let said = ask(&["--rule", "nothing"]);
    assert!(said.code == 2 && said.stderr.contains("`nothing`"), "{said:?}");
    assert!(!dir.path().join("rules/../cvmd.sock").exists());
}

#[test]
fn an_import_is_summed_up_and_the_same_again_changes_nothing() {
    let dir = workspace();
    fs::write(dir.path().join("customers.csv"), CUSTOMERS).unwrap();
    fs::write(dir.path().join("orders.csv"), ORDERS.to_owned() + "o4,a-1,not a time,1\n").unwrap();
    let said = run(dir.path(), &["import", "folder", ".", "--rejects", "rejects.csv"]);
    assert_eq!(said.code, 0, "{said:?}");
    assert!(said.stdout.contains("1 row rejected, see `rejects.csv`"), "{said:?}");
    let rejects = fs::read_to_string(dir.path().join("rejects.csv")).unwrap();
    assert!(
        rejects.starts_with("file,line,code,reason,raw\n") && rejects.contains("not a time"),
        "{rejects}"
    );
    let status = |field: &str| {
        let said = run(dir.path(), &["status", "--format", "json"]);
        let document: serde_json::Value = serde_json::from_str(&said.stdout).expect(&said.stderr);
        document[field].clone()
    };
    assert_eq!((status("customers"), status("orders")), (3.into(), 3.into()));
    assert_eq!(run(dir.path(), &["import", "folder", "."]).code, 0);
    assert_eq!((status("customers"), status("orders")), (3.into(), 3.into()));
    let said = run(dir.path(), &["explain", "a-1", "winback"]);
    assert!(
        said.code == 0 && said.stdout.contains("customer a-1") && said.stdout.contains("clv"),
        "{said:?}"
    );
    let said = run(dir.path(), &["store", "stats", "--format", "json"]);
    let document: serde_json::Value = serde_json::from_str(&said.stdout).unwrap();
    let kinds = document["kinds"].as_array().unwrap();
    let sum = |field: &str| kinds.iter().map(|kind| kind[field].as_u64().unwrap()).sum::<u64>();
    assert_eq!(
        (document["records"].as_u64(), document["bytes"].as_u64()),
        (Some(sum("records")), Some(sum("bytes")))
    );
    assert_eq!(kinds.iter().find(|kind| kind["kind"] == "customers").unwrap()["records"], 3);
    assert!(document["disk_bytes"].as_u64() > document["bytes"].as_u64(), "{document}");
    assert!(document["free_bytes"].as_u64() > Some(0));
    let table = run(dir.path(), &["store", "stats"]).stdout;
    let ends: Vec<usize> = table.lines().take_while(|line| !line.is_empty()).map(str::len).collect();
    assert!(ends.len() > 4 && ends.iter().all(|end| *end == ends[0]), "it lines up:\n{table}");
    assert!(table.contains("its files take"), "{table}");
    let none = run(dir.path(), &["store", "stats", "--config", "other.toml"]);
    assert_eq!(none.code, 2, "{none:?}");
    let said = run(dir.path(), &["outbox", "list"]);
    assert_eq!((said.code, said.stdout.as_str()), (0, "no such messages\n"));
    let said = run(dir.path(), &["pause", "channel", "email"]);
    assert_eq!(said.code, 0, "{said:?}");
    assert_eq!(status("pauses"), serde_json::json!(["channel email"]));
    assert_eq!(run(dir.path(), &["resume", "channel", "email"]).code, 0);
    assert_eq!(status("pauses"), serde_json::json!([]));
}
