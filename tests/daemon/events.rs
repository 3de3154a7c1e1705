//! Events of any kind, and what we did, in the conditions of rules.

use std::sync::Arc;

use cvmd::daemon::Engine;
use cvmd::ingest::Kind;
use cvmd::model::{Channel, Duration, Instant};
use cvmd::record::{Deed, DeedKind};
use cvmd::store::tables::deeds;
use cvmd::store::{Batch, Memory, Store};

use super::engine::{NOW, engine, import, rules};

const MESSAGE: (&str, &str) = ("messages/offer.txt", "Subject: Hello\n\nHello.\n");
const SHOP: &str =
    "workspace shop\n  currency EUR\nevent cart_abandoned\n  value money\n  items list of text\n";

fn shop(store: Arc<dyn Store>, rule: &str) -> Engine {
    let mut engine = engine(store);
    let text = format!("{SHOP}{rule}");
    engine.activate(rules(&[("shop.rules", &text), MESSAGE]), NOW).unwrap();
    engine
}

fn deed(engine: &Engine, id: &str, at: Instant) -> Deed {
    Deed {
        kind: DeedKind::Sent,
        key: "d1-1-1-80".parse().unwrap(),
        customer: engine.find(id).unwrap(),
        at,
        learnt: NOW,
        message: "offer".into(),
        rule: "r".into(),
        channel: Channel::email(),
        marketing: true,
    }
}

/// Whether the rule `r` matches, in the words of `explain`.
fn matches(engine: &Engine, id: &str, now: Instant) -> String {
    engine.explain(id, Some("r"), now, now).unwrap().rules.remove(0).matches
}

#[test]
fn imported_events_are_counted_and_survive_a_restart() {
    let store: Arc<dyn Store> = Arc::new(Memory::new());
    let rule = "rule r\n  when sum(cart_abandoned.value in last 7 days where items contains \"shoe\") >= 100 EUR\n  then send offer\n";
    let mut engine = shop(Arc::clone(&store), rule);
    let customers = "id,email,consent_email_marketing\nana,ana@shop.example,yes\nbob,bob@shop.example,yes\n";
    import(&mut engine, Kind::Customers, customers, NOW);
    let events = "id,customer_id,time,event,value,items\n\
        1,ana,2026-11-20,cart_abandoned,60,red shoes;hat\n\
        2,ana,2026-11-21,cart_abandoned,40,Shoe\n\
        3,ana,2026-11-21,cart_abandoned,900,hat\n\
        4,bob,2026-11-10,cart_abandoned,400,shoes\n";
    import(&mut engine, Kind::Events, events, NOW);
    assert_eq!((&*matches(&engine, "ana", NOW), &*matches(&engine, "bob", NOW)), ("true", "false"));
    drop(engine);
    let again = shop(store, rule);
    assert_eq!((&*matches(&again, "ana", NOW), &*matches(&again, "bob", NOW)), ("true", "false"));
}

#[test]
fn what_the_outbox_did_is_read_by_conditions_once_and_after_a_restart() {
    let store: Arc<dyn Store> = Arc::new(Memory::new());
    let rule = "rule r\n  when count(sent in last 30 days where message = offer and channel = email) = 1\n  then send offer\n";
    let mut engine = shop(Arc::clone(&store), rule);
    import(&mut engine, Kind::Customers, "id,email\nana,ana@shop.example\nbob,bob@shop.example\n", NOW);
    let sent = vec![deed(&engine, "ana", NOW.minus(Duration::days(3)))];
    let mut batch = Batch::default();
    deeds::put(&mut batch, 0, &sent);
    store.commit(batch).wait().unwrap();

    engine.did(0, sent.clone()).unwrap();
    engine.tick(NOW).unwrap();
    engine.did(0, sent.clone()).unwrap();
    engine.tick(NOW.plus(Duration::seconds(60))).unwrap();
    assert_eq!((&*matches(&engine, "ana", NOW), &*matches(&engine, "bob", NOW)), ("true", "false"));
    import(&mut engine, Kind::Customers, "id,email\nana,ana2@shop.example\n", NOW);
    assert_eq!(matches(&engine, "ana", NOW), "true", "an import takes nothing of it away");

    let mut again = shop(store, rule);
    assert_eq!(matches(&again, "ana", NOW), "true", "read from the store");
    again.did(0, sent).unwrap();
    again.tick(NOW.plus(Duration::seconds(120))).unwrap();
    assert_eq!(matches(&again, "ana", NOW), "true", "what was read is not counted twice");
    assert_eq!(matches(&again, "ana", NOW.plus(Duration::days(40))), "false");
}
