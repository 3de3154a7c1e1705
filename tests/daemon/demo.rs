//! The demo's promise: on any day at any hour at least one rule sends with its first tick.

use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex};

use cvmd::daemon::Engine;
use cvmd::generate::write_folder;
use cvmd::ingest::Kind;
use cvmd::model::{Duration, Instant};
use cvmd::record::MessageState;
use cvmd::store::{Memory, Store};

use super::engine::{Caught, NOW, import, rules};

/// The files of `rules/`, with their paths in it.
fn shipped() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("rules");
    let mut files = Vec::new();
    for folder in [root.clone(), root.join("messages")] {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_file() {
                let name = path.strip_prefix(&root).unwrap().to_string_lossy().into_owned();
                files.push((name, fs::read_to_string(path).unwrap()));
            }
        }
    }
    files
}

/// What a demo made at `now` hands over with its first tick: rule and channel, for those that do not
/// wait.
fn first_tick(files: &[(&str, &str)], customers: u32, now: Instant) -> Vec<(String, bool)> {
    let folder = tempfile::tempdir().unwrap();
    write_folder(folder.path(), now.0.unsigned_abs(), customers, now).unwrap();
    let store: Arc<dyn Store> = Arc::new(Memory::new());
    let caught = Arc::new(Caught(Mutex::default()));
    let mut engine = Engine::open(store, Arc::clone(&caught) as _).unwrap();
    engine.activate(rules(files), now).unwrap();
    for (kind, file) in
        [(Kind::Customers, "customers.csv"), (Kind::Orders, "orders.csv"), (Kind::Events, "events.csv")]
    {
        import(&mut engine, kind, &fs::read_to_string(folder.path().join(file)).unwrap(), now);
    }
    engine.tick(now).unwrap();
    let caught = caught.0.lock().unwrap();
    let at_once = caught.iter().filter(|m| m.state == MessageState::Pending && m.next_attempt <= now);
    at_once.map(|message| (message.rule.clone(), message.is_call)).collect()
}

/// `first_tick` over the shipped rules: mails, then calls.
fn mails_and_calls(customers: u32, now: Instant) -> (usize, usize) {
    let files = shipped();
    let files: Vec<_> = files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    let sent = first_tick(&files, customers, now);
    let calls = sent.iter().filter(|(_, is_call)| *is_call).count();
    (sent.len() - calls, calls)
}

#[test]
fn something_goes_out_on_any_day_at_any_hour() {
    // Every fifth hour of a week meets each hour of the day; and the two Sundays on which Europe's
    // clocks change.
    let week = (0..7 * 24).step_by(5).map(|hours| NOW.plus(Duration::hours(hours)));
    let autumn = Instant(1_792_886_400_000);
    let spring = Instant(1_806_192_000_000);
    let hours = |day: Instant| (0..3).map(move |hours| day.plus(Duration::hours(hours)));
    for now in week.chain(hours(autumn)).chain(hours(spring)) {
        let (mails, calls) = mails_and_calls(200, now);
        assert!(calls > 0, "nothing is called at {now}, {mails} mails");
    }
}

/// Mail waits for the morning of its customer; in a shop of the demo's size it is day for somebody.
#[test]
fn somebody_is_written_to_when_europe_and_america_sleep() {
    let midnight = NOW.minus(Duration::hours(8));
    for hour in [5, 22] {
        let now = midnight.plus(Duration::hours(hour));
        let (mails, _) = mails_and_calls(5_000, now);
        assert!(mails >= 10, "{mails} mails at {now}");
    }
}
