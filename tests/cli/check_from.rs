//! `cvmd check --from`: what the data lack of what the rules need.

use std::fs;
use std::path::Path;

use super::binary::run;

const RULES: &str = r#"workspace shop
  currency EUR
  time zone Europe/Madrid

attribute plan choice free < pro
attribute shoe_size number
attribute thanked yes/no set by rules
event cart_abandoned
  value money
  items number

audience runners when shoe_size > 40

rule pros
  when plan = pro and in audience runners and not in (never_bought) and thanked is unknown
  then send offer

rule carts
  on cart_abandoned, after 2 hours
  when cart_abandoned.items > 2 and sum(cart_abandoned.value) > 10 EUR
  then send receipt

webhook gate
  post "https://gate.example/sms"

message nudge
  sms marketing by webhook gate
  text "{{ first_name | default('friend') }}, come back"

message receipt
  email transactional
  subject "Yours"
  text "Thanks"

rule lost_ones
  every monday at 09:00
  when segment = lost
  then send nudge
  set thanked to yes
"#;

const CUSTOMERS: &str = "\
id,email,phone,time_zone,consent_email_marketing,consent_sms_marketing,plan,shoe_size
ana,ana@shop.example,+34600111222,Europe/Madrid,yes,no,free,
ben,ben@shop.example,,,no,yes,,
eva,,+34600111333,Atlantic/Canary,yes,yes,pro,
";

const ORDERS: &str = "\
order_id,customer_id,time,total,currency
1,ana,2026-01-02,10.00,EUR
2,ana,2026-01-03,10.00,USD
3,ana,2026-01-04,10.00,GBP
4,ben,2026-01-04,10.00,USD
5,ben,2026-01-05,10.00,
6,eva,2026-01-05,10.00,EUR
";

fn shop(rules: &str) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let here = dir.path();
    fs::create_dir_all(here.join("rules/messages")).unwrap();
    fs::create_dir_all(here.join("data")).unwrap();
    fs::write(here.join("rules/shop.rules"), rules).unwrap();
    fs::write(here.join("rules/messages/offer.txt"), "Subject: Come back\n\nAn offer.\n").unwrap();
    fs::write(here.join("data/customers.csv"), CUSTOMERS).unwrap();
    fs::write(here.join("data/orders.csv"), ORDERS).unwrap();
    dir
}

fn without_lists(rules: &str) -> String {
    rules.replace(" and not in (never_bought)", "")
}

/// A table's cells: what stands between two blanks or more.
fn cells(line: &str) -> Vec<&str> {
    line.split("  ").map(str::trim).filter(|cell| !cell.is_empty()).collect()
}

fn look(here: &Path, more: &[&str]) -> super::binary::Said {
    let arguments = ["check", "--rules", "rules", "--from", "data"];
    run(here, &arguments.iter().chain(more).copied().collect::<Vec<_>>())
}

#[test]
fn people_see_who_is_missing_what_and_which_fields_nobody_fills() {
    let dir = shop(&without_lists(RULES));
    let said = look(dir.path(), &[]);
    assert_eq!((said.code, said.stderr.as_str()), (0, ""), "{said:?}");
    assert!(said.stdout.contains("in data: 3 customers, 6 orders\n"), "{}", said.stdout);
    let rows: Vec<Vec<&str>> = said.stdout.lines().map(cells).collect();
    for row in [
        &["what is missing", "customers", "so"][..],
        &["orders in EUR only: also GBP (1 order), USD (2 orders)", "2", "their money values are unknown"],
        &["a time zone", "1", "the workspace's is taken: Europe/Madrid"],
        &["an e-mail address for email", "1", "nothing reaches them there"],
        &["consent to email, though not the address", "1", "no marketing reaches them there"],
        &["a phone number for sms", "1", "nothing reaches them there"],
        &["consent to sms, though not the address", "1", "no marketing reaches them there"],
        &["the rules ask for", "the data", "at"],
        &["first_name", "never fill it", "rules/shop.rules:28 (message nudge)"],
        &["shoe_size", "never fill it", "rules/shop.rules:12 (audience runners)"],
        &["cart_abandoned", "never have one", "rules/shop.rules:18 (rule carts)"],
        &["rules/shop.rules:20 (rule carts)"],
    ] {
        assert!(rows.iter().any(|found| found == row), "{row:?}\n{}", said.stdout);
    }
    // What is filled, what rules set, and the fields of an event that never happens are not named.
    for name in ["plan", "thanked", "cart_abandoned.value", "segment"] {
        assert!(!rows.iter().any(|row| row.first() == Some(&name)), "{name}\n{}", said.stdout);
    }
}

#[test]
fn programs_get_one_object_beside_the_diagnostics() {
    let dir = shop(&without_lists(RULES));
    let here = dir.path();
    fs::write(
        here.join("data/events.csv"),
        "id,customer_id,time,event,value\n1,ana,2026-01-02,cart_abandoned,5\n",
    )
    .unwrap();
    let said = look(here, &["--format", "json"]);
    assert_eq!(said.code, 0, "{said:?}");
    let objects: Vec<serde_json::Value> =
        said.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let data: Vec<&serde_json::Value> = objects.iter().filter(|one| one["data"] == "data").collect();
    let [data] = data[..] else { panic!("{objects:?}") };
    let expected = serde_json::json!({
        "schema_version": 1,
        "data": "data",
        "rules": "rules",
        "customers": 3,
        "orders": 6,
        "rejected_rows": 0,
        "currency": "EUR",
        "money_unknown": 2,
        "foreign_currencies": [
            {"currency": "GBP", "customers": 1, "orders": 1},
            {"currency": "USD", "customers": 2, "orders": 2},
        ],
        "time_zone": "Europe/Madrid",
        "no_time_zone": 1,
        "channels": [
            {"channel": "email", "address": "email", "no_address": 1, "no_consent": 1},
            {"channel": "sms", "address": "phone", "no_address": 1, "no_consent": 1},
        ],
        "never_filled": [
            {"name": "first_name", "kind": "field",
             "uses": [{"by": "message nudge", "file": "rules/shop.rules", "line": 28}]},
            {"name": "shoe_size", "kind": "field",
             "uses": [{"by": "audience runners", "file": "rules/shop.rules", "line": 12}]},
            {"name": "cart_abandoned.items", "kind": "field",
             "uses": [{"by": "rule carts", "file": "rules/shop.rules", "line": 20}]},
        ],
    });
    assert_eq!(*data, expected);
    for format in ["short", "sarif", "github"] {
        let said = look(here, &["--format", format]);
        assert!(said.code == 2 && said.stderr.contains("`human` or `json` only"), "{said:?}");
    }
}

#[test]
fn a_currency_in_the_data_asks_for_one_in_the_workspace() {
    let dir =
        shop("workspace shop   # ours\n  time zone Europe/Madrid\n\nwhen revenue > 10 then send offer\n");
    let here = dir.path();
    assert_eq!(run(here, &["check", "--rules", "rules"]).code, 0, "the rules alone are right");
    let said = look(here, &[]);
    assert_eq!(said.code, 1, "{said:?}");
    assert!(said.stdout.contains("error[E311]: the orders of the data are in EUR"), "{}", said.stdout);
    assert!(said.stdout.contains("--> rules/shop.rules:1:1"), "{}", said.stdout);
    assert!(said.stdout.contains("the money values of 3 customers are unknown"), "{}", said.stdout);
    // What it asks for is right.
    let mended = "workspace shop   # ours\n  currency EUR\n  time zone Europe/Madrid\n\nwhen revenue > 10 then send offer\n";
    fs::write(here.join("rules/shop.rules"), mended).unwrap();
    assert_eq!(look(here, &[]).code, 0);

    let bare = shop("when revenue > 10 then send offer\n");
    let said = look(bare.path(), &[]);
    assert!(
        said.code == 1 && said.stdout.contains("write `workspace NAME` in a line of its own"),
        "{said:?}"
    );
}

#[test]
fn wrong_rules_and_absent_data_are_said_before_anything_is_counted() {
    let dir = shop(RULES);
    let said = look(dir.path(), &[]);
    assert_eq!(said.code, 1, "{said:?}");
    assert!(said.stdout.contains("`data` was not looked at: the rules have errors\n"), "{}", said.stdout);
    let json = look(dir.path(), &["--format", "json"]);
    assert!(json.code == 1 && !json.stdout.contains("\"customers\""), "{json:?}");
    let said = run(dir.path(), &["check", "--rules", "rules", "--from", "rules"]);
    assert_eq!(said.code, 1, "the rules come first: {said:?}");
    fs::write(dir.path().join("rules/shop.rules"), without_lists(RULES)).unwrap();
    let said = run(dir.path(), &["check", "--rules", "rules", "--from", "rules"]);
    assert!(
        said.code == 2 && said.stderr.contains("has neither customers nor orders nor events"),
        "{said:?}"
    );
}

#[test]
fn where_nothing_is_missing_that_is_said_and_rejected_rows_are_counted() {
    let dir = shop("workspace shop\n  currency EUR\n\nwhen revenue > 10 then send offer\n");
    fs::write(
        dir.path().join("data/orders.csv"),
        "order_id,customer_id,time,total\n1,ana,2026-01-02,10\n2,ana,never,1\n",
    )
    .unwrap();
    let said = look(dir.path(), &[]);
    assert_eq!(said.code, 0, "{said:?}");
    assert!(
        said.stdout.contains("in data: 3 customers, 1 order; 1 row could not be read\n"),
        "{}",
        said.stdout
    );
    assert!(
        said.stdout.contains("every field and event that the rules ask for is there\n"),
        "{}",
        said.stdout
    );
    assert!(said.stdout.lines().any(|line| cells(line) == ["orders in EUR only", "0"]), "{}", said.stdout);
}
