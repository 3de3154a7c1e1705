//! The engine with one stage switched off: the checker must turn red, and say which law was broken.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;
use std::thread;

use super::{at, live, world};

/// The switch that breaks the process on purpose, and the law that then is broken.
const STAGES: [(&str, &str); 29] = [
    ("at_most", "at most"),
    ("pause", "decided while not paused"),
    ("consent", "decided with consent"),
    ("suppression", "decided while not suppressed"),
    ("cap", "cap"),
    ("cap_of_the_calendar", "cap"),
    ("cap_rolling", "cap"),
    ("cap_in_total", "cap in total"),
    ("in_all", "limit over all"),
    ("guard", "nothing is decided while a guard stops it"),
    ("growth", "a run that grew waits"),
    ("quiet_hours", "due in quiet hours"),
    ("or_skip", "skips what does not wait"),
    ("arbitration", "one rule a tick"),
    ("same_address", "one record of a person"),
    ("expired", "decided only if it can go"),
    ("event_key", "once for an event"),
    ("timers", "not before its wait is over"),
    ("movement_memory", "once for a movement"),
    ("zone", "due in quiet hours"),
    ("draft", "a draft sends nothing"),
    ("spent", "false in between"),
    ("give_up_after", "gives up in time"),
    ("season", "in season"),
    ("consent_again", "consent"),
    ("pause_again", "pause"),
    ("match_again", "its condition holds still"),
    ("quiet_hours_again", "quiet hours"),
    ("season_again", "its last day has not passed"),
];

/// What a fortnight does not meet for sure: the switch, and a test of its own that it turns red.
const APART: [(&str, &str); 3] = [
    ("suppression_again", "daemon::policies::again::a_suppressed_address_gets_nothing"),
    ("placeholder", "decide::stages::a_message_with_a_gap_is_tried_again"),
    ("expired_again", "daemon::policies::again::what_comes_too_late_after_an_outage_is_taken_back"),
];

/// Worlds, by seed, people and crowd, small enough to be run once for each stage. What the first does not
/// meet is looked for in the next.
const WORLDS: [(u64, usize, usize); 4] = [(2, 60, 0), (2, 100, 0), (5, 160, 0), (3, 10, 126)];

/// The world with a crowd, which the guards of rules and runs need and no other stage does.
const CROWD: usize = 3;

/// The process that the tests below start, in the world of the number that `CVMD_FORTNIGHT` says.
#[test]
fn a_fortnight() {
    let world = std::env::var("CVMD_FORTNIGHT").map_or(0, |number| number.parse().unwrap());
    let (seed, people, crowd) = WORLDS[world];
    let size = world::Size { seed, start: at("2026-03-21T00:00:00Z"), days: 13, people, crowd, calm: 45 };
    let findings = live(size);
    println!("{}", findings.table());
    assert!(findings.faults.is_empty(), "{:#?}", findings.broken());
}

fn under(switch: &str, test: &str, world: usize) -> (bool, String) {
    let tests = std::env::current_exe().unwrap();
    let mut command = Command::new(tests);
    let output = command
        .args(["--exact", test, "--nocapture"])
        .env("CVMD_SABOTAGE", switch)
        .env("CVMD_FORTNIGHT", world.to_string())
        .env("RUST_BACKTRACE", "0")
        .output()
        .unwrap();
    (output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
#[ignore = "takes minutes: `.ci/run` runs it, optimised"]
fn each_stage_that_is_off_is_noticed() {
    let at_once = thread::available_parallelism().map_or(2, usize::from);
    for some in STAGES.chunks(at_once) {
        thread::scope(|scope| {
            for (stage, law) in some {
                scope.spawn(move || {
                    let off = format!("stage_off:{stage}");
                    let mut said = Vec::new();
                    let mut worlds =
                        if ["guard", "growth"].contains(stage) { CROWD..WORLDS.len() } else { 0..CROWD };
                    let is_noticed = worlds.any(|world| {
                        let (green, faults) = under(&off, "year::sabotage::a_fortnight", world);
                        let is_told = !green && faults.contains(&format!("\"{law}\": ("));
                        said.push(faults);
                        is_told
                    });
                    assert!(is_noticed, "without `{stage}`: {}", said.join("\n"));
                });
            }
        });
    }
}

#[test]
fn what_a_fortnight_does_not_meet_is_noticed_elsewhere() {
    for (stage, test) in APART {
        assert!(under("", test, 0).0, "{test} is not green");
        let (green, said) = under(&format!("stage_off:{stage}"), test, 0);
        assert!(!green && said.contains("panicked"), "without `{stage}`: {said}");
    }
}

/// Every switch in the code is thrown above, and every stage has one.
#[test]
fn every_stage_is_switched_off_once() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut switches: BTreeSet<String> =
        cvmd::decide::STAGES.iter().map(|(name, _)| (*name).into()).collect();
    for folder in ["src/decide", "src/daemon"] {
        walk(&root.join(folder), &mut switches);
    }
    switches.extend(["cap_of_the_calendar", "cap_rolling", "cap_in_total"].map(str::to_owned));
    let thrown: BTreeSet<String> =
        STAGES.iter().chain(&APART).map(|(switch, _)| (*switch).to_owned()).collect();
    assert_eq!(thrown, switches);
}

fn walk(folder: &Path, switches: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            walk(&path, switches);
        } else {
            let text = std::fs::read_to_string(path).unwrap();
            let names = text.split("is_off(\"").skip(1).filter_map(|rest| rest.split('"').next());
            switches.extend(names.map(str::to_owned));
        }
    }
}
