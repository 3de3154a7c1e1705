//! Zones, customer time, seasons, missed and edited occurrences, over virtual time.

use std::collections::BTreeMap;
use std::sync::Arc;

use cvmd::daemon::Engine;
use cvmd::ingest::Kind;
use cvmd::model::{Duration, Instant, MINUTE_MS};
use cvmd::store::{Memory, Store};

use super::engine::{engine, import, rules};

const HELLO: (&str, &str) = ("messages/hello.txt", "Subject: Hello\n\nHello\n");

fn at(text: &str) -> Instant {
    Instant(text.parse::<jiff::Timestamp>().unwrap().as_millisecond())
}

fn activate(engine: &mut Engine, clauses: &str, now: Instant) {
    let text = format!(
        "workspace w\n  first run 100000\nrule r\n  {clauses}\n  when id_known = yes\n  then send hello\n"
    );
    let text = format!("attribute id_known yes/no\n{text}");
    engine.activate(rules(&[("r.rules", &text), HELLO]), now).unwrap();
}

fn people(zones: &[(&str, &str)]) -> String {
    let mut csv = "id,email,time_zone,id_known,consent_email_marketing\n".to_owned();
    for (id, zone) in zones {
        csv += &format!("{id},{id}@shop.example,{zone},yes,yes\n");
    }
    csv
}

/// Ticks every so many minutes; the instants of each customer's sends.
fn live(engine: &mut Engine, from: &str, to: &str, minutes: i64) -> Vec<(String, String)> {
    let (mut now, end) = (at(from), at(to));
    let before: BTreeMap<u32, usize> = (0..50).map(|c| (c, sends(engine, c).len())).collect();
    while now <= end {
        engine.tick(now).unwrap();
        now = now.plus(Duration(minutes * MINUTE_MS));
    }
    let mut all = Vec::new();
    for customer in 0..50 {
        let id = engine.population().id(cvmd::model::CustomerNumber(customer)).map(str::to_owned);
        for sent in sends(engine, customer).into_iter().skip(before[&customer]) {
            all.push((id.clone().unwrap(), sent.to_string()));
        }
    }
    all
}

fn sends(engine: &Engine, customer: u32) -> Vec<Instant> {
    engine.ledger().of(cvmd::model::CustomerNumber(customer)).iter().map(|contact| contact.at).collect()
}

fn pairs(list: &[(&str, &str)]) -> Vec<(String, String)> {
    list.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect()
}

fn shop(clauses: &str, zones: &[(&str, &str)], now: &str) -> (Arc<Memory>, Engine) {
    let store = Arc::new(Memory::new());
    let mut engine = engine(Arc::clone(&store) as Arc<dyn Store>);
    activate(&mut engine, clauses, at(now));
    import(&mut engine, Kind::Customers, &people(zones), at(now));
    (store, engine)
}

#[test]
fn customer_time_is_nine_where_each_one_lives_across_a_change_of_clocks() {
    let zones = [("ana", "Europe/Madrid"), ("bo", "America/New_York"), ("cy", "Asia/Tokyo"), ("dee", "")];
    let (_, mut engine) = shop("every day at 09:00 customer time", &zones, "2026-10-24T10:00:00Z");
    let found = live(&mut engine, "2026-10-24T10:00:00Z", "2026-10-25T18:00:00Z", 10);
    assert_eq!(
        found,
        pairs(&[
            ("ana", "2026-10-25T08:00:00Z"),
            ("bo", "2026-10-24T13:00:00Z"),
            ("bo", "2026-10-25T13:00:00Z"),
            ("cy", "2026-10-25T00:00:00Z"),
            ("dee", "2026-10-25T09:00:00Z"),
        ])
    );
}

#[test]
fn who_moves_meets_nothing_twice_and_misses_nothing_that_is_not_too_late() {
    let zones = [("ana", "Asia/Tokyo"), ("bo", "Europe/Madrid")];
    let clauses = "every day at 09:00 customer time\n  if missed, run within 6 hours";
    let (store, mut engine) = shop(clauses, &zones, "2026-11-20T20:00:00Z");
    assert_eq!(
        live(&mut engine, "2026-11-20T20:00:00Z", "2026-11-21T02:00:00Z", 10),
        pairs(&[("ana", "2026-11-21T00:00:00Z")])
    );
    let moved = people(&[("ana", "Europe/Madrid"), ("bo", "Asia/Tokyo")]);
    import(&mut engine, Kind::Customers, &moved, at("2026-11-21T02:05:00Z"));
    drop(engine);
    // A restart between the zones forgets nothing of it.
    let mut engine = super::engine::engine(store as Arc<dyn Store>);
    activate(&mut engine, clauses, at("2026-11-21T02:08:00Z"));
    assert_eq!(
        live(&mut engine, "2026-11-21T02:10:00Z", "2026-11-22T09:00:00Z", 10),
        pairs(&[
            ("ana", "2026-11-22T08:00:00Z"),
            ("bo", "2026-11-21T02:10:00Z"),
            ("bo", "2026-11-22T00:00:00Z"),
        ])
    );
}

#[test]
fn an_edited_and_a_reverted_time_fire_once_a_day() {
    let (_, mut engine) = shop("every day at 09:00", &[("ana", "")], "2026-11-20T08:00:00Z");
    let first = live(&mut engine, "2026-11-20T08:00:00Z", "2026-11-20T09:10:00Z", 10);
    assert_eq!(first, pairs(&[("ana", "2026-11-20T09:00:00Z")]));
    activate(&mut engine, "every day at 10:00 customer time", at("2026-11-20T09:15:00Z"));
    assert_eq!(live(&mut engine, "2026-11-20T09:20:00Z", "2026-11-20T12:00:00Z", 10), []);
    activate(&mut engine, "every day at 09:00", at("2026-11-20T12:05:00Z"));
    assert_eq!(
        live(&mut engine, "2026-11-20T12:10:00Z", "2026-11-21T12:00:00Z", 10),
        pairs(&[("ana", "2026-11-21T09:00:00Z")])
    );
}

#[test]
fn a_missed_occurrence_runs_as_late_as_it_says_and_is_said_else() {
    let clauses = "every day at 09:00\n  if missed, run within 6 hours";
    let (_, mut engine) = shop(clauses, &[("ana", "")], "2026-11-20T08:00:00Z");
    assert_eq!(live(&mut engine, "2026-11-20T08:00:00Z", "2026-11-20T08:00:00Z", 1), []);
    assert_eq!(
        live(&mut engine, "2026-11-20T14:59:00Z", "2026-11-20T14:59:00Z", 1),
        pairs(&[("ana", "2026-11-20T09:00:00Z")])
    );
    let late = engine.tick(at("2026-11-21T15:00:00Z")).unwrap();
    assert_eq!((late.missed.len(), late.decisions), (1, 0));
    assert_eq!(engine.tick(at("2026-11-21T15:01:00Z")).unwrap().missed.len(), 0, "said once");
}

#[test]
fn a_season_includes_both_days_and_one_that_begins_anew_starts_afresh() {
    let season = "from 2026-11-21 until 2026-11-22\n  at most once per 1 day";
    let (_, mut engine) = shop(season, &[("ana", "")], "2026-11-20T08:00:00Z");
    assert_eq!(
        live(&mut engine, "2026-11-20T08:00:00Z", "2026-11-24T08:00:00Z", 60),
        pairs(&[("ana", "2026-11-21T00:00:00Z")])
    );
    // A last day that is moved later is the same season; a first day after it is another.
    activate(
        &mut engine,
        "from 2026-11-21 until 2026-11-30\n  at most once per 1 day",
        at("2026-11-24T09:00:00Z"),
    );
    assert_eq!(live(&mut engine, "2026-11-24T09:00:00Z", "2026-12-02T08:00:00Z", 60), []);
    activate(&mut engine, "from 2026-12-05\n  at most once per 1 day", at("2026-12-02T09:00:00Z"));
    assert_eq!(
        live(&mut engine, "2026-12-02T09:00:00Z", "2026-12-07T08:00:00Z", 60),
        pairs(&[("ana", "2026-12-05T00:00:00Z")])
    );
}

#[test]
fn who_moves_on_the_day_on_which_the_time_is_edited_meets_nothing_twice() {
    let zones = [("ana", "Asia/Tokyo"), ("bo", "Europe/Moscow")];
    for edited in ["every day at 10:00 customer time", "every weekday at 10:00 customer time"] {
        let (store, mut engine) = shop("every day at 09:00 customer time", &zones, "2026-11-23T20:00:00Z");
        assert_eq!(
            live(&mut engine, "2026-11-23T20:00:00Z", "2026-11-24T02:00:00Z", 10),
            pairs(&[("ana", "2026-11-24T00:00:00Z")])
        );
        let moved = people(&[("ana", "Europe/Madrid"), ("bo", "Europe/Moscow")]);
        import(&mut engine, Kind::Customers, &moved, at("2026-11-24T02:05:00Z"));
        activate(&mut engine, edited, at("2026-11-24T02:06:00Z"));
        // Bo's run makes the edited schedule the one that was served last.
        assert_eq!(
            live(&mut engine, "2026-11-24T02:10:00Z", "2026-11-24T07:10:00Z", 10),
            pairs(&[("bo", "2026-11-24T07:00:00Z")])
        );
        drop(engine);
        let mut engine = super::engine::engine(store as Arc<dyn Store>);
        activate(&mut engine, edited, at("2026-11-24T07:15:00Z"));
        assert_eq!(
            live(&mut engine, "2026-11-24T07:20:00Z", "2026-11-25T09:10:00Z", 10),
            pairs(&[("ana", "2026-11-25T09:00:00Z"), ("bo", "2026-11-25T07:00:00Z")]),
            "{edited}"
        );
    }
}
