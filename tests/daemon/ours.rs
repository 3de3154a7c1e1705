//! Rules on what we did and on what people did with it.

use std::sync::Arc;

use cvmd::daemon::{Engine, EventReport};
use cvmd::ingest::Kind;
use cvmd::model::{Channel, Duration, Instant};
use cvmd::record::{Deed, DeedKind, MessageKey, OpenMessage};
use cvmd::store::{Batch, Memory, Store, tables};

use super::engine::{NOW, engine, import, rules};

const MESSAGES: [(&str, &str); 2] = [
    ("messages/welcome.txt", "Subject: Welcome\n\nHello\n"),
    ("messages/reminder.txt", "Subject: Still\n\nHello\n"),
];

fn at(minutes: i64) -> Instant {
    NOW.plus(Duration(minutes * 60_000))
}

struct Shop {
    store: Arc<Memory>,
    engine: Engine,
    text: String,
    packs: u64,
}

impl Shop {
    fn new(text: &str) -> Self {
        let store = Arc::new(Memory::new());
        let mut shop = Self::over(store, text, 0, NOW);
        let customers =
            "id,email,consent_email_marketing\nana,ana@shop.example,yes\nbob,bob@shop.example,yes\n";
        import(&mut shop.engine, Kind::Customers, customers, NOW);
        shop
    }

    fn over(store: Arc<Memory>, text: &str, packs: u64, now: Instant) -> Self {
        let mut engine = engine(Arc::clone(&store) as Arc<dyn Store>);
        let files: Vec<_> = MESSAGES.into_iter().chain([("shop.rules", text)]).collect();
        engine.activate(rules(&files), now).unwrap();
        Self { store, engine, text: text.into(), packs }
    }

    fn restarted(self, now: Instant) -> Self {
        let Self { store, engine, text, packs } = self;
        drop(engine);
        Self::over(Arc::new(store.crash()), &text, packs, now)
    }

    /// What the outbox leaves in the store when it handed something over: the pack, and its mark.
    fn commit(&mut self, kind: DeedKind, customer: &str, message: &str, minutes: i64) -> (u64, Vec<Deed>) {
        let deed = Deed {
            kind,
            key: MessageKey { action: u8::try_from(self.packs).unwrap(), .."d1-1-1-80".parse().unwrap() },
            customer: self.engine.find(customer).unwrap(),
            at: at(minutes),
            learnt: at(minutes),
            message: message.into(),
            rule: "hello".into(),
            channel: Channel::email(),
            marketing: true,
        };
        let (sequence, pack) = (self.packs, vec![deed]);
        self.packs += 1;
        let mut batch = Batch::default();
        tables::deeds::put(&mut batch, sequence, &pack);
        if self.engine.active().unwrap().fires_on(kind) {
            tables::deeds::mark(&mut batch, sequence);
        }
        self.store.commit(batch).wait().unwrap();
        (sequence, pack)
    }

    /// The same, and the daemon hears of it.
    fn did(&mut self, kind: DeedKind, customer: &str, message: &str, minutes: i64) -> EventReport {
        let (sequence, pack) = self.commit(kind, customer, message, minutes);
        self.engine.did(sequence, pack).unwrap();
        self.engine.fire_events(at(minutes)).unwrap()
    }

    fn told(&mut self, event: &str, customer: &str, message: &str, minutes: i64) -> EventReport {
        let csv = format!(
            "customer_id,time,event,message,channel\n{customer},{},{event},{message},email\n",
            at(minutes)
        );
        import(&mut self.engine, Kind::Events, &csv, at(minutes));
        self.engine.fire_events(at(minutes)).unwrap()
    }

    fn open(&self) -> Vec<OpenMessage> {
        tables::messages::open_messages(&*self.store).collect::<Result<_, _>>().unwrap()
    }

    fn matches(&self, customer: &str, now: Instant) -> String {
        self.engine.explain(customer, Some("follow"), now, now).unwrap().rules.remove(0).matches
    }
}

const FOLLOW: &str = "rule follow\n  on sent\n  when sent.message = welcome\n  then send reminder\n";
const LATER: &str = "rule follow\n  on sent, after 3 days\n  \
    when sent.message = welcome and count(opened in last 3 days where message = welcome) = 0\n  then send reminder\n";

#[test]
fn a_rule_fires_on_what_was_sent_and_once() {
    let mut shop = Shop::new(FOLLOW);
    assert_eq!(shop.did(DeedKind::Sent, "ana", "welcome", 1).decisions, 1);
    assert_eq!(shop.did(DeedKind::Sent, "ana", "reminder", 2).decisions, 0, "another message");
    assert_eq!(shop.did(DeedKind::Bounced, "bob", "welcome", 3), EventReport::default(), "no rule asks");
    assert_eq!(shop.open()[0].event.as_ref().unwrap().id, "d1-1-1-0");
    assert_eq!(shop.matches("ana", at(1)), "true", "explain finds the last one");
    assert_eq!(shop.matches("ana", at(4)), "false");
    assert_eq!(shop.matches("bob", at(4)), "unknown", "nothing was sent to bob");
    let mut shop = shop.restarted(at(5));
    assert!(shop.engine.fire_events(at(5)).unwrap().is_empty());
    assert_eq!(shop.open().len(), 1);
}

#[test]
fn a_crash_at_any_place_neither_loses_nor_repeats_what_was_sent() {
    // Between the outbox's commit and the daemon's hearing of it.
    let mut shop = Shop::new(FOLLOW);
    shop.commit(DeedKind::Sent, "ana", "welcome", 1);
    let mut shop = shop.restarted(at(2));
    assert_eq!(shop.engine.fire_events(at(2)).unwrap().decisions, 1);
    assert!(shop.restarted(at(3)).engine.fire_events(at(3)).unwrap().is_empty());
    // Heard of, and not decided.
    let mut shop = Shop::new(FOLLOW);
    let (sequence, pack) = shop.commit(DeedKind::Sent, "ana", "welcome", 1);
    shop.engine.did(sequence, pack.clone()).unwrap();
    let mut shop = shop.restarted(at(2));
    shop.engine.did(sequence, pack).unwrap();
    assert_eq!(shop.engine.fire_events(at(2)).unwrap().decisions, 1, "and told twice");
    // A reload reads everything anew while the outbox is about to tell.
    let mut shop = Shop::new(FOLLOW);
    let (sequence, pack) = shop.commit(DeedKind::Sent, "ana", "welcome", 1);
    let more = format!("attribute plan text\n{FOLLOW}");
    let files: Vec<_> = MESSAGES.into_iter().chain([("shop.rules", &*more)]).collect();
    shop.engine.activate(rules(&files), at(1)).unwrap();
    shop.engine.did(sequence, pack).unwrap();
    assert_eq!(shop.engine.fire_events(at(2)).unwrap().decisions, 1);
}

#[test]
fn who_does_not_open_in_three_days_is_reminded_and_who_opens_is_not() {
    let mut shop = Shop::new(LATER);
    shop.did(DeedKind::Sent, "ana", "welcome", 0);
    shop.did(DeedKind::Sent, "bob", "welcome", 0);
    // Another message ends no wait after this one.
    assert_eq!(shop.did(DeedKind::Sent, "ana", "newsletter", 60).restarted, 0);
    let day = 24 * 60;
    assert_eq!(shop.told("opened", "bob", "welcome", day).decisions, 0, "no rule is on it");
    let mut shop = shop.restarted(at(2 * day));
    assert_eq!(shop.engine.fire_events(at(3 * day - 1)).unwrap().decisions, 0);
    assert_eq!(shop.engine.fire_events(at(3 * day)).unwrap().decisions, 1);
    assert_eq!(shop.open()[0].customer, shop.engine.find("ana").unwrap());
}

#[test]
fn rules_fire_on_what_people_do_with_messages() {
    for event in ["opened", "clicked", "bounced", "complained", "unsubscribed"] {
        let rule = format!(
            "webhook crm\n  post \"https://crm.shop.example/\"\nrule follow\n  on {event}\n  \
             when {event}.message = welcome and count({event} in last 30 days where message = welcome) = 1\n  \
             then call crm with {event}.message as what\n"
        );
        let mut shop = Shop::new(&rule);
        assert_eq!(shop.told(event, "ana", "welcome", 1).decisions, 1, "{event}");
        assert_eq!(shop.told(event, "ana", "welcome", 2).decisions, 0, "{event}, the second");
        assert_eq!(shop.open()[0].call_fields, [("what".to_owned(), "\"welcome\"".to_owned())]);
    }
}

#[test]
fn a_rule_fires_on_a_bounce() {
    let rule = "webhook crm\n  post \"https://crm.shop.example/\"\nrule follow\n  on bounced\n  \
        when count(bounced in last 30 days where message = welcome) = 1\n  then call crm with bounced.message\n";
    let mut shop = Shop::new(rule);
    assert_eq!(shop.did(DeedKind::Bounced, "ana", "welcome", 1).decisions, 1);
    assert_eq!(shop.did(DeedKind::Sent, "ana", "welcome", 1), EventReport::default());
}

/// Whether an address is suppressed, with and without a restart.
fn is_suppressed(shop: Shop, customer: &str) -> (bool, Shop) {
    let found = |shop: &Shop| {
        let number = shop.engine.find(customer).unwrap();
        shop.engine.population().suppressed(number).email
    };
    let before = found(&shop);
    let shop = shop.restarted(at(60));
    assert_eq!(found(&shop), before, "a restart changes nothing");
    (before, shop)
}

#[test]
fn an_address_that_bounced_elsewhere_is_suppressed_where_it_is_the_same() {
    let told = |shop: &mut Shop, who: &str, channel: &str, minutes: i64| {
        let row = format!("b{minutes},{who},{},bounced,welcome,{channel}\n", at(minutes));
        let csv = format!("id,customer_id,time,event,message,channel\n{row}");
        import(&mut shop.engine, Kind::Events, &csv, at(50));
    };
    let email = |shop: &mut Shop, address: &str, minutes: i64| {
        let row = format!("id,email\nana,{address}\n");
        import(&mut shop.engine, Kind::Customers, &row, at(minutes));
    };
    let new = || Shop::new("rule r\n  when email is known\n  then send welcome\n");
    let mut shop = new();
    told(&mut shop, "ana", "sms", 1);
    let (suppressed, mut shop) = is_suppressed(shop, "ana");
    assert!(!suppressed, "a telephone that does not answer");
    told(&mut shop, "ana", "", 2);
    let (suppressed, mut shop) = is_suppressed(shop, "ana");
    assert!(suppressed);
    assert_eq!(shop.engine.tick(at(61)).unwrap().decisions, 1, "bob alone");
    email(&mut shop, "right@shop.example", 62);
    let (suppressed, mut shop) = is_suppressed(shop, "ana");
    assert!(!suppressed, "another address");
    told(&mut shop, "ana", "email", 3);
    let (suppressed, mut shop) = is_suppressed(shop, "ana");
    assert!(!suppressed, "what bounced was the address before");
    let row = format!("id,customer_id,time,event\nlast,ana,{},bounced\n", at(63));
    import(&mut shop.engine, Kind::Events, &row, at(64));
    let (suppressed, mut shop) = is_suppressed(shop, "ana");
    assert!(suppressed, "two addresses of one customer");
    email(&mut shop, "ana@shop.example", 65);
    assert!(is_suppressed(shop, "ana").0, "the first one stays so");
    // Who is not known by an address yet is only counted.
    let mut shop = new();
    told(&mut shop, "eve", "email", 1);
    assert!(!is_suppressed(shop, "eve").0);
}

#[test]
fn who_unsubscribes_or_complains_elsewhere_gets_no_marketing_until_a_later_consent() {
    for event in ["unsubscribed", "complained"] {
        let rule = "rule follow\n  when email is known\n  at most 9 times per day\n  then send welcome\n";
        let mut shop = Shop::new(rule);
        shop.told(event, "ana", "welcome", 1);
        let consents = |shop: &Shop| {
            let ana = shop.engine.find("ana").unwrap();
            shop.engine.population().consents(ana, &Channel::email())
        };
        assert!(!consents(&shop), "{event}");
        assert_eq!(shop.engine.tick(at(2)).unwrap().decisions, 1, "bob alone");
        import(&mut shop.engine, Kind::Customers, "id,consent_email_marketing\nana,yes\n", at(3));
        assert!(!consents(&shop), "a file without a time does not undo it");
        let later = format!("id,consent_email_marketing,consent_email_marketing_at\nana,yes,{}\n", at(4));
        import(&mut shop.engine, Kind::Customers, &later, at(5));
        assert!(consents(&shop));
        let mut shop = shop.restarted(at(6));
        assert!(consents(&shop));
        shop.told(event, "ana", "welcome", 1);
        assert!(consents(&shop), "told again: the consent is later");
    }
}

#[test]
fn the_same_message_again_begins_the_wait_anew() {
    let mut shop = Shop::new(LATER);
    shop.did(DeedKind::Sent, "ana", "welcome", 0);
    assert_eq!(shop.did(DeedKind::Sent, "ana", "welcome", 60).restarted, 1);
    // One that was due before, and handed over late, begins no wait: the other is behind it.
    assert_eq!(shop.did(DeedKind::Sent, "ana", "welcome", 30).began, 0);
    let days = 3 * 24 * 60;
    assert_eq!(shop.engine.fire_events(at(days + 59)).unwrap().decisions, 0);
    assert_eq!(shop.engine.fire_events(at(days + 60)).unwrap().decisions, 1);
}

#[test]
fn a_wait_is_begun_anew_by_the_same_message_under_its_new_name() {
    let renamed =
        "message greeting\n  formerly welcome\n  email marketing\n  subject \"Welcome\"\n  text \"Hello\"\n";
    let day = 24 * 60;
    for (later, restarted) in [("greeting", 1), ("welcome", 1), ("reminder", 0)] {
        let mut shop = Shop::new(LATER);
        shop.did(DeedKind::Sent, "ana", "welcome", 0);
        let text = format!("{renamed}{}", LATER.replace("= welcome", "= greeting"));
        shop.engine.activate(rules(&[MESSAGES[1], ("shop.rules", &text)]), at(30)).unwrap();
        assert_eq!(shop.did(DeedKind::Sent, "ana", later, 60).restarted, restarted, "{later}");
        let due = 3 * day + 60 * i64::try_from(restarted).unwrap();
        assert_eq!(shop.engine.fire_events(at(due - 1)).unwrap().decisions, 0, "{later}");
        assert_eq!(shop.engine.fire_events(at(due)).unwrap().decisions, 1, "{later}");
    }
}
