//! What marketers write, and what they mistype: rules written from the language's text, each beside
//! what it means.
//!
//! `good/*.rules` stand beside `shop.rules`; above a rule, `# matches:` names the customers of `data`
//! who meet its `when` at [`good::AT`]. `wrong/*.txt` are items with one mistake each.

mod good;
mod wrong;

use std::path::PathBuf;

/// A path in the corpus.
fn place(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/corpus").join(path)
}

/// The files of a folder of the corpus with that ending, sorted: stem and text.
fn files(folder: &str, ending: &str) -> Vec<(String, String)> {
    let mut files: Vec<(String, String)> = std::fs::read_dir(place(folder))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|found| found == ending))
        .map(|path| {
            let stem = path.file_stem().unwrap().to_string_lossy().into_owned();
            (stem, std::fs::read_to_string(path).unwrap())
        })
        .collect();
    files.sort();
    assert!(!files.is_empty(), "no .{ending} in {folder}");
    files
}

/// Compares with a file of the corpus, or writes it where `UPDATE_EXPECT` asks for it.
fn compare(path: &str, found: &str) -> Option<String> {
    let path = place(path);
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        std::fs::write(&path, found).unwrap();
        return None;
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    (expected != found).then(|| format!("{}\n--- expected\n{expected}\n--- found\n{found}", path.display()))
}
