//! `pause a rule when …`: of a rule's last 1,000 sends in 7 days, from 200 on, until a person lets it go on.

use std::fmt::Write as _;
use std::ops::Range;

use cvmd::decide::Scope;
use cvmd::ingest::Kind;
use cvmd::model::{Channel, DecisionKey, Occurrence};
use cvmd::record::{Deed, DeedKind, MessageKey, WhileQueued};
use cvmd::serve::{RuleState, RuleStatus};
use cvmd::store::{Batch, Store, tables};

use super::super::engine::import;
use super::shop::{Shop, at, people, rule};

const NOW: &str = "2026-11-23T08:00:00Z";
const MINUTE_LATER: &str = "2026-11-23T08:01:00Z";
const HOUR_LATER: &str = "2026-11-23T09:00:00Z";

fn policy(when: &str) -> String {
    format!("policy house\n  pause a rule when {when}\n{}", rule("r", "", "mail"))
}

/// Shops with that guard, of which one starts again before each step.
fn shops(when: &str, customers: u32) -> [Shop; 2] {
    let mut shops = Shop::both(&policy(when), &people(customers), NOW);
    for shop in &mut shops {
        shop.tick(NOW);
    }
    shops
}

/// What the outbox did for those customers, as it writes it; the engine hears of it where `told`.
fn did(shop: &mut Shop, what: (DeedKind, &str, &str), customers: Range<u32>, now: &str, told: bool) {
    let (kind, rule, message) = what;
    let decided = tables::rules::numbers(&*shop.store).unwrap()[rule];
    let one = |n: u32| {
        let customer = shop.engine.find(&format!("c{n:03}")).unwrap();
        let decision = DecisionKey { rule: decided, occurrence: Occurrence(at(now).0), customer };
        Deed {
            kind,
            key: MessageKey { decision, action: 0x80 },
            customer,
            at: at(now),
            learnt: at(now),
            message: message.into(),
            rule: rule.into(),
            channel: Channel::email(),
            marketing: message != "receipt",
        }
    };
    let deeds: Vec<Deed> = customers.map(one).collect();
    for pack in deeds.chunks(tables::deeds::PACK_LIMIT) {
        let sequence = tables::deeds::next(&*shop.store).unwrap();
        let mut batch = Batch::default();
        tables::deeds::put(&mut batch, sequence, pack);
        shop.store.commit(batch).wait().unwrap();
        if told {
            shop.engine.did(sequence, pack.to_vec()).unwrap();
        }
    }
}

fn sent(shop: &mut Shop, customers: Range<u32>, now: &str) {
    did(shop, (DeedKind::Sent, "r", "mail"), customers, now, true);
}

fn bounced(shop: &mut Shop, customers: Range<u32>, now: &str) {
    did(shop, (DeedKind::Bounced, "r", "mail"), customers, now, true);
}

/// Imports what people did: the event, of whom, and the columns `message,rule,channel`.
fn happened(shop: &mut Shop, event: &str, customers: Range<u32>, about: &str, now: &str) {
    let mut rows = String::from("id,customer_id,time,event,message,rule,channel\n");
    for n in customers {
        let id = format!("{event}{n}{now}{}", about.replace(',', "-"));
        writeln!(rows, "{id},c{n:03},{now},{event},{about}").unwrap();
    }
    import(&mut shop.engine, Kind::Events, &rows, at(now));
}

fn status(shop: &Shop, rule: &str, now: &str) -> RuleStatus {
    let rules = shop.engine.status(at(now)).rules;
    rules.into_iter().find(|one| one.name == rule).unwrap()
}

fn is_paused(shop: &mut Shop, now: &str) -> bool {
    shop.tick(now);
    status(shop, "r", now).state == RuleState::Paused
}

#[test]
fn more_than_the_share_pauses_it_and_the_share_itself_does_not() {
    for mut shop in shops("bounces > 5%", 220) {
        sent(&mut shop, 0..190, NOW);
        bounced(&mut shop, 190..200, NOW);
        assert!(!is_paused(&mut shop, MINUTE_LATER), "10 of 200 are 5%");
        bounced(&mut shop, 200..201, "2026-11-23T08:01:05Z");
        let status = shop.engine.status(at("2026-11-23T08:01:05Z"));
        assert_eq!(status.pauses, ["rule r"], "as soon as it is told, not with the next tick");
        assert!(is_paused(&mut shop, HOUR_LATER));
        let said = "paused since 2026-11-23T08:01:05Z by shop.rules:24: 11 of its last 201 messages bounced, more than 5%";
        let status = shop.engine.status(at(HOUR_LATER));
        assert_eq!(status.problems, [format!("rule `r` is {said}")], "a person has to look");
        let note = self::status(&shop, "r", HOUR_LATER).note.unwrap();
        assert_eq!(note, format!("{said}; `cvmd resume rule r` ends the pause"));
    }
}

#[test]
fn fewer_than_two_hundred_say_nothing() {
    for mut shop in shops("bounces > 5% or complaints > 0.3%", 220) {
        bounced(&mut shop, 0..199, NOW);
        assert!(!is_paused(&mut shop, MINUTE_LATER));
        sent(&mut shop, 199..200, MINUTE_LATER);
        assert!(is_paused(&mut shop, HOUR_LATER));
    }
}

#[test]
fn the_last_thousand_count_and_none_before_them() {
    for mut shop in shops("bounces > 5%", 1_200) {
        shop.edit(&rule("r", "", "mail"), NOW);
        bounced(&mut shop, 0..100, NOW);
        sent(&mut shop, 100..1_049, MINUTE_LATER);
        let restarted = at("2026-11-23T08:02:00Z");
        shop.restart(restarted);
        shop.edit(&policy("bounces > 5%"), "2026-11-23T08:02:00Z");
        assert!(is_paused(&mut shop, "2026-11-23T08:03:00Z"), "51 of the last 1,000");
        shop.engine.resume_at(&Scope::Rule("r".into()), at(NOW)).unwrap();
        sent(&mut shop, 1_049..1_050, "2026-11-23T08:03:00Z");
        assert!(!is_paused(&mut shop, "2026-11-23T08:04:00Z"), "50 of them");
    }
}

#[test]
fn seven_days_count_open_at_the_old_end() {
    for (edited, paused) in [("2026-11-30T07:59:59Z", true), ("2026-11-30T08:00:00Z", false)] {
        for mut shop in shops("bounces > 5%", 300) {
            shop.edit(&rule("r", "", "mail"), NOW);
            bounced(&mut shop, 0..300, NOW);
            shop.edit(&policy("bounces > 5%"), edited);
            assert_eq!(is_paused(&mut shop, edited), paused, "{edited}");
        }
    }
}

#[test]
fn complaints_and_unsubscribes_are_of_the_rule_whose_message_it_was() {
    let other = format!("{}{}", policy("complaints > 0.3% or unsubscribes > 2%"), rule("s", "", "story"));
    for (event, many) in [("complained", 1), ("unsubscribed", 5)] {
        for mut shop in Shop::both(&other, &people(300), NOW) {
            shop.tick(NOW);
            sent(&mut shop, 0..250, NOW);
            did(&mut shop, (DeedKind::Sent, "s", "story"), 0..100, MINUTE_LATER, true);
            // 250 sends: 0.3% is less than one, 2% are five.
            let about = |about: &str, customers: Range<u32>, shop: &mut Shop, now: &str| {
                happened(shop, event, customers, about, now);
                shop.tick(now);
                status(shop, "r", now).state == RuleState::Paused
            };
            let now = "2026-11-23T08:05:00Z";
            assert!(!about(",s,", 0..20, &mut shop, now), "they name the other rule");
            assert!(!about("story,,", 20..40, &mut shop, now), "the other rule's message");
            assert!(!about(",,email", 40..60, &mut shop, now), "the last mail before it is the other's");
            assert!(!about(",,sms", 60..80, &mut shop, now), "nothing went by sms");
            assert!(!about("mail,r,email", 260..300, &mut shop, now), "they got none");
            assert!(!about("mail,r,email", 0..many - 1, &mut shop, now), "not as many as are too much");
            let later = "2026-11-23T08:06:00Z";
            assert!(!about("mail,,", 0..many - 1, &mut shop, later), "the same ones again");
            assert!(about("mail,,", many - 1..many + 1, &mut shop, later), "they name its message");
            assert_eq!(status(&shop, "s", later).state, RuleState::Active, "100 sends say nothing");
        }
    }
    for mut shop in shops("complaints > 0.3%", 300) {
        sent(&mut shop, 0..250, NOW);
        happened(&mut shop, "complained", 7..8, ",,", HOUR_LATER);
        assert!(is_paused(&mut shop, HOUR_LATER), "who says nothing means the last message");
    }
    for mut shop in shops("complaints > 0.3%", 300) {
        sent(&mut shop, 0..250, HOUR_LATER);
        happened(&mut shop, "complained", 7..8, "mail,r,email", MINUTE_LATER);
        assert!(!is_paused(&mut shop, HOUR_LATER), "it was before the message");
    }
}

#[test]
fn a_bounce_that_is_told_later_counts_once_with_its_message() {
    for mut shop in shops("bounces > 1%", 300) {
        sent(&mut shop, 0..196, NOW);
        bounced(&mut shop, 196..200, NOW);
        // The mail was taken first, and came back.
        bounced(&mut shop, 0..2, NOW);
        assert!(is_paused(&mut shop, MINUTE_LATER));
        let note = status(&shop, "r", MINUTE_LATER).note.unwrap();
        assert!(note.contains("6 of its last 200 messages bounced"), "{note}");
    }
}

#[test]
fn receipts_are_not_counted() {
    for mut shop in shops("bounces > 5%", 400) {
        did(&mut shop, (DeedKind::Bounced, "r", "receipt"), 0..400, NOW, true);
        assert!(!is_paused(&mut shop, MINUTE_LATER));
    }
}

#[test]
fn while_it_is_paused_nobody_is_decided_for_and_what_waits_waits_on() {
    for mut shop in shops("bounces > 5%", 300) {
        let waiting = shop.open().len();
        assert_eq!(waiting, 300, "decided before anything bounced");
        bounced(&mut shop, 0..200, NOW);
        shop.import(&people(310), at(MINUTE_LATER));
        assert_eq!(shop.tick(MINUTE_LATER), 0);
        assert_eq!(shop.reasons("r", "c305", "2026-11-23T00:00:00Z"), ["pause"]);
        let explained = shop.engine.explain("c305", Some("r"), at(MINUTE_LATER), at(MINUTE_LATER)).unwrap();
        let explained = &explained.rules[0];
        assert_eq!(explained.stopped_by.as_deref(), Some("pause"));
        let outcome = &explained.outcome;
        assert!(
            outcome.contains("by shop.rules:24: 200 of its last 200 messages bounced, more than 5%: `cvmd resume rule r` ends it"),
            "{outcome}"
        );
        let held = shop.hand_over(MINUTE_LATER);
        assert!(held.iter().all(|said| said.contains("waits for")), "{:?}", held.first());
        assert_eq!(shop.open().len(), waiting);
        shop.engine.resume_at(&Scope::Rule("r".into()), at(HOUR_LATER)).unwrap();
        assert_eq!(shop.tick(HOUR_LATER), 10, "they go on matching");
        assert!(shop.hand_over(HOUR_LATER).iter().all(|said| said == "r sent"));
    }
}

#[test]
fn after_a_resume_the_count_begins_anew() {
    for mut shop in shops("bounces > 5%", 500) {
        bounced(&mut shop, 0..250, NOW);
        assert!(is_paused(&mut shop, NOW));
        let resumed = shop.engine.resume_at(&Scope::Rule("r".into()), at(MINUTE_LATER)).unwrap();
        assert!(resumed.counts_anew && resumed.pauses == [Scope::Rule("r".into())]);
        assert!(!is_paused(&mut shop, "2026-11-23T08:02:00Z"), "the same messages do not pause it again");
        bounced(&mut shop, 250..449, "2026-11-23T08:02:00Z");
        assert!(!is_paused(&mut shop, "2026-11-23T08:03:00Z"), "199 since then");
        sent(&mut shop, 449..450, "2026-11-23T08:03:00Z");
        assert!(is_paused(&mut shop, "2026-11-23T08:04:00Z"));
    }
}

#[test]
fn an_edit_takes_no_pause_back_and_a_lower_share_acts_at_once() {
    for mut shop in shops("bounces > 5%", 300) {
        sent(&mut shop, 0..196, NOW);
        bounced(&mut shop, 196..200, NOW);
        assert!(!is_paused(&mut shop, MINUTE_LATER));
        shop.edit(&policy("bounces > 1%"), MINUTE_LATER);
        assert!(is_paused(&mut shop, "2026-11-23T08:02:00Z"));
        for text in [policy("bounces > 50%"), rule("r", "", "mail"), rule("x", "formerly r", "mail")] {
            shop.edit(&text, "2026-11-23T08:03:00Z");
            shop.restart(at("2026-11-23T08:03:00Z"));
            let name = if text.contains("formerly") { "x" } else { "r" };
            let status = status(&shop, name, "2026-11-23T08:03:00Z");
            assert_eq!(status.state, RuleState::Paused, "{text}");
            assert!(status.note.unwrap().contains("more than 1%"), "with the figures of then");
        }
    }
}

#[test]
fn the_stricter_of_two_policies_holds() {
    let text = format!("policy strict\n  pause a rule when bounces > 1%\n{}", policy("bounces > 5%"));
    for mut shop in Shop::both(&text, &people(300), NOW) {
        sent(&mut shop, 0..197, NOW);
        bounced(&mut shop, 197..200, NOW);
        assert!(is_paused(&mut shop, MINUTE_LATER));
    }
}

#[test]
fn a_crash_between_the_bounce_and_the_pause_lets_the_next_start_find_it() {
    for mut shop in shops("bounces > 5%", 300) {
        did(&mut shop, (DeedKind::Bounced, "r", "mail"), 0..200, NOW, false);
        shop.import(&people(310), at(MINUTE_LATER));
        shop.restart(at(MINUTE_LATER));
        assert_eq!(shop.tick(MINUTE_LATER), 0, "before anybody is decided for");
        assert!(is_paused(&mut shop, HOUR_LATER));
    }
    for commits in 0..3 {
        let mut shop = Shop::new(&policy("bounces > 5%"), &people(300), at(NOW));
        shop.tick(NOW);
        did(&mut shop, (DeedKind::Bounced, "r", "mail"), 0..200, NOW, false);
        shop.import(&people(310), at(MINUTE_LATER));
        shop.restart(at(MINUTE_LATER));
        shop.store.fail_after(commits);
        let _ = shop.engine.tick(at(MINUTE_LATER));
        shop.restart(at(MINUTE_LATER));
        assert_eq!(shop.tick(MINUTE_LATER), 0, "after {commits} commits");
        assert!(is_paused(&mut shop, HOUR_LATER));
    }
}

#[test]
fn a_persons_pause_and_a_guards_are_one() {
    for mut shop in shops("bounces > 5%", 300) {
        shop.engine.pause(&Scope::Rule("r".into()), WhileQueued::Hold, at(NOW)).unwrap();
        bounced(&mut shop, 0..200, NOW);
        assert!(is_paused(&mut shop, MINUTE_LATER));
        let note = status(&shop, "r", MINUTE_LATER).note.unwrap();
        assert_eq!(note, "`cvmd resume rule r` ends the pause", "a person's pause has no figures");
        shop.engine.resume_at(&Scope::Rule("r".into()), at(MINUTE_LATER)).unwrap();
        assert!(is_paused(&mut shop, "2026-11-23T08:02:00Z"), "nobody has seen the figures yet");
        shop.engine.pause(&Scope::Rule("r".into()), WhileQueued::Drop, at(HOUR_LATER)).unwrap();
        shop.engine.resume_at(&Scope::All, at(HOUR_LATER)).unwrap();
        let note = status(&shop, "r", HOUR_LATER).note.unwrap();
        assert!(note.contains("since 2026-11-23T08:02:00Z by shop.rules"), "{note}");
        shop.engine.resume_at(&Scope::Rule("r".into()), at(HOUR_LATER)).unwrap();
        assert!(!is_paused(&mut shop, "2026-11-23T09:01:00Z"), "one word ends both");
    }
}
