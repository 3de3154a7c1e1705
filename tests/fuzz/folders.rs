//! What stands in a rules folder beside good files, met by the real binary, in every format.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::{Command, Output};
use std::time::Duration;

const GOOD: &str = "attribute plan choice free < pro\n";

/// Runs `check`; killed where it waits for something.
fn check(folder: &Path, arguments: &[&str]) -> Output {
    let seconds = Duration::from_mins(1).as_secs().to_string();
    Command::new("timeout")
        .args([&seconds, env!("CARGO_BIN_EXE_cvmd"), "check"])
        .args(arguments)
        .current_dir(folder)
        .output()
        .unwrap()
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// A folder with one good file, and something beside it; the exit code and a part of what is said.
fn beside(what: &str, make: impl FnOnce(&Path), code: i32, part: &str) {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("good.rules"), GOOD).unwrap();
    make(folder.path());
    for format in ["human", "short", "json", "sarif", "github"] {
        let output = check(folder.path(), &["--format", format, "."]);
        assert_eq!(output.status.code(), Some(code), "{what}, {format}: {}", said(&output));
        assert!(said(&output).len() < 3_000_000, "{what}, {format}: {} bytes", said(&output).len());
        assert!(!said(&output).contains("panicked"), "{what}, {format}: {}", said(&output));
        if format == "human" || code == 2 {
            assert!(said(&output).contains(part), "{what}, {format}: {}", said(&output));
        }
    }
}

fn pipe(path: &Path) {
    assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
}

#[test]
fn odd_files_are_met() {
    beside(
        "a link to the folder itself",
        |at| symlink(".", at.join("again")).unwrap(),
        2,
        "is there a link to a folder above?",
    );
    let loops = |at: &Path| {
        symlink("b", at.join("a")).unwrap();
        symlink("a", at.join("b")).unwrap();
        symlink("c.rules", at.join("c.rules")).unwrap();
    };
    beside("links to one another", loops, 0, "no problem");
    beside("a folder named as a file", |at| fs::create_dir(at.join("x.rules")).unwrap(), 0, "1 file");
    beside("a pipe", |at| pipe(&at.join("x.rules")), 0, "1 file");
    beside(
        "UTF-16",
        |at| fs::write(at.join("x.rules"), b"\xff\xfer\0u\0l\0e\0\n\0").unwrap(),
        1,
        "no UTF-8 text",
    );
    beside("Latin-1", |at| fs::write(at.join("x.rules"), b"# M\xe1laga\n").unwrap(), 1, "no UTF-8 text");
    beside("an empty file", |at| fs::write(at.join("x.rules"), "").unwrap(), 0, "no problem");
    beside("zero bytes", |at| fs::write(at.join("x.rules"), vec![0; 500_000]).unwrap(), 1, "E006");
    beside("5 MB", |at| fs::write(at.join("x.rules"), vec![b'x'; 5_000_000]).unwrap(), 2, "split it");
    beside("a line of 2 MB", |at| fs::write(at.join("x.rules"), vec![b'x'; 2_000_000]).unwrap(), 1, "E009");
    beside(
        "100,000 parentheses",
        |at| fs::write(at.join("x.rules"), format!("when {}", "(".repeat(100_000))).unwrap(),
        1,
        "E009",
    );
    let named = |at: &Path| fs::write(at.join("a\u{1b}[31m\n\u{202e}b.rules"), "rule a when\n").unwrap();
    beside("a name that writes on the terminal", named, 1, "E002");
    let many = |at: &Path| {
        for n in 0..10_000 {
            fs::write(at.join(format!("f{n}.rules")), "when clv > then send offer\n").unwrap();
        }
    };
    beside("10,001 files", many, 2, "more than 10000 files");
}

#[test]
fn ten_thousand_files_have_a_bounded_answer() {
    let wrong = |at: &Path| {
        for n in 0..3_000 {
            fs::write(at.join(format!("f{n}.rules")), "when clv > then send offer\n").unwrap();
        }
    };
    beside("3,000 wrong files", wrong, 1, "more");
}

#[test]
fn what_may_not_be_read_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("x.rules");
    fs::write(&file, GOOD).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o000)).unwrap();
    if fs::read(&file).is_ok() {
        // Whoever runs this may read everything.
        return;
    }
    let output = check(folder.path(), &["."]);
    assert_eq!(output.status.code(), Some(2));
    assert!(said(&output).contains("may not be read by this user"), "{}", said(&output));
}

#[test]
fn a_pipe_is_no_workspace() {
    let folder = tempfile::tempdir().unwrap();
    pipe(&folder.path().join("x.rules"));
    let output = check(folder.path(), &["x.rules"]);
    assert_eq!(output.status.code(), Some(2), "{}", said(&output));
    assert!(said(&output).contains("neither a folder nor a file"), "{}", said(&output));
    let output = check(folder.path(), &["--rules", "x.rules"]);
    assert_eq!(output.status.code(), Some(2), "{}", said(&output));
    assert!(said(&output).contains("neither a folder nor a file"), "{}", said(&output));
}
