//! The Debian package: what it brings, and a newcomer who has nothing but it and docs/operations.md.

mod newcomer;
mod root;

use std::fs;
use std::path::Path;
use std::process::Command;

/// A file of the repository, below `systemd/debian`.
fn brought(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("systemd/debian").join(name)
}

#[test]
fn the_configuration_of_the_package_is_right_and_reaches_nobody() {
    let config = brought("cvmd.toml");
    let output = Command::new(env!("CARGO_BIN_EXE_cvmd"))
        .args(["check", "--config-only", "--config"])
        .arg(&config)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("is right"), "{output:?}");
    assert!(output.stderr.is_empty() && !said.contains("warning"), "{output:?}");
    let text = fs::read_to_string(config).unwrap();
    assert!(text.contains("\ntransport = \"file\""), "{text}");
    // Elsewhere the service may not write.
    assert!(text.contains("\ndirectory = \"/var/lib/cvmd/"), "{text}");
}

#[test]
fn the_scripts_of_the_package_are_a_shell_s() {
    for script in ["postinst", "postrm"] {
        let output = Command::new("sh").arg("-n").arg(brought(script)).output().unwrap();
        assert!(output.status.success(), "{script}: {output:?}");
        let text = fs::read_to_string(brought(script)).unwrap();
        assert!(text.starts_with("#!/bin/sh\nset -e\n"), "{script}");
        // There `cargo deb` writes what systemd needs.
        assert_eq!(text.matches("\n#DEBHELPER#\n").count(), 1, "{script}");
    }
}
