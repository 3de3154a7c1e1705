//! `keep highest priority`: one marketing message for each customer and tick.

use cvmd::model::Duration;

use super::shop::{Shop, at, later, people, person, rule};

const KEEP: &str = "policy house\n  if several rules want one customer, keep highest priority\n";
const NOW: &str = "2026-11-23T08:00:00Z";
const NINE: &str = "2026-11-23T09:00:00Z";

#[test]
fn priority_then_name_decides_over_all_rules_of_a_tick() {
    let text = format!(
        "{KEEP}{}{}{}{}",
        rule("a_low", "every monday at 10:00\npriority 20", "mail"),
        rule("b_high", "every monday at 10:00\npriority 80", "mail"),
        rule("c_same", "every monday at 10:00\npriority 80", "mail"),
        // Matches at nine, with the others.
        rule("d_always", "", "mail").replace("plan = \"a\"", "stage = \"on\""),
    );
    for mut shop in Shop::both(&text, &people(1), NOW) {
        shop.quiet_tick(NOW);
        shop.learn("c000", "stage", "on", "2026-11-23T08:30:00Z");
        assert_eq!(shop.tick(NINE), 1);
        assert_eq!(shop.due(), ["b_high c000 2026-11-23T09:00:00Z"]);
        for rule in ["a_low", "c_same"] {
            assert_eq!(shop.reasons(rule, "c000", NINE), ["arbitration"], "{rule}");
        }
        assert_eq!(shop.reasons("d_always", "c000", "2026-11-23T00:00:00Z"), ["arbitration"]);
        assert_eq!(shop.tick("2026-11-23T09:01:00Z"), 1, "a continuous rule tries again");
        assert_eq!(shop.due().len(), 2);
        assert_eq!(shop.tick("2026-11-23T09:02:00Z"), 0, "a schedule does not");
    }
}

#[test]
fn without_it_each_rule_sends() {
    let text = format!(
        "policy house\n  at most 9 emails per customer per day\n{}{}",
        rule("a", "", "mail"),
        rule("b", "", "mail")
    );
    for mut shop in Shop::both(&text, &people(2), NOW) {
        assert_eq!(shop.tick(NOW), 4);
    }
}

#[test]
fn receipts_and_calls_take_no_place_and_need_none() {
    let text = format!(
        "{KEEP}webhook crm\n  post \"https://crm.shop.example/\"\n{}{}{}rule d\n  when plan = \"a\"\n  then call crm\n",
        rule("a", "priority 99", "receipt"),
        rule("b", "priority 60", "mail"),
        rule("c", "priority 10", "receipt"),
    );
    for mut shop in Shop::both(&text, &people(1), NOW) {
        assert_eq!(shop.tick(NOW), 4);
    }
}

#[test]
fn what_waits_counts_as_sent_at_the_instant_it_waits_for() {
    let night = "  quiet hours 21:00 to 08:30 customer time\n";
    let text = format!(
        "{KEEP}{night}{}{}{}",
        rule("a", "every monday at 22:00\npriority 10", "mail"),
        rule("b", "every monday at 23:00\npriority 90", "mail"),
        rule("c", "every tuesday at 08:30\npriority 90", "mail"),
    );
    for mut shop in Shop::both(&text, &people(1), "2026-11-23T18:00:00Z") {
        shop.quiet_tick("2026-11-23T18:00:00Z");
        assert_eq!(shop.tick("2026-11-23T21:00:00Z"), 1);
        assert_eq!(shop.tick("2026-11-23T22:00:00Z"), 0, "nothing is kept free for what comes later");
        assert_eq!(shop.reasons("b", "c000", "2026-11-23T22:00:00Z"), ["arbitration"]);
        assert_eq!(shop.tick("2026-11-24T07:30:00Z"), 0);
        assert_eq!(shop.reasons("c", "c000", "2026-11-24T07:30:00Z"), ["arbitration"]);
    }
}

#[test]
fn who_is_capped_leaves_their_place_to_the_next() {
    let cap = "  at most 1 sms per customer per 7 days\n";
    let text = format!(
        "{KEEP}{cap}{}{}",
        rule("a", "every monday, tuesday at 10:00\npriority 90", "nudge"),
        rule("b", "every tuesday at 10:00\npriority 10", "mail")
    );
    let customers = "ana,ana@shop.example,+34600111,,a,yes,yes\n";
    for mut shop in Shop::both(&text, customers, NOW) {
        shop.quiet_tick(NOW);
        assert_eq!((shop.tick(NINE), shop.tick("2026-11-24T09:00:00Z")), (1, 1));
        assert_eq!(shop.due()[1..], ["b ana 2026-11-24T09:00:00Z"]);
    }
}

#[test]
fn a_crash_between_the_rules_of_a_tick_lets_no_second_one_through() {
    // By day, and at night, when what was decided counts later than the tick. Some crashes fall
    // between two rules, some between two slices of one.
    let night = "  quiet hours 21:00 to 08:30 customer time\n";
    let wait = "  at most 1 email per customer per 24 hours or wait up to 2 days\n";
    let monday = "every monday at 22:00\n";
    for (more, first, text_rule, when) in [
        ("", "", "mail", monday),
        (night, "", "mail", monday),
        (wait, "mail", "nudge", monday),
        ("", "", "mail", ""),
    ] {
        let earlier =
            if first.is_empty() { String::new() } else { rule("zero", "every monday at 09:30", first) };
        let text = format!(
            "{KEEP}{more}{earlier}{}{}",
            rule("a", &format!("{when}priority 90"), "mail"),
            rule("b", &format!("{when}priority 10"), text_rule)
        );
        let customers: String =
            (0..150).map(|n| format!("c{n},c{n}@shop.example,+34600{n:03},,a,yes,yes\n")).collect();
        for commits in 0..8 {
            // The outbox may be faster than the next tick.
            for (seconds, hands_over) in [(1, false), (1800, false), (60, true)] {
                // Continuous rules find them only in the evening.
                let before_that =
                    if when.is_empty() { customers.replace(",a,", ",b,") } else { customers.clone() };
                let mut shop = Shop::restarting(&text, &before_that, at(NOW));
                shop.quiet_tick(NOW);
                shop.tick("2026-11-23T08:30:00Z");
                shop.quiet_tick("2026-11-23T20:59:00Z");
                shop.import(&customers, at("2026-11-23T20:59:30Z"));
                let before = shop.engine.ledger().len();
                let evening = "2026-11-23T21:00:00Z";
                shop.store.fail_after(commits);
                if shop.engine.tick(at(evening)).is_ok() {
                    // The next tick is another one.
                    continue;
                }
                if hands_over {
                    shop.hand_over("2026-11-23T21:00:30Z");
                }
                shop.tick(&later(evening, Duration::seconds(seconds)));
                let made = shop.engine.ledger().len() - before;
                assert_eq!(made, 150, "{more} after {commits} commits, handed over: {hands_over}");
            }
        }
    }
}

#[test]
fn two_records_of_one_address_are_one_customer_to_it() {
    let night = "  quiet hours 21:00 to 08:30 customer time\n";
    for more in ["", night] {
        let text = format!(
            "{KEEP}{more}{}{}",
            rule("a", "every monday at 22:00\npriority 90", "mail"),
            rule("b", "every monday at 22:00\npriority 10", "mail").replace("\"a\"", "\"b\"")
        );
        // In another zone the night ends at another instant.
        let customers = person("ana", "", "a") + "ana2,ANA@shop.example,,Europe/Lisbon,b,yes,yes\n";
        for mut shop in Shop::both(&text, &customers, NOW) {
            shop.quiet_tick(NOW);
            shop.quiet_tick("2026-11-23T20:30:00Z");
            assert_eq!(shop.tick("2026-11-23T21:00:00Z"), 1, "{more}");
            assert_eq!(shop.reasons("b", "ana2", "2026-11-23T21:00:00Z"), ["arbitration"]);
        }
    }
}
