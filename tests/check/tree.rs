//! Cases on disk as trees in memory.

use std::fs;
use std::path::{Path, PathBuf};

use cvmd::check::{Checked, Files, Options, check, check_beside};
use cvmd::model::Date;
use cvmd::ruleset::Remembered;

/// The day on which all cases are checked.
pub(crate) fn today() -> Date {
    Date::parse("2026-11-21").unwrap()
}

pub(crate) fn checked(files: &Files) -> Checked {
    check(files, &Options { commit: "unknown", today: today() })
}

/// What a store remembers after it ran the tree in the case's folder `before`, if there is one.
pub(crate) fn remembered(case: &Path) -> Option<Remembered> {
    let mut remembered = None;
    for before in ["before", "then"] {
        let folder = case.join(before);
        if folder.is_dir() {
            let mut files = Files::new();
            add(&folder, "", &mut files);
            let options = Options { commit: "unknown", today: today() };
            let checked = check_beside(&files, &options, remembered.as_ref());
            let rules =
                checked.rules.unwrap_or_else(|| panic!("{}: {:?}", folder.display(), checked.diagnostics));
            remembered.get_or_insert_with(Remembered::default).take_over(&rules);
        }
    }
    remembered
}

/// Checks a case beside what its store remembers.
pub(crate) fn checked_beside(files: &Files, remembered: Option<&Remembered>) -> Checked {
    check_beside(files, &Options { commit: "unknown", today: today() }, remembered)
}

/// The folder of cases of that name.
pub(crate) fn cases(kind: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/check").join(kind);
    let mut cases: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir() || path.extension().is_some_and(|ending| ending == "rules"))
        .collect();
    cases.sort();
    assert!(!cases.is_empty());
    cases
}

/// A case: a folder is a whole tree; a single file stands in a tree with a message `offer`.
pub(crate) fn read(case: &Path) -> Files {
    let mut files = Files::new();
    if case.is_dir() {
        add(case, "", &mut files);
        return files;
    }
    files.insert("case.rules", fs::read(case).unwrap());
    files.insert("messages/offer.html", "<title>For you</title>\n<p>Come back.</p>\n");
    files
}

fn add(folder: &Path, prefix: &str, files: &mut Files) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = format!("{prefix}{}", path.file_name().unwrap().to_str().unwrap());
        if prefix.is_empty() && (name == "before" || name == "then") {
            // What ran before: no part of the tree.
        } else if path.is_dir() {
            add(&path, &format!("{name}/"), files);
        } else if name != "expected.txt" {
            files.insert(name, fs::read(&path).unwrap());
        }
    }
}

/// Compares with the text that is expected of a case; `UPDATE_EXPECT=1` writes it instead.
pub(crate) fn expect(case: &Path, found: &str) {
    let path = if case.is_dir() { case.join("expected.txt") } else { case.with_extension("txt") };
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        fs::write(&path, found).unwrap();
        return;
    }
    let expected = fs::read_to_string(&path).unwrap_or_default();
    assert!(expected == found, "{}\n--- expected\n{expected}\n--- found\n{found}", case.display());
}
