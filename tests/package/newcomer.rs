//! docs/operations.md is executed in a bare Debian, from the installation of the package to its purge.

use std::path::{Path, PathBuf};
use std::{env, fs};

use super::root::{Root, next_version};
use crate::readme::block::{self, Command, fits};
use crate::readme::shell::Shell;
use crate::support::leaks;

/// How often a reader looks again who looks too early, every 0.3 s.
const LOOKS: usize = 200;

/// Nothing changes by asking twice.
fn only_looks(command: &str) -> bool {
    ["cvmd status", "cvmd explain", "cvmd outbox list", "ls ", "curl "]
        .iter()
        .any(|begin| command.starts_with(begin))
}

fn given(variable: &str) -> PathBuf {
    let path = env::var_os(variable).unwrap_or_else(|| panic!("{variable} is not set: see `.ci/package`"));
    fs::canonicalize(&path).unwrap_or_else(|error| panic!("{variable}={}: {error}", path.display()))
}

/// Puts the package where the guide takes it from, and the next one; gives the guide's text for this machine.
fn hand_over(package: &Path, root: &Root, guide: &str) -> String {
    let name = package.file_name().unwrap().to_str().unwrap();
    let [program, _, machine] = name.split('_').collect::<Vec<_>>()[..] else { panic!("{name}") };
    let guide = guide.replace("amd64.deb", machine);
    assert!(
        program == "cvmd" && guide.contains(&format!("./{name}\n")),
        "the guide installs another: {name}"
    );
    fs::copy(package, root.path("root").join(name)).unwrap();
    let next = "0.1.1-1";
    let later = format!("cvmd_{next}_{machine}");
    assert!(
        guide.contains(&format!("./{later}\n")) && later != name,
        "the guide upgrades to another: {later}"
    );
    next_version(package, next, &root.path("root").join(later));
    guide
}

fn check(shell: &mut Shell, command: &Command, root: &Root) {
    let text = &command.text;
    let mut said = shell.run(text);
    for _ in 0..if only_looks(text) { LOOKS } else { 0 } {
        if said.code == command.exit && fits(&command.expected, &said.lines()) {
            break;
        }
        shell.run("sleep 0.3");
        said = shell.run(text);
    }
    let (lines, journal) = (said.lines(), root.journal());
    let tail = journal.lines().rev().take(20).collect::<Vec<_>>();
    let tail = tail.into_iter().rev().collect::<Vec<_>>().join("\n");
    assert!(
        said.code == command.exit && fits(&command.expected, &lines),
        "docs/operations.md:{}: `{text}` should say ({})\n{}\n\nand says ({})\n{}\n\nthe service:\n{tail}",
        command.line,
        command.exit,
        command.expected.join("\n"),
        said.code,
        lines.join("\n")
    );
}

#[test]
#[ignore = "needs root, a bare Debian and the package: `.ci/package` sees to them"]
fn what_the_guide_shows_happens_in_a_bare_debian() {
    let guide = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/operations.md")).unwrap();
    let root = Root::copy_of(&given("CVMD_BARE_ROOT"));
    let guide = hand_over(&given("CVMD_PACKAGE"), &root, &guide);
    let commands = block::commands(&guide);
    assert!(commands.len() > 50, "looked at the wrong place");
    let mut shell = Shell::of(root.shell(), &root.path("run/cvmd"));
    shell.run("cd");
    let store = root.path("var/lib/private/cvmd");
    let mut is_installed = false;
    for command in &commands {
        if command.text.starts_with("rm -r /var/lib/cvmd ") {
            let kept = fs::read_dir(&store).map_or(0, Iterator::count);
            assert!(kept > 0, "the store was removed, too");
            assert!(!root.path("usr/bin/cvmd").exists() && !root.path("etc/cvmd/cvmd.toml").exists());
        }
        check(&mut shell, command, &root);
        if command.text.starts_with("apt install ") && !is_installed {
            is_installed = true;
            // Other tests run beside this one, and a port serves one daemon; nor has it a minute for a tick.
            let edit = "s/^# public = .*/public = \"127.0.0.1:0\"/; s/^# tick = .*/tick = \"1s\"/";
            assert_eq!(shell.run(&format!("sed -i '{edit}' /etc/cvmd/cvmd.toml")).code, 0);
        }
    }
    assert!(!store.exists(), "the guide leaves customers behind");
    let found = leaks::found(&root.journal(), &[]);
    assert!(found.is_empty(), "the logs have {found:#?}");
}
