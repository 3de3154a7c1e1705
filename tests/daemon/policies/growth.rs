//! `hold a run when its audience grew by more than 50%`: against the median of its last five, and by a
//! hundred at least; until a person lets it go.

use cvmd::decide::Scope;
use cvmd::model::Duration;
use cvmd::record::{HeldFor, Run, RunState, WhileQueued};
use cvmd::serve::RuleState;
use cvmd::store::tables;

use super::shop::{Shop, at, later, people, person, rule};

/// Nine in Madrid, on a Monday.
const NINE: &str = "2026-11-23T08:00:00Z";
const GUARD: &str = "policy house\n  hold a run when its audience grew by more than 50%\n";

fn daily(clauses: &str, message: &str) -> String {
    format!("{GUARD}{}", rule("r", &format!("every day at 09:00{clauses}\nat most 9 times per day"), message))
}

/// Nine in Madrid so many days later.
fn day(days: i64) -> String {
    later(NINE, Duration::days(days))
}

fn shops(text: &str, customers: u32) -> [Shop; 2] {
    let mut shops = Shop::both(text, &people(customers), "2026-11-23T07:00:00Z");
    for shop in &mut shops {
        shop.quiet_tick("2026-11-23T07:30:00Z");
    }
    shops
}

fn note(shop: &Shop, now: &str) -> (RuleState, String) {
    let rule = shop.engine.status(at(now)).rules.remove(0);
    (rule.state, rule.note.unwrap_or_default())
}

fn runs(shop: &Shop) -> Vec<Run> {
    let number = tables::rules::numbers(&*shop.store).unwrap()["r"];
    tables::runs::runs_of(&*shop.store, number).collect::<Result<_, _>>().unwrap()
}

fn resume(shop: &mut Shop, now: &str) -> u64 {
    shop.engine.resume_at(&Scope::Rule("r".into()), at(now)).unwrap().decisions
}

#[test]
fn a_run_that_grew_is_held_with_its_figures_until_a_person_lets_it_go() {
    for mut shop in shops(&daily("", "mail"), 200) {
        for days in 0..3 {
            assert_eq!(shop.tick(&day(days)), 200);
        }
        shop.import(&people(300), at(&day(2)));
        assert_eq!(shop.tick(&day(3)), 300, "half as many more are no more than that");
        shop.import(&people(301), at(&day(3)));
        assert_eq!(shop.tick(&day(4)), 0, "the median is 200 still");
        let (state, said) = note(&shop, &day(4));
        assert_eq!(state, RuleState::Held);
        assert_eq!(
            said,
            "held since 2026-11-27T08:00:00Z: its audience grew from 200 to 301 customers, by more than 50% \
             (shop.rules:24): `cvmd resume rule r`"
        );
        let held = runs(&shop).pop().unwrap();
        assert_eq!((held.state, held.recipients, held.audience.customers), (RunState::Held, 301, Some(301)));
        let Some(HeldFor::Growth { audience: 301, twice_before: 400, .. }) = held.held_for else {
            panic!("{held:?}")
        };
        let explained =
            shop.engine.explain("c007", Some("r"), at(&day(4)), at(&day(4))).unwrap().rules.remove(0);
        assert_eq!(explained.stopped_by.as_deref(), Some("held"));
        assert!(explained.outcome.contains("its audience grew from 200 to 301"), "{}", explained.outcome);
        assert_eq!(shop.reasons("r", "c007", &day(4)), ["held"]);
        let resumed = later(&day(4), Duration::hours(1));
        assert_eq!(resume(&mut shop, &resumed), 301, "nobody was used up");
        let run = runs(&shop).pop().unwrap();
        assert_eq!(run.state, RunState::Closed);
        assert!(run.held_for.is_some(), "the record says that it was held");
        assert_eq!(shop.tick(&day(5)), 301, "who was let go once is what it means from now on");
    }
}

#[test]
fn of_runs_held_day_after_day_the_last_goes_on() {
    for mut shop in shops(&daily("", "mail"), 100) {
        assert_eq!(shop.tick(NINE), 100);
        shop.import(&people(300), at(NINE));
        for days in 1..4 {
            assert_eq!(shop.tick(&day(days)), 0, "held again: nobody has seen it");
        }
        assert_eq!(resume(&mut shop, &day(3)), 300, "once, not three times");
        let states: Vec<RunState> = runs(&shop).iter().map(|run| run.state).collect();
        assert_eq!(states, [RunState::Closed, RunState::Dropped, RunState::Dropped, RunState::Closed]);
        assert_eq!(shop.tick(&day(4)), 300);
    }
}

#[test]
fn the_end_of_a_later_pause_is_no_second_yes() {
    for mut shop in shops(&daily("", "mail"), 100) {
        shop.tick(NINE);
        shop.import(&people(300), at(NINE));
        assert_eq!(shop.tick(&day(1)), 0);
        let resumed = later(&day(1), Duration::hours(1));
        assert_eq!(resume(&mut shop, &resumed), 300);
        shop.engine.pause(&Scope::Rule("r".into()), WhileQueued::Hold, at(&resumed)).unwrap();
        assert_eq!(resume(&mut shop, &later(&resumed, Duration::hours(1))), 0);
        shop.import(&people(700), at(&day(1)));
        assert_eq!(shop.tick(&day(2)), 0, "nobody has seen that it grew once more");
    }
}

#[test]
fn a_hundred_more_at_least_whatever_the_share() {
    for mut shop in shops(&daily("", "mail"), 10) {
        shop.tick(NINE);
        shop.import(&people(109), at(NINE));
        assert_eq!(shop.tick(&day(1)), 109, "99 more");
    }
    for mut shop in shops(&daily("", "mail"), 10) {
        shop.tick(NINE);
        shop.import(&people(110), at(NINE));
        assert_eq!(shop.tick(&day(1)), 0, "100 more");
    }
}

#[test]
fn a_run_that_reached_nobody_counts_too() {
    for mut shop in shops(&daily("", "mail"), 0) {
        shop.import(&person("one", "", "a"), at(NINE));
        assert_eq!(shop.tick(NINE), 1);
        shop.learn("one", "plan", "b", NINE);
        for days in 1..4 {
            assert_eq!(shop.tick(&day(days)), 0);
        }
        shop.import(&people(100), at(&day(3)));
        assert_eq!(shop.tick(&day(4)), 0);
        assert!(note(&shop, &day(4)).1.contains("its audience grew from 0 to 100 customers"));
    }
}

#[test]
fn an_edit_of_the_condition_or_of_the_guard() {
    for mut shop in shops(&daily("", "mail"), 100) {
        shop.tick(NINE);
        shop.import(&people(300), at(NINE));
        let other = daily("", "mail").replace("plan = \"a\"", "plan = \"a\" or plan = \"b\"");
        shop.edit(&other, NINE);
        assert_eq!(shop.tick(&day(1)), 300, "other people are meant: the first run has its own limit");
        assert_eq!(shop.tick(&day(2)), 300);
    }
    for mut shop in shops(&daily("", "mail"), 100) {
        shop.tick(NINE);
        shop.import(&people(300), at(NINE));
        assert_eq!(shop.tick(&day(1)), 0);
        shop.edit(&daily("", "mail").replace(GUARD, ""), &day(1));
        assert_eq!(note(&shop, &day(1)).0, RuleState::Held, "what is held stays so");
        assert_eq!(shop.tick(&day(2)), 300, "no later run is");
        shop.edit(&daily("", "mail").replace("50%", "1000%"), &day(2));
        assert_eq!(shop.tick(&day(3)), 300);
    }
}

#[test]
fn receipts_rehearsals_and_calls_are_not_held() {
    for (clauses, message) in [("", "receipt"), ("\ndraft", "mail")] {
        for mut shop in shops(&daily(clauses, message), 100) {
            assert_eq!(shop.tick(NINE), 100);
            shop.import(&people(400), at(NINE));
            assert_eq!(shop.tick(&day(1)), 400, "{clauses} {message}");
        }
    }
}

#[test]
fn a_continuous_rule_counts_everybody_who_matches() {
    let text = format!("{GUARD}{}", rule("r", "", "mail"));
    for mut shop in shops(&text, 0) {
        shop.import(&people(300), at(NINE));
        assert_eq!(shop.tick(NINE), 300);
        shop.import(&people(440), at(NINE));
        assert_eq!(shop.tick("2026-11-23T08:01:00Z"), 140, "140 new ones of 440 are not half as many more");
        let grown = "2026-11-24T08:00:00Z";
        shop.import(&people(661), at(grown));
        assert_eq!(shop.tick(grown), 0);
        assert_eq!(shop.tick("2026-11-24T09:00:00Z"), 0);
        let (state, said) = note(&shop, "2026-11-24T09:00:00Z");
        assert_eq!(state, RuleState::Held);
        assert!(
            said.starts_with("held since 2026-11-24T08:00:00Z: its audience grew from 440 to 661"),
            "{said}"
        );
        let said =
            shop.engine.explain("c600", Some("r"), at(grown), at(grown)).unwrap().rules.remove(0).outcome;
        assert!(said.contains("held since 2026-11-24T08:00:00Z: its audience grew"), "{said}");
        resume(&mut shop, "2026-11-24T09:30:00Z");
        assert_eq!(shop.tick("2026-11-24T10:00:00Z"), 221, "nobody was used up");
        assert_eq!(note(&shop, "2026-11-24T10:00:00Z").0, RuleState::Active);
        shop.import(&people(700), at("2026-11-24T10:00:00Z"));
        assert_eq!(shop.tick("2026-11-24T10:01:00Z"), 39);
    }
}

#[test]
fn in_customer_time_all_zones_are_counted_at_the_first() {
    let text =
        format!("{GUARD}{}", rule("r", "every day at 09:00 customer time\nat most 9 times per day", "mail"));
    let zone = |from: u32, to: u32, zone: &str| -> String {
        (from..to).map(|n| person(&format!("c{n:03}"), zone, "a")).collect()
    };
    for mut shop in shops(&text, 0) {
        shop.import(&zone(0, 100, "Europe/Madrid"), at(NINE));
        shop.import(&zone(100, 120, "America/New_York"), at(NINE));
        let new_york = |days| later(&day(days), Duration::hours(6));
        for days in 0..2 {
            assert_eq!(shop.tick(&day(days)), 100);
            assert_eq!(shop.tick(&new_york(days)), 20, "few, but not to be compared with the others");
        }
        shop.import(&zone(120, 250, "America/New_York"), at(&day(1)));
        assert_eq!(shop.tick(&day(2)), 0, "held at the first zone's instant for those of the second");
        assert!(note(&shop, &day(2)).1.contains("from 120 to 250"));
        let released = later(&day(2), Duration::hours(1));
        assert_eq!(resume(&mut shop, &released), 100);
        assert_eq!(shop.tick(&new_york(2)), 150, "nobody is asked twice");
        assert_eq!((shop.tick(&day(3)), shop.tick(&new_york(3))), (100, 150));
    }
}
