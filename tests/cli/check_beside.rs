//! `cvmd check` beside what a daemon or its store remembers of names, and when rules fire next.

use std::fs;
use std::path::Path;

use cvmd::clock::{Clock, SystemClock};

use super::binary::{Daemon, run};
use crate::support::breathe;

/// Starts one and waits until it answers.
fn daemon(here: &Path) -> Daemon {
    let daemon = Daemon::start(here);
    let end = SystemClock.boot_elapsed().0 + 60_000;
    let waiting = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    // Asking before it is there would open its store in this process.
    let answers = || here.join("data/cvmd.sock").exists() && run(here, &["status"]).code != 2;
    while !answers() {
        assert!(SystemClock.boot_elapsed().0 < end, "the daemon does not answer");
        waiting.block_on(breathe(50));
    }
    daemon
}

fn smallest() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir_all(dir.path().join("rules/messages")).unwrap();
    fs::write(dir.path().join("cvmd.toml"), "rules = \"rules\"\n[listen]\npublic = \"127.0.0.1:0\"\n")
        .unwrap();
    fs::write(dir.path().join("rules/winback.rules"), "when orders > 3 then send offer\n").unwrap();
    fs::write(dir.path().join("rules/messages/offer.txt"), "Subject: Come back\n\nAn offer.\n").unwrap();
    dir
}

#[test]
fn a_rename_that_loses_history_is_seen_with_a_daemon_with_its_store_and_not_without() {
    let dir = smallest();
    let here = dir.path();
    let said = run(here, &["check"]);
    assert_eq!((said.code, said.stderr.as_str()), (0, ""), "{said:?}");
    assert!(!here.join("data").exists(), "a check makes no store");

    let running = daemon(here);
    assert_eq!(run(here, &["check"]).code, 0);
    fs::rename(here.join("rules/winback.rules"), here.join("rules/comeback.rules")).unwrap();
    let lost = |arguments: &[&str]| {
        let said = run(here, arguments);
        assert_eq!(said.code, 1, "{said:?}");
        assert!(said.stdout.contains("error[E123]: `comeback` is `winback` under another name"), "{said:?}");
        assert_eq!(said.stderr, "");
    };
    lost(&["check"]);
    lost(&["check", "rules"]);
    lost(&["check", "rules/comeback.rules"]);
    lost(&["check", "."]);
    drop(running);
    lost(&["check"]);

    // A folder by itself, as in CI.
    assert_eq!(run(here, &["check", "--rules", "rules"]).code, 0);
    let elsewhere = smallest();
    assert_eq!(run(elsewhere.path(), &["check", &here.join("rules").to_string_lossy()]).code, 0);

    // What cannot be asked is said, and the rules are judged all the same.
    let _held = ::cvmd::store::open(&here.join("data/store")).unwrap();
    let said = run(here, &["check"]);
    assert!(said.code == 0 && said.stderr.contains("checked without the names"), "{said:?}");
}

#[test]
fn the_next_occurrences_are_shown_to_people_and_to_programs_that_ask() {
    let dir = smallest();
    let here = dir.path();
    let zone = "workspace shop\n  time zone Europe/Madrid\n";
    let rule = |name: &str, schedule: &str| {
        format!("rule {name}\n  {schedule}\n  when orders > 3\n  at most once ever\n  then send offer\n")
    };
    let rules = [
        zone.to_owned(),
        rule("leap", "on cron \"30 9 29 2 *\""),
        rule("there", "every day at 09:00 customer time"),
        rule("over", "until 2026-01-31\n  every day at 09:00"),
    ];
    fs::write(here.join("rules/shop.rules"), rules.concat()).unwrap();
    let said = run(here, &["check"]);
    for line in [
        "next occurrences\n",
        "  leap: on cron \"30 9 29 2 *\" in Europe/Madrid\n    tue 2028-02-29 09:30, sun 2032-02-29 09:30, ",
        "  there: every day at 09:00 customer time\n",
        "each customer by their own clock, by that of Europe/Madrid where theirs is not known",
        "  over: every day at 09:00 in Europe/Madrid\n    no more: `until 2026-01-31`\n",
    ] {
        assert!(said.stdout.contains(line), "{line}\n{}", said.stdout);
    }
    assert!(said.stdout.ends_with("\n\n0 errors, 1 warning\n"), "{}", said.stdout);
    let of_another_file = run(here, &["check", "rules/winback.rules"]);
    assert_eq!(of_another_file.stdout, "3 files, 4 rules: no problem\n");

    let said = run(here, &["check", "--format", "json"]);
    assert!(!said.stdout.contains("occurrences"), "only diagnostics unless asked: {}", said.stdout);
    let said = run(here, &["check", "--format", "json", "--occurrences"]);
    let objects: Vec<serde_json::Value> =
        said.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let leap = objects.iter().find(|object| object["rule"] == "leap").unwrap();
    assert_eq!(leap["zone"], "Europe/Madrid");
    assert_eq!(leap["occurrences"][0]["at"], "2028-02-29T08:30:00Z");
    assert_eq!(leap["occurrences"][0]["weekday"], "tuesday");
    assert_eq!(run(here, &["check", "--format", "sarif", "--occurrences"]).code, 2);
}

#[test]
fn a_hundred_rules_are_no_wall_of_times() {
    let dir = smallest();
    let rules: String = (0..100)
        .map(|n| {
            format!(
                "rule r{n}\n  every month on day 1 at 09:{:02}\n  when orders > {n}\n  then send offer\n",
                n % 60
            )
        })
        .collect();
    fs::write(dir.path().join("rules/many.rules"), rules).unwrap();
    let said = run(dir.path(), &["check"]);
    assert!(said.stdout.contains("  and 90 more rules: `cvmd check --occurrences` shows all\n"), "{said:?}");
    assert!(said.stdout.lines().count() < 30, "{}", said.stdout);
    let all = run(dir.path(), &["check", "--occurrences"]);
    assert!(all.stdout.contains("  r99: every month") && !all.stdout.contains("more rules"), "{all:?}");
}

#[test]
fn advice_is_given_to_those_who_ask_and_denies_nothing() {
    let dir = smallest();
    fs::write(dir.path().join("rules/vips.rules"), "audience vips when orders > 10\n").unwrap();
    let said = run(dir.path(), &["check", "--deny", "warnings"]);
    assert!(said.code == 0 && !said.stdout.contains("advice"), "{said:?}");
    let said = run(dir.path(), &["check", "--deny", "warnings", "--advice"]);
    assert!(
        said.code == 0 && said.stdout.contains("advice[W202]: nothing uses the audience `vips`"),
        "{said:?}"
    );
    assert!(said.stdout.ends_with("3 files, 1 rule: no problem; 1 piece of advice\n"), "{said:?}");
    for (format, says) in [
        ("json", "\"severity\":\"advice\",\"name\":\"never_used\""),
        ("short", "advice[W202]"),
        ("sarif", "\"level\": \"note\""),
        ("github", "::notice file=rules/vips.rules"),
    ] {
        let said = run(dir.path(), &["check", "--advice", "--format", format]);
        assert!(said.code == 0 && said.stdout.contains(says), "{format}: {said:?}");
    }
}
