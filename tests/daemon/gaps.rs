//! A message that would say "Dear ," is not sent: who is passed over, what that costs, who is told.

use std::sync::Arc;

use cvmd::config::Secrets;
use cvmd::daemon::{DaemonGate, Engine, Sender};
use cvmd::ingest::Kind;
use cvmd::model::{Duration, Instant};
use cvmd::outbox::{Claim, Gate};
use cvmd::record::OpenMessage;
use cvmd::store::{Memory, Store, tables};

use super::engine::{NOW, engine, import, rules};

const CONTINUOUS: &str =
    "workspace shop\n  currency EUR\nrule greet\n  when email is known\n  then send offer\n";
const CUSTOMERS: &str = "id,email,first_name,language,consent_email_marketing\nana,ana@shop.example,Ana,,yes\n\
    bea,bea@shop.example,,,yes\ncid,cid@shop.example,,es,yes\n";
const OFFER: &str = "Subject: Hello\n\nDear {{ first_name }},\n";
const SPANISH: &str = "Subject: Hola\n\nHola {{ first_name | default('de nuevo') }}\n";

fn at(minutes: i64) -> Instant {
    NOW.plus(Duration(minutes * 60_000))
}

fn shop(text: &str, offer: &str) -> (Arc<Memory>, Engine) {
    let store = Arc::new(Memory::new());
    let mut engine = engine(Arc::clone(&store) as Arc<dyn Store>);
    let files = [("shop.rules", text), ("messages/offer.md", offer), ("messages/offer.es.md", SPANISH)];
    engine.activate(rules(&files), NOW).unwrap();
    import(&mut engine, Kind::Customers, CUSTOMERS, NOW);
    (store, engine)
}

fn reached(store: &Memory, engine: &Engine) -> Vec<String> {
    let open = tables::messages::open_messages(store).map(Result::unwrap);
    let mut ids: Vec<String> = open
        .map(|message| engine.shared().get().population.id(message.customer).unwrap().to_owned())
        .collect();
    ids.sort();
    ids
}

fn why(engine: &Engine, customer: &str, now: Instant) -> (Option<String>, String) {
    let explained = engine.explain(customer, None, now, now).unwrap().rules.remove(0);
    (explained.stopped_by, explained.outcome)
}

#[test]
fn who_has_no_name_gets_no_dear_comma_until_it_is_known() {
    let (store, mut engine) = shop(CONTINUOUS, OFFER);
    assert_eq!(engine.tick(at(1)).unwrap().decisions, 2);
    // Cid reads Spanish, where something stands in for a name.
    assert_eq!(reached(&store, &engine), ["ana", "cid"]);
    let (stopped, sentence) = why(&engine, "bea", at(1));
    assert_eq!(stopped.as_deref(), Some("placeholder"));
    assert!(sentence.contains("`first_name` is unknown, and `offer`"), "{sentence}");
    let note = engine.status(at(1)).rules[0].note.clone().unwrap();
    assert!(
        note.starts_with("1 customer who match") && note.contains("cvmd explain CUSTOMER greet"),
        "{note}"
    );

    assert_eq!(engine.tick(at(2)).unwrap().decisions, 0);
    import(&mut engine, Kind::Customers, "id,first_name\nbea,Bea\n", at(3));
    assert_eq!(engine.tick(at(4)).unwrap().decisions, 1);
    assert_eq!(reached(&store, &engine), ["ana", "bea", "cid"]);
    assert_eq!(engine.status(at(4)).rules[0].note, None);
}

#[test]
fn it_is_tried_for_a_week_and_then_given_up() {
    let (_, mut engine) = shop(CONTINUOUS, OFFER);
    engine.tick(at(1)).unwrap();
    engine.tick(at(8 * 24 * 60)).unwrap();
    import(&mut engine, Kind::Customers, "id,first_name\nbea,Bea\n", at(8 * 24 * 60 + 1));
    assert_eq!(engine.tick(at(8 * 24 * 60 + 2)).unwrap().decisions, 0);
}

#[test]
fn a_gap_takes_nobodys_place() {
    // The greeting would come first, and everybody gets one message at a tick.
    let text = format!(
        "{CONTINUOUS}  priority 90\npolicy house\n  at most 1 email per customer per day\n  \
         if several rules want one customer, keep highest priority\n\
         message plain\n  email marketing\n  subject \"Hi\"\n  text \"Hi\"\n\
         rule second\n  when email is known\n  then send plain\n"
    )
    .replace("  then send offer\n  priority 90", "  priority 90\n  then send offer");
    let (store, mut engine) = shop(&text, OFFER);
    engine.tick(at(1)).unwrap();
    let mut sent: Vec<(String, String)> = tables::messages::open_messages(&*store)
        .map(Result::unwrap)
        .map(|message| {
            let id = engine.shared().get().population.id(message.customer).unwrap().to_owned();
            (id, message.target)
        })
        .collect();
    sent.sort();
    let expected = [("ana", "offer"), ("bea", "plain"), ("cid", "offer")];
    assert_eq!(sent, expected.map(|(id, message)| (id.to_owned(), message.to_owned())));
}

fn claim(store: &Arc<Memory>, engine: &Engine, message: &OpenMessage, now: Instant) -> Claim {
    let sender = Sender {
        from: "Shop <a@shop.example>".into(),
        sandbox: Vec::new(),
        secrets: Secrets::default(),
        links: None,
    };
    let (reports, _) = tokio::sync::mpsc::unbounded_channel();
    let store = Arc::clone(store) as Arc<dyn Store>;
    DaemonGate::new(store, Arc::clone(engine.shared()), sender, reports).claim(message, now)
}

#[test]
fn what_becomes_unknown_while_it_waits_takes_the_message_back() {
    let (store, mut engine) = shop(CONTINUOUS, OFFER);
    engine.tick(at(1)).unwrap();
    let ana = engine.find("ana").unwrap();
    let of_ana = |message: &OpenMessage| message.customer == ana;
    let message = tables::messages::open_messages(&*store).map(Result::unwrap).find(of_ana).unwrap();
    // An empty cell clears what was known.
    import(&mut engine, Kind::Customers, "id,first_name\nana,\n", at(2));
    let Claim::Withdraw(reason) = claim(&store, &engine, &message, at(2)) else { panic!("it went") };
    assert!(reason.starts_with("`first_name` is unknown"), "{reason}");
}

#[test]
fn a_condition_in_the_message_decides_who_would_see_a_gap() {
    let offer =
        "Subject: Hello\n\n{% if language is defined %}\nDear {{ first_name }}\n{% endif %}\n\nHello\n";
    let (store, mut engine) = shop(CONTINUOUS, offer);
    engine.tick(at(1)).unwrap();
    assert_eq!(reached(&store, &engine), ["ana", "bea", "cid"]);
    import(
        &mut engine,
        Kind::Customers,
        "id,email,language,consent_email_marketing\ndi,di@shop.example,de,yes\n",
        at(2),
    );
    assert_eq!(engine.tick(at(3)).unwrap().decisions, 0);
    assert_eq!(why(&engine, "di", at(3)).0.as_deref(), Some("placeholder"));
}
