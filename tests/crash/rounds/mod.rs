//! Lives that end in a crash, checked from outside.

mod checker;
mod input;
mod plan;
mod story;

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::thread;

use plan::{Death, POINTS, Power};
use story::{Outcome, Script, live};

/// Stories at the same time. They mostly wait.
const AT_ONCE: usize = 6;

/// What a daemon is broken by on purpose, and the words of the harm that this does.
struct Mistake {
    sabotage: &'static str,
    words: &'static [&'static str],
}

/// A daemon as it is: whatever is wrong counts.
const NONE: Mistake = Mistake { sabotage: "", words: &[""] };

impl Mistake {
    fn is_told(&self, outcome: &Outcome) -> bool {
        outcome.wrong.iter().any(|text| self.words.iter().any(|word| text.contains(word)))
    }
}

/// Tells stories of `rounds` rounds in all, each on a thread and in a runtime of its own.
/// It ends early where something is wrong; with a mistake turned on, where it did one of these harms: what
/// else goes wrong then, a busy machine that never came to rest, says nothing of it.
fn tell(rounds: usize, mistake: &Mistake, focus: &[Death], power: Power) -> Outcome {
    // The store of a story goes on from one of its rounds to the next.
    let length = if rounds <= 60 { 5 } else { 10 };
    let script = |first: usize| Script {
        seed: first as u64 + 1,
        first,
        rounds: length.min(rounds - first),
        sabotage: mistake.sabotage,
        focus: focus.to_vec(),
        power_fails: power.fails(first / length),
    };
    // `CVMD_CRASH_STORY=70` tells that one again and again.
    let one = std::env::var("CVMD_CRASH_STORY").ok().and_then(|text| text.parse().ok());
    let firsts = (0..rounds).step_by(length).map(|first| one.unwrap_or(first));
    let scripts = Mutex::new(firsts.map(script));
    let whole = Mutex::new(Outcome::default());
    let next = || scripts.lock().unwrap().next();
    let tell = || {
        while let Some(script) = next().filter(|_| !mistake.is_told(&whole.lock().unwrap())) {
            let told = tokio::runtime::Runtime::new().unwrap().block_on(live(script));
            whole.lock().unwrap().add(told);
        }
    };
    // What is broken on purpose is found by one of them, and the others are in vain.
    let at_once = if mistake.sabotage.is_empty() { AT_ONCE } else { AT_ONCE / 2 };
    thread::scope(|scope| (0..at_once).for_each(|_| drop(scope.spawn(tell))));
    whole.into_inner().unwrap()
}

/// Places that were reached too rarely.
fn neglected(counts: &BTreeMap<String, u64>, least: u64) -> Vec<String> {
    let count = |name: &str| counts.get(name).copied().unwrap_or_default();
    let few = POINTS.iter().filter(|(name, _)| count(name) < least);
    few.map(|(name, _)| format!("{name}: {}", count(name))).collect()
}

#[test]
fn no_crash_loses_or_repeats_anything() {
    let rounds = std::env::var("CVMD_CRASH_ROUNDS").ok().and_then(|text| text.parse().ok()).unwrap_or(20);
    let told = tell(rounds, &NONE, &[], Power::FailsInEveryThirdStory);
    assert!(told.wrong.is_empty(), "{}", told.wrong.join("\n"));
    let (passes, deaths) = (&told.passes, &told.deaths);
    assert_eq!(neglected(passes, 5), Vec::<String>::new(), "passed too rarely: {passes:?}");
    // Of 200 rounds each place ends five lives.
    let least = rounds as u64 / 40;
    assert_eq!(neglected(deaths, least), Vec::<String>::new(), "died there too rarely: {deaths:?}");
}

/// The checker must notice a daemon that is broken on purpose, within so many rounds, by the harm
/// that this mistake does, in one of these words.
fn must_turn_red(sabotage: &'static str, focus: &[Death], power: Power, words: &'static [&'static str]) {
    let mistake = Mistake { sabotage, words };
    let told = tell(60, &mistake, focus, power);
    assert!(
        mistake.is_told(&told),
        "`{sabotage}` was not noticed in {} rounds: {:?}",
        told.rounds,
        told.wrong
    );
}

#[test]
#[ignore = "half a minute: `.ci/run` runs it"]
fn an_acknowledgement_before_the_sync_is_noticed() {
    // What left for a decision that is forgotten leaves its number to another.
    let words = &["acknowledged", "came with two contents", "decided twice"];
    must_turn_red("ack_before_sync", &[Death::Acknowledged], Power::FailsAtEachEnd, words);
}

#[test]
fn what_was_acknowledged_outlives_the_power() {
    let told = tell(12, &NONE, &[Death::Acknowledged], Power::FailsAtEachEnd);
    assert!(told.wrong.is_empty(), "{}", told.wrong.join("\n"));
}

#[test]
#[ignore = "half a minute: `.ci/run` runs it"]
fn a_claim_after_the_send_is_noticed() {
    let focus = [Death::At("after_250", 40), Death::At("before_result_commit", 4)];
    must_turn_red("claim_after_send", &focus, Power::Holds, &["taken twice"]);
}

#[test]
#[ignore = "half a minute: `.ci/run` runs it"]
fn a_key_that_is_not_looked_at_is_noticed() {
    let words = &["taken twice", "decided twice"];
    must_turn_red("key_unchecked", &[Death::Acknowledged], Power::Holds, words);
}

#[test]
#[ignore = "half a minute: `.ci/run` runs it"]
fn an_unknown_that_counts_as_false_is_noticed() {
    must_turn_red("unknown_is_false", &[Death::Acknowledged], Power::Holds, &["must not have had"]);
}

#[test]
#[ignore = "half a minute: `.ci/run` runs it"]
fn a_wait_that_ends_ahead_of_its_decision_is_noticed() {
    let focus = [Death::At("timer_early", 2), Death::Terminated];
    must_turn_red("timer_early", &focus, Power::Holds, &["has not had", "at rest without"]);
}

#[test]
#[ignore = "half a minute: `.ci/run` runs it"]
fn a_place_ahead_of_its_move_is_noticed() {
    // Those of a first life are seen by the second; the third lets them move.
    let focus = [Death::Terminated, Death::Terminated, Death::At("place_early", 1)];
    must_turn_red("place_early", &focus, Power::Holds, &["`warmed`", "at rest without [\"b0-1: warmed"]);
}

#[test]
#[ignore = "half a minute: `.ci/run` runs it"]
fn a_cursor_ahead_of_its_slice_is_noticed() {
    // The first slice of a second life is one of `minutely`; the life after it goes on with the next.
    let focus = [Death::Terminated, Death::At("cursor_early", 1), Death::Terminated];
    must_turn_red("cursor_early", &focus, Power::Holds, &["occurrence"]);
}

#[test]
#[ignore = "half a minute: `.ci/run` runs it"]
fn a_guard_that_does_not_look_is_noticed() {
    let focus = [Death::At("guard_after_pause", 1), Death::Terminated];
    must_turn_red("stage_off:guard", &focus, Power::Holds, &["is paused and fired"]);
}
