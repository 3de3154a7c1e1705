//! `good/*.rules` beside the trees they make, `bad/*.rules` beside what is said of them.
//! `UPDATE_EXPECT=1` writes the expectations anew.

use std::fs;
use std::path::{Path, PathBuf};

use cvmd::diagnostic::{Code, FileId, Format, Sources};
use cvmd::language::parse;

use super::dump;

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/language").join(name)
}

/// The rule files of a folder: name and text, sorted.
pub(super) fn cases(name: &str) -> Vec<(PathBuf, String)> {
    let mut files: Vec<PathBuf> = fs::read_dir(folder(name))
        .expect("the folder of cases")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "rules"))
        .collect();
    files.sort();
    assert!(!files.is_empty(), "no cases in {name}");
    files.into_iter().map(|path| (path.clone(), fs::read_to_string(path).expect("a case"))).collect()
}

/// Compares with the file beside the case, or writes it where asked; the difference if there is one.
pub(super) fn compare(path: &Path, extension: &str, actual: &str) -> Option<String> {
    let expected_path = path.with_extension(extension);
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        fs::write(&expected_path, actual).expect("the expectation can be written");
        return None;
    }
    let expected = fs::read_to_string(&expected_path).unwrap_or_default();
    (expected != actual)
        .then(|| format!("{}\n--- expected\n{expected}\n--- actual\n{actual}", expected_path.display()))
}

#[test]
fn good_files_make_their_trees_and_nothing_is_said() {
    let mut wrong = Vec::new();
    for (path, text) in cases("good") {
        let mut sources = Sources::default();
        let file = sources.add("case.rules", &text);
        let (tree, diagnostics) = parse(file, &text);
        assert!(diagnostics.is_empty(), "{}: {diagnostics:#?}", path.display());
        wrong.extend(compare(&path, "tree", &dump::file(&tree)));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What a marketer copies to begin with reads without a word.
#[test]
fn the_workspace_to_copy_reads() {
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("rules")];
    let mut read = 0;
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder of rules") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rules") {
                let text = fs::read_to_string(&path).expect("a rule file");
                let (_, diagnostics) = parse(FileId(0), &text);
                assert!(diagnostics.is_empty(), "{}: {diagnostics:#?}", path.display());
                read += 1;
            }
        }
    }
    assert!(read > 0, "no rule file in rules/");
}

#[test]
fn bad_files_are_answered_in_a_marketers_words() {
    let mut wrong = Vec::new();
    for (path, text) in cases("bad") {
        let mut sources = Sources::default();
        let file = sources.add("case.rules", &text);
        let (_, diagnostics) = parse(file, &text);
        let stem = path.file_stem().and_then(|stem| stem.to_str()).expect("a name");
        let code = stem.split('_').next().expect("a code");
        assert!(
            diagnostics.iter().any(|diagnostic| diagnostic.code.number() == code),
            "{stem} says nothing of {code}: {diagnostics:#?}"
        );
        let only =
            code == "E001" && diagnostics.iter().any(|diagnostic| diagnostic.code != Code::NotAvailableYet);
        assert!(!only, "{stem} is good language, and yet: {diagnostics:#?}");
        let rendered = Format::Human.render(&sources, &diagnostics, false);
        for jargon in ["EOI", "token", "parse", "grammar", "kw_", "compat"] {
            assert!(!rendered.contains(jargon), "{stem} speaks of `{jargon}`:\n{rendered}");
        }
        wrong.extend(compare(&path, "expected", &rendered));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
