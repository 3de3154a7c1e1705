//! Caps: which instants they count, and what becomes of a capped message.

use cvmd::model::Duration;

use super::shop::{Shop, at, later, people, person, rule};

const DAILY: &str = "policy house\n  at most 1 email per customer per day\n";

#[test]
fn a_day_is_the_calendar_day_of_the_customer() {
    let text = format!(
        "{DAILY}{}{}",
        rule("early", "every monday at 15:30", "mail"),
        rule("late", "every monday at 16:30", "mail")
    );
    // 15:30 in Madrid is 23:30 in Tokyo.
    let customers = person("ken", "Asia/Tokyo", "a") + &person("ana", "", "a");
    for mut shop in Shop::both(&text, &customers, "2026-11-23T08:00:00Z") {
        shop.quiet_tick("2026-11-23T08:00:00Z");
        assert_eq!(shop.tick("2026-11-23T14:30:00Z"), 2);
        assert_eq!(shop.tick("2026-11-23T15:30:00Z"), 1, "in Tokyo it is Tuesday");
        assert_eq!(shop.reasons("late", "ana", "2026-11-23T15:30:00Z"), ["cap"]);
        assert_eq!(shop.reasons("late", "ken", "2026-11-23T15:30:00Z"), [""; 0]);
    }
}

#[test]
fn a_week_and_a_month_are_the_customers_too() {
    for (period, first, second) in [
        // Sunday to Monday in Tokyo, Sunday in Madrid.
        ("week", "2026-11-22T14:30:00Z", "2026-11-22T15:30:00Z"),
        // The last day of November to the first of December.
        ("month", "2026-11-30T14:30:00Z", "2026-11-30T15:30:00Z"),
    ] {
        let house = format!("policy house\n  at most 1 message per customer per {period}\n");
        let text = format!(
            "{house}{}{}",
            rule("early", "every sunday, monday at 15:30", "mail"),
            rule("late", "every sunday, monday at 16:30", "mail")
        );
        let customers = person("ken", "Asia/Tokyo", "a") + &person("ana", "", "a");
        for mut shop in Shop::both(&text, &customers, &later(first, Duration::hours(-5))) {
            shop.quiet_tick(&later(first, Duration::hours(-1)));
            assert_eq!((shop.tick(first), shop.tick(second)), (2, 1), "{period}");
        }
    }
}

#[test]
fn a_rule_of_every_seven_days_is_never_capped_by_its_own_last_run() {
    let house = "policy house\n  at most 1 email per customer per 7 days\n";
    let weekly = rule("weekly", "every monday at 09:00\nat most once per 7 days", "mail");
    let sooner = rule("sooner", "every monday at 08:59", "mail");
    // Clocks go back on 25 October: 169 hours lie between the second and the third.
    let mondays = ["2026-10-12T07:00:00Z", "2026-10-19T07:00:00Z", "2026-10-26T08:00:00Z"];
    for mut shop in Shop::both(&format!("{house}{weekly}"), &people(1), "2026-10-12T06:00:00Z") {
        shop.quiet_tick("2026-10-12T06:00:00Z");
        for monday in mondays {
            assert_eq!(shop.tick(&later(monday, Duration::seconds(20))), 1, "{monday}");
        }
    }
    let text = format!("{house}{weekly}{sooner}");
    for mut shop in Shop::both(&text, &people(1), "2026-10-12T06:59:30Z") {
        shop.quiet_tick("2026-10-12T06:59:30Z");
        assert_eq!(shop.tick(mondays[0]), 1);
        assert_eq!(shop.tick("2026-10-19T06:59:00Z"), 0, "a minute too early");
        assert_eq!(shop.reasons("sooner", "c000", "2026-10-19T06:59:00Z"), ["cap"]);
        assert_eq!(shop.tick(mondays[1]), 1, "open at the old end");
    }
}

#[test]
fn hours_are_hours_even_where_the_clocks_change() {
    let house = "policy house\n  at most 1 email per customer per 24 hours\n";
    let text = format!("{house}{}", rule("daily", "every saturday, sunday at 09:00", "mail"));
    // 23 hours in spring, 25 in autumn.
    for (first, second, sent) in [
        ("2027-03-27T08:00:00Z", "2027-03-28T07:00:00Z", 0),
        ("2026-10-24T07:00:00Z", "2026-10-25T08:00:00Z", 1),
    ] {
        for mut shop in Shop::both(&text, &people(1), &later(first, Duration::hours(-1))) {
            shop.quiet_tick(&later(first, Duration::hours(-1)));
            assert_eq!((shop.tick(first), shop.tick(second)), (1, sent), "{first}");
        }
    }
}

#[test]
fn receipts_neither_meet_nor_use_up_a_cap() {
    let text = format!(
        "{DAILY}{}{}{}",
        rule("a_receipt", "every monday at 10:00", "receipt"),
        rule("b_mail", "every monday at 11:00", "mail"),
        rule("c_receipt", "every monday at 12:00", "receipt"),
    );
    for mut shop in Shop::both(&text, &people(1), "2026-11-23T08:00:00Z") {
        shop.quiet_tick("2026-11-23T08:00:00Z");
        for hour in ["09", "10", "11"] {
            assert_eq!(shop.tick(&format!("2026-11-23T{hour}:00:00Z")), 1, "{hour}");
        }
    }
}

#[test]
fn a_channels_cap_is_its_own_and_messages_are_those_of_all_channels() {
    let sms = |name: &str, hour: &str| rule(name, &format!("every monday at {hour}"), "nudge");
    let rules = |house: &str| {
        format!("policy house\n{house}{}{}", rule("a", "every monday at 10:00", "mail"), sms("b", "11:00"))
    };
    let customers = "ana,ana@shop.example,+34600111,,a,yes,yes\n";
    for (house, second) in [
        ("  at most 1 email per customer per day\n", 1),
        ("  at most 1 message per customer per day\n", 0),
        ("  at most 1 email per customer per day\n  at most 1 message per customer per day\n", 0),
        ("  at most 0 emails per customer per day\n  at most 5 messages per customer per day\n", 2),
    ] {
        for mut shop in Shop::both(&rules(house), customers, "2026-11-23T08:00:00Z") {
            shop.quiet_tick("2026-11-23T08:00:00Z");
            let first = u64::from(second < 2);
            assert_eq!(shop.tick("2026-11-23T09:00:00Z"), first, "{house}");
            assert_eq!(shop.tick("2026-11-23T10:00:00Z"), second.min(1), "{house}");
        }
    }
}

#[test]
fn the_stricter_of_two_policies_holds() {
    let two = "policy house\n  at most 3 emails per customer per day\npolicy legal\n  at most 1 email per customer per 7 days\n";
    let text = format!("{two}{}", rule("daily", "every monday, tuesday at 09:00", "mail"));
    for mut shop in Shop::both(&text, &people(1), "2026-11-23T07:00:00Z") {
        shop.quiet_tick("2026-11-23T07:00:00Z");
        assert_eq!((shop.tick("2026-11-23T08:00:00Z"), shop.tick("2026-11-24T08:00:00Z")), (1, 0));
    }
}

#[test]
fn a_limit_in_total_holds_over_many_customers_and_slices() {
    let house = "policy house\n  at most 150 emails per hour in total\n";
    let text = format!("{house}{}", rule("all", "", "mail"));
    for mut shop in Shop::both(&text, &people(400), "2026-11-23T08:00:00Z") {
        let made: Vec<u64> = [0, 59, 60, 61, 120, 180]
            .map(|minutes| shop.tick(&later("2026-11-23T08:00:00Z", Duration::seconds(60 * minutes))))
            .into();
        assert_eq!(made, [150, 0, 150, 0, 100, 0]);
        assert_eq!(shop.open().len(), 400);
    }
}

#[test]
fn a_limit_in_total_that_lets_wait_spreads_a_run() {
    let house = "policy house\n  at most 150 emails per 60 minutes in total or wait up to 1 hour\n";
    let text = format!("{house}{}", rule("all", "every monday at 10:00", "mail"));
    for mut shop in Shop::both(&text, &people(400), "2026-11-23T08:00:00Z") {
        shop.quiet_tick("2026-11-23T08:00:00Z");
        assert_eq!(shop.tick("2026-11-23T09:00:05Z"), 300);
        let due = shop.due();
        let at = |text: &str| due.iter().filter(|line| line.contains(text)).count();
        assert_eq!(
            (at("T09:00:00Z"), at("T10:00:00Z cap")),
            (150, 150),
            "of the occurrence, not of the tick"
        );
        assert_eq!(shop.reasons("all", "c399", "2026-11-23T09:00:00Z"), ["cap"], "no room within the hour");
    }
}

#[test]
fn a_crash_within_a_run_does_not_widen_a_limit_in_total() {
    let house = "policy house\n  at most 150 emails per hour in total\n";
    let text = format!("{house}{}", rule("all", "", "mail"));
    for commits in 1..6 {
        let now = "2026-11-23T08:00:00Z";
        let mut shop = Shop::restarting(&text, &people(400), super::shop::at(now));
        shop.store.fail_after(commits);
        let _ = shop.engine.tick(super::shop::at(now));
        shop.tick(&later(now, Duration::seconds(60)));
        assert_eq!(shop.open().len(), 150, "after {commits} commits");
    }
}

#[test]
fn a_held_run_counts_when_a_person_lets_it_go() {
    let text = format!(
        "first run 2\npolicy house\n  at most 1 email per customer per day\n  quiet hours 21:00 to 08:30 customer time\n{}{}{}",
        rule("a", "every monday at 10:00", "mail"),
        rule("b", "every wednesday at 13:00", "mail").replace("plan", "stage"),
        rule("c", "every thursday at 13:00", "mail").replace("plan", "stage"),
    );
    for (let_go, due, wednesday, thursday) in [
        ("2026-11-25T11:00:00Z", "2026-11-25T11:00:00Z", 0, 1),
        ("2026-11-24T22:00:00Z", "2026-11-25T07:30:00Z quiet hours", 0, 1),
    ] {
        for mut shop in Shop::both(&text, &people(3), "2026-11-23T08:00:00Z") {
            shop.quiet_tick("2026-11-23T08:00:00Z");
            shop.learn("c001", "stage", "a", "2026-11-23T08:00:00Z");
            shop.quiet_tick("2026-11-23T09:00:00Z");
            shop.quiet_tick("2026-11-24T09:00:00Z");
            let resumed = shop.engine.resume_at(&"rule a".parse().unwrap(), at(let_go)).unwrap();
            assert_eq!((resumed.runs, resumed.decisions), (1, 3));
            let each = ["c000", "c001", "c002"].map(|id| format!("a {id} {due}"));
            assert_eq!(shop.due(), each);
            assert_eq!(shop.tick("2026-11-25T12:00:00Z"), wednesday, "{let_go}");
            assert_eq!(shop.tick("2026-11-26T12:00:00Z"), thursday, "{let_go}");
        }
    }
}
