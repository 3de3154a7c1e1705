//! `draft` and `new matches only`.

use std::sync::Arc;

use cvmd::daemon::Engine;
use cvmd::ingest::Kind;
use cvmd::model::{Duration, Instant};
use cvmd::record::ContactKind;
use cvmd::store::{Memory, Store};

use super::engine::{Caught, NOW, engine, import, rules};

const OFFER: (&str, &str) = ("messages/offer.html", "<title>Come back</title><p>Hello</p>");
const HOUSE: (&str, &str) = ("house.rules", "policy house\n  at most 1 email per customer per day\n");
const CUSTOMERS: &str = "id,email,clv,consent_email_marketing\n\
    ana,ana@shop.example,820,yes\n\
    bob,bob@shop.example,900,yes\n\
    cy,cy@shop.example,9,yes\n";

fn later(days: i64) -> Instant {
    NOW.plus(Duration::days(days))
}

fn take(engine: &mut Engine, text: &str, days: i64) {
    engine.activate(rules(&[("shop.rules", text), HOUSE, OFFER]), later(days)).unwrap();
}

fn decisions(engine: &mut Engine, days: i64) -> u64 {
    engine.tick(later(days)).unwrap().decisions
}

#[test]
fn a_draft_decides_and_records_and_sends_nothing() {
    let store: Arc<dyn Store> = Arc::new(Memory::new());
    let caught = Arc::new(Caught::default());
    let outgoing: Arc<dyn cvmd::daemon::Outgoing> = caught.clone();
    let mut engine = Engine::open(Arc::clone(&store), outgoing).unwrap();
    let draft = "workspace shop\n  first run 1\nrule winback\n  priority 90\n  when clv > 500\n  draft\n  then send offer\n";
    let other = "rule other\n  when clv > 800\n  then send offer\n";
    take(&mut engine, &format!("{draft}{other}"), 0);
    import(&mut engine, Kind::Customers, CUSTOMERS, NOW);
    let report = engine.tick(NOW).unwrap();
    assert_eq!(report.decisions, 2, "ana and bob by the draft, above the first run's limit");
    assert_eq!(report.held, ["other"], "it takes no room under the cap: the other rule meets both");
    assert!(caught.0.lock().unwrap().is_empty());
    let ana = engine.find("ana").unwrap();
    assert_eq!(engine.ledger().of(ana).iter().map(|c| c.kind).collect::<Vec<_>>(), [ContactKind::Draft]);
    assert_eq!(decisions(&mut engine, 1), 0, "rehearsed once");
    let explained = engine.explain("ana", Some("winback"), later(1), later(1)).unwrap();
    assert_eq!(explained.rules[0].history[0].fate, "rehearsed");
    drop(engine);
    let mut engine = self::engine(store);
    take(&mut engine, draft, 2);
    assert_eq!(decisions(&mut engine, 2), 0, "after a restart");

    // Nobody was used up: when the word goes, everybody is new.
    take(&mut engine, &draft.replace("first run 1", "first run 9").replace("  draft\n", ""), 3);
    assert_eq!(decisions(&mut engine, 3), 2);
    assert_eq!(engine.ledger().of(ana).last().unwrap().kind, ContactKind::Marketing);
    // And as a draft again it forgets neither.
    take(&mut engine, draft, 4);
    assert_eq!(decisions(&mut engine, 4), 0);
    take(&mut engine, &draft.replace("first run 1", "first run 9").replace("  draft\n", ""), 5);
    assert_eq!(decisions(&mut engine, 5), 0);
}

#[test]
fn new_matches_only_passes_over_who_matched_when_it_was_new() {
    let store: Arc<dyn Store> = Arc::new(Memory::new());
    let mut engine = engine(Arc::clone(&store));
    take(&mut engine, "rule other when clv > 5000 then send offer\n", 0);
    import(&mut engine, Kind::Customers, CUSTOMERS, NOW);
    let rule =
        "rule winback\n  when clv > 500\n  new matches only\n  at most 9 times per day\n  then send offer\n";
    take(&mut engine, rule, 0);
    assert_eq!(decisions(&mut engine, 0), 0);
    let explained = engine.explain("ana", Some("winback"), NOW, NOW).unwrap();
    assert_eq!(explained.rules[0].stopped_by.as_deref(), Some("matched before"));
    drop(engine);
    let mut engine = self::engine(store);
    take(&mut engine, rule, 1);
    assert_eq!(decisions(&mut engine, 1), 0, "nor after a restart");
    import(&mut engine, Kind::Customers, "id,clv\ncy,700\n", later(2));
    assert_eq!(decisions(&mut engine, 2), 1, "cy comes to match");
    import(&mut engine, Kind::Customers, "id,clv\nana,7\n", later(3));
    assert_eq!(decisions(&mut engine, 3), 0);
    import(&mut engine, Kind::Customers, "id,clv\nana,700\n", later(4));
    assert_eq!(decisions(&mut engine, 4), 1, "ana comes to match anew");
}

#[test]
fn a_season_that_begins_anew_with_new_matches_only_passes_over_who_matches_then() {
    let store: Arc<dyn Store> = Arc::new(Memory::new());
    let mut engine = engine(Arc::clone(&store));
    let rule = |season: &str| {
        format!("rule winback\n  {season}\n  when clv > 500\n  new matches only\n  then send offer\n")
    };
    take(&mut engine, &rule("from 2026-11-23 until 2026-11-25"), 0);
    assert_eq!(decisions(&mut engine, 0), 0);
    import(&mut engine, Kind::Customers, CUSTOMERS, NOW);
    assert_eq!(decisions(&mut engine, 1), 2, "ana and bob come to match");
    import(&mut engine, Kind::Customers, "id,clv\ncy,700\n", later(4));
    take(&mut engine, &rule("from 2026-12-01"), 5);
    assert_eq!(decisions(&mut engine, 60), 0, "cy matched before it began anew");
}
