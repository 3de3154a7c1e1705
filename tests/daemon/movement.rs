//! Movement as ticks see it: each sentence of the language's paragraph, over virtual time.

use std::sync::Arc;

use cvmd::daemon::Engine;
use cvmd::ingest::Kind;
use cvmd::model::{Duration, Instant};
use cvmd::store::{Batch, Memory, Store, tables};

use super::engine::{NOW, engine, import, rules};

const OFFER: (&str, &str) = ("messages/offer.html", "<title>Come back</title><p>Hello</p>");

fn after(days: i64, hours: i64) -> Instant {
    NOW.plus(Duration::days(days)).plus(Duration::hours(hours))
}

/// A store with one rule file, restarted at will.
struct Shop {
    store: Arc<Memory>,
    engine: Engine,
    text: String,
}

impl Shop {
    fn new(text: &str) -> Self {
        Self::over(Arc::new(Memory::new()), text, NOW)
    }

    fn over(store: Arc<Memory>, text: &str, now: Instant) -> Self {
        let mut engine = engine(Arc::clone(&store) as Arc<dyn Store>);
        engine.activate(rules(&[("shop.rules", text), OFFER]), now).unwrap();
        Self { store, engine, text: text.to_owned() }
    }

    /// As a kill and a new start leave it.
    fn restarted(self, now: Instant) -> Self {
        let Self { store, engine, text } = self;
        drop(engine);
        Self::over(Arc::new(store.crash()), &text, now)
    }

    fn edited(&mut self, text: &str, now: Instant) {
        text.clone_into(&mut self.text);
        self.engine.activate(rules(&[("shop.rules", text), OFFER]), now).unwrap();
    }

    fn customers(&mut self, csv: &str, now: Instant) {
        import(&mut self.engine, Kind::Customers, csv, now);
    }

    fn orders(&mut self, csv: &str, now: Instant) {
        import(&mut self.engine, Kind::Orders, &format!("order_id,customer_id,time,total\n{csv}"), now);
    }

    /// Who was decided for at this tick, in the order of their numbers.
    fn tick(&mut self, now: Instant) -> Vec<String> {
        let before = self.engine.ledger().len();
        let report = self.engine.tick(now).unwrap();
        assert_eq!(report.held, Vec::<String>::new());
        let everybody = self.engine.population().everybody();
        let mut who = Vec::new();
        for number in everybody.iter().map(cvmd::model::CustomerNumber) {
            let new = self.engine.ledger().of(number).iter().filter(|contact| contact.at == now).count();
            let id = self.engine.population().id(number).unwrap().to_owned();
            who.extend(std::iter::repeat_n(id, new));
        }
        assert_eq!(self.engine.ledger().len() - before, who.len(), "at {now}");
        who
    }

    fn explained(&self, customer: &str, now: Instant) -> String {
        let explained = self.engine.explain(customer, None, now, now).unwrap();
        format!("{}\n{}", explained.rules[0].tree_text, explained.rules[0].outcome)
    }
}

const LAPSING: &str =
    "rule back\n  when segment becomes lapsing\n  at most 9 times per week\n  then send offer\n";
const PEOPLE: &str = "id,email,consent_email_marketing,created\n\
    ana,ana@shop.example,yes,2025-01-01\n\
    bob,bob@shop.example,yes,2025-01-01\n";

/// Ana bought 59 days ago: in a day she lapses. Bob bought twice lately.
fn shop(text: &str) -> Shop {
    let mut shop = Shop::new(text);
    shop.customers(PEOPLE, NOW);
    shop.orders(
        "1,ana,2026-09-25T20:00:00Z,50\n2,ana,2026-09-20,50\n3,bob,2026-11-20,50\n4,bob,2026-11-01,50\n",
        NOW,
    );
    shop
}

#[test]
fn who_comes_to_a_place_is_sent_once_and_who_was_there_is_not() {
    let mut shop = shop(LAPSING);
    assert_eq!(shop.tick(NOW), Vec::<String>::new());
    assert_eq!(shop.tick(after(1, 11)), Vec::<String>::new(), "19:00, an hour before 60 days are over");
    assert_eq!(shop.tick(after(1, 13)), ["ana"]);
    assert_eq!(shop.tick(after(1, 14)), Vec::<String>::new());
    assert_eq!(shop.tick(after(9, 0)), Vec::<String>::new());
}

#[test]
fn a_first_load_moves_nobody() {
    let mut shop = Shop::new(
        "rule any\n  when segment changes or segment becomes lost or segment becomes active\n  then send offer\n",
    );
    shop.tick(NOW);
    shop.customers(PEOPLE, after(0, 1));
    shop.orders("1,ana,2024-09-25,50\n3,bob,2026-11-20,50\n4,bob,2026-11-01,50\n", after(0, 1));
    assert_eq!(shop.tick(after(0, 1)), Vec::<String>::new());
    assert_eq!(shop.tick(after(0, 2)), Vec::<String>::new());
}

#[test]
fn late_orders_count_only_where_the_change_itself_is_young() {
    let text = "rule any\n  when segment changes\n  at most 9 times per week\n  then send offer\n";
    let mut shop = Shop::new(text);
    shop.customers(PEOPLE, NOW);
    assert_eq!(shop.tick(NOW), Vec::<String>::new(), "both are prospects");
    // Two orders each: ana's of last year, bob's second an hour ago.
    shop.orders(
        "1,ana,2025-09-25,50\n2,ana,2025-10-25,50\n3,bob,2026-03-20,50\n4,bob,2026-11-24T07:00:00Z,50\n",
        after(1, 0),
    );
    assert_eq!(shop.tick(after(1, 0)), ["bob"], "lost in silence, and active an hour ago");
    let told = shop.explained("bob", after(1, 1));
    assert!(
        told.contains(
            "moved from prospect to active at 2026-11-24T07:00:00Z, learnt at 2026-11-24T08:00:00Z"
        ),
        "{told}"
    );
    assert!(told.contains("has decided on it"), "{told}");
    // The same file again, and an order that is late but changes nothing now.
    shop.orders("5,ana,2025-11-25,50\n", after(1, 2));
    assert_eq!(shop.tick(after(1, 2)), Vec::<String>::new());
}

#[test]
fn to_and_fro_within_a_day_is_movement_each_time() {
    let text = "attribute plan choice free < pro < gold\n\n\
        rule up\n  when plan rises\n  at most 9 times per week\n  then send offer\n";
    let mut shop = Shop::new(text);
    let plan = |shop: &mut Shop, plan: &str, now| {
        shop.customers(
            &format!(
                "id,email,consent_email_marketing,created,plan\nana,ana@shop.example,yes,2025-01-01,{plan}\n"
            ),
            now,
        );
    };
    plan(&mut shop, "free", NOW);
    assert_eq!(shop.tick(NOW), Vec::<String>::new(), "not before she was free");
    plan(&mut shop, "gold", after(0, 1));
    assert_eq!(shop.tick(after(0, 1)), ["ana"]);
    plan(&mut shop, "free", after(0, 2));
    assert_eq!(shop.tick(after(0, 2)), Vec::<String>::new(), "she fell");
    plan(&mut shop, "pro", after(0, 3));
    assert_eq!(shop.tick(after(0, 3)), ["ana"], "she had been free 24 hours ago too, but not all the time");
}

#[test]
fn a_new_customer_becomes_their_first_place_and_changes_nothing() {
    let text = "rule hello\n  when segment becomes prospect or enters audience all\n  then send offer\n\n\
        rule changed\n  when segment changes or leaves audience all\n  then send offer\n\n\
        audience all when orders >= 0\n";
    let mut shop = Shop::new(text);
    shop.tick(NOW);
    let csv = "id,email,consent_email_marketing,created\n\
        young,a@shop.example,yes,2026-11-23T10:00:00Z\n\
        old,b@shop.example,yes,2026-11-20\n\
        unknown,c@shop.example,yes,\n";
    shop.customers(csv, after(0, 3));
    assert_eq!(shop.tick(after(0, 3)), ["young"]);
    // Created by their first order, as far as anybody can say.
    shop.orders("1,unseen,2026-11-23T11:00:00Z,50\n2,past,2026-10-23T11:00:00Z,50\n", after(0, 4));
    let explained = shop.explained("unseen", after(0, 5));
    shop.tick(after(0, 5));
    let told = shop.explained("unseen", after(0, 5));
    assert_ne!(explained, told);
}

#[test]
fn created_by_a_first_order_one_becomes_new() {
    let mut shop = Shop::new(
        "webhook crm\n  post \"https://crm.shop.example/\"\n\nrule hello\n  when segment becomes new\n  then call crm\n",
    );
    shop.tick(NOW);
    shop.orders("1,unseen,2026-11-23T11:00:00Z,50\n2,past,2026-11-20T11:00:00Z,50\n", after(0, 4));
    assert_eq!(shop.tick(after(0, 4)), ["unseen"]);
}

#[test]
fn an_edit_of_the_definition_places_everybody_in_silence() {
    let with = |days: u32| {
        format!(
            "segments worth\n  high when revenue >= {days} EUR\n  low otherwise\n\nworkspace w\n  currency EUR\n\nrule up\n  when worth becomes high\n  then send offer\n"
        )
    };
    let mut shop = shop(&with(500));
    assert_eq!(shop.tick(NOW), Vec::<String>::new());
    shop.edited(&with(10), after(0, 1));
    assert_eq!(shop.tick(after(0, 1)), Vec::<String>::new(), "both are high now");
    let mut shop = shop.restarted(after(0, 2));
    assert_eq!(shop.tick(after(0, 2)), Vec::<String>::new());
}

#[test]
fn an_edit_of_what_a_definition_refers_to_is_silent_too_and_one_elsewhere_is_none() {
    let with = |limit: u32, more: &str| {
        format!(
            "workspace w\n  currency EUR\n\n{more}audience rich when revenue >= {limit} EUR\n\nsegments worth\n  high when in audience rich\n  low otherwise\n\nrule up\n  when worth becomes high\n  then send offer\n"
        )
    };
    let mut shop = shop(&with(110, ""));
    shop.tick(NOW);
    shop.edited(&with(90, ""), after(0, 1));
    assert_eq!(shop.tick(after(0, 1)), Vec::<String>::new());
    shop.edited(&with(130, ""), after(0, 2));
    assert_eq!(shop.tick(after(0, 2)), Vec::<String>::new());
    // The order and an unrelated line come between two ticks: the move is seen.
    shop.orders("9,bob,2026-11-23T10:30:00Z,50\n", after(0, 3));
    shop.edited(&with(130, "attribute note text\n\n"), after(0, 3));
    assert_eq!(shop.tick(after(0, 3)), ["bob"]);
}

#[test]
fn a_place_that_is_unknown_for_a_while_is_no_movement() {
    let text = "attribute plan choice free < pro\n\nrule moved\n  when plan changes or plan becomes free\n  then send offer\n";
    let mut shop = Shop::new(text);
    let plan = |shop: &mut Shop, plan: &str, now| {
        shop.customers(
            &format!(
                "id,email,consent_email_marketing,created,plan\nana,ana@shop.example,yes,2025-01-01,{plan}\n"
            ),
            now,
        );
    };
    plan(&mut shop, "free", NOW);
    shop.tick(NOW);
    plan(&mut shop, "", after(1, 0));
    assert_eq!(shop.tick(after(1, 0)), Vec::<String>::new());
    plan(&mut shop, "free", after(2, 0));
    assert_eq!(shop.tick(after(2, 0)), Vec::<String>::new());
    plan(&mut shop, "pro", after(3, 0));
    assert_eq!(shop.tick(after(3, 0)), ["ana"]);
}

#[test]
fn a_rule_that_is_added_later_sees_no_move_before_it() {
    let one = "rule back\n  when segment becomes lapsing\n  then send offer\n";
    let other = "rule later\n  when segment becomes lapsing\n  then send offer\n";
    let mut shop = shop(one);
    shop.tick(NOW);
    assert_eq!(shop.tick(after(1, 13)), ["ana"]);
    shop.edited(&format!("{one}\n{other}"), after(1, 14));
    assert_eq!(shop.tick(after(1, 14)), Vec::<String>::new());
    // Nobody follows for a while: what happened meanwhile is no movement either.
    shop.edited("rule idle\n  when orders > 99\n  then send offer\n", after(2, 0));
    shop.orders("9,ana,2026-11-25T09:00:00Z,50\n", after(2, 2));
    shop.tick(after(2, 2));
    shop.edited("rule again\n  when segment becomes active\n  then send offer\n", after(2, 3));
    assert_eq!(shop.tick(after(2, 3)), Vec::<String>::new());
}

#[test]
fn a_movement_stays_true_until_decided_and_a_day_at_most() {
    let text = "rule back\n  when segment becomes lapsing\n  then send offer\n";
    let mut shop = shop(text);
    shop.tick(NOW);
    let rule = "rule back".parse().unwrap();
    shop.engine.pause(&rule, cvmd::record::WhileQueued::Hold, after(1, 0)).unwrap();
    assert_eq!(shop.tick(after(1, 13)), Vec::<String>::new(), "paused");
    shop.engine.resume(&rule).unwrap();
    let mut shop = shop.restarted(after(1, 14));
    assert_eq!(shop.tick(after(2, 12)), ["ana"], "23 hours later it still counts");

    let mut shop = self::shop(text);
    shop.tick(NOW);
    shop.engine.pause(&rule, cvmd::record::WhileQueued::Hold, after(1, 0)).unwrap();
    shop.tick(after(1, 13));
    shop.engine.resume(&rule).unwrap();
    assert_eq!(shop.tick(after(2, 13)), Vec::<String>::new(), "24 hours later it does not");
}

#[test]
fn in_a_scheduled_rule_it_means_since_the_rule_last_ran() {
    let text = "rule weekly\n  every monday at 09:00\n  when segment becomes lapsing\n  then send offer\n";
    let mut shop = shop(text);
    shop.tick(NOW);
    shop.tick(after(1, 13));
    let mut shop = shop.restarted(after(3, 0));
    assert_eq!(shop.tick(after(7, 1)), ["ana"], "she lapsed on Tuesday");
    assert_eq!(shop.tick(after(14, 1)), Vec::<String>::new());
}

#[test]
fn a_crash_at_any_commit_neither_loses_nor_repeats_a_move() {
    for commits in 0..12 {
        let mut shop = shop(LAPSING);
        shop.tick(NOW);
        shop.store.fail_after(commits);
        let crashed = shop.engine.tick(after(1, 13)).is_err();
        let mut shop = shop.restarted(after(1, 13));
        for minute in 1..4 {
            shop.engine.tick(after(1, 13).plus(Duration::seconds(60 * minute))).unwrap();
        }
        let ana = shop.engine.find("ana").unwrap();
        assert_eq!(shop.engine.ledger().of(ana).len(), 1, "{commits} commits");
        if !crashed {
            assert!(commits > 2, "{commits}");
            return;
        }
    }
    panic!("a tick needs more commits than were tried");
}

#[test]
fn a_daemon_that_slept_longer_than_a_day_has_seen_nothing() {
    let mut shop = shop(LAPSING);
    shop.tick(NOW);
    let mut shop = shop.restarted(after(3, 0));
    assert_eq!(shop.tick(after(3, 0)), Vec::<String>::new(), "she lapsed 35 hours ago");
    let mut shop = self::shop(LAPSING);
    shop.tick(NOW);
    let mut shop = shop.restarted(after(2, 0));
    assert_eq!(shop.tick(after(2, 0)), ["ana"], "she lapsed 12 hours ago");
    let told = shop.explained("ana", after(2, 1));
    assert!(told.contains("moved from active to lapsing at 2026-11-24T20:00:0"), "{told}");
}

#[test]
fn audiences_are_entered_and_left() {
    let text = "workspace w\n  currency EUR\n\naudience rich when revenue >= 110 EUR\n\n\
        rule entered\n  when enters audience rich\n  at most 9 times per week\n  then send offer\n\n\
        rule gone\n  when leaves audience rich\n  at most 9 times per week\n  then send offer\n";
    let mut shop = shop(text);
    assert_eq!(shop.tick(NOW), Vec::<String>::new());
    shop.orders("9,bob,2026-11-23T08:30:00Z,50\n", after(0, 1));
    assert_eq!(shop.tick(after(0, 1)), ["bob"]);
    shop.orders("10,bob,2026-11-23T09:30:00Z,-50\n", after(0, 2));
    assert_eq!(shop.tick(after(0, 2)), ["bob"]);
}

#[test]
fn nobody_is_followed_where_no_rule_asks() {
    let mut shop = shop("rule plain\n  when segment = lapsing\n  then send offer\n");
    shop.tick(NOW);
    assert!(cvmd::store::tables::movement::tracks(&*shop.store).unwrap().is_empty());
}

#[test]
fn a_crash_while_everybody_is_placed_anew_moves_nobody() {
    let with = |limit: u32| {
        format!(
            "workspace w\n  currency EUR\n\nsegments worth\n  high when revenue >= {limit} EUR\n  low otherwise\n\n\
             rule moved\n  when worth changes\n  then send offer\n"
        )
    };
    for commits in 0..20 {
        let mut shop = shop(&with(500));
        shop.tick(NOW);
        shop.store.fail_after(commits);
        let files = rules(&[("shop.rules", &with(10)), OFFER]);
        let crashed = shop.engine.activate(files, after(0, 1)).is_err();
        // The next start finds the rules as they were before the edit, then the edit.
        let mut shop = shop.restarted(after(0, 2));
        assert_eq!(shop.tick(after(0, 2)), Vec::<String>::new(), "{commits}");
        shop.edited(&with(10), after(0, 3));
        assert_eq!(shop.tick(after(0, 3)), Vec::<String>::new(), "{commits}");
        if !crashed {
            return;
        }
    }
    panic!("an activation needs more commits than were tried");
}

#[test]
fn a_damaged_record_of_places_sends_nothing() {
    let mut shop = shop(LAPSING);
    shop.tick(NOW);
    let (key, _) = shop.store.scan(&cvmd::record::key::Table::Places.prefix(), &[]).next().unwrap().unwrap();
    let mut batch = cvmd::store::Batch::default();
    batch.put(key, vec![1, 2, 3]);
    shop.store.commit(batch).wait().unwrap();
    let mut shop = shop.restarted(after(1, 13));
    assert_eq!(shop.tick(after(1, 13)), Vec::<String>::new(), "placed anew, in silence");
    shop.orders("9,ana,2026-11-24T22:00:00Z,50\n", after(1, 15));
    assert_eq!(shop.tick(after(1, 15)), Vec::<String>::new());
}

/// What is learnt after an occurrence and before the tick that serves it belongs to the next one.
#[test]
fn in_customer_time_no_move_is_met_by_two_occurrences() {
    let rule = "rule back\n  every day at 21:00 customer time\n  when segment becomes lapsing\n  \
                at most 9 times per week\n  then send offer\n";
    let mut shop = shop(rule);
    let sent = |shop: &mut Shop, now: Instant| {
        let before = shop.engine.ledger().len();
        shop.engine.tick(now).unwrap();
        shop.engine.ledger().len() - before
    };
    // Ana lapses at 20:00; nobody looks before 21:10, and what is learnt then is met once.
    let mut all = Vec::new();
    for hours in [0, 13, 37, 61, 85, 109] {
        let tick = after(0, hours).plus(Duration::seconds(600));
        all.push(sent(&mut shop, tick));
    }
    assert_eq!(all.iter().sum::<usize>(), 1, "{all:?}");
}

#[test]
fn a_move_counts_anew_while_the_message_of_an_earlier_one_waits_for_the_morning() {
    let text = "workspace shop\nattribute plan choice free < pro\n\
        policy house\n  quiet hours 21:00 to 08:30\n\
        rule up\n  when plan becomes pro\n  at most 9 times per week\n  then send offer\n";
    for restarts in [false, true] {
        let mut shop = Shop::new(text);
        shop.customers("id,email,consent_email_marketing,plan\nana,ana@shop.example,yes,free\n", NOW);
        assert_eq!(shop.tick(NOW), [""; 0]);
        let mut made = Vec::new();
        // 22:00, 22:30 and 23:00; then the night and the next day.
        for (minutes, plan) in [(14 * 60, "pro"), (14 * 60 + 30, "free"), (15 * 60, "pro")] {
            let now = NOW.plus(Duration(minutes * 60_000));
            shop.customers(&format!("id,plan\nana,{plan}\n"), now);
            for step in [0, 60_000] {
                let now = now.plus(Duration(step));
                if restarts {
                    shop = shop.restarted(now);
                }
                made.push(shop.engine.tick(now).unwrap().decisions);
            }
        }
        assert_eq!(made, [1, 0, 0, 0, 1, 0], "restarts: {restarts}");
        let told = shop.explained("ana", NOW.plus(Duration::hours(16)));
        assert!(told.contains("has decided on it"), "{told}");
        for hours in 16..40 {
            let now = NOW.plus(Duration::hours(hours));
            assert_eq!(shop.engine.tick(now).unwrap().decisions, 0, "{now}");
        }
    }
}

/// The message of the first move went out in the morning; the second move, which a cap held back, is
/// met when there is room, whatever restarts there were meanwhile.
#[test]
fn a_move_of_the_night_counts_still_when_the_message_before_it_was_handed_over() {
    let text = "workspace shop\nattribute plan choice free < pro\n\
        policy house\n  quiet hours 21:00 to 08:30\n  at most 1 email per customer per 12 hours\n\
        rule up\n  when plan becomes pro\n  at most 9 times per week\n  then send offer\n";
    for restarts in [false, true] {
        let mut shop = Shop::new(text);
        shop.customers("id,email,consent_email_marketing,plan\nana,ana@shop.example,yes,free\n", NOW);
        shop.tick(NOW);
        for (minutes, plan) in [(14 * 60, "pro"), (14 * 60 + 30, "free"), (15 * 60, "pro")] {
            let now = NOW.plus(Duration(minutes * 60_000));
            shop.customers(&format!("id,plan\nana,{plan}\n"), now);
            shop.engine.tick(now).unwrap();
        }
        assert_eq!(shop.engine.ledger().len(), 1, "22:00; at 23:00 there is no room");
        // 08:30: it is handed over, and 09:00: another process.
        let open: Vec<_> = tables::messages::open_messages(&*shop.store).map(Result::unwrap).collect();
        let mut batch = Batch::default();
        tables::messages::remove_open(&*shop.store, &mut batch, open[0].decided, open[0].key).unwrap();
        shop.store.commit(batch).wait().unwrap();
        let made: Vec<u64> = (24..40)
            .map(|hours| {
                let now = NOW.plus(Duration::hours(hours));
                if restarts {
                    shop = std::mem::replace(&mut shop, Shop::new(text)).restarted(now);
                }
                shop.engine.tick(now).unwrap().decisions
            })
            .collect();
        // From 20:30 on; at 21:00 somebody looks.
        let expected: Vec<u64> = (24..40).map(|hours| u64::from(hours == 37)).collect();
        assert_eq!(made, expected, "restarts: {restarts}");
    }
}
