//! `cvmd check`.

use std::fs;

use super::binary::{run, workspace};

const BAD: &str = "rule bad\n  when segmnt = x\n  then send offer\n";

#[test]
fn a_new_workspace_is_right_and_so_is_a_folder_without_a_configuration() {
    let dir = workspace();
    let said = run(dir.path(), &["check", "--deny", "warnings", "--advice"]);
    assert!(said.code == 0 && said.stdout.contains("no problem"), "{said:?}");
    let rules = dir.path().join("rules");
    let said = run(&rules, &["check"]);
    assert!(said.code == 0 && said.stdout.contains("no problem"), "{said:?}");
    let empty = tempfile::tempdir().unwrap();
    let said = run(empty.path(), &["check", "."]);
    assert!(said.code == 2 && said.stderr.contains("is it the right folder?"), "{said:?}");
}

#[test]
fn errors_are_exit_1_in_every_format_with_paths_as_the_user_names_them() {
    let dir = workspace();
    fs::write(dir.path().join("rules/bad.rules"), BAD).unwrap();
    for (format, says) in [
        ("human", "--> rules/bad.rules:2:8"),
        ("short", "rules/bad.rules:2:8: error[E104]"),
        ("json", "\"file\":\"rules/bad.rules\""),
        ("sarif", "rules/bad.rules"),
        ("github", "file=rules/bad.rules"),
    ] {
        let said = run(dir.path(), &["check", "--format", format]);
        assert_eq!(said.code, 1, "{format}: {said:?}");
        assert!(said.stdout.contains(says), "{format}: {}", said.stdout);
    }
    let outside = dir.path().parent().unwrap();
    let named = dir.path().file_name().unwrap().to_str().unwrap();
    let said = run(outside, &["check", named, "--format", "short"]);
    assert!(said.stdout.starts_with(&format!("{named}/rules/bad.rules:2:8")), "{said:?}");
}

#[test]
fn a_file_alone_is_checked_with_its_workspace_and_shown_alone() {
    let dir = workspace();
    fs::write(dir.path().join("rules/bad.rules"), BAD).unwrap();
    let said = run(dir.path(), &["check", "rules/winback.rules"]);
    assert_eq!((said.code, said.stdout.as_str()), (0, "no problem here; 1 error in other files\n"));
    let said = run(dir.path(), &["check", "rules/winback.rules", "rules/bad.rules", "--format", "short"]);
    assert_eq!((said.code, said.stdout.lines().count()), (1, 1), "{said:?}");
}

#[test]
fn warnings_are_fine_unless_denied_and_safe_fixes_are_taken() {
    let dir = workspace();
    let file = dir.path().join("rules/vip.rules");
    let before = fs::read_to_string(&file).unwrap();
    // A foreign spelling, beyond doubt.
    let text = "rule many\n  when orders == 3\n  at most once per 30 days\n  then call crm with segment\n";
    fs::write(dir.path().join("rules/many.rules"), text).unwrap();
    assert_eq!(run(dir.path(), &["check"]).code, 1);
    let said = run(dir.path(), &["check", "--fix"]);
    assert_eq!(said.code, 0, "{said:?}");
    let fixed = fs::read_to_string(dir.path().join("rules/many.rules")).unwrap();
    assert_eq!(fixed, text.replace("==", "="));
    assert_eq!(fs::read_to_string(&file).unwrap(), before, "other files are left alone");

    let text = "rule daily\n  every day at 09:00\n  when orders = 3\n  then call crm with segment\n";
    fs::write(dir.path().join("rules/many.rules"), text).unwrap();
    let said = run(dir.path(), &["check"]);
    assert!(said.code == 0 && said.stdout.contains("warning"), "{said:?}");
    assert_eq!(run(dir.path(), &["check", "--deny", "warnings"]).code, 1);
}

#[test]
fn amounts_get_their_currency_written_out() {
    let dir = workspace();
    let file = dir.path().join("rules/bare.rules");
    let text = "rule bare\n  when clv > 500   # much\n   and revenue between 20 and 1000 and orders > 3\n  \
        at most once ever\n  then call crm with segment\n";
    fs::write(&file, text).unwrap();
    let said = run(dir.path(), &["check", "--advice"]);
    assert!(said.code == 0 && !said.stdout.contains("bare"), "it is right as it stands: {said:?}");
    for _ in 0..2 {
        assert_eq!(run(dir.path(), &["check", "--fix"]).code, 0);
        let full = text.replace("500", "500 EUR").replace("20 and 1000", "20 EUR and 1000 EUR");
        assert_eq!(fs::read_to_string(&file).unwrap(), full);
    }
}
