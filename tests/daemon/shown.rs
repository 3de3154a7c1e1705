//! An event's fields in messages: what is shown is the event that the decision was made on, whatever
//! happens to the event, the store and the rules after it.

use std::sync::Arc;

use cvmd::config::Secrets;
use cvmd::daemon::{DaemonGate, Engine, Sender};
use cvmd::ingest::Kind;
use cvmd::model::{Duration, Instant};
use cvmd::outbox::{Claim, Gate, Payload};
use cvmd::record::{Frozen, MessageState, OpenMessage};
use cvmd::store::{Batch, Memory, Store, tables};

use super::engine::{NOW, engine, import, rules};

const EVENTS: &str =
    "workspace shop\n  currency EUR\nevent cart_abandoned\n  value money\n  items list of text\n";
const RESCUE: &str = "rule rescue\n  on cart_abandoned\n  then send basket\n";
const BASKET: &str = "Subject: {{ cart_abandoned.value }} left behind, {{ first_name | default('friend') }}\n\n\
    {% for item in cart_abandoned.items %}* {{ item }}\n{% endfor %}\
    {{ cart_abandoned.items | length }} in all: {{ cart_abandoned.items }}\n";

fn at(minutes: i64) -> Instant {
    NOW.plus(Duration(minutes * 60_000))
}

struct Shop {
    store: Arc<Memory>,
    engine: Engine,
}

impl Shop {
    fn new(text: &str, basket: &str) -> Self {
        let store = Arc::new(Memory::new());
        let mut shop = Self { engine: engine(Arc::clone(&store) as Arc<dyn Store>), store };
        shop.rules(text, basket, NOW);
        let customers = "id,email,first_name,consent_email_marketing\nana,ana@shop.example,Ana,yes\nbob,bob@shop.example,,yes\n";
        import(&mut shop.engine, Kind::Customers, customers, NOW);
        shop
    }

    fn rules(&mut self, text: &str, basket: &str, now: Instant) {
        let files = [("shop.rules", &*format!("{EVENTS}{text}")), ("messages/basket.txt", basket)];
        self.engine.activate(rules(&files), now).unwrap();
    }

    fn restarted(self, text: &str, basket: &str, now: Instant) -> Self {
        drop(self.engine);
        let store = Arc::new(self.store.crash());
        let mut shop = Self { engine: engine(Arc::clone(&store) as Arc<dyn Store>), store };
        shop.rules(text, basket, now);
        shop
    }

    fn cart(&mut self, customer: &str, value: &str, items: &str) {
        let csv = format!(
            "id,customer_id,time,event,value,items\ne1,{customer},{NOW},cart_abandoned,{value},{items}\n"
        );
        import(&mut self.engine, Kind::Events, &csv, at(1));
        self.engine.fire_events(at(1)).unwrap();
    }

    fn open(&self) -> OpenMessage {
        tables::messages::open_messages(&*self.store).next().unwrap().unwrap()
    }

    fn claim(&self, message: &OpenMessage, now: Instant) -> Result<(String, String, Frozen), String> {
        let sender = Sender {
            from: "Shop <a@shop.example>".into(),
            sandbox: Vec::new(),
            secrets: Secrets::default(),
            links: None,
        };
        let (reports, _) = tokio::sync::mpsc::unbounded_channel();
        let store = Arc::clone(&self.store) as Arc<dyn Store>;
        match DaemonGate::new(store, Arc::clone(self.engine.shared()), sender, reports).claim(message, now) {
            Claim::Go(prepared) => match prepared.payload {
                Payload::Email(email) => Ok((email.subject, email.text, prepared.frozen)),
                Payload::Call(call) => Ok((String::new(), call.body, prepared.frozen)),
            },
            Claim::Dead(why) | Claim::Withdraw(why) => Err(why),
            Claim::Wait(until, why) => Err(format!("{why} until {until}")),
        }
    }
}

#[test]
fn a_message_shows_the_event_that_its_rule_fired_on() {
    let mut shop = Shop::new(RESCUE, BASKET);
    shop.cart("ana", "90.5", "red \"shoe\"|<hat>".replace('|', "\u{1f}").replace('"', "").as_str());
    let (subject, text, _) = shop.claim(&shop.open(), at(1)).unwrap();
    assert_eq!(subject, "90.50 EUR left behind, Ana");
    assert_eq!(text.trim_end(), "* red shoe\n* <hat>\n2 in all: red shoe, <hat>");
}

#[test]
fn it_shows_the_same_after_a_restart_an_edit_and_when_the_event_is_gone() {
    let mut shop = Shop::new(RESCUE, BASKET);
    shop.cart("ana", "90.5", "shoe");
    let mut message = shop.open();
    let first = shop.claim(&message, at(1)).unwrap();
    // It failed for now; the outbox kept what the first claim froze.
    message.frozen = Some(first.2.clone());
    (message.attempts, message.state) = (1, MessageState::Retry);
    let customer = shop.engine.find("ana").unwrap();
    let mut batch = Batch::default();
    batch.remove(cvmd::record::key::events(customer, 0));
    shop.store.commit(batch).wait().unwrap();
    let shop = shop.restarted(RESCUE, "Subject: Other words\n\nOther words\n", at(30));
    assert_eq!(shop.claim(&message, at(30)).unwrap(), first);
}

#[test]
fn what_was_not_claimed_yet_shows_its_event_after_the_event_is_gone_in_corrected_words() {
    let mut shop = Shop::new(RESCUE, BASKET);
    shop.cart("ana", "90.5", "shoe");
    let customer = shop.engine.find("ana").unwrap();
    let mut batch = Batch::default();
    batch.remove(cvmd::record::key::events(customer, 0));
    shop.store.commit(batch).wait().unwrap();
    let shop = shop.restarted(RESCUE, "Subject: {{ cart_abandoned.value }} only\n\nHello\n", at(1));
    assert_eq!(shop.claim(&shop.open(), at(1)).unwrap().0, "90.50 EUR only");
}

#[test]
fn what_the_event_does_not_say_stops_the_message_unless_a_default_stands_there() {
    let mut shop = Shop::new(RESCUE, BASKET);
    shop.cart("ana", "", "shoe");
    assert_eq!(tables::messages::open_messages(&*shop.store).count(), 0);
    let explained = shop.engine.explain("ana", Some("rescue"), at(1), at(1)).unwrap().rules.remove(0);
    assert_eq!(explained.stopped_by.as_deref(), Some("placeholder"));
    assert!(explained.outcome.contains("`cart_abandoned.value` is unknown"), "{}", explained.outcome);
    let guarded = "Subject: {{ cart_abandoned.value | default('Something') }} left behind\n\n\
        {% if cart_abandoned.items is defined %}{{ cart_abandoned.items | join(' and ') }}{% else %}Hello{% endif %}\n";
    let mut shop = Shop::new(RESCUE, guarded);
    shop.cart("ana", "", "shoe");
    let (subject, text, _) = shop.claim(&shop.open(), at(1)).unwrap();
    assert_eq!((&*subject, text.trim_end()), ("Something left behind", "shoe"));
    shop.cart("bob", "", "");
    let bob = shop.engine.find("bob").unwrap();
    let open = tables::messages::open_messages(&*shop.store).map(Result::unwrap);
    let bobs = open.filter(|message| message.customer == bob).last().unwrap();
    assert_eq!(shop.claim(&bobs, at(1)).unwrap().1.trim_end(), "Hello", "nothing is known of this event");
}

#[test]
fn a_message_with_defaults_throughout_can_be_sent_without_an_event_too() {
    let basket = "Subject: Hello\n\nIt is {{ cart_abandoned.value | default('yours') }}.\n";
    let mut shop = Shop::new("rule all\n  when email is known\n  then send basket\n", basket);
    assert_eq!(shop.engine.tick(at(1)).unwrap().decisions, 2);
    assert_eq!(shop.claim(&shop.open(), at(1)).unwrap().1.trim_end(), "It is yours.");
}

#[test]
fn an_order_is_an_event_like_any_other() {
    let rule = "rule thanks\n  on order\n  then send basket\n";
    let mut shop =
        Shop::new(rule, "Subject: {{ order.total }}\n\n{{ order.product | default('Thank you') }}\n");
    let csv = format!("order_id,customer_id,time,total,product\n1,ana,{NOW},40,shoe\n");
    import(&mut shop.engine, Kind::Orders, &csv, at(1));
    shop.engine.fire_events(at(1)).unwrap();
    let (subject, text, _) = shop.claim(&shop.open(), at(1)).unwrap();
    assert_eq!((&*subject, text.trim_end()), ("40.00 EUR", "shoe"));
}

#[test]
fn explain_shows_what_the_message_showed() {
    let mut shop = Shop::new(RESCUE, BASKET);
    shop.cart("ana", "90.5", "shoe");
    let explained = shop.engine.explain("ana", Some("rescue"), at(2), at(2)).unwrap();
    let values = &explained.rules[0].history[0].values;
    assert!(values.contains(&("cart_abandoned.value".into(), "90.50 EUR".into())), "{values:?}");
}

#[test]
fn a_rule_sets_what_the_event_says_with_the_next_tick() {
    let text = "attribute last_value money set by rules\n\
        rule keeps\n  on cart_abandoned\n  then set last_value to cart_abandoned.value\n\
        rule big\n  when last_value > 80 EUR\n  then send basket\n";
    let mut shop = Shop::new(text, "Subject: Big\n\n{{ last_value | default('') }}\n");
    shop.cart("ana", "90.5", "shoe");
    assert_eq!(shop.engine.tick(at(2)).unwrap().set, 1);
    let explained = shop.engine.explain("ana", Some("big"), at(3), at(3)).unwrap();
    assert_eq!(explained.rules[0].matches, "true");
}
