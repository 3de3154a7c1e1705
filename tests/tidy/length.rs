//! No file is longer than a person reads at once.

use super::clean;
use super::source::House;

const LINES: usize = 500;

fn too_long(path: &str, text: &str) -> Vec<String> {
    let lines = text.lines().count();
    let wrong = lines > LINES;
    wrong.then(|| format!("{path}: {lines} lines, more than {LINES}: split it")).into_iter().collect()
}

#[test]
fn no_file_is_too_long() {
    clean(House::Everything, too_long);
}

#[test]
fn a_planted_long_file_is_caught() {
    assert!(too_long("src/a.rs", &"\n".repeat(LINES)).is_empty());
    assert_eq!(too_long("src/a.rs", &"\n".repeat(LINES + 1)).len(), 1);
}
