//! A year of virtual time: the real engine goes through it, and a checker that knows nothing of the
//! engine's code reads what was sent.

mod checker;
mod crowd;
mod driver;
mod files;
mod log;
mod random;
#[cfg(debug_assertions)]
mod sabotage;
mod script;
mod world;

use self::checker::Findings;

fn at(text: &str) -> script::Ms {
    text.parse::<jiff::Timestamp>().unwrap().as_millisecond()
}

fn live(size: world::Size) -> Findings {
    let script = world::script(size);
    let log = driver::run(&script);
    checker::check(&script, &log)
}

/// Clocks change in Europe on the 29th of March, in the south on the 5th of April.
#[test]
fn some_days_in_spring_break_no_law() {
    let findings = live(world::Size {
        seed: 1,
        start: at("2026-03-26T00:00:00Z"),
        days: 11,
        people: 70,
        crowd: 0,
        calm: 120,
    });
    assert!(findings.faults.is_empty(), "{:#?}", findings.broken());
}

/// Each policy must have had something to do so often, or the year proves nothing of it.
const BOUND: u64 = 100;

/// Reasons on record, what waited and was taken back, and what rules fired on or did not.
const POLICIES: [&str; 33] = [
    "consent",
    "suppression",
    "no address",
    "at most",
    "cap",
    "limit",
    "pause",
    "held",
    "guard: passed over",
    "arbitration",
    "quiet hours",
    "same address",
    "expired",
    "waited: quiet hours",
    "waited: cap",
    "withdrawn: a pause took it back",
    "withdrawn: the customer no longer matches its rule",
    "event: at once",
    "event: after its wait",
    "event: a wait that began anew",
    "event: false at once",
    "event: no longer so after its wait",
    "event: history",
    "movement: a contact",
    "set: a value",
    "zone: a customer moved",
    "give up: decided after it was tried",
    "give up: tried for so long",
    "sent: at once",
    "sent: after its wait",
    "sent: a wait that began anew",
    "opened: at once",
    "opened: after its wait",
];

/// A guard stops a whole run or rule, and with it everybody, who are counted above: how often it did.
const STOPS: [(&str, u64); 4] = [
    ("growth: a run", 20),
    ("guard: bounces paused a rule", 5),
    ("guard: complaints paused a rule", 5),
    ("guard: unsubscribes paused a rule", 5),
];

/// The kinds of caps in `rules/policy.rules`.
const CAPS: usize = 6;

#[test]
#[ignore = "takes minutes: `.ci/run` runs it, optimised"]
fn a_year_breaks_no_law_and_every_policy_bound() {
    let findings = live(world::Size {
        seed: 3,
        start: at("2026-01-01T00:00:00Z"),
        days: 365,
        people: 200,
        crowd: 126,
        calm: 120,
    });
    println!("{}", findings.table());
    assert!(findings.faults.is_empty(), "{:#?}", findings.broken());
    for (reason, least) in POLICIES.map(|reason| (reason, BOUND)).into_iter().chain(STOPS) {
        let bound = findings.bound.get(reason).copied().unwrap_or(0);
        assert!(bound >= least, "`{reason}` bound {bound} times only");
    }
    let caps: Vec<_> = findings.bound.iter().filter(|(what, _)| what.starts_with("full: ")).collect();
    assert_eq!(caps.len(), CAPS, "{caps:?}");
    for (cap, full) in caps {
        assert!(*full >= BOUND, "`{cap}` {full} times only");
    }
}
