//! Who may use whom. Data flows one way: a room uses only rooms that stand above it.

use std::collections::BTreeSet;

use super::clean;
use super::source::{House, room, running};

/// Each room and the rooms that it may use, all of which stand above it.
///
/// Before you add an arrow: does the room need to *know* that, or only to be given it?
#[rustfmt::skip]
const ROOMS: [(&str, &[&str]); 25] = [
    // What everybody speaks of.
    ("model",      &[]),
    ("diagnostic", &[]),
    ("failpoint",  &[]),
    ("ruleset",    &["model"]),
    ("record",     &["model"]),

    // From text to a checked rule set. `language` and `ruleset` share only the plain enums.
    ("schedule",   &["model", "ruleset"]),
    ("message",    &["model", "ruleset"]),
    ("language",   &["diagnostic", "model", "ruleset"]),
    ("check",      &["diagnostic", "language", "message", "model", "ruleset", "schedule"]),

    // From a rule set and customers to decisions.
    ("compile",    &["model", "ruleset"]),
    ("population", &["model", "record", "ruleset"]),
    // `failpoint` for switches that a test must notice; they have no effect but on purpose.
    ("evaluate",   &["compile", "failpoint", "model", "population", "ruleset"]),
    ("decide",     &["evaluate", "failpoint", "model", "population", "record", "ruleset", "schedule"]),

    // Edges: what they touch outside is theirs alone.
    // A crash test moves the clock of the process that it is about to kill.
    ("clock",      &["failpoint", "model"]),
    ("config",     &["model"]),
    ("store",      &["failpoint", "model", "record"]),
    ("ingest",     &["failpoint", "model", "population", "record", "ruleset"]),
    ("deliver",    &["config", "failpoint", "message", "model", "record"]),
    ("outbox",     &["clock", "config", "decide", "deliver", "failpoint", "message", "model", "record", "ruleset", "schedule", "store"]),
    ("reload",     &["check", "clock", "diagnostic", "failpoint", "language", "model", "ruleset"]),
    ("serve",      &["clock", "config", "model"]),
    ("observe",    &["model", "record"]),
    ("generate",   &["model", "record", "ruleset"]),
    ("demo",       &["deliver", "generate", "model"]),

    // Brings them together.
    ("daemon",     &["check", "clock", "compile", "config", "decide", "deliver", "diagnostic", "evaluate", "failpoint", "ingest", "language", "message", "model", "observe", "outbox", "population", "record", "reload", "ruleset", "schedule", "serve", "store"]),
];

/// Uses whatever it needs to show it; nobody uses it but `main`.
const TOP: &str = "cli";

/// The rooms that a bare text names after `crate::`.
fn named(text: &str) -> BTreeSet<String> {
    let mut rooms = BTreeSet::new();
    let word =
        |text: &str| text.trim_start().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
    for (start, path) in text.match_indices("crate::") {
        // `$crate::`, `other_crate::`
        if text[..start].ends_with(|c: char| c.is_alphanumeric() || c == '_') {
            continue;
        }
        let after = &text[start + path.len()..];
        let Some(list) = after.strip_prefix('{') else {
            rooms.insert(word(after));
            continue;
        };
        let mut depth = 0_i32;
        let mut piece_start = true;
        for (index, c) in list.char_indices() {
            match c {
                '}' if depth == 0 => break,
                '{' => depth += 1,
                '}' => depth -= 1,
                ',' if depth == 0 => piece_start = true,
                c if piece_start && !c.is_whitespace() => {
                    rooms.insert(word(&list[index..]));
                    piece_start = false;
                }
                _ => {}
            }
        }
    }
    rooms
}

/// The arrows of a file that the table does not have.
fn wrong_arrows(path: &str, text: &str) -> Vec<String> {
    let from = room(path);
    if ["lib", "main", TOP].contains(&from) {
        return Vec::new();
    }
    let Some((_, allowed)) = ROOMS.iter().find(|(name, _)| *name == from) else {
        return vec![format!("{path}: the room `{from}` is not in the table of tests/tidy/arrows.rs")];
    };
    let named = named(&running(text));
    let wrong = named.iter().filter(|to| *to != from && !allowed.contains(&to.as_str()));
    wrong.map(|to| format!("{path}: `{from}` may not use `{to}`")).collect()
}

#[test]
fn every_arrow_is_in_the_table() {
    clean(House::Source, wrong_arrows);
}

#[test]
fn the_table_has_one_direction() {
    for (index, (name, allowed)) in ROOMS.iter().enumerate() {
        let above: Vec<&str> = ROOMS[..index].iter().map(|(name, _)| *name).collect();
        for to in *allowed {
            assert!(above.contains(to), "`{name}` uses `{to}`, which does not stand above it");
        }
    }
}

#[test]
fn a_planted_wrong_arrow_is_caught() {
    let wrong = |path, text| wrong_arrows(path, text).join("; ");
    assert_eq!(
        wrong("src/decide/cap.rs", "use crate::store::Store;"),
        "src/decide/cap.rs: `decide` may not use `store`"
    );
    assert_eq!(
        wrong("src/compile/mod.rs", "use crate::{model::{Bitmap, Money}, language::tree, ruleset};"),
        "src/compile/mod.rs: `compile` may not use `language`"
    );
    assert!(wrong("src/model/time.rs", "fn f() { crate::clock::now() }").contains("`clock`"));
    assert!(wrong("src/new/mod.rs", "").contains("not in the table"));
    assert!(wrong("src/daemon/mod.rs", "use crate::cli;").contains("`cli`"));
    assert_eq!(wrong("src/decide/cap.rs", "// crate::store\n#[cfg(test)] mod t { use crate::store; }"), "");
}
