//! A rule's limit over all customers together: `at most 2000 per day`.

use super::shop::{Shop, at, later, people, person, rule};
use cvmd::model::Duration;
use cvmd::serve::RuleState;

const NOW: &str = "2026-11-23T08:00:00Z";

#[test]
fn a_continuous_rule_sends_to_so_many_a_day_and_to_the_rest_on_the_next() {
    for mut shop in Shop::both(&rule("r", "at most 3 per day", "mail"), &people(5), NOW) {
        assert_eq!(shop.tick(NOW), 3);
        assert_eq!(shop.tick("2026-11-23T09:00:00Z"), 0);
        assert_eq!(shop.reasons("r", "c004", "2026-11-23T00:00:00Z"), ["limit"]);
        let said = shop.engine.explain("c004", Some("r"), at(NOW), at(NOW)).unwrap().rules.remove(0);
        assert_eq!(said.stopped_by.as_deref(), Some("limit"));
        assert!(said.outcome.contains("the rule's limit allows (shop.rules:24)"), "{}", said.outcome);
        assert_eq!(shop.tick("2026-11-23T22:59:00Z"), 0, "one minute before midnight in Madrid");
        assert_eq!(shop.tick("2026-11-23T23:00:00Z"), 2, "the workspace's day");
        assert_eq!(shop.tick("2026-11-24T23:30:00Z"), 0);
    }
}

#[test]
fn it_holds_over_many_slices_and_over_runs() {
    for mut shop in Shop::both(&rule("r", "at most 250 per 24 hours", "mail"), &people(100), NOW) {
        assert_eq!(shop.tick(NOW), 100);
        shop.import(&people(600), at(NOW));
        assert_eq!(shop.tick("2026-11-23T10:00:00Z"), 150, "the others of the same run are beyond it");
        assert_eq!(shop.tick("2026-11-24T07:59:00Z"), 0);
        assert_eq!(shop.tick("2026-11-24T08:00:00Z"), 100, "as many as left the window");
        assert_eq!(shop.tick("2026-11-24T10:00:00Z"), 150);
    }
}

#[test]
fn who_waits_too_long_is_given_up() {
    let text = rule("r", "at most 1 per day\ngive up after 2 days", "mail");
    for mut shop in Shop::both(&text, &people(9), NOW) {
        let sent: u64 = (0..6).map(|days| shop.tick(&later(NOW, Duration::days(days)))).sum();
        assert_eq!(sent, 3, "today, tomorrow and the day after");
    }
}

#[test]
fn on_an_event_what_is_beyond_it_is_skipped_with_the_reason() {
    let text = "rule r\n  on cart\n  at most 2 per day\n  when cart.value > 0\n  then send mail\n";
    for mut shop in Shop::both(text, &people(4), NOW) {
        let minute = |n: u32| format!("2026-11-23T08:0{n}:00Z");
        for n in 0..3 {
            let (id, customer, now) = (format!("k{n}"), format!("c{n:03}"), minute(n));
            shop.carts(&[(&id, &customer, &now, 5)], &now);
            assert_eq!(shop.fire(&now), u64::from(n < 2), "{n}");
        }
        assert_eq!(shop.reasons("r", "c002", "2026-11-23T00:00:00Z"), ["limit"]);
        let next = "2026-11-24T08:00:00Z";
        assert_eq!(shop.fire(next), 0, "an event is not tried again");
        shop.carts(&[("k9", "c002", next, 5)], next);
        assert_eq!(shop.fire(next), 1, "the next day has room");
    }
}

#[test]
fn those_count_who_would_really_be_sent() {
    let without = "no1,no1@shop.example,,,a,no,no\nno2,no2@shop.example,,,a,no,no\n";
    let customers = format!("{without}{}", people(3));
    for mut shop in Shop::both(&rule("r", "at most 2 per day", "mail"), &customers, NOW) {
        assert_eq!(shop.tick(NOW), 2);
        assert_eq!(shop.reasons("r", "no1", "2026-11-23T00:00:00Z"), ["consent"]);
    }
}

#[test]
fn it_is_the_rules_own_and_says_how_large_a_first_run_may_be() {
    let both = format!("first run 3\n{}{}", rule("r", "at most 4 per day", "mail"), rule("s", "", "story"));
    for mut shop in Shop::both(&both, &people(5), NOW) {
        assert_eq!(shop.tick(NOW), 4, "the other rule's first run waits for a person");
        let states: Vec<RuleState> =
            shop.engine.status(at(NOW)).rules.iter().map(|rule| rule.state).collect();
        assert_eq!(states, [RuleState::Active, RuleState::Held]);
    }
}

#[test]
fn nothing_means_never_and_an_edit_counts_what_went_before() {
    for mut shop in Shop::both(&rule("r", "at most 0 per day", "mail"), &people(5), NOW) {
        assert_eq!(shop.tick(NOW), 0);
        shop.edit(&rule("r", "", "mail"), NOW);
        shop.import(&person("last", "", "a"), at("2026-11-23T08:01:00Z"));
        assert_eq!(shop.tick("2026-11-23T08:01:00Z"), 6);
        shop.import(&people(9), at("2026-11-23T08:02:00Z"));
        shop.edit(&rule("r", "at most 8 per day", "mail"), "2026-11-23T08:02:00Z");
        assert_eq!(shop.tick("2026-11-23T08:03:00Z"), 2, "six of today are counted");
    }
}

#[test]
fn what_is_taken_back_gives_its_room_back() {
    let quiet = "policy house\n  quiet hours 21:00 to 08:30\n";
    let text = format!("{quiet}{}", rule("r", "at most 1 per day", "mail"));
    for mut shop in Shop::both(&text, &people(2), "2026-11-23T21:00:00Z") {
        assert_eq!(shop.tick("2026-11-23T21:00:00Z"), 1, "for tomorrow's half past eight");
        assert_eq!(shop.tick("2026-11-23T21:01:00Z"), 0, "it holds tomorrow's room");
        shop.learn("c000", "consent_email_marketing", "no", "2026-11-23T22:00:00Z");
        assert_eq!(shop.hand_over("2026-11-24T08:00:00Z").len(), 1);
        assert_eq!(shop.tick("2026-11-24T08:30:00Z"), 1, "the other one gets it");
    }
}
