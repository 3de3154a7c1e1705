//! Rules on events over virtual time: what fires, when, for whom, and how often.

use std::sync::{Arc, Mutex};

use cvmd::daemon::{Engine, EventReport, Outgoing};
use cvmd::ingest::Kind;
use cvmd::model::{Duration, Instant};
use cvmd::record::{OpenMessage, WhileQueued};
use cvmd::store::{Memory, Store};

use super::engine::{NOW, import, rules};

const CART: &str = "event cart_abandoned\n  value money\n  page text\n\n\
    webhook crm\n  post \"https://crm.shop.example/\"\n\n";

#[derive(Default)]
struct Caught(Mutex<Vec<OpenMessage>>);

impl Outgoing for Caught {
    fn add(&self, messages: Vec<OpenMessage>) {
        self.0.lock().unwrap().extend(messages);
    }
}

struct Shop {
    store: Arc<Memory>,
    engine: Engine,
    caught: Arc<Caught>,
    text: String,
}

/// Minutes after the beginning.
fn at(minutes: i64) -> Instant {
    NOW.plus(Duration(minutes * 60_000))
}

impl Shop {
    /// A shop of ana, bob and cy with these rules beside the event `cart_abandoned`.
    fn new(rule: &str) -> Self {
        let store = Arc::new(Memory::new());
        let mut shop = Self::open(store, &format!("{CART}{rule}"), NOW);
        let customers = "id,email,consent_email_marketing\n\
            ana,ana@shop.example,yes\nbob,bob@shop.example,yes\ncy,cy@shop.example,yes\n";
        import(&mut shop.engine, Kind::Customers, customers, NOW);
        shop
    }

    fn open(store: Arc<Memory>, text: &str, now: Instant) -> Self {
        let caught = Arc::new(Caught::default());
        let outgoing: Arc<dyn Outgoing> = Arc::clone(&caught) as _;
        let mut engine = Engine::open(Arc::clone(&store) as Arc<dyn Store>, outgoing).unwrap();
        engine.activate(rules(&[("shop.rules", text)]), now).unwrap();
        Self { store, engine, caught, text: text.into() }
    }

    /// As after a kill: what was durable, under the same rules.
    fn restart(self, now: Instant) -> Self {
        let Self { store, engine, text, .. } = self;
        drop(engine);
        Self::open(Arc::new(store.crash()), &text, now)
    }

    fn edit(&mut self, rule: &str, now: Instant) {
        self.text = format!("{CART}{rule}");
        self.engine.activate(rules(&[("shop.rules", &self.text)]), now).unwrap();
    }

    /// Imports carts: id, customer, minutes, value.
    fn carts(&mut self, carts: &[(&str, &str, i64, &str)], now: Instant) {
        let row = |(id, customer, minutes, value): &(&str, &str, i64, &str)| {
            format!("{id},{customer},{},cart_abandoned,{value}\n", at(*minutes))
        };
        let csv: String = carts.iter().map(row).collect();
        import(&mut self.engine, Kind::Events, &format!("id,customer_id,time,event,value\n{csv}"), now);
    }

    fn orders(&mut self, orders: &[(&str, &str, i64, &str)], now: Instant) {
        let row = |(id, customer, minutes, total): &(&str, &str, i64, &str)| {
            format!("{id},{customer},{},{total}\n", at(*minutes))
        };
        let csv: String = orders.iter().map(row).collect();
        import(&mut self.engine, Kind::Orders, &format!("order_id,customer_id,time,total\n{csv}"), now);
    }

    fn fire(&mut self, now: Instant) -> EventReport {
        self.engine.fire_events(now).unwrap()
    }

    /// Whom was decided for, in order: customer and the event's id.
    fn decided(&self) -> Vec<(String, String)> {
        let messages = self.caught.0.lock().unwrap();
        let pair = |message: &OpenMessage| {
            let id = self.engine.population().id(message.customer).unwrap().to_owned();
            (id, message.event.as_ref().unwrap().id.clone())
        };
        messages.iter().map(pair).collect()
    }

    fn ids(&self) -> Vec<String> {
        self.decided().into_iter().map(|(_, event)| event).collect()
    }
}

const AT_ONCE: &str = "rule rescue\n  on cart_abandoned\n  when cart_abandoned.value > 50\n  \
    then call crm with cart_abandoned.value, cart_abandoned.page\n";
const LATER: &str = "rule rescue\n  on cart_abandoned, after 2 hours\n  \
    when cart_abandoned.value > 50 and count(order in last 2 hours) = 0\n  then call crm\n";
const EACH: &str = "rule rescue\n  on cart_abandoned, after 2 hours, for each event\n  then call crm\n";

#[test]
fn an_event_fires_for_its_customer_at_once_and_once() {
    let mut shop = Shop::new(AT_ONCE);
    shop.carts(&[("e1", "ana", 0, "90"), ("e2", "bob", 0, "50"), ("e3", "cy", 0, "")], at(1));
    let report = shop.fire(at(1));
    assert_eq!((report.asked, report.matched, report.decisions), (3, 1, 1), "unknown never sends");
    assert_eq!(shop.decided(), [("ana".to_owned(), "e1".to_owned())]);
    let fields = shop.caught.0.lock().unwrap()[0].call_fields.clone();
    let value = "{\"amount\":\"90.00\",\"currency\":null}".to_owned();
    let expected =
        [("cart_abandoned_value".to_owned(), value), ("cart_abandoned_page".to_owned(), "null".to_owned())];
    assert_eq!(fields, expected);
    shop.carts(&[("e1", "ana", 0, "90")], at(2));
    assert!(shop.fire(at(2)).is_empty(), "the same event again is nothing new");
    shop.carts(&[("e4", "ana", 2, "90")], at(2));
    assert_eq!(shop.fire(at(2)).decisions, 1, "another event is another firing");
    let mut again = shop.restart(at(3));
    assert!(again.fire(at(3)).is_empty());
    assert_eq!(again.engine.ledger().len(), 2);
}

#[test]
fn what_is_an_hour_old_is_history_and_fires_nothing() {
    let mut shop = Shop::new(AT_ONCE);
    shop.carts(&[("old", "ana", -60, "90"), ("young", "bob", -59, "90")], NOW);
    assert_eq!(shop.fire(NOW).decisions, 1);
    assert_eq!(shop.ids(), ["young"]);
}

#[test]
fn an_event_ahead_of_the_clock_is_decided_at_its_own_time() {
    let mut shop = Shop::new(AT_ONCE);
    shop.carts(&[("ahead", "ana", 4, "90")], NOW);
    assert_eq!(shop.fire(NOW).decisions, 0);
    assert_eq!(shop.engine.shared().get().next_due, Some(at(4)), "somebody wakes it then");
    let mut shop = shop.restart(at(3));
    assert_eq!(shop.fire(at(3)).decisions, 0);
    shop.carts(&[("now", "bob", 3, "90")], at(3));
    assert_eq!(shop.fire(at(3)).decisions, 1, "it delays nobody");
    assert_eq!(shop.fire(at(4)).decisions, 1);
    let decided: Vec<Instant> = shop.caught.0.lock().unwrap().iter().map(|one| one.decided).collect();
    assert_eq!(decided, [at(3), at(4)]);
}

#[test]
fn nothing_fires_while_everything_is_held_and_nothing_is_lost() {
    let mut shop = Shop::new(AT_ONCE);
    shop.engine.hold(cvmd::record::HoldReason::Asked, NOW).unwrap();
    shop.carts(&[("e1", "ana", 0, "90")], NOW);
    assert!(shop.fire(NOW).is_empty());
    shop.engine.resume(&"all".parse().unwrap()).unwrap();
    assert_eq!(shop.fire(at(1)).decisions, 1);
}

#[test]
fn an_order_is_an_event_and_a_refund_is_none() {
    let mut shop = Shop::new("rule thanks\n  on order\n  then call crm with order.total\n");
    shop.orders(&[("o1", "ana", 0, "20"), ("o2", "bob", 0, "-20")], NOW);
    assert_eq!(shop.fire(NOW).decisions, 1);
    assert_eq!(shop.decided(), [("ana".to_owned(), "o1".to_owned())]);
}

#[test]
fn a_wait_counts_from_the_event_survives_a_kill_and_asks_the_condition_again() {
    let mut shop = Shop::new(LATER);
    shop.carts(&[("e1", "ana", 0, "90"), ("e2", "bob", 0, "90"), ("e3", "cy", 0, "10")], at(10));
    let report = shop.fire(at(10));
    assert_eq!((report.began, report.decisions), (2, 0), "cy's is certainly false already");
    let mut shop = shop.restart(at(60));
    shop.orders(&[("o1", "bob", 90, "20")], at(90));
    assert_eq!(shop.fire(at(119)).decisions, 0);
    let report = shop.fire(at(120));
    assert_eq!((report.matched, report.decisions), (1, 1), "bob has ordered");
    assert_eq!(shop.decided(), [("ana".to_owned(), "e1".to_owned())]);
    let mut shop = shop.restart(at(121));
    assert!(shop.fire(at(121)).is_empty());
}

#[test]
fn another_such_event_begins_the_wait_anew_unless_each_is_meant() {
    for (rule, at_120, at_150) in [(LATER, vec![], vec!["e2"]), (EACH, vec!["e1"], vec!["e1", "e2"])] {
        let mut shop = Shop::new(rule);
        shop.carts(&[("e1", "ana", 0, "90")], NOW);
        shop.fire(NOW);
        shop.carts(&[("e2", "ana", 30, "90")], at(30));
        shop.fire(at(30));
        shop.fire(at(120));
        assert_eq!(shop.ids(), at_120, "{rule}");
        shop.fire(at(150));
        assert_eq!(shop.ids(), at_150, "{rule}");
    }
}

/// Whatever came first: another during the wait ends it, also one for which no wait begins.
#[test]
fn an_event_that_comes_late_meets_those_that_came_before_it() {
    for rule in [LATER, &LATER.replace("2 hours", "20 minutes")] {
        let carts = [("e1", "ana", 10, "90"), ("e2", "ana", 25, "10"), ("e3", "bob", 10, "90")];
        let mut decided = Vec::new();
        for order in [[0, 1, 2], [1, 0, 2]] {
            let mut shop = Shop::new(rule);
            for at_last in order {
                shop.carts(&[carts[at_last]], at(28));
                shop.fire(at(28));
            }
            shop = shop.restart(at(29));
            shop.fire(at(200));
            decided.push(shop.ids());
        }
        assert_eq!(decided, [["e3"], ["e3"]], "{rule}");
    }
}

#[test]
fn the_event_that_fired_is_in_every_window() {
    let rule = "rule rescue\n  on cart_abandoned, after 2 hours\n  \
        when count(cart_abandoned in last 1 hour where value > 50) = 1\n  then call crm\n";
    let mut shop = Shop::new(rule);
    shop.carts(&[("e1", "ana", 0, "90"), ("e2", "bob", 0, "10")], NOW);
    shop.fire(NOW);
    shop.fire(at(120));
    assert_eq!(shop.ids(), ["e1"]);
}

#[test]
fn a_rule_that_is_gone_edited_or_paused_when_its_wait_is_over() {
    let gone = "rule other\n  on order\n  then call crm\n";
    let edited = EACH.replace("then", "when cart_abandoned.value > 100\n  then");
    let longer = EACH.replace("2 hours", "5 hours");
    for (after, due, decided, ended) in [(gone, 120, 0, 1), (&edited, 120, 0, 0), (&longer, 120, 1, 0)] {
        let mut shop = Shop::new(EACH);
        shop.carts(&[("e1", "ana", 0, "90")], NOW);
        shop.fire(NOW);
        shop.edit(after, at(60));
        let report = shop.fire(at(due));
        assert_eq!((report.decisions, report.gone), (decided, ended), "{after}");
        assert_eq!(shop.fire(at(600)).decisions, 0, "{after}");
    }
    let mut shop = Shop::new(EACH);
    shop.carts(&[("e1", "ana", 0, "90")], NOW);
    shop.fire(NOW);
    shop.edit(gone, at(60));
    shop.edit(EACH, at(90));
    assert_eq!(shop.fire(at(120)).decisions, 1, "it came back in time");

    let mut shop = Shop::new(EACH);
    shop.carts(&[("e1", "ana", 0, "90")], NOW);
    shop.fire(NOW);
    shop.engine.pause(&"rule rescue".parse().unwrap(), WhileQueued::Hold, at(60)).unwrap();
    let report = shop.fire(at(120));
    assert_eq!((report.matched, report.decisions), (1, 0), "skipped, with the reason");
    shop.engine.resume(&"rule rescue".parse().unwrap()).unwrap();
    assert!(shop.fire(at(130)).is_empty());
}

#[test]
fn at_most_and_caps_hold_for_events() {
    let rule = AT_ONCE.replace("when", "at most once per 1 day\n  when");
    let mut shop = Shop::new(&rule);
    shop.carts(&[("e1", "ana", 0, "90"), ("e2", "ana", 1, "90"), ("e3", "bob", 1, "90")], at(1));
    assert_eq!(shop.fire(at(1)).decisions, 2, "ana once");
}

#[test]
fn a_burst_is_committed_in_slices() {
    let mut shop = Shop::new("rule any\n  on cart_abandoned\n  then call crm\n");
    let ids: Vec<(String, String)> = (0..2_000).map(|n| (format!("e{n}"), format!("c{n}"))).collect();
    let carts: Vec<(&str, &str, i64, &str)> =
        ids.iter().map(|(id, customer)| (id.as_str(), customer.as_str(), 0, "90")).collect();
    shop.carts(&carts, NOW);
    let before = shop.store.stats().unwrap().commits;
    assert_eq!(shop.fire(NOW).decisions, 2_000);
    let commits = shop.store.stats().unwrap().commits - before;
    assert!(commits < 100, "{commits}");
    let mut decided = shop.ids();
    decided.sort_unstable();
    decided.dedup();
    assert_eq!(decided.len(), 2_000);
}

#[test]
fn a_failure_between_any_two_commits_loses_no_event_and_decides_none_twice() {
    for survive in 0..12 {
        let mut shop = Shop::new("rule any\n  on cart_abandoned\n  then call crm\n");
        let ids: Vec<(String, String)> = (0..300).map(|n| (format!("e{n}"), format!("c{n}"))).collect();
        let carts: Vec<(&str, &str, i64, &str)> =
            ids.iter().map(|(id, customer)| (id.as_str(), customer.as_str(), 0, "90")).collect();
        shop.carts(&carts, NOW);
        shop.store.fail_after(survive);
        let failed = shop.engine.fire_events(NOW).is_err();
        let mut shop = shop.restart(at(1));
        shop.fire(at(1));
        assert_eq!(shop.engine.ledger().len(), 300, "{survive} {failed}");
        let open = cvmd::store::tables::messages::open_messages(&*shop.store).count();
        assert_eq!(open, 300, "{survive}");
    }
}

proptest::proptest! {
    /// Events that come one by one, each at its own time, with ticks between; and all of them before.
    #[test]
    fn when_events_come_does_not_matter(
        events in proptest::collection::btree_map(1_i64..290, (0_usize..3, 0_u32..120), 0..12),
        after in proptest::option::of(1_u8..3),
        each: bool,
    ) {
        let wait = after.map_or(String::new(), |minutes| format!(", after {minutes} minutes"));
        let each = if each && after.is_some() { ", for each event" } else { "" };
        let rule = format!(
            "rule any\n  on cart_abandoned{wait}{each}\n  when cart_abandoned.value > 30 and \
             count(cart_abandoned in last 1 hour) < 5\n  at most 2 times per 1 hour\n  then call crm\n"
        );
        let row = |(second, (customer, value)): (&i64, &(usize, u32))| {
            let time = NOW.plus(Duration::seconds(*second));
            format!("e{second},{},{time},cart_abandoned,{value}\n", ["ana", "bob", "cy"][*customer])
        };
        let header = "id,customer_id,time,event,value\n";
        let mut one_by_one = Shop::new(&rule);
        let mut before = Shop::new(&rule);
        let all: String = events.iter().map(row).collect();
        import(&mut before.engine, Kind::Events, &format!("{header}{all}"), NOW);
        for second in 0..600 {
            let now = NOW.plus(Duration::seconds(second));
            before.engine.fire_events(now).unwrap();
            // What happens in the instant in which a wait is over is there when it is.
            let event = events.get(&second);
            if let Some(event) = event {
                import(&mut one_by_one.engine, Kind::Events, &format!("{header}{}", row((&second, event))), now);
            }
            one_by_one.engine.fire_events(now).unwrap();
            if event.is_some() {
                one_by_one.engine.tick(now).unwrap();
            }
        }
        let said = |shop: &Shop| {
            let messages = shop.caught.0.lock().unwrap();
            let mut said: Vec<_> = messages
                .iter()
                .map(|m| (m.decided, m.customer, m.event.as_ref().unwrap().id.clone()))
                .collect();
            said.sort();
            said
        };
        proptest::prop_assert_eq!(said(&one_by_one), said(&before));
    }
}

#[test]
fn the_status_says_on_what_a_rule_fires_and_what_waits() {
    let mut shop = Shop::new(EACH);
    shop.carts(&[("k1", "ana", 1, "90"), ("k2", "ana", 2, "90")], at(2));
    shop.fire(at(2));
    let status = shop.engine.status(at(3)).rules.remove(0);
    assert_eq!(status.schedule.as_deref(), Some("on cart_abandoned, after 2 hours, for each event"));
    assert_eq!((status.note.as_deref(), status.next), (Some("2 firings wait"), Some(at(121))));
}
