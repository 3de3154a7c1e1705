//! The rules of the year: a tree of files, and a list of edits to it, both data beside this file.
//!
//! An edit is a line `@ DAY.FRACTION FILE` and below it lines `- TEXT` that go and `+ TEXT` that come
//! in their place; `@ DAY FILE` with `+` lines only adds them at the end.

use std::fs;
use std::path::{Path, PathBuf};

use super::script::{DAY, Ms, Tree};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/year")
}

/// The tree that the year begins with.
pub fn tree() -> Tree {
    let mut tree = Tree::new();
    for entry in fs::read_dir(folder().join("rules")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|end| end == "rules") {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            tree.insert(name, fs::read_to_string(path).unwrap());
        }
    }
    tree
}

/// `12.5`: noon of the thirteenth day.
fn moment(day: &str) -> Ms {
    let (whole, fraction) = day.split_once('.').unwrap_or((day, "0"));
    let digits = u32::try_from(fraction.len()).unwrap();
    whole.parse::<Ms>().unwrap() * DAY + fraction.parse::<Ms>().unwrap() * DAY / Ms::from(10).pow(digits)
}

/// The tree after each edit, by the time since the start.
pub fn edits(tree: &Tree) -> Vec<(Ms, Tree)> {
    let text = fs::read_to_string(folder().join("edits.txt")).unwrap();
    let mut tree = tree.clone();
    let mut done = Vec::new();
    for hunk in text.split("\n@ ").skip(1) {
        let (head, body) = hunk.split_once('\n').unwrap();
        let (day, file) = head.split_once(' ').unwrap();
        let at = moment(day);
        let lines = |sign: &str| -> String {
            let of = |line: &str| {
                line.strip_prefix(sign).map(|rest| rest.strip_prefix(' ').unwrap_or(rest).to_owned() + "\n")
            };
            body.lines().filter_map(of).collect()
        };
        let (old, new) = (lines("-"), lines("+"));
        let before = tree.get(file.trim()).cloned().unwrap_or_default();
        assert!(old.is_empty() || before.matches(&old).count() == 1, "edit `{head}` does not fit:\n{old}");
        let after = if old.is_empty() { before + &new } else { before.replacen(&old, &new, 1) };
        tree.insert(file.trim().to_owned(), after);
        done.push((at, tree.clone()));
    }
    assert!(done.is_sorted_by_key(|(at, _)| *at), "edits stand in the order of time");
    done
}
