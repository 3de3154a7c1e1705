//! Whole trees of rules, checked; and, where they are accepted, compiled and asked about a small
//! population, against the slow reference.

use std::collections::BTreeMap;

use cvmd::check::{Checked, Files, MAX_TREE_DIAGNOSTICS};
use cvmd::compile::Program;
use cvmd::diagnostic::Severity;
use cvmd::evaluate;
use cvmd::language::MAX_DIAGNOSTICS;
use cvmd::model::Instant;
use cvmd::population::Population;
use cvmd::ruleset::RuleSet;
use jiff::tz::TimeZone;

use crate::check::tree::checked;
use crate::evaluate::reference::{Subject, World};
use crate::evaluate::shop::{Person, owned};

use super::driver::{Target, run};
use super::laws::{diagnostics, law, said};
use super::people;
use super::text::{files, words};

/// Where a file of a tree begins: a line of this and its path.
const FILE: &str = "=== ";

/// A tree as one text.
fn joined(files: &[(String, String)]) -> Vec<u8> {
    files.iter().map(|(path, text)| format!("{FILE}{path}\n{text}")).collect::<String>().into_bytes()
}

fn tree(input: &[u8]) -> Files {
    let mut files: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    let mut path = "first.rules".to_owned();
    for line in input.split_inclusive(|byte| *byte == b'\n') {
        if let Some(name) = line.strip_prefix(FILE.as_bytes()) {
            String::from_utf8_lossy(name).trim_end_matches('\n').clone_into(&mut path);
            files.entry(path.clone()).or_default();
        } else {
            files.entry(path.clone()).or_default().extend(line);
        }
    }
    files.into_iter().collect()
}

fn hold(input: &[u8]) -> Result<u64, String> {
    let tree = tree(input);
    let Checked { rules, sources, diagnostics: found, advice, written_out } = checked(&tree);
    diagnostics(&sources, &advice)?;
    for fix in &written_out {
        let text = sources.text(fix.span.file);
        let there = text.get(fix.span.start as usize..fix.span.end as usize);
        law!(
            there.is_some_and(|there| fix.replacement.starts_with(there)),
            "{fix:?} is not what stands there"
        );
    }
    let errors = found.iter().any(|one| one.code.severity() == Severity::Error);
    law!(rules.is_none() == errors, "rules in spite of errors, or none without: {:?}", found.first());
    law!(found.len() <= MAX_TREE_DIAGNOSTICS + MAX_DIAGNOSTICS + 2, "{} diagnostics", found.len());
    diagnostics(&sources, &found)?;
    if let Some(rules) = &rules {
        answers(rules)?;
    }
    Ok(said(&found, rules.is_some()))
}

/// Columns, rows, traces and the reference agree on every condition.
fn answers(rules: &RuleSet) -> Result<(), String> {
    let now = Instant(1_795_255_200_000);
    let zone = TimeZone::get("Europe/Madrid").unwrap();
    let (program, world) = (Program::new(rules), World { rules, now, zone: &zone });
    let people = people::of(&rules.schema, now);
    let mut population =
        Population::build(rules.schema.clone(), rules.workspace.currency, people.iter().map(owned));
    population.record(&people.iter().flat_map(|person| person.4.deeds.clone()).collect::<Vec<_>>());
    let found = evaluate::evaluate(&program, &population, now, &zone, program.rules());
    for ((rule, found), root) in rules.rules.iter().zip(&found).zip(program.rules()) {
        for person in &people {
            let expected = world.truth(subject(person), &rule.when);
            let number = person.0;
            let columns = (found.truth.contains(number.0), found.falsity.contains(number.0));
            law!(
                columns == (expected == Some(true), expected == Some(false)),
                "columns and reference differ: {columns:?} {expected:?}: {}",
                rule.when.text
            );
            let row = evaluate::truth(&program, &population, number, now, &zone, *root);
            law!(row == expected, "row and reference differ: {row:?} {expected:?}: {}", rule.when.text);
        }
        let person = &people[rule.name.len() % people.len()];
        let trace = evaluate::trace(rules, &population, person.0, &rule.when, (now, None), &zone);
        law!(trace.is_some_and(|trace| !trace.to_string().is_empty()), "no trace of {}", rule.when.text);
    }
    Ok(())
}

fn subject(person: &Person) -> Subject<'_> {
    let happened = &person.4;
    Subject {
        profile: &person.1,
        orders: &person.2,
        events: &happened.events,
        deeds: &happened.deeds,
        event: None,
        fired: None,
        moved: None,
    }
}

fn seeds() -> Vec<Vec<u8>> {
    let shop = (
        "shop.rules".to_owned(),
        std::fs::read_to_string(super::text::root().join("tests/corpus/shop.rules")).unwrap(),
    );
    let mut seeds: Vec<Vec<u8>> = files("tests/corpus/good", &["rules"])
        .into_iter()
        .map(|(_, text)| joined(&[shop.clone(), ("case.rules".into(), text)]))
        .collect();
    let mut trees: BTreeMap<String, Vec<(String, String)>> = BTreeMap::new();
    for root in ["rules", "examples", "tests/check/bad", "tests/check/good"] {
        for (path, text) in files(root, &["rules", "html", "txt", "md"]) {
            // `examples/01-winback/rules/winback.rules`: the folder of its own is the tree.
            let inside = path.strip_prefix(root).unwrap().trim_start_matches('/');
            let (tree, inside) = match (root, inside.split_once('/')) {
                ("rules", _) | (_, None) => (String::new(), inside),
                (_, Some((tree, inside))) => {
                    (tree.to_owned(), inside.strip_prefix("rules/").unwrap_or(inside))
                }
            };
            let key =
                if tree.is_empty() && root != "rules" { path.clone() } else { format!("{root}/{tree}") };
            trees.entry(key).or_default().push((inside.to_owned(), text));
        }
    }
    seeds.extend(trees.into_values().map(|files| joined(&files)));
    seeds
}

#[test]
fn any_workspace_is_checked_and_answers_as_the_reference() {
    let mut words = words();
    words
        .extend(["\n=== messages/offer.html\n", "\n=== b.rules\n", "\n=== x/é y.rules\n"].map(str::to_owned));
    run(&Target { name: "workspaces", seeds: seeds(), words, share: 100, hold });
}
