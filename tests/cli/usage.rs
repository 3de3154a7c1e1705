//! What is asked for wrongly, and how output behaves.

use std::fs;
use std::io::Read;
use std::process::Stdio;

use super::binary::{cvmd, run, workspace};

#[test]
fn what_makes_no_sense_is_answered_on_stderr_with_exit_2() {
    let dir = workspace();
    for (arguments, says) in [
        (&["--nonsense"][..], "unexpected argument '--nonsense'"),
        (&["chekc"], "check"),
        (&["evaluate", "--at", "yesterday"], "is no time: write `2026-12-01`"),
        (&["evaluate", "--format", "xml"], "csv"),
        (&["import", "orders"], "<FILE>"),
        (&["import", "orders", "nowhere.csv"], "`nowhere.csv` cannot be read"),
        (&["import", "folder", "rules"], "has no `customers`, `orders` or `events` file"),
        (&["import", "orders", "x.csv", "--map", "cust"], "write COLUMN=FIELD"),
        (&["import", "orders", "x.csv", "--total", "both"], "per-line"),
        (&["pause"], "<SCOPE>"),
        (&["pause", "channel"], "`channel` needs a name"),
        (&["pause", "shop", "email"], "is nothing to pause"),
        (&["outbox", "list", "--state", "lost"], "in doubt"),
        (&["demo", "--for", "soon"], "write a length of time"),
        (&["--config", "other.toml", "status"], "other.toml: there is no such file"),
        (&["check", "nowhere"], "`nowhere` does not exist"),
        (&["fmt", "nowhere"], "`nowhere` does not exist"),
        (&["fmt", "cvmd.toml"], "`cvmd.toml` holds no rules"),
        (&["reload"], "start one with `cvmd run`"),
        (&["init", "."], "is there already: nothing was written"),
        (&["explain", "nobody-17", "winback"], "nobody-17"),
    ] {
        let said = run(dir.path(), arguments);
        assert_eq!(said.code, 2, "{arguments:?}: {said:?}");
        assert!(said.stderr.contains(says), "{arguments:?} does not say `{says}`: {}", said.stderr);
        assert!(said.stdout.is_empty() && !said.stderr.contains("panicked"), "{arguments:?}: {said:?}");
    }
}

#[test]
fn a_bad_configuration_is_told_in_one_go_with_its_lines() {
    let dir = workspace();
    fs::write(dir.path().join("cvmd.toml"), "ruels = \"rules\"\n[daemon]\ntick = 60\n").unwrap();
    let said = run(dir.path(), &["status"]);
    assert_eq!(
        (said.code, said.stderr.as_str()),
        (
            2,
            "error: cvmd.toml:1: unknown key `ruels`: did you mean `rules`?\n\
             cvmd.toml:3: `tick` is a number without a unit: write `\"60s\"`\n"
        )
    );
}

#[test]
fn without_a_configuration_it_says_where_it_looked() {
    let dir = tempfile::tempdir().unwrap();
    let said = run(dir.path(), &["status"]);
    // A machine that runs cvmd has one.
    if !std::path::Path::new("/etc/cvmd/cvmd.toml").exists() {
        assert!(said.code == 2 && said.stderr.contains("/etc/cvmd/cvmd.toml"), "{said:?}");
    }
}

#[test]
fn the_version_and_completions_go_to_stdout() {
    let dir = tempfile::tempdir().unwrap();
    let said = run(dir.path(), &["--version"]);
    assert_eq!((said.code, said.stdout), (0, format!("cvmd {}\n", env!("CARGO_PKG_VERSION"))));
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let said = run(dir.path(), &["completions", shell]);
        assert!(said.code == 0 && said.stdout.contains("evaluate") && said.stderr.is_empty(), "{shell}");
    }
    let said = run(dir.path(), &["explain", "e312"]);
    assert!(said.code == 0 && said.stdout.starts_with("# E312: "), "{said:?}");
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let dir = tempfile::tempdir().unwrap();
    let mut child = cvmd(dir.path(), &["completions", "zsh"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let mut stderr = String::new();
    child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
    assert_eq!((child.wait().unwrap().code(), stderr.as_str()), (Some(0), ""));
}

#[test]
fn what_is_no_terminal_gets_no_colour() {
    let dir = workspace();
    fs::write(dir.path().join("rules/bad.rules"), "rule bad\n  when segmnt = x\n  then send offer\n")
        .unwrap();
    for arguments in [&["check"][..], &["status"], &["--help"], &["--nonsense"]] {
        let said = run(dir.path(), arguments);
        assert!(!(said.stdout + &said.stderr).contains('\x1b'), "{arguments:?}");
    }
}

#[test]
fn logs_are_json_where_asked_and_a_bad_level_is_said() {
    let dir = workspace();
    let said = run(dir.path(), &["status", "--log", "cvmd=debug", "--log-format", "json"]);
    for line in said.stderr.lines() {
        let event: serde_json::Value = serde_json::from_str(line).expect(line);
        assert!(event["timestamp"].is_string() && event["level"].is_string(), "{line}");
    }
    let said = run(dir.path(), &["check", "--log", "cvmd=loud"]);
    assert!(said.code == 0 && said.stderr.contains("is no log level"), "{said:?}");
}
