//! docs/http.md is executed as the README is, on a port that is free.

use std::fs;
use std::net::TcpListener;
use std::path::Path;

use super::block::{commands, fits};
use super::shell::Shell;

#[test]
fn what_the_page_shows_happens() {
    let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/http.md")).unwrap();
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port().to_string();
    let commands = commands(&page.replace("8087", &port));
    assert!(commands.len() > 15, "looked at the wrong place");
    let folder = tempfile::tempdir().unwrap();
    let mut shell = Shell::start(folder.path());
    for command in &commands {
        let said = shell.run(&command.text);
        let (lines, text) = (said.lines(), &command.text);
        let shown = lines.join("\n");
        assert_eq!(said.code, command.exit, "docs/http.md:{}: `{text}` says\n{shown}", command.line);
        let wanted = command.expected.join("\n");
        assert!(
            fits(&command.expected, &lines),
            "docs/http.md:{}: `{text}` should say\n{wanted}\n\nand says\n{shown}",
            command.line
        );
        if text.starts_with("cvmd init ") {
            shell.run(&format!("sed -i 's/^# public = .*/public = \"127.0.0.1:{port}\"/' shop/cvmd.toml"));
        }
    }
}
