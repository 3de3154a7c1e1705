//! Each good file makes the tree that is written beside it and matches whom its author meant.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::process::Command;

use cvmd::diagnostic::{FileId, Severity};

use super::{compare, files, place};
use crate::check::human::human;
use crate::check::tree::checked;
use crate::language::dump;

/// A Saturday morning in the workspace's zone.
const AT: &str = "2026-11-21 10:00";

fn shop() -> String {
    fs::read_to_string(place("shop.rules")).unwrap()
}

/// Rules with a `# matches:` line above them, and whom it names.
fn meant(text: &str) -> BTreeMap<String, BTreeSet<String>> {
    let mut meant = BTreeMap::new();
    let mut above = None;
    for line in text.lines() {
        if let Some(names) = line.strip_prefix("# matches:") {
            above = Some(names.split_whitespace().map(str::to_owned).collect());
        } else if let Some(rule) = line.strip_prefix("rule ") {
            if let Some(names) = above.take() {
                meant.insert(rule.split_whitespace().next().unwrap().to_owned(), names);
            }
        } else if !line.trim().is_empty() {
            assert!(above.is_none(), "`# matches:` above something else: {line}");
        }
    }
    meant
}

/// Who matches each rule, as the program says.
fn found(text: &str) -> BTreeMap<String, BTreeSet<String>> {
    let rules = tempfile::tempdir().unwrap();
    fs::write(rules.path().join("shop.rules"), shop()).unwrap();
    fs::write(rules.path().join("case.rules"), text).unwrap();
    let said = Command::new(env!("CARGO_BIN_EXE_cvmd"))
        .args(["evaluate", "--at", AT, "--format", "csv", "--rules"])
        .arg(rules.path())
        .arg("--from")
        .arg(place("data"))
        .output()
        .unwrap();
    assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for line in String::from_utf8(said.stdout).unwrap().lines().skip(1) {
        let (rule, customer) = line.split_once(',').unwrap();
        found.entry(rule.to_owned()).or_default().insert(customer.to_owned());
    }
    found
}

#[test]
fn everything_is_understood() {
    let mut wrong = Vec::new();
    let mut items = 0;
    for (name, text) in files("good", "rules") {
        let mut tree = cvmd::check::Files::new();
        tree.insert("case.rules", text.clone().into_bytes());
        tree.insert("shop.rules", shop().into_bytes());
        let checked = checked(&tree);
        if checked.diagnostics.iter().any(|found| found.code.severity() == Severity::Error) {
            wrong.push(format!("{name}:\n{}", human(&checked)));
        }
        let (parsed, _) = cvmd::language::parse(FileId(0), &text);
        items += parsed.items.len();
        wrong.extend(compare(&format!("good/{name}.tree"), &dump::file(&parsed)));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(items >= 150, "only {items} items");
}

#[test]
fn everybody_is_matched_who_was_meant() {
    let mut wrong = Vec::new();
    let mut rules = 0;
    for (name, text) in files("good", "rules") {
        let meant = meant(&text);
        rules += meant.len();
        if meant.is_empty() {
            continue;
        }
        let found = found(&text);
        for (rule, expected) in meant {
            let found = found.get(&rule).cloned().unwrap_or_default();
            if found != expected {
                wrong.push(format!("{name}: {rule}: meant {expected:?}, found {found:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(rules >= 120, "only {rules} rules say whom they match");
}
