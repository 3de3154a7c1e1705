//! Two shops' real files, forty rules over each: `cvmd evaluate` finds whom `DuckDB`'s SQL finds.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{file, python};
use crate::crash::shop::Shop;

/// An audience is neither nobody nor nearly everybody: in thousandths of all customers.
const SIZES: std::ops::RangeInclusive<usize> = 1..=900;

struct Case {
    name: &'static str,
    /// Of the workspace.
    zone: &'static str,
    attributes: &'static str,
    /// What to import: kind, file, further arguments.
    imports: &'static [&'static [&'static str]],
    at: &'static str,
}

#[tokio::test(flavor = "multi_thread")]
async fn forty_rules_over_cdnow_agree_with_sql() {
    agree(&Case {
        name: "cdnow",
        zone: "UTC",
        attributes: "",
        imports: &[&[
            "orders",
            "cdnow_sample_transactions.csv.gz",
            "--map=date=time",
            "--map=amount=total",
            "--map=n_cds=quantity",
        ]],
        at: "1998-01-01",
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn forty_rules_over_complete_journey_agree_with_sql() {
    agree(&Case {
        name: "journey",
        zone: "America/New_York",
        attributes: "attribute age text\nattribute income text\nattribute kids_count text\n",
        imports: &[
            &["customers", "cj_demographics.csv.gz", "--map=household_id=id"],
            &[
                "orders",
                "cj_transactions_sample.csv.gz",
                "--total=per-line",
                "--map=household_id=customer_id",
                "--map=basket_id=order_id",
                "--map=sales_value=total",
                "--map=transaction_timestamp=time",
                "--map=product_id=product",
                "--map=store_id=category",
            ],
        ],
        at: "2017-11-08 15:30",
    })
    .await;
}

/// The folder of the shops' files, which are no part of the repository.
fn data() -> PathBuf {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data");
    std::env::var_os("CVMD_TEST_DATA").map_or_else(beside, PathBuf::from)
}

async fn agree(case: &Case) {
    let Some(python) = python() else { return };
    let cases = file(&format!("{}.txt", case.name));
    let text = std::fs::read_to_string(&cases).unwrap();
    let whens: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("when ")).collect();
    assert_eq!(whens.len(), 40);
    let shop = Shop::new(&rules(case, &whens)).await;
    for import in case.imports {
        let (file, rest) = (data().join(import[1]), &import[2..]);
        let arguments = [&["import", import[0], file.to_str().unwrap()], rest].concat();
        shop.must(&arguments);
    }
    let ours = shop.must(&["evaluate", "--at", case.at, "--format", "csv"]);
    let output = Command::new(python)
        .arg(file("matches.py"))
        .args([case.name.as_ref(), data().as_os_str(), cases.as_os_str()])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let theirs = String::from_utf8(output.stdout).unwrap();
    compare(&whens, &by_rule(&ours), &by_rule(&theirs), customers(&shop));
}

fn rules(case: &Case, whens: &[&str]) -> String {
    let head = "workspace shop\n  currency USD\n  time zone";
    let mut rules = format!("{head} {}\n\n{}\n", case.zone, case.attributes);
    rules += "webhook crm\n  post \"CRM\" signed with secret crm_key\n";
    for (number, when) in (1..).zip(whens) {
        write!(rules, "\nrule r{number:02}\n  when {when}\n  then call crm with orders\n").unwrap();
    }
    rules
}

fn customers(shop: &Shop) -> usize {
    let status: serde_json::Value = serde_json::from_str(&shop.must(&["status", "--format=json"])).unwrap();
    usize::try_from(status["customers"].as_u64().unwrap()).unwrap()
}

fn by_rule(csv: &str) -> BTreeMap<&str, Vec<&str>> {
    let mut found: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for line in csv.lines().skip(1) {
        let (rule, customer) = line.split_once(',').unwrap();
        found.entry(rule).or_default().push(customer);
    }
    for customers in found.values_mut() {
        customers.sort_unstable();
    }
    found
}

fn compare(
    whens: &[&str],
    ours: &BTreeMap<&str, Vec<&str>>,
    theirs: &BTreeMap<&str, Vec<&str>>,
    customers: usize,
) {
    let mut wrong = String::new();
    for (number, when) in (1..).zip(whens) {
        let rule = format!("r{number:02}");
        let none = Vec::new();
        let (ours, theirs) = (ours.get(&*rule).unwrap_or(&none), theirs.get(&*rule).unwrap_or(&none));
        if ours != theirs {
            let only = |one: &[&str], other: &[&str]| -> Vec<String> {
                let only = one.iter().filter(|id| other.binary_search(id).is_err());
                only.take(5).map(|id| (*id).to_owned()).collect()
            };
            let (more, less) = (only(ours, theirs), only(theirs, ours));
            writeln!(
                wrong,
                "{rule} when {when}: {} here, {} there; only here {more:?}, only there {less:?}",
                ours.len(),
                theirs.len()
            )
            .unwrap();
        } else if !SIZES.contains(&(ours.len() * 1_000 / customers)) {
            writeln!(wrong, "{rule} when {when}: {} of {customers} proves little", ours.len()).unwrap();
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}
