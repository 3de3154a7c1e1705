//! Help texts word by word. `UPDATE_EXPECT=1` writes them anew: read the difference as a user would.

use std::fs;
use std::path::Path;

use super::binary::run;

const COMMANDS: [&[&str]; 34] = [
    &[],
    &["demo"],
    &["init"],
    &["run"],
    &["check"],
    &["fmt"],
    &["import"],
    &["evaluate"],
    &["explain"],
    &["render"],
    &["customer"],
    &["customer", "show"],
    &["customer", "export"],
    &["customer", "erase"],
    &["customer", "suppress"],
    &["customer", "resume"],
    &["suppressions"],
    &["suppressions", "list"],
    &["suppressions", "add"],
    &["suppressions", "remove"],
    &["send-test"],
    &["status"],
    &["reload"],
    &["pause"],
    &["resume"],
    &["outbox"],
    &["outbox", "list"],
    &["outbox", "retry"],
    &["outbox", "drop"],
    &["store"],
    &["store", "stats"],
    &["store", "compact"],
    &["completions"],
    &["help-is-no-command"],
];

#[test]
fn every_command_explains_itself_with_examples() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cli/help");
    let here = tempfile::tempdir().unwrap();
    let mut wrong = Vec::new();
    for command in COMMANDS {
        let said = run(here.path(), &[command, &["--help"]].concat());
        let known = command != ["help-is-no-command"];
        assert_eq!(said.code, if known { 0 } else { 2 }, "{command:?}: {said:?}");
        let text = said.stdout + &said.stderr;
        let has_subcommands =
            [&["outbox"][..], &["store"], &["customer"], &["suppressions"]].contains(&command);
        assert!(!known || has_subcommands || text.contains("Examples:"), "{command:?} has no examples");
        let name = [&["cvmd"], command].concat().join("-");
        let file = folder.join(format!("{name}.txt"));
        if std::env::var_os("UPDATE_EXPECT").is_some() {
            fs::write(&file, &text).unwrap();
        } else if fs::read_to_string(&file).unwrap_or_default() != text {
            wrong.push(format!("{}:\n{text}", file.display()));
        }
    }
    assert!(wrong.is_empty(), "help texts changed; UPDATE_EXPECT=1 takes them over\n{}", wrong.join("\n"));
}

#[test]
fn no_line_of_help_is_wider_than_a_hundred_columns() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cli/help");
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        for line in fs::read_to_string(&path).unwrap().lines() {
            assert!(line.chars().count() <= 100, "{}: {line}", path.display());
        }
    }
}
