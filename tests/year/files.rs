//! The rules of the year: a tree of files, and a list of edits to it, both data beside this file.
//!
//! An edit is a line `@ DAY.FRACTION FILE` and below it lines `- TEXT` that go and `+ TEXT` that come
//! in their place; `@ DAY FILE` with `+` lines only adds them at the end. `@ DAY every DAYS FILE` makes
//! the edit, takes it back after so many days, makes it again, to the end of the year;
//! `@ DAY refused DAYS FILE` tries it as often, and each time it must be refused.

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

/// What comes of a rules tree.
pub enum Edit {
    Taken(Tree),
    Refused(Tree),
}

/// One change of one file.
struct Hunk {
    at: Ms,
    file: String,
    old: String,
    new: String,
    refused: bool,
}

impl Hunk {
    fn apply(&self, tree: &Tree) -> Tree {
        let Self { file, old, new, .. } = self;
        let before = tree.get(file).cloned().unwrap_or_default();
        assert!(old.is_empty() || before.matches(old).count() == 1, "an edit of {file} does not fit:\n{old}");
        let after = if old.is_empty() { before + new } else { before.replacen(old, new, 1) };
        let mut tree = tree.clone();
        tree.insert(file.clone(), after);
        tree
    }
}

/// One edit, or several of which each second one takes back the one before it.
fn hunks(head: &str, body: &str) -> Vec<Hunk> {
    let words: Vec<&str> = head.split_whitespace().collect();
    let (day, every, refused, file) = match words[..] {
        [day, file] => (day, None, false, file),
        [day, "every", every, file] => (day, Some(moment(every)), false, file),
        [day, "refused", every, file] => (day, Some(moment(every)), true, file),
        _ => panic!("no edit: {head}"),
    };
    let lines = |sign: &str| -> String {
        let of = |line: &str| {
            line.strip_prefix(sign).map(|rest| rest.strip_prefix(' ').unwrap_or(rest).to_owned() + "\n")
        };
        body.lines().filter_map(of).collect()
    };
    let (old, new) = (lines("-"), lines("+"));
    let first = moment(day);
    let mut all = Vec::new();
    let mut at = first;
    while at < YEAR && (at == first || every.is_some()) {
        let taken_back = !refused && all.len() % 2 == 1;
        let (old, new) = if taken_back { (new.clone(), old.clone()) } else { (old.clone(), new.clone()) };
        all.push(Hunk { at, file: file.to_owned(), old, new, refused });
        at += every.unwrap_or(YEAR);
    }
    all
}

const YEAR: Ms = 366 * DAY;

/// What the tree is after each edit, by the time since the start.
pub fn edits(tree: &Tree) -> Vec<(Ms, Edit)> {
    let text = fs::read_to_string(folder().join("edits.txt")).unwrap();
    let mut all = Vec::new();
    for hunk in text.split("\n@ ").skip(1) {
        let (head, body) = hunk.split_once('\n').unwrap();
        all.extend(hunks(head, body));
    }
    all.sort_by_key(|hunk| hunk.at);
    let mut tree = tree.clone();
    let mut done = Vec::new();
    for hunk in all {
        let after = hunk.apply(&tree);
        if hunk.refused {
            done.push((hunk.at, Edit::Refused(after)));
        } else {
            tree.clone_from(&after);
            done.push((hunk.at, Edit::Taken(after)));
        }
    }
    done
}
