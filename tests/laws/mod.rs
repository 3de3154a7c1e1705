//! The language's text, sentence by sentence, each beside what holds it.
//!
//! In `*.txt` a sentence stands at the left edge, what holds it indented below:
//!
//! - `test FILE NAME`: that test;
//! - `pair PATH`: an example file with the answer to it;
//! - `good PATH`: an example file with the tree that it makes;
//! - `fine: RULES`: nothing is wrong with these rules;
//! - `says CODE: RULES`: this and nothing else is wrong;
//! - `mends CODE: RULES => RULES`: likewise, and the fix makes the second of the first;
//! - `advises CODE: RULES`: right, and this could be better;
//! - `who NAMES: CONDITION`: these customers of the corpus meet it;
//! - `note: WHY`: nothing can hold it.
//!
//! Rules stand beside the shop of the corpus (`alone` before the word: beside a message `offer` only);
//! those that begin with no item word are clauses of a rule, and get what a rule needs besides. `\n`
//! ends a line.

mod parse;
mod rules;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use parse::{Held, Kind, sentences};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn every_sentence_is_held_by_something() {
    let sentences = sentences();
    let bare: Vec<&str> =
        sentences.iter().filter(|one| one.held.is_empty()).map(|one| one.text.as_str()).collect();
    assert!(bare.is_empty(), "nothing holds:\n{}", bare.join("\n"));
    assert!(sentences.len() > 200, "only {} sentences", sentences.len());
}

/// Whether a file of tests has a test of that name.
fn has_test(path: &Path, name: &str) -> bool {
    let text = fs::read_to_string(path).unwrap_or_default();
    let head = format!("fn {name}(");
    let in_macro = format!("fn {name}<");
    let Some(at) = text.find(&head).or_else(|| text.find(&in_macro)) else { return false };
    // The attribute stands above it, perhaps above others and a comment.
    let above: Vec<&str> = text[..at].lines().rev().take(6).collect();
    above.iter().any(|line| line.contains("#[test]") || line.contains("tokio::test"))
        || text[..at].contains("proptest! {")
}

#[test]
fn what_is_named_is_there() {
    let mut missing = Vec::new();
    for held in sentences().iter().flat_map(|sentence| &sentence.held) {
        let there = match &held.kind {
            Kind::Test => {
                held.words.split_once(' ').is_some_and(|(file, name)| has_test(&root().join(file), name))
            }
            Kind::Pair => {
                let base = root().join(&held.words);
                let given = base.is_dir() || base.with_extension("rules").is_file();
                given && answered(&base)
            }
            Kind::Good => {
                root().join(&held.words).is_file()
                    && root().join(&held.words).with_extension("tree").is_file()
            }
            Kind::Note => !held.words.is_empty(),
            Kind::Fine | Kind::Says(_) | Kind::Mends(_) | Kind::Advises(_) | Kind::Who => true,
        };
        if !there {
            missing.push(held.to_string());
        }
    }
    assert!(missing.is_empty(), "not there:\n{}", missing.join("\n"));
}

fn answered(base: &Path) -> bool {
    ["expected", "txt", "expected.txt"]
        .iter()
        .any(|ending| base.with_extension(ending).is_file() || base.join(ending).is_file())
}

#[test]
fn rules_are_answered_as_their_sentence_says() {
    let mut wrong = Vec::new();
    let mut count = 0;
    for sentence in sentences() {
        for held in &sentence.held {
            if let Some(objection) = rules::objection(held) {
                wrong.push(format!("{}\n  {held}\n{objection}", sentence.text));
            }
            count += usize::from(rules::is_about_rules(held));
        }
    }
    assert!(wrong.is_empty(), "{} of {count} wrong\n{}", wrong.len(), wrong.join("\n\n"));
}

/// All conditions in one run of the program.
#[test]
fn conditions_are_met_by_those_who_are_named() {
    let asked: Vec<(String, Held)> = sentences()
        .into_iter()
        .flat_map(|sentence| {
            sentence
                .held
                .into_iter()
                .filter(|held| held.kind == Kind::Who)
                .map(move |held| (sentence.text.clone(), held))
        })
        .collect();
    let names: Vec<Vec<String>> = asked.iter().map(|(_, held)| rules::named(held).0).collect();
    let conditions: BTreeMap<String, String> = asked
        .iter()
        .enumerate()
        .map(|(index, (_, held))| (format!("r{index:03}"), rules::named(held).1))
        .collect();
    let found = rules::met(&conditions);
    let mut wrong = Vec::new();
    for (index, (sentence, held)) in asked.iter().enumerate() {
        let mut expected = names[index].clone();
        expected.sort();
        let found = found.get(&format!("r{index:03}")).cloned().unwrap_or_default();
        if found != expected {
            wrong.push(format!("{sentence}\n  {held}\n  but: {}", found.join(" ")));
        }
    }
    assert!(wrong.is_empty(), "{} of {} wrong\n{}", wrong.len(), asked.len(), wrong.join("\n"));
}

#[test]
fn what_is_not_there_is_noticed() {
    assert!(!has_test(&root().join("tests/laws/mod.rs"), "no_such_test"));
    assert!(has_test(&root().join("tests/laws/mod.rs"), "what_is_named_is_there"));
    assert!(!answered(&root().join("tests/check/bad/E000_nothing")));
    let held = |kind, words: &str| Held { kind, words: words.into(), alone: false };
    assert!(rules::objection(&held(Kind::Fine, "when orders == 3")).is_some());
    assert!(rules::objection(&held(Kind::Says("E010".into()), "when orders = 3")).is_some());
    assert!(rules::objection(&held(Kind::Says("E011".into()), "when orders == 3")).is_some());
    let mends = held(Kind::Mends("E010".into()), "when orders == 3 => when orders != 3");
    assert!(rules::objection(&mends).is_some());
}
