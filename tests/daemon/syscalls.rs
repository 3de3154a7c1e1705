//! Which system calls the daemon makes, held against the unit's filter: what it forbids fails only on a server,
//! and perhaps only once a month.

use std::collections::BTreeSet;
use std::process::Command;

use super::unit::unit;
use crate::crash::shop::{RULES, Shop, installed, patiently};
use cvmd::serve::Request;

/// The calls of a set of systemd's, with those of the sets in it.
fn calls(set: &str, into: &mut BTreeSet<String>) {
    let output =
        Command::new("systemd-analyze").args(["syscall-filter", "--no-pager", set]).output().unwrap();
    assert!(output.status.success(), "{set}: {}", String::from_utf8_lossy(&output.stderr));
    for line in String::from_utf8_lossy(&output.stdout).lines().skip(1).map(str::trim) {
        if line.starts_with('@') {
            calls(line, into);
        } else if !line.is_empty() && !line.starts_with('#') {
            into.insert(line.to_owned());
        }
    }
}

/// What the unit allows, by its lines in their order; a few calls are always allowed.
fn allowed(unit: &str) -> BTreeSet<String> {
    let mut allowed = BTreeSet::new();
    for filter in unit.lines().filter_map(|line| line.strip_prefix("SystemCallFilter=")) {
        let (taken, sets) = filter.strip_prefix('~').map_or((false, filter), |sets| (true, sets));
        for set in sets.split(' ') {
            let mut these = BTreeSet::new();
            calls(set, &mut these);
            if taken {
                allowed.retain(|call| !these.contains(call));
            } else {
                allowed.extend(these);
            }
        }
    }
    calls("@default", &mut allowed);
    allowed
}

/// The names of the calls of `strace -f`.
fn made(trace: &str) -> BTreeSet<String> {
    let name = |line: &str| {
        let call = line.trim_start_matches(|c: char| c.is_ascii_digit()).trim_start();
        let (name, _) = call.split_once('(')?;
        let is_name = !name.is_empty()
            && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
        is_name.then(|| name.to_owned())
    };
    trace.lines().filter_map(name).collect()
}

#[tokio::test]
async fn the_daemon_makes_no_call_that_the_unit_forbids() {
    if !["systemd-analyze", "strace", "git"].into_iter().all(installed) {
        println!("systemd-analyze, strace or git is not installed: the filter is not checked");
        return;
    }
    let shop = Shop::new(RULES).await;
    shop.customers("in", (0..3).map(|number| format!("c{number}")));
    let git = |arguments: &[&str]| {
        let identity = ["-c", "user.name=a", "-c", "user.email=a@b.example"];
        let done =
            Command::new("git").current_dir(shop.path("rules")).args(identity).args(arguments).output();
        assert!(done.unwrap().status.success(), "{arguments:?}");
    };
    git(&["init", "-q"]);
    git(&["add", "."]);
    git(&["commit", "-qm", "rules"]);
    // Not beside the rules: each line of it would be a change there, and each change more lines.
    let elsewhere = tempfile::tempdir().unwrap();
    let trace = elsewhere.path().join("trace");
    let mut command = Command::new("strace");
    command.args(["-f", "-qq", "-s", "0", "-o"]).arg(&trace).arg(env!("CARGO_BIN_EXE_cvmd"));
    command.arg("--config").arg(shop.path("cvmd.toml")).arg("run");
    shop.equip(&mut command);
    let mut daemon = shop.start_logged(command, "log");
    shop.ready(&mut daemon).await.unwrap();
    // Everything that it does: rows, decisions, mail, calls, rules from git, questions, an export, the end.
    shop.must(&["import", "folder", "in"]);
    patiently("mail and calls", async || {
        (shop.mail.taken().len() == 6 && shop.outbox("pending").await.is_empty()).then_some(())
    })
    .await;
    shop.edit("rules/shop.rules", "An offer", "Another offer");
    git(&["commit", "-qam", "more rules"]);
    shop.must(&["reload"]);
    shop.must(&["explain", "c0", "offers"]);
    shop.must(&["store", "export", "everything"]);
    assert!(shop.ask(Request::Stop {}).await.is_some());
    assert!(daemon.end().await.success());

    let (made, allowed) = (made(&std::fs::read_to_string(&trace).unwrap()), allowed(&unit()));
    assert!(made.len() > 40 && made.contains("fdatasync") && made.contains("execve"), "{made:?}");
    assert!(allowed.len() > 200 && !allowed.contains("setpriority"), "{allowed:?}");
    let forbidden: Vec<&String> = made.difference(&allowed).collect();
    assert!(forbidden.is_empty(), "the unit's filter forbids {forbidden:?}");
}
