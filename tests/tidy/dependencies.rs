//! Each crate that `Cargo.toml` names has its line in `docs/dependencies.md`, and no other has.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

fn read(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

/// The crates of a section of `Cargo.toml`.
fn named(cargo: &str, section: &str) -> BTreeSet<String> {
    let lines = cargo.lines().skip_while(|line| *line != section).skip(1);
    let lines = lines.take_while(|line| !line.starts_with('['));
    lines.filter_map(|line| Some(line.split_once(" = ")?.0.to_owned())).collect()
}

/// The crates of the table's first column, without those that have no reason beside them.
fn described(page: &str) -> BTreeSet<String> {
    let rows = page.lines().filter_map(|line| line.strip_prefix("| ")?.strip_suffix(" |")?.split_once(" | "));
    let rows = rows.filter(|(names, why)| *names != "crate" && !why.trim().is_empty());
    rows.flat_map(|(names, _)| names.split(", ")).map(str::to_owned).collect()
}

#[test]
fn each_dependency_has_its_why() {
    let (cargo, page) = (read("Cargo.toml"), read("docs/dependencies.md"));
    let found = named(&cargo, "[dependencies]");
    assert!(found.len() > 20, "looked at the wrong place");
    assert_eq!(found, described(&page));
    let (_, tests) = page.split_once("For tests only:").expect("the line about tests");
    let words: Vec<&str> = tests.split(|c: char| !c.is_alphanumeric() && c != '-' && c != '_').collect();
    for name in named(&cargo, "[dev-dependencies]") {
        assert!(words.contains(&name.as_str()), "`{name}` is missing among those for tests");
    }
}

#[test]
fn a_crate_without_a_line_is_caught() {
    let cargo = "[dependencies]\na = \"1\"\nb = { version = \"2\" }\n[dev-dependencies]\nc = \"3\"\n";
    let page = "| crate | why |\n|---|---|\n| a | it helps |\n| b |  |\n";
    assert_eq!(named(cargo, "[dependencies]").len(), 2);
    assert_eq!(described(page).into_iter().collect::<Vec<_>>(), ["a"]);
}
