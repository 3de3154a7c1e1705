//! `set`: what rules write into attributes, once, and when.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use cvmd::daemon::{Engine, Outgoing};
use cvmd::ingest::Kind;
use cvmd::model::{Duration, Instant};
use cvmd::record::{MessageKey, OpenMessage, WhileQueued};
use cvmd::store::{Memory, Store, tables};

use super::engine::{NOW, engine, import, rules};

const OFFER: (&str, &str) = ("messages/offer.html", "<title>Come back</title><p>Hello</p>");
const CUSTOMERS: &str = "id,email,clv,consent_email_marketing\n\
    ana,ana@shop.example,820,yes\n\
    bob,bob@shop.example,900,no\n\
    cy,cy@shop.example,9,yes\n";
const SHOP: &str = "attribute won_back yes/no set by rules\n\
    attribute worth money set by rules\n\
    attribute plan choice free < pro set by rules\n\
    attribute note text set by rules\n";

fn later(minutes: i64) -> Instant {
    NOW.plus(Duration::seconds(60 * minutes))
}

fn take(engine: &mut Engine, text: &str) {
    engine.activate(rules(&[("shop.rules", &format!("{SHOP}{text}")), OFFER]), NOW).unwrap();
}

fn values(store: &dyn Store, engine: &Engine, id: &str) -> Vec<(String, String)> {
    let profile = tables::customers::profile(store, engine.find(id).unwrap()).unwrap().unwrap();
    let ours = ["won_back", "worth", "plan", "note"];
    profile.values.into_iter().filter(|(name, _)| ours.contains(&name.as_str())).collect()
}

fn pair(name: &str, text: &str) -> (String, String) {
    (name.into(), text.into())
}

/// An outbox that holds back what follows the messages it has under way.
#[derive(Default)]
struct Slow {
    under_way: Mutex<BTreeSet<MessageKey>>,
}

impl Outgoing for Slow {
    fn add(&self, messages: Vec<OpenMessage>) {
        let sends = messages.iter().filter(|message| !message.is_call).map(|message| message.key);
        self.under_way.lock().unwrap().extend(sends);
    }

    fn is_due(&self, key: MessageKey) -> bool {
        !self.under_way.lock().unwrap().iter().any(|one| one.decision == key.decision)
    }
}

#[test]
fn a_rule_that_only_sets_contacts_nobody_and_is_seen_from_the_next_tick_on() {
    let store: Arc<dyn Store> = Arc::new(Memory::new());
    let mut engine = engine(Arc::clone(&store));
    take(
        &mut engine,
        "rule mark\n  when clv > 500\n  then set won_back to yes, then set worth to 50% of clv\n       set plan to pro\n       set note to \"a # b\"\n\
         rule follow\n  when won_back = yes and worth > 400\n  then send offer\n",
    );
    import(&mut engine, Kind::Customers, CUSTOMERS, NOW);
    let first = engine.tick(NOW).unwrap();
    assert_eq!((first.decisions, first.set), (2, 0), "bob too: consent does not concern it");
    assert!(values(&*store, &engine, "ana").is_empty());
    let second = engine.tick(later(1)).unwrap();
    assert_eq!((second.decisions, second.set), (1, 8), "ana follows; bob gave no consent");
    let all = [pair("note", "a # b"), pair("plan", "pro"), pair("won_back", "yes"), pair("worth", "410.00")];
    assert_eq!(values(&*store, &engine, "ana"), all);
    let ana = engine.find("ana").unwrap();
    let changes = tables::customers::changes(&*store, ana).unwrap();
    let worth = changes.iter().find(|change| change.field == "worth").unwrap();
    assert_eq!((worth.happened, worth.learnt), (Some(later(1)), later(1)));
    assert_eq!((worth.before.as_deref(), worth.after.as_deref()), (None, Some("410.00")));
    assert_eq!(engine.tick(later(2)).unwrap().set, 0, "once");
    drop(engine);
    let mut engine = self::engine(store);
    take(&mut engine, "rule follow\n  when won_back = yes\n  then send offer\n");
    assert_eq!(engine.tick(later(3)).unwrap().set, 0);
}

#[test]
fn a_set_is_not_lost_by_a_restart_and_not_applied_twice() {
    let store: Arc<dyn Store> = Arc::new(Memory::new());
    let mut engine = engine(Arc::clone(&store));
    let rule = "rule mark\n  when clv > 500\n  then set won_back to yes\n";
    take(&mut engine, rule);
    import(&mut engine, Kind::Customers, CUSTOMERS, NOW);
    engine.tick(NOW).unwrap();
    drop(engine);
    let mut engine = self::engine(Arc::clone(&store));
    take(&mut engine, rule);
    assert_eq!(engine.tick(later(1)).unwrap().set, 2);
    drop(engine);
    let mut engine = self::engine(Arc::clone(&store));
    take(&mut engine, rule);
    assert_eq!(engine.tick(later(2)).unwrap().set, 0);
    assert_eq!(
        tables::customers::changes(&*store, engine.find("ana").unwrap())
            .unwrap()
            .iter()
            .filter(|c| c.field == "won_back")
            .count(),
        1
    );
}

#[test]
fn a_set_follows_its_message() {
    let store: Arc<dyn Store> = Arc::new(Memory::new());
    let slow = Arc::new(Slow::default());
    let outgoing: Arc<dyn Outgoing> = slow.clone();
    let mut engine = Engine::open(Arc::clone(&store), outgoing).unwrap();
    take(&mut engine, "rule mark\n  when clv > 500\n  then send offer\n       set won_back to yes\n");
    import(&mut engine, Kind::Customers, CUSTOMERS, NOW);
    engine.tick(NOW).unwrap();
    assert_eq!(engine.tick(later(1)).unwrap().set, 0, "the message is under way");
    slow.under_way.lock().unwrap().clear();
    assert_eq!(engine.tick(later(2)).unwrap().set, 1);
    assert_eq!(values(&*store, &engine, "ana"), [pair("won_back", "yes")]);
    assert!(values(&*store, &engine, "bob").is_empty(), "no consent: the actions share one fate");
}

#[test]
fn a_pause_holds_and_a_rule_that_is_gone_takes_back() {
    let store: Arc<dyn Store> = Arc::new(Memory::new());
    let mut engine = engine(Arc::clone(&store));
    let rule = "rule mark\n  when clv > 500\n  then set won_back to yes\n";
    take(&mut engine, rule);
    import(&mut engine, Kind::Customers, CUSTOMERS, NOW);
    engine.tick(NOW).unwrap();
    engine.pause(&"rule mark".parse().unwrap(), WhileQueued::Hold, NOW).unwrap();
    assert_eq!(engine.tick(later(1)).unwrap().set, 0);
    engine.resume(&"rule mark".parse().unwrap()).unwrap();
    take(&mut engine, "rule other\n  when clv > 5000\n  then set won_back to no\n");
    assert_eq!(engine.tick(later(2)).unwrap().set, 0);
    take(&mut engine, rule);
    assert_eq!(engine.tick(later(3)).unwrap().set, 0, "withdrawn for good");
    assert_eq!(tables::messages::open_messages(&*store).count(), 0);
}

#[test]
fn an_unknown_value_leaves_the_attribute_as_it_is() {
    let store: Arc<dyn Store> = Arc::new(Memory::new());
    let mut engine = engine(Arc::clone(&store));
    take(
        &mut engine,
        "rule mark\n  when email is known\n  then set worth to average order value, then set won_back to no\n",
    );
    import(&mut engine, Kind::Customers, CUSTOMERS, NOW);
    assert_eq!(engine.tick(NOW).unwrap().decisions, 3);
    assert_eq!(engine.tick(later(1)).unwrap().set, 3);
    assert_eq!(values(&*store, &engine, "ana"), [pair("won_back", "no")]);
}

#[test]
fn of_two_rules_of_one_tick_the_first_has_the_last_word() {
    let store: Arc<dyn Store> = Arc::new(Memory::new());
    let mut engine = engine(Arc::clone(&store));
    take(
        &mut engine,
        "rule a\n  when clv > 500\n  then set plan to free\n\
         rule b\n  priority 90\n  when clv > 500\n  then set plan to pro\n\
         rule c\n  when clv > 500\n  then set plan to free\n",
    );
    import(&mut engine, Kind::Customers, CUSTOMERS, NOW);
    engine.tick(NOW).unwrap();
    engine.tick(later(1)).unwrap();
    assert_eq!(values(&*store, &engine, "ana"), [pair("plan", "pro")]);
}

#[test]
fn imports_do_not_write_what_rules_set() {
    let store: Arc<dyn Store> = Arc::new(Memory::new());
    let mut engine = engine(Arc::clone(&store));
    take(&mut engine, "rule mark\n  when clv > 500\n  then set won_back to yes\n");
    import(&mut engine, Kind::Customers, CUSTOMERS, NOW);
    engine.tick(NOW).unwrap();
    engine.tick(later(1)).unwrap();
    import(&mut engine, Kind::Customers, "id,won_back\nana,no\n", later(2));
    assert_eq!(values(&*store, &engine, "ana"), [pair("won_back", "yes")]);
}
