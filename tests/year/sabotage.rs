//! The engine with one stage switched off: the checker must turn red, and say which law was broken.

use std::process::Command;
use std::thread;

use super::{at, live, world};

/// The switch that breaks the process on purpose, and the law that then is broken.
const STAGES: [(&str, &str); 13] = [
    ("at_most", "at most"),
    ("pause", "decided while not paused"),
    ("consent", "decided with consent"),
    ("suppression", "decided while not suppressed"),
    ("cap", "cap"),
    ("quiet_hours", "quiet hours"),
    ("arbitration", "one rule a tick"),
    ("same_address", "one record of a person"),
    ("expired", "decided only if it can go"),
    ("event_key", "once for an event"),
    ("timers", "not before its wait is over"),
    ("movement_memory", "once for a movement"),
    ("zone", "due in quiet hours"),
];

/// A world small enough to be run once for each stage; the process that the tests below start.
#[test]
fn a_fortnight() {
    let size = world::Size { seed: 2, start: at("2026-03-21T00:00:00Z"), days: 13, people: 100 };
    let findings = live(size);
    assert!(findings.faults.is_empty(), "{:#?}", findings.broken());
}

fn under(switch: &str) -> (bool, String) {
    let tests = std::env::current_exe().unwrap();
    let mut command = Command::new(tests);
    let output = command
        .args(["--exact", "year::sabotage::a_fortnight", "--nocapture"])
        .env("CVMD_SABOTAGE", switch)
        .env("RUST_BACKTRACE", "0")
        .output()
        .unwrap();
    (output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
fn each_stage_that_is_off_is_noticed() {
    let at_once = thread::available_parallelism().map_or(2, usize::from);
    for some in STAGES.chunks(at_once) {
        thread::scope(|scope| {
            for (stage, law) in some {
                scope.spawn(move || {
                    let (green, said) = under(&format!("stage_off:{stage}"));
                    assert!(!green && said.contains(&format!("\"{law}\": (")), "without `{stage}`: {said}");
                });
            }
        });
    }
}
