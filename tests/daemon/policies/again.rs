//! A message whose time has come meets again what can have changed, and gives its room back where it
//! ends before it went out.

use std::collections::BTreeSet;

use super::shop::{Shop, people, person, rule};

const EVENING: &str = "2026-11-23T21:00:00Z";
const MORNING: &str = "2026-11-24T08:00:00Z";
const HOUSE: &str =
    "policy house\n  quiet hours 21:00 to 08:30 customer time\n  at most 1 email per customer per day\n";

/// `night` waits for the morning; `day` fires at 10:00 and has room only where `night` gave it back.
fn text() -> String {
    format!(
        "{HOUSE}{}{}",
        rule("night", "every monday at 22:00", "mail"),
        rule("day", "every tuesday at 10:00", "story")
    )
}

/// Decides `night`, changes something in the night, and hands over in the morning: what the gate said,
/// and how many decisions `day` then made.
fn overnight(change: impl Fn(&mut Shop)) -> Vec<(Vec<String>, u64)> {
    let shops = Shop::both(&text(), &people(1), "2026-11-23T18:00:00Z");
    let outcomes = shops.map(|mut shop| {
        shop.quiet_tick("2026-11-23T18:00:00Z");
        assert_eq!(shop.tick(EVENING), 1);
        assert_eq!(shop.hand_over("2026-11-24T07:29:59Z"), [""; 0], "not before its time");
        change(&mut shop);
        (shop.hand_over(MORNING), shop.tick("2026-11-24T09:00:00Z"))
    });
    outcomes.into()
}

fn all(change: impl Fn(&mut Shop), said: &str, day: u64) {
    for (handed, made) in overnight(change) {
        assert_eq!((handed, made), (vec![format!("night {said}")], day));
    }
}

#[test]
fn nothing_changed_and_it_goes_and_uses_the_day_up() {
    all(|_| {}, "sent", 0);
}

#[test]
fn consent_withdrawn_in_the_night_ends_it() {
    all(
        |shop| shop.learn("c000", "consent_email_marketing", "no", "2026-11-24T02:00:00Z"),
        "consent is missing or was withdrawn",
        0,
    );
}

#[test]
fn who_no_longer_matches_gets_nothing() {
    all(
        |shop| shop.learn("c000", "plan", "b", "2026-11-24T02:00:00Z"),
        "the customer no longer matches its rule",
        0,
    );
}

#[test]
fn who_matches_again_has_the_room_that_it_gave_back() {
    for mut shop in Shop::both(&text(), &people(1), "2026-11-23T18:00:00Z") {
        shop.quiet_tick("2026-11-23T18:00:00Z");
        shop.tick(EVENING);
        shop.learn("c000", "plan", "b", "2026-11-24T02:00:00Z");
        assert_eq!(shop.hand_over(MORNING), ["night the customer no longer matches its rule"]);
        shop.learn("c000", "plan", "a", "2026-11-24T08:30:00Z");
        assert_eq!(shop.tick("2026-11-24T09:00:00Z"), 1);
    }
}

#[test]
fn a_rule_or_a_message_that_is_gone_takes_it_back_and_its_room_is_free() {
    let day = rule("day", "every tuesday at 10:00", "story");
    let gone = format!("{HOUSE}{day}");
    all(|shop| shop.edit(&gone, "2026-11-24T02:00:00Z"), "its rule is gone", 1);
    // What nobody sends any more is gone with the last rule that did.
    let other = format!("{HOUSE}{}{day}", rule("night", "every monday at 22:00", "story"));
    all(|shop| shop.edit(&other, "2026-11-24T02:00:00Z"), "its message is gone", 1);
}

#[test]
fn a_message_after_its_rules_last_day_is_taken_back_and_its_room_is_free() {
    let ending = text().replace("  every monday", "  until 2026-11-23\n  every monday");
    all(|shop| shop.edit(&ending, "2026-11-24T02:00:00Z"), "the last day of its rule has passed", 1);
}

#[test]
fn a_suppressed_address_gets_nothing() {
    use cvmd::record::{Suppression, SuppressionReason};
    use cvmd::store::{Batch, Store, tables};
    for mut shop in Shop::both(&text(), &people(1), "2026-11-23T18:00:00Z") {
        shop.quiet_tick("2026-11-23T18:00:00Z");
        shop.tick(EVENING);
        let suppression =
            Suppression { reason: SuppressionReason::Complaint, at: super::shop::at(EVENING), address: None };
        let mut batch = Batch::default();
        let customer = shop.engine.find("c000").unwrap();
        tables::customers::put_suppression(&mut batch, customer, 0, &suppression);
        shop.store.commit(batch).wait().unwrap();
        shop.restart(super::shop::at(MORNING));
        assert_eq!(shop.hand_over(MORNING), ["night the address is suppressed"]);
    }
}

#[test]
fn what_comes_too_late_after_an_outage_is_taken_back() {
    let text = format!("{HOUSE}{}", rule("early", "every tuesday at 07:00", "brief"));
    for mut shop in Shop::both(&text, &people(1), "2026-11-23T18:00:00Z") {
        shop.quiet_tick("2026-11-23T18:00:00Z");
        assert_eq!(shop.tick("2026-11-24T06:00:00Z"), 1);
        assert_eq!(shop.hand_over("2026-11-24T08:00:01Z"), ["early expired before it could go"]);
    }
}

#[test]
fn after_an_outage_it_does_not_go_into_the_next_night() {
    for mut shop in Shop::both(&text(), &people(1), "2026-11-23T18:00:00Z") {
        shop.quiet_tick("2026-11-23T18:00:00Z");
        shop.tick(EVENING);
        let said = "night waits for quiet hours until 2026-11-25T07:30:00Z";
        assert_eq!(shop.hand_over("2026-11-24T21:15:00Z"), [said]);
    }
}

#[test]
fn what_is_taken_back_frees_its_at_most_and_its_place_in_a_limit_in_total() {
    let house = "policy house\n  quiet hours 21:00 to 08:30\n  at most 1 email per day in total\n";
    let text = format!(
        "{house}{}{}",
        rule("night", "every day at 22:00\nat most once per 30 days", "mail"),
        rule("other", "every tuesday at 10:00", "mail").replace("\"a\"", "\"b\"")
    );
    let customers = person("ana", "", "a") + &person("bob", "", "b");
    for mut shop in Shop::both(&text, &customers, "2026-11-23T18:00:00Z") {
        shop.quiet_tick("2026-11-23T18:00:00Z");
        assert_eq!(shop.tick(EVENING), 1);
        shop.learn("ana", "plan", "c", "2026-11-24T02:00:00Z");
        assert_eq!(shop.hand_over(MORNING).len(), 1);
        shop.learn("ana", "plan", "a", "2026-11-24T08:30:00Z");
        assert_eq!(shop.tick("2026-11-24T09:00:00Z"), 1, "bob has ana's room");
        assert_eq!(shop.tick("2026-11-24T21:00:00Z"), 1, "and ana is not used up");
    }
}

#[test]
fn a_deferred_message_meets_its_rule_again_too() {
    let house = "policy house\n  at most 1 email per customer per 24 hours or wait up to 2 days\n";
    let text = format!(
        "{house}{}{}",
        rule("a", "every monday at 10:00", "mail"),
        rule("b", "every monday at 12:00", "mail")
    );
    for mut shop in Shop::both(&text, &people(1), "2026-11-23T08:00:00Z") {
        shop.quiet_tick("2026-11-23T08:00:00Z");
        shop.tick("2026-11-23T09:00:00Z");
        assert_eq!(shop.hand_over("2026-11-23T09:00:00Z"), ["a sent"]);
        shop.tick("2026-11-23T11:00:00Z");
        assert_eq!(shop.hand_over("2026-11-24T08:59:59Z"), [""; 0]);
        shop.learn("c000", "plan", "b", "2026-11-24T08:59:59Z");
        assert_eq!(shop.hand_over("2026-11-24T09:00:00Z"), ["b the customer no longer matches its rule"]);
    }
}

#[test]
fn what_follows_a_message_that_was_handed_over_goes_whatever_became_of_the_match() {
    let crm = "webhook crm\n  post \"https://crm.shop.example/\"\n";
    let text = format!("{crm}{}", rule("a", "until 2026-11-23", "mail\n  call crm"));
    for mut shop in Shop::both(&text, &person("ana", "", "a"), "2026-11-23T22:50:00Z") {
        assert_eq!(shop.tick("2026-11-23T22:58:00Z"), 1);
        // The server takes its time, the person moves on, and the rule's last day ends.
        assert_eq!(shop.hand_over_those("2026-11-23T22:58:30Z", |one| !one.is_call), ["a sent"]);
        shop.learn("ana", "plan", "b", "2026-11-23T22:59:00Z");
        assert_eq!(shop.hand_over("2026-11-23T23:05:00Z"), ["a sent"]);
    }
}

#[test]
fn what_an_outage_brings_into_the_night_leaves_over_half_an_hour_too() {
    let text = format!("policy house\n  quiet hours 21:00 to 08:30 customer time\n{}", rule("a", "", "mail"));
    for mut shop in Shop::both(&text, &people(40), "2026-11-23T19:50:00Z") {
        assert_eq!(shop.tick("2026-11-23T19:59:00Z"), 40);
        let waits = shop.hand_over("2026-11-23T20:30:00Z");
        let ends: BTreeSet<&str> = waits.iter().map(|line| line.rsplit(' ').next().unwrap()).collect();
        assert!(ends.len() > 20, "{ends:?}");
        assert!(
            ends.iter().all(|end| ("2026-11-24T07:30:00Z".."2026-11-24T08:00:00Z").contains(end)),
            "{ends:?}"
        );
    }
}
