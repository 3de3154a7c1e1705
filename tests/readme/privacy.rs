//! docs/privacy.md is executed as the README is.

use std::fs;
use std::path::Path;

use super::block::{commands, fits};
use super::shell::Shell;

#[test]
fn what_the_page_shows_happens() {
    let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/privacy.md")).unwrap();
    let commands = commands(&page);
    assert!(commands.len() > 15, "looked at the wrong place");
    let folder = tempfile::tempdir().unwrap();
    let mut shell = Shell::start(folder.path());
    for command in &commands {
        let said = shell.run(&command.text);
        let (lines, text) = (said.lines(), &command.text);
        let shown = lines.join("\n");
        assert_eq!(said.code, command.exit, "docs/privacy.md:{}: `{text}` says\n{shown}", command.line);
        let wanted = command.expected.join("\n");
        assert!(
            fits(&command.expected, &lines),
            "docs/privacy.md:{}: `{text}` should say\n{wanted}\n\nand says\n{shown}",
            command.line
        );
    }
}
