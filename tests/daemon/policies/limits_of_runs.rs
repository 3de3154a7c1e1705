//! A limit over all customers together of a rule with a schedule: `at most 2000 per day`.

use super::shop::{Shop, at, later, people, person, rule};
use cvmd::model::Duration;
use proptest::prelude::*;

/// Monday, an hour before the rules of these tests run in Madrid.
const BEFORE: &str = "2026-11-23T07:00:00Z";
const NINE: &str = "2026-11-23T08:00:00Z";

fn daily(clauses: &str) -> String {
    rule("r", &format!("every day at 09:00\n{clauses}"), "mail")
}

#[test]
fn a_run_reaches_so_many_and_passes_the_rest_over() {
    for mut shop in Shop::both(&daily("at most 3 per day"), &people(5), BEFORE) {
        shop.quiet_tick(BEFORE);
        assert_eq!(shop.tick(NINE), 3);
        assert_eq!(shop.tick("2026-11-23T08:10:00Z"), 0, "the occurrence is over");
        let passed_over = |shop: &Shop, id: &str, run: &str| shop.reasons("r", id, run);
        assert_eq!(passed_over(&shop, "c002", NINE), [""; 0], "who was known first comes first");
        assert_eq!(passed_over(&shop, "c003", NINE), ["limit"]);
        assert_eq!(passed_over(&shop, "c004", NINE), ["limit"]);
        let said = shop.engine.explain("c004", Some("r"), at(NINE), at(NINE)).unwrap().rules.remove(0);
        assert_eq!(said.stopped_by.as_deref(), Some("limit"));
        assert!(said.outcome.contains("the rule's limit allows (shop.rules:25)"), "{}", said.outcome);
        assert!(said.outcome.ends_with("; it fires next at 2026-11-24T08:00:00Z"), "{}", said.outcome);
        let status = shop.engine.status(at(NINE)).rules.remove(0);
        assert_eq!(status.last_recipients, Some(3), "not those who are beyond it");
        assert_eq!(shop.tick("2026-11-24T08:00:00Z"), 3, "another day, and nothing keeps the first from it");
        assert_eq!(passed_over(&shop, "c004", "2026-11-24T08:00:00Z"), ["limit"]);
    }
}

#[test]
fn a_limit_for_each_customer_lets_others_come() {
    for mut shop in Shop::both(&daily("at most 3 per day\nat most once ever"), &people(7), BEFORE) {
        shop.quiet_tick(BEFORE);
        let sent: Vec<u64> = (0..4).map(|days| shop.tick(&later(NINE, Duration::days(days)))).collect();
        assert_eq!(sent, [3, 3, 1, 0]);
    }
}

#[test]
fn all_zones_of_customer_time_share_the_workspaces_day() {
    let text = rule("r", "every day at 09:00 customer time\nat most 3 per day", "mail");
    let zones = ["Asia/Tokyo", "Europe/Madrid", "America/New_York"];
    let two = |n: usize, zone: &str| {
        format!("{}{}", person(&format!("a{n}"), zone, "a"), person(&format!("b{n}"), zone, "a"))
    };
    let customers: String = zones.iter().enumerate().map(|(n, zone)| two(n, zone)).collect();
    let begin = "2026-11-22T23:00:00Z";
    for mut shop in Shop::both(&text, &customers, begin) {
        shop.quiet_tick(begin);
        assert_eq!(shop.tick("2026-11-23T00:00:00Z"), 2, "Tokyo");
        assert_eq!(shop.tick("2026-11-23T08:00:00Z"), 1, "Madrid");
        assert_eq!(shop.tick("2026-11-23T14:00:00Z"), 0, "New York");
        assert_eq!(shop.reasons("r", "a2", "2026-11-23T14:00:00Z"), ["limit"]);
        assert_eq!(shop.tick("2026-11-24T00:00:00Z"), 2, "the next day begins in Tokyo again");
    }
}

#[test]
fn what_waits_for_the_morning_counts_in_the_morning() {
    let quiet = "policy house\n  quiet hours 21:00 to 08:30\n";
    let text = format!("{quiet}{}", rule("r", "on cron \"0 9,23 * * *\"\nat most 2 per day", "mail"));
    for mut shop in Shop::both(&text, &people(3), "2026-11-23T20:00:00Z") {
        shop.quiet_tick("2026-11-23T20:00:00Z");
        assert_eq!(shop.tick("2026-11-23T22:00:00Z"), 2, "for tomorrow's half past eight");
        assert_eq!(shop.tick("2026-11-24T08:00:00Z"), 0, "which is the day of nine, too");
        assert_eq!(shop.reasons("r", "c000", "2026-11-24T08:00:00Z"), ["limit"]);
    }
}

#[test]
fn a_crash_in_the_middle_of_a_run_neither_widens_nor_loses_it() {
    let text = rule("r", "every day at 09:00\nat most 230 per day", "mail");
    // The run record and up to three slices become durable, or none.
    for commits in 0..6 {
        let mut shop = Shop::new(&text, &people(400), at(BEFORE));
        shop.quiet_tick(BEFORE);
        shop.store.fail_after(commits);
        let crashed = shop.engine.tick(at(NINE)).is_err();
        assert!(crashed || commits == 5, "{commits}");
        shop.restart(at("2026-11-23T08:01:00Z"));
        shop.tick("2026-11-23T08:01:00Z");
        shop.tick("2026-11-23T08:02:00Z");
        let sent: Vec<bool> = (0..400)
            .map(|n| {
                let customer = shop.engine.find(&format!("c{n:03}")).unwrap();
                let had = shop.engine.ledger().of(customer).len();
                assert!(had < 2, "c{n:03} had {had}");
                had == 1
            })
            .collect();
        assert!(sent[..230].iter().all(|had| *had) && !sent[230..].contains(&true), "{commits}");
        assert_eq!(shop.reasons("r", "c399", NINE), ["limit"], "{commits}");
    }
}

/// Whether an hour lies in the same window as another.
type Same = fn(i64, i64) -> bool;

/// The windows of a limit: as it is written, and whether what was sent `ago` hours ago, at an hour counted
/// from Monday's midnight, is in the same.
const PERIODS: [(&str, Same); 4] = [
    ("day", |then, now| then.div_euclid(24) == now.div_euclid(24)),
    ("week", |then, now| then.div_euclid(24 * 7) == now.div_euclid(24 * 7)),
    ("24 hours", |then, now| then > now - 24),
    ("3 days", |then, now| then > now - 72),
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Every six hours, for those of a plan that changes: the same people come out as of a walk over all
    /// of them that counts on its fingers.
    #[test]
    fn runs_agree_with_counting_on_fingers(
        period in 0..PERIODS.len(), count in 0_u32..9, each in 1_u32..4, restarts in any::<bool>(),
        plans in proptest::collection::vec(proptest::collection::vec(any::<bool>(), 6), 1..24),
    ) {
        let (written, same) = PERIODS[period];
        let clauses = format!("on cron \"0 0,6,12,18 * * *\"\nat most {count} per {written}\nat most {each} times per 7 days");
        // Midnight of a Monday in Madrid, so that hours count from there.
        let monday = "2026-11-22T23:00:00Z";
        let before = "2026-11-22T22:30:00Z";
        let text = rule("r", &clauses, "mail");
        let mut shop = if restarts {
            Shop::restarting(&text, &people(6), at(before))
        } else {
            Shop::new(&text, &people(6), at(before))
        };
        shop.quiet_tick(before);
        let mut sent: Vec<(i64, usize)> = Vec::new();
        for (turn, plan) in (0_i64..).zip(&plans) {
            let (hour, now) = (turn * 6, later(monday, Duration::hours(turn * 6)));
            let row = |(n, on): (usize, &bool)| person(&format!("c{n:03}"), "", if *on { "a" } else { "b" });
            shop.import(&plan.iter().enumerate().map(row).collect::<String>(), at(&now));
            for customer in (0..6).filter(|n| plan[*n]) {
                let own = sent.iter().filter(|(then, who)| *who == customer && *then > hour - 7 * 24).count();
                let all = sent.iter().filter(|(then, _)| same(*then, hour)).count();
                if own < each as usize && all < count as usize {
                    sent.push((hour, customer));
                }
            }
            let expected: Vec<String> = sent.iter().filter(|(then, _)| *then == hour).map(|(_, n)| format!("c{n:03}")).collect();
            prop_assert_eq!(shop.tick(&now), expected.len() as u64, "{}", now);
            let found: Vec<String> = shop.said().iter().filter(|line| line.starts_with(&now))
                .map(|line| line.split(' ').nth(3).unwrap().to_owned()).collect();
            prop_assert_eq!(found, expected, "{}", now);
        }
    }
}
