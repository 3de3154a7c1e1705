//! Random sequences of commits, checkouts, rebases and half-written files beside a daemon that ticks:
//! at each instant it runs the last good set that stood still, and no other.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::thread;

use super::story::Story;
use super::ways::Way;

/// Daemons at the same time. They mostly wait.
const AT_ONCE: usize = 10;
/// Sequences of one daemon's life.
const OF_ONE: usize = 5;
/// What happens in a sequence.
const LENGTH: usize = 6;

#[derive(Debug, Default)]
struct Outcome {
    ways: BTreeMap<String, u64>,
    wrong: Vec<String>,
}

/// Plays so many sequences; ends early where something is wrong.
fn play(sequences: usize, sabotage: &'static str, ways: &'static [Way]) -> Outcome {
    let seeds = Mutex::new((0..sequences).step_by(OF_ONE));
    let whole = Mutex::new(Outcome::default());
    let next = || seeds.lock().unwrap().next();
    let live = || {
        while let Some(first) = next().filter(|_| whole.lock().unwrap().wrong.is_empty()) {
            let count = OF_ONE.min(sequences - first);
            let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
            let told = runtime.unwrap().block_on(life(first as u64 + 1, count, sabotage, ways));
            let mut whole = whole.lock().unwrap();
            whole.wrong.extend(told.wrong);
            for (way, count) in told.ways {
                *whole.ways.entry(way).or_default() += count;
            }
        }
    };
    thread::scope(|scope| (0..AT_ONCE).for_each(|_| drop(scope.spawn(live))));
    whole.into_inner().unwrap()
}

/// One daemon's life: sequence after sequence, each from a commit.
async fn life(seed: u64, sequences: usize, sabotage: &'static str, ways: &[Way]) -> Outcome {
    let mut outcome = Outcome::default();
    let mut story = Story::begin(seed, sabotage).await;
    for _ in 0..sequences {
        story.check_out();
        story.rest().await;
        for _ in 0..LENGTH {
            let way = story.random.of(ways);
            *outcome.ways.entry(format!("{way:?}")).or_default() += 1;
            story.go(way).await;
            if !story.wrong.is_empty() {
                outcome.wrong = story.wrong;
                return outcome;
            }
        }
    }
    outcome
}

#[test]
fn at_each_instant_it_runs_the_last_good_set() {
    let asked = std::env::var("CVMD_RELOAD_SEQUENCES").ok().and_then(|text| text.parse().ok());
    let sequences = asked.unwrap_or(10);
    let outcome = play(sequences, "", &Way::ALL);
    assert!(outcome.wrong.is_empty(), "{}", outcome.wrong.join("\n"));
    // Of 200 sequences each way is gone some forty times.
    let few = Way::ALL.iter().map(|way| format!("{way:?}"));
    let count = |way: &String| outcome.ways.get(way).copied().unwrap_or_default();
    let few: Vec<String> = few.filter(|way| count(way) < sequences as u64 / 10).collect();
    assert!(few.is_empty(), "gone too rarely: {few:?} of {:?}", outcome.ways);
}

/// A daemon that is broken on purpose lets a set live that never stood still.
fn must_turn_red(sabotage: &'static str, ways: &'static [Way]) {
    let outcome = play(20, sabotage, ways);
    let told = outcome.wrong.iter().any(|text| text.contains("never stood still"));
    assert!(told, "`{sabotage}` was not noticed: {outcome:?}");
}

#[test]
#[ignore = "some seconds: `.ci/run` runs it"]
fn a_set_that_is_read_only_once_is_noticed() {
    must_turn_red("reload_reads_once", &[Way::Release, Way::Half]);
}

#[test]
#[ignore = "some seconds: `.ci/run` runs it"]
fn a_lock_that_is_not_looked_at_is_noticed() {
    must_turn_red("reload_ignores_lock", &[Way::Checkout, Way::Commit, Way::Lock]);
}
