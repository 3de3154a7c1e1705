//! The numbered examples: what `cvmd evaluate` says of each is its `expected.csv`, byte for byte.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The instant that `examples/README.md` names; in the past, so that no order is still to come.
const AT: &str = "2025-12-01 09:00";

fn folders() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let entries = fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path());
    let mut folders: Vec<PathBuf> = entries.filter(|path| path.is_dir()).collect();
    folders.sort();
    folders
}

fn name(folder: &Path) -> String {
    folder.file_name().unwrap().to_string_lossy().into_owned()
}

/// What the command writes to stdout; fails with what it writes to stderr.
fn cvmd(arguments: &[&str]) -> String {
    let said = Command::new(env!("CARGO_BIN_EXE_cvmd")).args(arguments).output().unwrap();
    let complaint = String::from_utf8_lossy(&said.stderr);
    assert!(said.status.success() && complaint.is_empty(), "{arguments:?}: {complaint}");
    String::from_utf8(said.stdout).unwrap()
}

#[test]
fn every_example_gives_what_it_says() {
    let mut wrong = Vec::new();
    for folder in folders() {
        let at = |file: &str| folder.join(file).to_string_lossy().into_owned();
        cvmd(&["check", "--deny", "warnings", "--rules", &at("rules")]);
        let (rules, from) = (at("rules"), at(""));
        let found = cvmd(&["evaluate", "--rules", &rules, "--from", &from, "--at", AT, "--format", "csv"]);
        if std::env::var_os("UPDATE_EXPECT").is_some() {
            fs::write(folder.join("expected.csv"), &found).unwrap();
        }
        let expected = fs::read_to_string(folder.join("expected.csv")).unwrap();
        if found != expected {
            wrong.push(format!("{}: expected\n{expected}\nfound\n{found}", name(&folder)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// `render/offer.ana.txt` is what Ana gets of `offer`, as text; `.html`, `.subject` are its other parts.
#[test]
fn messages_of_examples_are_as_shown() {
    let mut wrong = Vec::new();
    let mut count = 0;
    for folder in folders() {
        let Ok(files) = fs::read_dir(folder.join("render")) else { continue };
        let (rules, from) = (folder.join("rules"), folder.clone());
        for file in files.map(|file| file.unwrap().path()) {
            let named = name(&file);
            let [message, customer, part] = named.split('.').collect::<Vec<_>>().try_into().unwrap();
            let part = if part == "txt" { "text" } else { part };
            let (rules, from) = (rules.to_string_lossy(), from.to_string_lossy());
            let found = cvmd(&[
                "render", message, "--as", customer, "--part", part, "--rules", &*rules, "--from", &*from,
                "--at", AT,
            ]);
            count += 1;
            if std::env::var_os("UPDATE_EXPECT").is_some() {
                fs::write(&file, &found).unwrap();
            }
            let expected = fs::read_to_string(&file).unwrap();
            if found != expected {
                wrong.push(format!("{}: expected\n{expected}\nfound\n{found}", file.display()));
            }
        }
    }
    assert!(count >= 4, "looked at the wrong place");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_example_is_numbered_and_described() {
    let readme =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/README.md")).unwrap();
    assert!(readme.contains(&format!("--at \"{AT}\"")), "the README names another instant");
    let folders = folders();
    assert!(folders.len() >= 5, "looked at the wrong place");
    for (index, folder) in folders.iter().enumerate() {
        let name = name(folder);
        assert!(name.starts_with(&format!("{:02}-", index + 1)), "`{name}` is out of order");
        assert!(readme.contains(&format!("| `{name}` |")), "`{name}` is missing in examples/README.md");
        assert!(!fs::read_to_string(folder.join("expected.csv")).unwrap().is_empty());
    }
}
