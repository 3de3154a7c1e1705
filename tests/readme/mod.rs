//! README.md is executed: every `console` block, in its order, in one shell and one folder.
//!
//! A line that begins with `$ ` is a command, with `> ` goes on with it; the others are what it says,
//! `...` standing for anything. A command succeeds unless `# exit N` follows it. Instants, ids and
//! the width of columns may differ.

pub mod block;
mod http;
mod privacy;
pub mod shell;
mod tour;

use std::fs;
use std::path::Path;

use block::{Command, Said, fits};
use shell::Shell;

/// Between the demo's first word and its first mail, and beyond the time that it was given to run.
const PATIENCE_S: i64 = 10;

/// What a reader does who looks too early: look again. Nothing changes by asking twice.
fn only_looks(command: &str) -> bool {
    ["cvmd status", "cvmd explain", "cvmd outbox", "ls", "cat"].iter().any(|begin| command.starts_with(begin))
}

fn ask(shell: &mut Shell, command: &Command) -> Said {
    let mut said = shell.run(&command.text);
    let tries = if only_looks(&command.text) { 60 } else { 0 };
    for _ in 0..tries {
        if said.code == command.exit && fits(&command.expected, &said.lines()) {
            break;
        }
        shell.run("sleep 0.3");
        said = shell.run(&command.text);
    }
    said
}

#[test]
fn what_the_readme_shows_happens() {
    let readme = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap();
    let commands = block::commands(&readme);
    assert!(commands.len() > 10, "looked at the wrong place");
    let folder = tempfile::tempdir().unwrap();
    let mut shell = Shell::start(folder.path());
    for command in &commands {
        let said = ask(&mut shell, command);
        if let Some(folder) = command.text.strip_prefix("cvmd init ") {
            // Other tests run beside this one, and a port serves one daemon.
            shell.run(&format!("sed -i 's/^# public = .*/public = \"127.0.0.1:0\"/' {folder}/cvmd.toml"));
        }
        let lines = said.lines();
        let shown = lines.join("\n");
        let text = &command.text;
        assert_eq!(said.code, command.exit, "README.md:{}: `{text}` says\n{shown}", command.line);
        assert!(
            fits(&command.expected, &lines),
            "README.md:{}: `{text}` should say\n{}\n\nand says\n{shown}",
            command.line,
            command.expected.join("\n")
        );
        if let Some(length) = text.split("cvmd demo --for ").nth(1) {
            check_demo(&said, length.trim_end_matches('s').parse().unwrap());
        }
    }
    assert!(commands.iter().any(|command| command.text.starts_with("cvmd demo --for ")), "no demo");
}

/// Mails within ten seconds, webhooks that verify, an end in time.
fn check_demo(said: &Said, length_s: i64) {
    let when = |begin: &str| {
        let found = said.timed.iter().find(|(_, line)| line.contains(begin));
        let Some((at, _)) = found else { panic!("the demo never said `{begin}`: {said:?}") };
        *at
    };
    let begin_ms = when("look, in another terminal");
    let mails_ms = when(" e-mails in outbox/") - begin_ms;
    assert!(mails_ms <= PATIENCE_S * 1_000, "the first mail took {mails_ms} ms");
    assert!(when("webhook verified: ") > 0);
    let whole_ms = when("ended: ") - begin_ms;
    let limit_ms = (length_s + PATIENCE_S) * 1_000;
    assert!(whole_ms <= limit_ms, "`--for {length_s}s` took {whole_ms} ms");
    let (_, end) = said.timed.iter().find(|(_, line)| line.starts_with("ended: ")).unwrap();
    assert!(!end.contains(" 0 "), "nothing came out: {end}");
}
