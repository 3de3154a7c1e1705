//! What `outbox list` and `status` print of messages that wait, to the letter.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use cvmd::check::{self, Files};
use cvmd::daemon::{Engine, LeftInStore};
use cvmd::ingest::{self, Kind, Origin, Report};
use cvmd::model::{Date, Instant};
use cvmd::store::{self, Store};
use jiff::tz::TimeZone;

use super::binary::run;

const RULES: &str = "workspace shop
  time zone Europe/Madrid
event cart
  value money
policy house
  quiet hours 21:00 to 08:30 customer time
  at most 1 email per customer per 24 hours or wait up to 2 days
rule thanks
  on cart
  then send offer
rule rescue
  on cart, after 2 hours
  then send offer
";

/// Far ahead: what waits then waits today, too.
fn at(text: &str) -> Instant {
    Instant(text.parse::<jiff::Timestamp>().unwrap().as_millisecond())
}

fn load(engine: &mut Engine, kind: Kind, csv: &str, now: Instant) {
    let mut ignore = |reject: &ingest::Reject| panic!("{reject:?}");
    let mut report = Report::new(kind, "test.csv", &mut ignore);
    let schema = engine.active().unwrap().rules.schema.clone();
    let options = ingest::Options {
        schema: &schema,
        zone: &TimeZone::UTC,
        now,
        map: &[],
        event: None,
        totals: None,
        origin: Origin::File,
    };
    let mut progress = |_| {};
    let mut rows = ingest::open(std::io::Cursor::new(csv.to_owned()), &mut progress).unwrap();
    let load = engine.begin_load("test.csv", now).unwrap();
    engine.load(kind, &mut *rows, &options, &mut report).unwrap();
    engine.end_load(load).unwrap();
}

/// A store in which one message waits for the morning, one for room, and one firing for its time.
fn live(here: &Path) {
    for (file, text) in [
        ("rules/shop.rules", RULES),
        ("rules/messages/offer.txt", "Subject: Come back\n\nAn offer.\n"),
        (
            "cvmd.toml",
            "rules = \"rules\"\ndata = \"data\"\n[email]\ntransport = \"file\"\nfrom = \"Shop <a@shop.example>\"\n",
        ),
    ] {
        let path = here.join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let mut files = Files::new();
    for file in ["shop.rules", "messages/offer.txt"] {
        files.insert(file, fs::read(here.join("rules").join(file)).unwrap());
    }
    let options = check::Options { commit: "unknown", today: Date(23_000) };
    let rules = check::check(&files, &options).rules.unwrap();
    fs::create_dir_all(here.join("data")).unwrap();
    let store: Arc<dyn Store> = Arc::new(store::open(&here.join("data/store")).unwrap());
    let mut engine = Engine::open(store, Arc::new(LeftInStore)).unwrap();
    let noon = at("2099-01-05T11:00:00Z");
    engine.activate(rules, noon).unwrap();
    let customers = "id,email,consent_email_marketing\nana,ana@shop.example,yes\nbob,bob@shop.example,yes\n";
    load(&mut engine, Kind::Customers, customers, noon);
    let carts = "id,customer_id,time,event,value\nk1,ana,2099-01-05T11:00:00Z,cart,90\n";
    load(&mut engine, Kind::Events, carts, noon);
    engine.fire_events(noon).unwrap();
    engine.fire_events(at("2099-01-05T13:00:00Z")).unwrap();
    let night = at("2099-01-05T21:30:00Z");
    let carts = "id,customer_id,time,event,value\nk2,bob,2099-01-05T21:30:00Z,cart,90\n";
    load(&mut engine, Kind::Events, carts, night);
    engine.fire_events(night).unwrap();
}

fn expect(file: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cli/waits").join(file);
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
    }
    assert_eq!(text, fs::read_to_string(&path).unwrap_or_default(), "{file}");
}

#[test]
fn what_waits_is_printed_with_what_for_and_until_when() {
    let dir = tempfile::tempdir().unwrap();
    live(dir.path());
    let said = run(dir.path(), &["outbox", "list"]);
    assert_eq!(said.code, 0, "{said:?}");
    expect("outbox.txt", &said.stdout);
    let said = run(dir.path(), &["status"]);
    assert_eq!(said.code, 0, "{said:?}");
    // The version and the rule set's hash change with every edit.
    let lines = said.stdout.lines().filter(|line| !line.starts_with("cvmd") && !line.starts_with("rules"));
    let shown: String = lines.map(|line| format!("{}\n", without_left(line).trim_end())).collect();
    expect("status.txt", &shown);
}

/// How long it is until then changes while the test runs: `in 26342 days 3 hours`.
fn without_left(line: &str) -> String {
    let Some((at, rest)) = line.split_once("  in 2") else { return line.to_owned() };
    let (left, what) = rest.split_once("  ").expect(line);
    assert!(left.contains(" days"), "{line}");
    format!("{at}  in so long  {}", what.trim_start())
}
