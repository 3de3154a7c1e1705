//! What waits for room, and what tries again.

use cvmd::model::Duration;

use super::shop::{Shop, later, people, person, rule};

const NOW: &str = "2026-11-23T08:00:00Z";
const PATIENT: &str = "policy house\n  at most 1 email per customer per 24 hours or wait up to 2 days\n";

#[test]
fn a_deferred_message_becomes_due_when_there_is_room_and_holds_that_room() {
    let text = format!(
        "{PATIENT}{}{}{}{}",
        rule("a", "every monday at 10:00", "mail"),
        rule("b", "every monday at 12:00", "mail"),
        rule("c", "every monday at 13:00", "mail"),
        rule("d", "every monday at 14:00", "mail"),
    );
    for mut shop in Shop::both(&text, &people(1), NOW) {
        shop.quiet_tick(NOW);
        for hour in ["09", "11", "12", "13"] {
            shop.tick(&format!("2026-11-23T{hour}:00:00Z"));
        }
        let due = [
            "a c000 2026-11-23T09:00:00Z",
            "b c000 2026-11-24T09:00:00Z cap",
            "c c000 2026-11-25T09:00:00Z cap",
        ];
        assert_eq!(shop.due(), due);
        assert_eq!(shop.reasons("d", "c000", "2026-11-23T13:00:00Z"), ["cap"], "that would be Thursday");
    }
}

#[test]
fn a_cap_that_does_not_let_wait_stands_before_one_that_does() {
    let text = format!(
        "{PATIENT}  at most 1 email per customer per 7 days\n{}{}",
        rule("a", "every monday at 10:00", "mail"),
        rule("b", "every monday at 12:00", "mail")
    );
    for mut shop in Shop::both(&text, &people(1), NOW) {
        shop.quiet_tick(NOW);
        assert_eq!((shop.tick("2026-11-23T09:00:00Z"), shop.tick("2026-11-23T11:00:00Z")), (1, 0));
    }
}

#[test]
fn a_continuous_rule_tries_again_and_does_not_wait() {
    for wait in ["", " or wait up to 2 days"] {
        let house = format!("policy house\n  at most 1 email per customer per 24 hours{wait}\n");
        let text = format!("{house}{}{}", rule("a", "", "mail"), rule("b", "", "mail"));
        for mut shop in Shop::both(&text, &people(1), NOW) {
            assert_eq!(shop.tick(NOW), 1);
            assert_eq!(shop.reasons("b", "c000", "2026-11-23T00:00:00Z"), ["cap"]);
            assert_eq!(shop.tick("2026-11-24T07:59:59Z"), 0);
            assert_eq!(shop.tick("2026-11-24T08:00:00Z"), 1);
            assert_eq!(shop.tick("2026-11-25T08:00:00Z"), 0, "each once");
        }
    }
}

#[test]
fn it_gives_up_after_seven_days_or_as_written_and_only_while_it_matches() {
    let house = "policy house\n  at most 1 email per customer per 10 days\n";
    for (clause, made) in [("", 0), ("give up after 12 days", 1), ("give up after 9 days", 0)] {
        let text = format!("{house}{}{}", rule("a", "", "mail"), rule("b", clause, "mail"));
        for mut shop in Shop::both(&text, &people(1), NOW) {
            assert_eq!(shop.tick(NOW), 1);
            for day in 1..10 {
                assert_eq!(shop.tick(&later(NOW, Duration::days(day))), 0, "{clause} {day}");
            }
            assert_eq!(shop.tick(&later(NOW, Duration::days(10))), made, "{clause}");
        }
    }
    // Who stops matching and comes again is a new match, with seven days of its own.
    let text = format!("{house}{}{}", rule("a", "", "mail"), rule("b", "", "mail"));
    for mut shop in Shop::both(&text, &people(1), NOW) {
        assert_eq!(shop.tick(NOW), 1);
        shop.learn("c000", "plan", "b", "2026-11-28T08:00:00Z");
        shop.quiet_tick("2026-11-28T08:00:00Z");
        shop.learn("c000", "plan", "a", "2026-11-29T08:00:00Z");
        shop.quiet_tick("2026-11-29T08:00:00Z");
        assert_eq!(shop.tick("2026-12-03T08:00:00Z"), 1);
    }
}

/// Nobody looked when the time was over: what comes after is too late, and said nothing of.
#[test]
fn it_does_not_try_later_than_it_may() {
    let house = "policy house\n  at most 1 email per customer per 10 days\n";
    for (days, made) in [(12, 1), (13, 0)] {
        let text = format!("{house}{}{}", rule("a", "", "mail"), rule("b", "give up after 12 days", "mail"));
        for mut shop in Shop::both(&text, &people(1), NOW) {
            assert_eq!(shop.tick(NOW), 1);
            assert_eq!(shop.tick(&later(NOW, Duration::days(days))), made, "{days}");
            assert_eq!(shop.tick(&later(NOW, Duration::days(days + 1))), 0, "{days}");
        }
    }
}

#[test]
fn it_does_not_try_again_after_missing_consent_or_a_missing_address() {
    for (id, column, value) in [("no", "consent_email_marketing", "yes"), ("bare", "email", "b@shop.example")]
    {
        let customers = "no,no@shop.example,,,a,no,no\nbare,,,,a,yes,yes\n";
        for mut shop in Shop::both(&rule("a", "", "mail"), customers, NOW) {
            shop.quiet_tick(NOW);
            shop.learn(id, column, value, "2026-11-23T09:00:00Z");
            shop.quiet_tick("2026-11-23T09:00:00Z");
            // A new match is a new chance.
            shop.learn(id, "plan", "b", "2026-11-23T10:00:00Z");
            shop.quiet_tick("2026-11-23T10:00:00Z");
            shop.learn(id, "plan", "a", "2026-11-23T11:00:00Z");
            assert_eq!(shop.tick("2026-11-23T11:00:00Z"), 1, "{id}");
        }
    }
}

#[test]
fn a_message_that_would_expire_before_there_is_room_is_not_decided() {
    let text = format!(
        "{PATIENT}{}{}",
        rule("a", "every monday at 10:00", "mail"),
        rule("b", "every monday at 12:00", "brief")
    );
    for mut shop in Shop::both(&text, &people(1), NOW) {
        shop.quiet_tick(NOW);
        assert_eq!((shop.tick("2026-11-23T09:00:00Z"), shop.tick("2026-11-23T11:00:00Z")), (1, 0));
        assert_eq!(shop.reasons("b", "c000", "2026-11-23T11:00:00Z"), ["expired"]);
    }
}

#[test]
fn room_on_the_customers_calendar_begins_at_their_midnight() {
    let house = "policy house\n  at most 1 email per customer per day or wait up to 2 days\n";
    let text = format!(
        "{house}{}{}",
        rule("a", "every monday at 10:00", "mail"),
        rule("b", "every monday at 12:00", "mail")
    );
    let customers = person("ana", "", "a") + &person("leo", "America/New_York", "a");
    for mut shop in Shop::both(&text, &customers, NOW) {
        shop.quiet_tick(NOW);
        assert_eq!((shop.tick("2026-11-23T09:00:00Z"), shop.tick("2026-11-23T11:00:00Z")), (2, 2));
        assert_eq!(shop.due()[2..], ["b ana 2026-11-23T23:00:00Z cap", "b leo 2026-11-24T05:00:00Z cap"]);
    }
}
