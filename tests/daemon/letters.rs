//! What died can be sent again for thirty days; then nothing of it is kept.

use std::sync::Arc;

use cvmd::daemon::Engine;
use cvmd::ingest::Kind;
use cvmd::model::{Duration, Instant};
use cvmd::record::key::Table;
use cvmd::record::{Frozen, MessageState, OpenMessage};
use cvmd::serve::{OutboxFilter, OutboxWish, Request, Response};
use cvmd::store::{Batch, Memory, Store, tables};

use super::engine::{NOW, engine, import, rules};

/// More than a tick forgets.
const DEAD: usize = 230;

fn days(days: i64, less: i64) -> Instant {
    NOW.plus(Duration(days * 86_400_000 - less))
}

fn letters(store: &Memory) -> usize {
    tables::messages::letters(store, Instant(i64::MIN), None).map(Result::unwrap).count()
}

/// A shop in which every message died, as the outbox writes it down.
fn shop(store: &Arc<Memory>) -> Engine {
    let mut engine = engine(Arc::clone(store) as Arc<dyn Store>);
    let text = "attribute name text\nrule welcome\n  when email is known\n  then send offer\n";
    let offer = ("messages/offer.txt", "Subject: Hello\n\nHello {{ name }}\n");
    engine.activate(rules(&[("shop.rules", text), offer]), NOW).unwrap();
    let row = |n: usize| format!("c{n},c{n}@shop.example,Wilhelmina,yes\n");
    let people: String = (0..DEAD).map(row).collect();
    import(&mut engine, Kind::Customers, &format!("id,email,name,consent_email_marketing\n{people}"), NOW);
    assert_eq!(engine.tick(NOW).unwrap().decisions, DEAD as u64);
    let open: Vec<OpenMessage> = tables::messages::open_messages(&**store).map(Result::unwrap).collect();
    for some in open.chunks(40) {
        let mut batch = Batch::default();
        for message in some {
            let frozen = Frozen {
                at: NOW,
                to: "wilhelmina@shop.example".into(),
                content: "c0".into(),
                values: vec![("name".into(), "\"Wilhelmina\"".into())],
                body: None,
            };
            let state = MessageState::Dead;
            let letter = OpenMessage { state, frozen: Some(frozen), attempts: 8, ..message.clone() };
            tables::messages::remove_open(&**store, &mut batch, message.decided, message.key).unwrap();
            tables::messages::put_letter(&mut batch, NOW, &letter);
        }
        store.commit(batch).wait().unwrap();
    }
    engine
}

fn again(engine: &mut Engine, now: Instant) -> u64 {
    let filter = OutboxFilter { state: Some("dead".into()), ..OutboxFilter::default() };
    let wish = OutboxWish::Retry;
    let request = Request::OutboxChange { wish, filter, only_count: true, after: None };
    match engine.handle(request, now, &mut |_| {}) {
        Response::OutboxChanged(changed) => changed.changed,
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_died_is_there_for_thirty_days_to_the_millisecond_and_then_goes_bit_by_bit() {
    let store = Arc::new(Memory::new());
    let mut engine = shop(&store);
    engine.tick(days(30, 0)).unwrap();
    assert_eq!((letters(&store), again(&mut engine, days(30, 0))), (DEAD, DEAD as u64));
    engine.tick(days(30, -1)).unwrap();
    assert_eq!(letters(&store), DEAD - 100, "no tick takes long over it");
    engine.tick(days(30, -2)).unwrap();
    engine.tick(days(30, -3)).unwrap();
    assert_eq!((letters(&store), again(&mut engine, days(31, 0))), (0, 0));
    let prefix = Table::DeadLetter.prefix();
    assert_eq!(store.scan(&prefix, &prefix).count(), 0, "no piece of any");
}

#[test]
fn a_younger_one_stays_beside_those_that_go() {
    let store = Arc::new(Memory::new());
    let mut engine = shop(&store);
    let (_, mut young) = tables::messages::letters(&*store, NOW, None).next().unwrap().unwrap();
    young.key.action = 9;
    let mut batch = Batch::default();
    tables::messages::put_letter(&mut batch, days(10, 0), &young);
    store.commit(batch).wait().unwrap();
    for n in 1..9 {
        engine.tick(days(31, -n)).unwrap();
    }
    assert_eq!((letters(&store), again(&mut engine, days(31, -9))), (1, 1));
    engine.tick(days(40, -1)).unwrap();
    assert_eq!(letters(&store), 0);
}
