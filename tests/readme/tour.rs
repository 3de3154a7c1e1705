//! The tour of the demo is executed as it stands, beside a demo that runs.

use std::fs::{self, File};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use cvmd::clock::{Clock, SystemClock};

use super::ask;
use super::block::{commands, fits};
use super::shell::Shell;

const PATIENCE_MS: i64 = 60_000;

/// The demo in the first terminal; killed with the test.
struct Demo(Child);

impl Drop for Demo {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn demo(folder: &Path) -> Demo {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cvmd"));
    command.args(["demo", "--customers", "500"]).current_dir(folder).stdin(Stdio::null());
    let said = File::create(folder.join("said")).unwrap();
    command.stderr(said.try_clone().unwrap()).stdout(said);
    Demo(command.spawn().unwrap())
}

#[test]
fn what_the_tour_says_happens() {
    let tour = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/tour.md")).unwrap();
    let commands = commands(&tour);
    assert!(commands.len() > 15, "looked at the wrong place");
    let folder = tempfile::tempdir().unwrap();
    let _demo = demo(folder.path());
    let deadline = SystemClock.boot_elapsed().0 + PATIENCE_MS;
    let mut shell = Shell::start(folder.path());
    while !fs::read_to_string(folder.path().join("said")).unwrap().contains(" e-mails in outbox/, ") {
        assert!(
            SystemClock.boot_elapsed().0 < deadline,
            "no mail: {:?}",
            fs::read_to_string(folder.path().join("said"))
        );
        shell.run("sleep 0.2");
    }
    let said = fs::read_to_string(folder.path().join("said")).unwrap();
    let mut counts = Vec::new();
    for command in &commands {
        assert!(
            said.contains(&format!("  $ {}\n", command.text)),
            "the demo shows `{}`: {said}",
            command.text
        );
        let found = ask(&mut shell, command);
        let (text, lines) = (&command.text, found.lines());
        let shown = lines.join("\n");
        assert_eq!(found.code, command.exit, "tour.md:{}: `{text}` says\n{shown}", command.line);
        assert!(
            fits(&command.expected, &lines),
            "tour.md:{}: `{text}` should say\n{}\n\nand says\n{shown}",
            command.line,
            command.expected.join("\n")
        );
        if text.starts_with("cvmd evaluate") {
            counts.push(shown.trim().parse::<u64>().unwrap());
        }
    }
    assert!(counts.len() == 2 && counts[0] < counts[1], "the edit shows: {counts:?}");
}
