//! `cvmd fmt`.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use serde_json::{Value, json};

use super::binary::{run, workspace};

const LOOSE: &str = "rule loose\n   when orders=3   # why\n  at most once ever\n\n\n  then send offer\n";
const TIGHT: &str = "rule loose\n  when orders = 3  # why\n  at most once ever\n\n  then send offer\n";
const BAD: &str = "rule bad\n   when orders == 3\n  then send offer\n";

#[test]
fn what_stands_in_the_repository_and_what_init_writes_has_the_layout() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let said = run(root, &["fmt", "--check", "rules", "examples"]);
    assert_eq!(said.code, 0, "{said:?}");
    let new = workspace();
    let said = run(new.path(), &["fmt", "--check"]);
    assert!(said.code == 0 && said.stdout.ends_with(" as they should be\n"), "{said:?}");
}

#[test]
fn a_file_is_written_only_where_it_changes_and_keeps_its_permissions() {
    let dir = workspace();
    let (loose, other) = (dir.path().join("rules/loose.rules"), dir.path().join("rules/winback.rules"));
    fs::write(&loose, LOOSE).unwrap();
    fs::set_permissions(&loose, fs::Permissions::from_mode(0o640)).unwrap();
    let before = fs::metadata(&other).unwrap().modified().unwrap();
    let said = run(dir.path(), &["fmt"]);
    assert_eq!(said.code, 0, "{said:?}");
    assert!(said.stdout.starts_with("formatted rules/loose.rules\n"), "{said:?}");
    assert_eq!(fs::read_to_string(&loose).unwrap(), TIGHT);
    assert_eq!(fs::metadata(&loose).unwrap().permissions().mode() & 0o777, 0o640);
    assert_eq!(fs::metadata(&other).unwrap().modified().unwrap(), before);
    assert_eq!(run(dir.path(), &["fmt", "--check"]).code, 0);
}

#[test]
fn check_writes_nothing_and_shows_the_lines() {
    let dir = workspace();
    let loose = dir.path().join("rules/loose.rules");
    fs::write(&loose, LOOSE).unwrap();
    let said = run(dir.path(), &["fmt", "--check", "rules/loose.rules"]);
    let shown = "would change rules/loose.rules\n     2 -    when orders=3   # why\n     2 +   when orders = 3  # why\n     5 -\n1 file: 1 would change\n";
    assert_eq!((said.code, said.stdout.as_str()), (1, shown), "{}", said.stderr);
    assert_eq!(fs::read_to_string(&loose).unwrap(), LOOSE);
    // Nothing in it is the machine's: no colour, no path of this machine.
    let said = run(dir.path(), &["fmt", "--check", "rules/loose.rules", "--format", "json"]);
    let expected = json!({
        "schema_version": 1,
        "files": [{"file": "rules/loose.rules", "result": "would change"}],
    });
    assert_eq!((said.code, serde_json::from_str::<Value>(&said.stdout).unwrap()), (1, expected));
}

#[test]
fn a_file_with_a_mistake_is_left_as_it_is_and_the_others_are_formatted() {
    let dir = workspace();
    let (bad, loose) = (dir.path().join("rules/bad.rules"), dir.path().join("rules/loose.rules"));
    fs::write(&bad, BAD).unwrap();
    fs::write(&loose, LOOSE).unwrap();
    fs::write(dir.path().join("rules/latin.rules"), b"# caf\xe9\n").unwrap();
    let said = run(dir.path(), &["fmt"]);
    assert_eq!(said.code, 1, "{said:?}");
    for part in
        ["error[E010]", "--> rules/bad.rules:2:16", "left as it is: rules/bad.rules", "is no UTF-8 text"]
    {
        assert!(said.stdout.contains(part), "no `{part}` in {}", said.stdout);
    }
    assert_eq!(fs::read_to_string(&bad).unwrap(), BAD);
    assert_eq!(fs::read_to_string(&loose).unwrap(), TIGHT);
    // A word that no rule knows is no matter of layout.
    fs::write(&bad, "rule bad\n   when nobody_knows = 3\n").unwrap();
    let said = run(dir.path(), &["fmt", "rules/bad.rules", "--format", "json"]);
    assert_eq!(said.code, 0, "{said:?}");
    let said = run(dir.path(), &["fmt", "rules/latin.rules", "--format", "json"]);
    let found: Value = serde_json::from_str(&said.stdout).unwrap();
    assert_eq!((said.code, &found["files"][0]["result"]), (1, &json!("mistakes")));
    assert_eq!(found["files"][0]["mistakes"][0]["file"], "rules/latin.rules");
}

#[test]
fn what_cannot_be_written_is_said_and_the_rest_is_done() {
    let dir = workspace();
    let (closed, loose) = (dir.path().join("rules/closed.rules"), dir.path().join("rules/loose.rules"));
    fs::write(&closed, LOOSE).unwrap();
    fs::write(&loose, LOOSE).unwrap();
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o444)).unwrap();
    let said = run(dir.path(), &["fmt"]);
    assert_eq!(said.code, 2, "{said:?}");
    assert!(said.stderr.contains("`rules/closed.rules` cannot be written: it is read-only"), "{said:?}");
    assert_eq!(fs::read_to_string(&loose).unwrap(), TIGHT);
}
