//! Renames of what is followed and counted: events, segmentations, attributes and audiences keep what
//! happened under their old names, and no rename is a movement.

use std::sync::Arc;

use cvmd::check::{self, Checked, Files};
use cvmd::daemon::Engine;
use cvmd::ingest::Kind;
use cvmd::model::{Channel, Date, Duration, Instant};
use cvmd::record::{Deed, DeedKind};
use cvmd::store::{Batch, Memory, Store, tables};

use super::engine::{NOW, engine, import, rules};

const OFFER: (&str, &str) = ("messages/offer.html", "<title>Come back</title><p>Hello</p>");
const PEOPLE: &str = "id,email,consent_email_marketing,created\n\
    ana,ana@shop.example,yes,2025-01-01\nbob,bob@shop.example,yes,2025-01-01\n";

fn at(minutes: i64) -> Instant {
    NOW.plus(Duration(minutes * 60_000))
}

fn take(engine: &mut Engine, text: &str, now: Instant) {
    engine.activate(rules(&[("shop.rules", text), OFFER]), now).unwrap();
}

fn shop(store: &Arc<Memory>, text: &str) -> Engine {
    let mut engine = engine(Arc::clone(store) as Arc<dyn Store>);
    take(&mut engine, text, NOW);
    import(&mut engine, Kind::Customers, PEOPLE, NOW);
    engine
}

fn restarted(store: &mut Arc<Memory>, engine: Engine, text: &str, now: Instant) -> Engine {
    drop(engine);
    *store = Arc::new(store.crash());
    let mut engine = self::engine(Arc::clone(store) as Arc<dyn Store>);
    take(&mut engine, text, now);
    engine
}

fn event(engine: &mut Engine, id: &str, name: &str, customer: &str, minutes: i64, now: Instant) {
    let csv = format!("id,customer_id,time,event,value\n{id},{customer},{},{name},60\n", at(minutes));
    import(engine, Kind::Events, &csv, now);
}

fn codes(engine: &Engine, text: &str) -> Vec<&'static str> {
    let mut tree = Files::new();
    tree.insert("shop.rules", text.as_bytes());
    tree.insert(OFFER.0, OFFER.1.as_bytes());
    let options = check::Options { commit: "abc", today: Date(20_780) };
    let Checked { diagnostics, .. } = check::check_beside(&tree, &options, Some(engine.remembered()));
    diagnostics.iter().map(|found| found.code.number()).collect()
}

fn matches(engine: &Engine, customer: &str, rule: &str, now: Instant) -> String {
    engine.explain(customer, Some(rule), now, now).unwrap().rules.remove(0).matches
}

/// The event `cart` with rules that count it, wait after it and fire on it, under another name.
fn carts(name: &str, formerly: &str) -> String {
    format!(
        "event {name}\n  value money\n{formerly}\
         rule counts\n  when count({name} where value > 50) >= 2\n  at most once ever\n  then send offer\n\
         rule waits\n  on {name}, after 2 hours\n  when {name}.value > 50\n  then send offer\n\
         rule fires\n  on {name}\n  then send offer\n"
    )
}

#[test]
fn a_renamed_event_keeps_what_happened_and_what_waits() {
    let (old, new) = (carts("cart", ""), carts("basket", "  formerly cart\n"));
    let later = carts("basket", "");
    let mut store = Arc::new(Memory::new());
    let mut engine = shop(&store, &old);
    event(&mut engine, "e1", "cart", "ana", -1, NOW);
    assert_eq!(engine.fire_events(NOW).unwrap().decisions, 1, "fires, and a wait begins");
    take(&mut engine, &new, at(10));
    assert_eq!(matches(&engine, "ana", "counts", at(10)), "false", "one");
    // A sender that was not renamed yet goes on with the old name; the same row is no second event.
    event(&mut engine, "e2", "cart", "ana", 11, at(12));
    event(&mut engine, "e1", "basket", "ana", -1, at(12));
    assert_eq!(engine.fire_events(at(12)).unwrap().decisions, 1);
    assert_eq!(matches(&engine, "ana", "counts", at(12)), "true", "two");
    event(&mut engine, "e3", "basket", "bob", 13, at(13));
    let mut engine = restarted(&mut store, engine, &later, at(14));
    assert_eq!(engine.fire_events(at(14)).unwrap().decisions, 1, "what had come before the restart");
    assert_eq!(matches(&engine, "ana", "counts", at(14)), "true", "without the line, after a restart");
    // The second cart of ana began her wait anew.
    assert_eq!(engine.fire_events(at(130)).unwrap().decisions, 0);
    assert_eq!(engine.fire_events(at(131)).unwrap().decisions, 1);
    assert_eq!(engine.fire_events(at(133)).unwrap().decisions, 1);
    let shown = tables::messages::open_messages(&*store).map(|message| message.unwrap().event.unwrap().name);
    assert_eq!(shown.collect::<std::collections::BTreeSet<_>>().len(), 1, "all under the first name");
    // A revert is the same event again.
    let engine = restarted(&mut store, engine, &old, at(140));
    assert_eq!(matches(&engine, "ana", "counts", at(140)), "true");
}

#[test]
fn an_event_takes_no_name_that_is_another_ones() {
    let engine = shop(&Arc::new(Memory::new()), &carts("cart", ""));
    let mut engine = engine;
    take(&mut engine, &carts("basket", "  formerly cart\n"), at(1));
    assert_eq!(codes(&engine, &format!("{}event cart\n  value money\n", carts("basket", ""))), ["E122"]);
    let both = format!("{}event cart\n  value money\n", carts("basket", "  formerly cart\n"));
    assert_eq!(codes(&engine, &both), ["E121"]);
    assert_eq!(codes(&engine, &carts("basket", "  formerly order\n")), ["E121"]);
    assert_eq!(codes(&engine, &carts("trolley", "  formerly basket\n")), [""; 0]);
}

#[test]
fn what_was_told_before_it_was_declared_belongs_to_it_under_each_of_its_names() {
    let store = Arc::new(Memory::new());
    let mut engine = shop(&store, "rule r\n  when orders > 99\n  then send offer\n");
    event(&mut engine, "e1", "cart", "ana", -1, NOW);
    event(&mut engine, "e2", "basket", "ana", -1, NOW);
    take(&mut engine, &carts("cart", ""), at(1));
    assert_eq!(matches(&engine, "ana", "counts", at(2)), "false", "one of them");
    take(&mut engine, &carts("basket", "  formerly cart\n"), at(3));
    assert_eq!(matches(&engine, "ana", "counts", at(3)), "true", "both");
}

const STANDING: &str = "attribute plan choice free < pro\n\
    segments worth\n  high when plan = pro\n  low otherwise\n\
    audience vip when worth = high\n\
    rule by_segment\n  when worth becomes high\n  at most 9 times per day\n  then send offer\n\
    rule by_audience\n  when enters audience vip\n  at most 9 times per day\n  then send offer\n\
    rule by_attribute\n  when plan rises\n  at most 9 times per day\n  then send offer\n\
    rule on_monday\n  every monday at 12:00\n  when plan changes and worth changes\n  then send offer\n";

/// The same with everything renamed.
fn renamed() -> String {
    STANDING
        .replace(
            "attribute plan choice free < pro\n",
            "attribute tariff choice free < pro\n  formerly plan\n",
        )
        .replace("segments worth\n", "segments class\n  formerly worth\n")
        .replace("audience vip when worth = high\n", "audience best when class = high\n  formerly vip\n")
        .replace("worth ", "class ")
        .replace("plan ", "tariff ")
        .replace("formerly tariff", "formerly plan")
        .replace("audience vip", "audience best")
        .replace("formerly class", "formerly worth")
}

#[test]
fn a_rename_moves_nobody_and_loses_no_move() {
    let new = renamed();
    for restarts in [false, true] {
        let mut store = Arc::new(Memory::new());
        let mut engine = shop(&store, STANDING);
        import(&mut engine, Kind::Customers, "id,plan\nana,free\nbob,pro\n", NOW);
        assert_eq!(engine.tick(at(1)).unwrap().decisions, 0, "nobody was seen before");
        let column = if restarts {
            import(&mut engine, Kind::Customers, "id,plan\nana,pro\n", at(2));
            engine = restarted(&mut store, engine, &new, at(3));
            "tariff"
        } else {
            // The move itself between the last tick and the reload, then one after it.
            import(&mut engine, Kind::Customers, "id,plan\nana,pro\n", at(2));
            take(&mut engine, &new, at(3));
            "tariff"
        };
        assert_eq!(
            engine.tick(at(4)).unwrap().decisions,
            3,
            "ana moved before the rename; restarts: {restarts}"
        );
        assert_eq!(engine.tick(at(5)).unwrap().decisions, 0);
        let csv = format!("id,{column}\nbob,free\n");
        import(&mut engine, Kind::Customers, &csv, at(6));
        assert_eq!(engine.tick(at(7)).unwrap().decisions, 0, "bob fell: no rule asks");
        // A scheduled rule sees the moves from before the rename too: 12:00 in UTC, four hours later.
        assert_eq!(engine.tick(at(240)).unwrap().decisions, 2, "ana and bob");
        // And back: nobody moves by a revert.
        take(&mut engine, STANDING, at(241));
        assert_eq!(engine.tick(at(242)).unwrap().decisions, 0);
    }
}

#[test]
fn what_was_sent_and_opened_is_counted_under_the_present_name_of_the_message() {
    let text = |message: &str, formerly: &str| {
        format!(
            "message {message}\n  email marketing\n  subject \"Hello\"\n  text \"Hello\"\n{formerly}\
             message other\n  email marketing\n  subject \"Hello\"\n  text \"Hello\"\n\
             rule counts\n  when count(sent where message = {message}) = 1 and count(opened where message = {message}) = 1\n  then send other\n\
             rule follows\n  on sent, after 1 hour\n  when sent.message = {message}\n  then send other\n"
        )
    };
    let mut store = Arc::new(Memory::new());
    let mut engine = shop(&store, &text("hello", ""));
    let deed = Deed {
        kind: DeedKind::Sent,
        key: "d1-1-1-80".parse().unwrap(),
        customer: engine.find("ana").unwrap(),
        at: NOW,
        learnt: NOW,
        message: "hello".into(),
        rule: "greets".into(),
        channel: Channel::email(),
        marketing: true,
    };
    let mut batch = Batch::default();
    tables::deeds::put(&mut batch, 0, std::slice::from_ref(&deed));
    tables::deeds::mark(&mut batch, 0);
    store.commit(batch).wait().unwrap();
    engine.did(0, vec![deed]).unwrap();
    import(
        &mut engine,
        Kind::Events,
        &format!("customer_id,time,event,message\nana,{NOW},opened,hello\n"),
        NOW,
    );
    engine.fire_events(NOW).unwrap();
    assert_eq!(matches(&engine, "ana", "counts", NOW), "true");
    take(&mut engine, &text("welcome", "  formerly hello\n"), at(1));
    assert_eq!(matches(&engine, "ana", "counts", at(1)), "true", "after a reload");
    let mut engine = restarted(&mut store, engine, &text("welcome", ""), at(2));
    assert_eq!(matches(&engine, "ana", "counts", at(2)), "true", "after a restart");
    assert_eq!(engine.fire_events(at(60)).unwrap().decisions, 1, "what waits after it knows it too");
    let engine = restarted(&mut store, engine, &text("hello", ""), at(61));
    assert_eq!(matches(&engine, "ana", "counts", at(61)), "true", "after a revert");
}
