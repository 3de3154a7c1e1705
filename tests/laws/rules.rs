//! Rules of a line, made whole, and what the program says of them.

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;

use cvmd::check::{Checked, Files};
use cvmd::diagnostic::Diagnostic;

use super::parse::{Held, Kind};
use super::root;
use crate::check::human::human;
use crate::check::tree::checked;

const ITEMS: [&str; 15] = [
    "workspace",
    "attribute",
    "event",
    "segments",
    "tiers",
    "audience",
    "message",
    "webhook",
    "offer",
    "budget",
    "policy",
    "rule",
    "journey",
    "test",
    "ruel",
];

/// As of when conditions are asked: the corpus' Saturday morning.
const AT: &str = "2026-11-21 10:00";

/// A file of what is written in one line.
fn whole(written: &str, alone: bool) -> String {
    let text = written.replace("\\n", "\n").replace("\\t", "\t").replace("\\uFEFF", "\u{feff}");
    let first = text.split_whitespace().next().unwrap_or_default();
    let is_item = ITEMS.contains(&first) || text.starts_with(' ');
    let bare = alone || first.eq_ignore_ascii_case("when") && text.contains("\nwhen ");
    let clause = first.starts_with(|c: char| c.is_lowercase()) || matches!(first, "When" | "WHEN");
    if is_item || bare || !clause || ["let", "whn"].contains(&first) && first == "let" {
        return format!("{text}\n");
    }
    let mut rule = String::from("rule x\n");
    let has = |word: &str| text.lines().any(|line| line.trim_start().to_lowercase().starts_with(word));
    let scheduled = has("every ") || has("on cron");
    if !has("when") && !has("whn") && !has("on ") || scheduled && !has("when") {
        rule.push_str("  when orders > 3\n");
    }
    for line in text.lines() {
        rule.push_str("  ");
        rule.push_str(line.trim_start());
        rule.push('\n');
    }
    if scheduled && !has("at most") {
        rule.push_str("  at most once ever\n");
    }
    if !has("then") && !text.contains(" then ") {
        rule.push_str("  then send offer\n");
    }
    rule
}

fn check(text: &str, alone: bool) -> Checked {
    let mut files = Files::new();
    files.insert("case.rules", text.as_bytes().to_vec());
    if alone {
        files.insert("messages/offer.txt", b"Subject: Come back\n\nAn offer.\n".to_vec());
    } else {
        files.insert("shop.rules", fs::read(root().join("tests/corpus/shop.rules")).unwrap());
    }
    checked(&files)
}

/// Whether what holds a sentence are rules that are answered.
pub fn is_about_rules(held: &Held) -> bool {
    match held.kind {
        Kind::Fine | Kind::Says(_) | Kind::Mends(_) | Kind::Advises(_) => true,
        Kind::Test | Kind::Pair | Kind::Good | Kind::Note | Kind::Who => false,
    }
}

/// What is wrong with the answer to rules, if anything.
pub fn objection(held: &Held) -> Option<String> {
    match &held.kind {
        Kind::Fine => {
            let checked = check(&whole(&held.words, held.alone), held.alone);
            (!checked.diagnostics.is_empty()).then(|| human(&checked))
        }
        Kind::Says(code) => {
            let checked = check(&whole(&held.words, held.alone), held.alone);
            (only(&checked, code).is_none())
                .then(|| format!("{}\n{}", whole(&held.words, held.alone), human(&checked)))
        }
        Kind::Advises(code) => {
            let checked = check(&whole(&held.words, held.alone), held.alone);
            let advised = checked.advice.iter().any(|one| one.code.number() == code);
            (!advised || !checked.diagnostics.is_empty()).then(|| human(&checked))
        }
        Kind::Mends(code) => mends(held, code),
        Kind::Test | Kind::Pair | Kind::Good | Kind::Note | Kind::Who => None,
    }
}

/// The only thing that is wrong, under that code.
fn only<'c>(checked: &'c Checked, code: &str) -> Option<&'c Diagnostic> {
    match checked.diagnostics.as_slice() {
        [found] if found.code.number() == code => Some(found),
        _ => None,
    }
}

fn mends(held: &Held, code: &str) -> Option<String> {
    let Some((wrong, right)) = held.words.split_once(" => ") else { return Some("no `=>`".into()) };
    let (wrong, right) = (whole(wrong, held.alone), whole(right, held.alone));
    let checked = check(&wrong, held.alone);
    let Some(found) = only(&checked, code) else { return Some(format!("{wrong}\n{}", human(&checked))) };
    let Some(fix) = &found.fix else { return Some(format!("no fix\n{}", human(&checked))) };
    let mut mended = wrong.clone();
    mended.replace_range(fix.span.start as usize..fix.span.end as usize, &fix.replacement);
    (mended != right).then(|| format!("it makes\n{mended}\n{}", human(&checked)))
}

/// Whom a line names, and the condition.
pub fn named(held: &Held) -> (Vec<String>, String) {
    let (names, condition) = held.words.split_once(": ").expect("`who NAMES: CONDITION`");
    (names.split_whitespace().map(str::to_owned).collect(), condition.to_owned())
}

/// Who meets conditions, by the name of each.
pub fn met(conditions: &BTreeMap<String, String>) -> BTreeMap<String, Vec<String>> {
    let rules = tempfile::tempdir().unwrap();
    fs::copy(root().join("tests/corpus/shop.rules"), rules.path().join("shop.rules")).unwrap();
    let text: String = conditions
        .iter()
        .map(|(name, condition)| format!("rule {name}\n  when {condition}\n  then send offer\n"))
        .collect();
    fs::write(rules.path().join("case.rules"), text).unwrap();
    let said = Command::new(env!("CARGO_BIN_EXE_cvmd"))
        .args(["evaluate", "--at", AT, "--format", "csv", "--rules"])
        .arg(rules.path())
        .arg("--from")
        .arg(root().join("tests/corpus/data"))
        .output()
        .unwrap();
    assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for line in String::from_utf8(said.stdout).unwrap().lines().skip(1) {
        let (rule, customer) = line.split_once(',').unwrap();
        found.entry(rule.to_owned()).or_default().push(customer.to_owned());
    }
    found
}
