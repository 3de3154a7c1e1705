//! Policies over what rules on events decide: the same as over schedules, whenever an event comes.

use cvmd::model::Duration;

use super::shop::{Shop, at, later, people, person, rule};

const NOW: &str = "2026-11-23T08:00:00Z";
const NINE: &str = "2026-11-23T09:00:00Z";
const KEEP: &str = "policy house\n  if several rules want one customer, keep highest priority\n";

fn minutes(from: &str, minutes: i64) -> String {
    later(from, Duration::seconds(60 * minutes))
}

#[test]
fn a_cap_on_events_skips_or_lets_wait() {
    let cap = "policy house\n  at most 2 emails per customer per 24 hours";
    for (wait, fourth) in [("", None), (" or wait up to 2 days", Some("2026-11-24T08:01:00Z cap"))] {
        let text = format!("{cap}{wait}\n{}", rule("thanks", "on cart", "mail"));
        for mut shop in Shop::both(&text, &people(2), NOW) {
            for (n, id) in (1_i64..).zip(["k1", "k2", "k3"]) {
                let now = minutes(NOW, n);
                shop.carts(&[(id, "c000", &now, 10)], &now);
                shop.fire(&now);
            }
            let mut due = vec!["thanks c000 2026-11-23T08:01:00Z", "thanks c000 2026-11-23T08:02:00Z"];
            let waits = fourth.map(|fourth| format!("thanks c000 {fourth}"));
            due.extend(waits.as_deref());
            assert_eq!(shop.due(), due);
            if fourth.is_none() {
                assert_eq!(shop.reasons("thanks", "c000", "2026-11-23T00:00:00Z"), ["cap"]);
            }
        }
    }
}

#[test]
fn per_customer_per_hour_rolls() {
    let text = format!(
        "policy house\n  at most 1 email per customer per hour\n{}",
        rule("thanks", "on cart", "mail")
    );
    for mut shop in Shop::both(&text, &people(1), NOW) {
        // (now − 1 hour, now]: what was sent exactly an hour ago counts no more.
        for (n, minute, made) in [(1, 0, 1), (2, 59, 0), (3, 60, 1), (4, 61, 0), (5, 119, 0), (6, 120, 1)] {
            let now = minutes(NOW, minute);
            shop.carts(&[(&format!("k{n}"), "c000", &now, 10)], &now);
            assert_eq!(shop.fire(&now), made, "{minute}");
        }
    }
}

#[test]
fn a_cap_in_total_and_a_cap_per_address_meet_the_events_of_one_load() {
    let in_total = "policy house\n  at most 3 emails per hour in total\n";
    let per_person = "policy house\n  at most 1 email per customer per day\n";
    let carts = |ids: [&'static str; 5]| ids.map(|id| (id, id, NOW, 10));
    for mut shop in Shop::both(&format!("{in_total}{}", rule("thanks", "on cart", "mail")), &people(5), NOW) {
        shop.carts(&carts(["c000", "c001", "c002", "c003", "c004"]), NOW);
        assert_eq!(shop.fire(NOW), 3);
    }
    let two = person("ana", "", "a") + "ana2,ANA@shop.example,,,a,yes,yes\n";
    for mut shop in Shop::both(&format!("{per_person}{}", rule("thanks", "on cart", "mail")), &two, NOW) {
        shop.carts(&[("k1", "ana", NOW, 10), ("k2", "ana2", NOW, 10)], NOW);
        assert_eq!(shop.fire(NOW), 1);
        assert_eq!(shop.reasons("thanks", "ana2", "2026-11-23T00:00:00Z"), ["cap"]);
    }
}

#[test]
fn each_event_is_an_occurrence_of_its_own_whether_it_comes_alone_or_with_another() {
    let two = person("ana", "", "a") + "ana2,ANA@shop.example,,,a,yes,yes\n";
    for mut shop in Shop::both(&rule("thanks", "on cart", "mail"), &two, NOW) {
        shop.carts(&[("k1", "ana", NOW, 10)], NOW);
        let mut alone = shop.fire(NOW);
        shop.carts(&[("k2", "ana2", NOW, 10)], NOW);
        alone += shop.fire(NOW);
        shop.carts(&[("k3", "ana", NOW, 10), ("k4", "ana2", NOW, 10)], NOW);
        assert_eq!((alone, shop.fire(NOW)), (2, 2));
    }
}

#[test]
fn quiet_hours_hold_what_an_event_decides() {
    let text = format!(
        "policy house\n  quiet hours 21:00 to 08:30 customer time\n{}",
        rule("thanks", "on cart, after 2 hours", "mail")
    );
    let evening = "2026-11-23T19:30:00Z";
    for mut shop in Shop::both(&text, &people(1), NOW) {
        shop.carts(&[("k1", "c000", evening, 10)], evening);
        assert_eq!((shop.fire(evening), shop.fire("2026-11-23T21:30:00Z")), (0, 1));
        assert_eq!(shop.due(), ["thanks c000 2026-11-24T07:30:00Z quiet hours"]);
        assert_eq!(shop.hand_over("2026-11-24T07:00:00Z"), [""; 0]);
        assert_eq!(shop.hand_over("2026-11-24T08:00:00Z"), ["thanks sent"]);
    }
}

#[test]
fn of_two_rules_on_one_event_the_higher_keeps_the_person_under_every_record() {
    for more in ["", "  quiet hours 08:00 to 10:00 customer time\n"] {
        let text = format!(
            "{KEEP}{more}{}{}",
            rule("a_low", "on cart\npriority 20", "mail"),
            rule("b_high", "on cart\npriority 80", "mail"),
        );
        // In another zone quiet hours end at another instant.
        let two = person("ana", "", "a") + "ana2,ANA@shop.example,,Europe/Lisbon,a,yes,yes\n";
        for mut shop in Shop::both(&text, &two, NOW) {
            shop.carts(&[("k1", "ana", NOW, 10), ("k2", "ana2", NOW, 10)], NOW);
            assert_eq!(shop.fire(NOW), 1, "{more}");
            assert!(shop.due()[0].starts_with("b_high ana "), "{:?}", shop.due());
        }
    }
}

#[test]
fn rules_on_events_and_schedules_meet_the_caps_of_one_tick_by_priority() {
    let monday = "every monday at 10:00";
    for policy in [KEEP, "policy house\n  at most 1 email per customer per day\n"] {
        for (event, schedule, first) in [(20, 80, "weekly"), (80, 20, "cart_mail"), (50, 50, "cart_mail")] {
            let text = format!(
                "{policy}{}{}",
                rule("weekly", &format!("{monday}\npriority {schedule}"), "mail"),
                rule("cart_mail", &format!("on cart, after 1 hour\npriority {event}"), "mail"),
            );
            for mut shop in Shop::both(&text, &people(1), NOW) {
                shop.quiet_tick(NOW);
                shop.carts(&[("k1", "c000", NOW, 10)], NOW);
                assert_eq!(shop.fire(NOW), 0);
                // The wait is over at nine, too.
                shop.tick(NINE);
                assert_eq!(shop.due(), [format!("{first} c000 {NINE}")], "{policy} {event} {schedule}");
            }
        }
    }
}

#[test]
fn policies_that_are_edited_while_messages_wait_hold_for_those_that_wait() {
    let quiet = |span: &str| format!("policy house\n  quiet hours {span} customer time\n");
    let night = "21:00 to 08:30";
    let text = |policy: &str| format!("{policy}{}", rule("late", "every monday at 22:00", "mail"));
    let evening = "2026-11-23T21:00:00Z";
    let morning = "2026-11-24T08:05:00Z";
    let nothing = [""; 0];
    for (edited, then) in [
        // Gone: it waits for its time all the same, for which its room is held.
        (String::new(), vec!["late sent"]),
        // Longer: the night is not over yet.
        (quiet("21:00 to 12:00"), vec!["late waits for quiet hours until 2026-11-24T11:00:00Z"]),
        // A cap that is new takes nothing back that was decided.
        ("policy house\n  at most 0 emails per customer per day\n".to_owned(), vec!["late sent"]),
    ] {
        for mut shop in Shop::both(&text(&quiet(night)), &people(1), NOW) {
            shop.quiet_tick(NOW);
            shop.quiet_tick("2026-11-23T20:59:00Z");
            assert_eq!(shop.tick(evening), 1);
            assert_eq!(shop.due(), ["late c000 2026-11-24T07:30:00Z quiet hours"]);
            shop.edit(&text(&edited), "2026-11-23T22:00:00Z");
            assert_eq!(shop.hand_over("2026-11-23T22:01:00Z"), nothing, "{edited}");
            assert_eq!(shop.hand_over(morning), then, "{edited}");
        }
    }
}

#[test]
fn a_set_on_an_event_is_applied_with_the_next_tick_and_once() {
    let text = "rule mark\n  on cart\n  then set touched to yes\n";
    for mut shop in Shop::both(text, &people(2), NOW) {
        shop.carts(&[("k1", "c000", NOW, 10)], NOW);
        assert_eq!(shop.fire(NOW), 1);
        assert_eq!(shop.engine.tick(at("2026-11-23T08:01:00Z")).unwrap().set, 1);
        assert_eq!(shop.engine.tick(at("2026-11-23T08:02:00Z")).unwrap().set, 0);
        assert_eq!(shop.open().len(), 0);
    }
}
