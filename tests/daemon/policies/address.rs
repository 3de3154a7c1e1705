//! One person, two records.

use cvmd::model::Duration;

use super::shop::{Shop, at, later, person, rule};

const NOW: &str = "2026-11-23T08:00:00Z";
/// `ana` is the older record.
const TWICE: &str = "ana,Ana@shop.example,,,a,yes,yes\nzoe,zoe@shop.example,,,a,yes,yes\n\
    ana2, ana@SHOP.example,,,a,yes,yes\n";

#[test]
fn a_schedule_sends_to_the_older_record_and_skips_the_other() {
    let text = rule("a", "every monday at 10:00", "mail");
    for mut shop in Shop::both(&text, TWICE, NOW) {
        shop.quiet_tick(NOW);
        for monday in ["2026-11-23T09:00:00Z", "2026-11-30T09:00:00Z"] {
            assert_eq!(shop.tick(monday), 2, "each occurrence anew");
            assert_eq!(shop.reasons("a", "ana2", monday), ["same address"]);
            assert_eq!(shop.reasons("a", "ana", monday), [""; 0]);
        }
    }
}

#[test]
fn a_continuous_rule_sends_once_to_an_address_even_where_the_other_comes_to_match_later() {
    let customers = TWICE.replace(" ana@SHOP.example,,,a", " ana@SHOP.example,,,b");
    for mut shop in Shop::both(&rule("a", "", "mail"), &customers, NOW) {
        assert_eq!(shop.tick(NOW), 2);
        shop.learn("ana2", "plan", "a", "2026-11-24T08:00:00Z");
        shop.quiet_tick("2026-11-24T08:00:00Z");
        assert_eq!(shop.reasons("a", "ana2", "2026-11-24T00:00:00Z"), ["same address"]);
        for day in 2..9 {
            shop.quiet_tick(&later(NOW, Duration::days(day)));
        }
    }
}

#[test]
fn a_phone_is_an_address_too_however_it_is_written() {
    let customers =
        "one,one@shop.example,+34 600-111,,a,yes,yes\ntwo,two@shop.example,0034600111,,a,yes,yes\n";
    for (message, sent) in [("nudge", 1), ("mail", 2)] {
        for mut shop in Shop::both(&rule("a", "", message), customers, NOW) {
            assert_eq!(shop.tick(NOW), sent, "{message}");
        }
    }
}

#[test]
fn a_cap_counts_what_went_to_the_address_under_any_record() {
    let house = "policy house\n  at most 1 email per customer per day\n";
    let text = format!(
        "{house}{}{}",
        rule("a", "every monday at 10:00", "mail"),
        rule("b", "every monday at 11:00", "mail").replace("\"a\"", "\"b\"")
    );
    let customers = TWICE.replace(" ana@SHOP.example,,,a", " ana@SHOP.example,,,b");
    for mut shop in Shop::both(&text, &customers, NOW) {
        shop.quiet_tick(NOW);
        assert_eq!((shop.tick("2026-11-23T09:00:00Z"), shop.tick("2026-11-23T10:00:00Z")), (2, 0));
        assert_eq!(shop.reasons("b", "ana2", "2026-11-23T10:00:00Z"), ["cap"]);
        // Another address is another inbox.
        shop.learn("ana2", "email", "other@shop.example", "2026-11-23T11:00:00Z");
        assert_eq!(
            shop.engine
                .explain("ana2", Some("b"), at("2026-11-23T11:00:00Z"), at("2026-11-23T11:00:00Z"))
                .unwrap()
                .rules[0]
                .stopped_by,
            None
        );
    }
}

#[test]
fn in_customer_time_one_civil_occurrence_goes_to_an_address_once() {
    let text = rule("a", "every day at 09:00 customer time", "mail");
    // Madrid is an hour behind Athens, Honolulu nineteen behind Tokyo.
    for (east, west, hours) in [("Europe/Athens", "Europe/Madrid", 1), ("Asia/Tokyo", "Pacific/Honolulu", 19)]
    {
        let customers = person("ana", west, "a") + &format!("ana2,ana@shop.example,,{east},a,yes,yes\n");
        for quiet in ["", "policy house\n  quiet hours 08:00 to 10:00 in Europe/Madrid\n"] {
            let east_first = if hours == 1 { "2026-11-24T07:00:00Z" } else { "2026-11-24T00:00:00Z" };
            for mut shop in
                Shop::both(&format!("{quiet}{text}"), &customers, &later(east_first, Duration::hours(-4)))
            {
                shop.quiet_tick(&later(east_first, Duration::hours(-4)));
                let made: Vec<u64> =
                    (0..48).map(|hour| shop.tick(&later(east_first, Duration::hours(hour)))).collect();
                assert_eq!(made.iter().sum::<u64>(), 2, "two days, two messages: {made:?} {east} {quiet}");
            }
        }
    }
}

#[test]
fn a_suppression_is_of_the_address_receipts_included() {
    use cvmd::record::{Suppression, SuppressionReason};
    use cvmd::store::{Batch, Store, tables};
    let mut shop = Shop::new(&rule("a", "every monday at 10:00", "receipt"), TWICE, at(NOW));
    shop.quiet_tick(NOW);
    let suppression = Suppression { reason: SuppressionReason::HardBounce, at: at(NOW), address: None };
    let mut batch = Batch::default();
    tables::customers::put_suppression(&mut batch, shop.engine.find("ana2").unwrap(), 0, &suppression);
    shop.store.commit(batch).wait().unwrap();
    shop.restart(at(NOW));
    assert_eq!(shop.tick("2026-11-23T09:00:00Z"), 1, "zoe");
    for record in ["ana", "ana2"] {
        assert_eq!(shop.reasons("a", record, "2026-11-23T09:00:00Z"), ["suppression"]);
    }
    shop.import("ana3,ANA@shop.example,,,a,yes,yes\n", at("2026-11-24T08:00:00Z"));
    assert_eq!(shop.tick("2026-11-30T09:00:00Z"), 1, "a record that comes later has the same address");
}

#[test]
fn a_crash_within_a_run_sends_no_second_time_to_an_address() {
    // Two records of each person, far apart: in different slices.
    let record = |n: u32| {
        let person = n % 150;
        format!("r{n:03},p{person}@shop.example,,,a,yes,yes\n")
    };
    let customers: String = (0..300).map(record).collect();
    for clauses in ["", "every monday at 10:00"] {
        for commits in 0..7 {
            let mut shop = Shop::restarting(&rule("a", clauses, "mail"), &customers, at(NOW));
            if !clauses.is_empty() {
                shop.quiet_tick(NOW);
            }
            shop.store.fail_after(commits);
            let _ = shop.engine.tick(at("2026-11-23T09:00:00Z"));
            shop.tick("2026-11-23T09:01:00Z");
            let customers: std::collections::BTreeSet<u32> =
                shop.open().iter().map(|one| one.customer.0).collect();
            assert_eq!(customers, (0..150).collect(), "{clauses} after {commits} commits");
        }
    }
}

#[test]
fn who_is_served_late_after_a_move_is_passed_over_where_the_address_met_the_occurrence() {
    let text = rule("a", "every day at 09:00 customer time\nif missed, run within 6 hours", "mail");
    let customers = person("ana", "Asia/Tokyo", "a")
        + "ana2,ana@shop.example,,Europe/Madrid,a,yes,yes\n"
        + &person("bo", "Europe/Madrid", "a");
    for mut shop in Shop::both(&text, &customers, "2026-11-23T20:00:00Z") {
        shop.quiet_tick("2026-11-23T20:00:00Z");
        assert_eq!(shop.tick("2026-11-24T00:00:00Z"), 1, "ana, at nine in Tokyo");
        shop.learn("ana2", "time_zone", "Asia/Tokyo", "2026-11-24T02:05:00Z");
        shop.learn("bo", "time_zone", "Asia/Tokyo", "2026-11-24T02:05:00Z");
        assert_eq!(shop.tick("2026-11-24T02:10:00Z"), 1, "bo alone: late, and not met yet");
        assert_eq!(shop.tick("2026-11-25T00:00:00Z"), 2, "the next day is another");
    }
}
