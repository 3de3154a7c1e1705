//! Quiet hours.

use super::shop::{Shop, at, people, person, rule};
use cvmd::model::Duration;
use cvmd::serve::{OutboxFilter, OutboxRow, Request, Response};

const NIGHT: &str = "policy house\n  quiet hours 21:00 to 08:30 customer time\n";

#[test]
fn from_the_first_minute_to_the_last_but_one_in_the_customers_zone() {
    let text = format!(
        "{NIGHT}{}{}{}{}",
        rule("a", "every monday at 20:59", "mail"),
        rule("b", "every monday at 21:00", "mail"),
        rule("c", "every tuesday at 08:29", "mail"),
        rule("d", "every tuesday at 08:30", "mail"),
    );
    // An hour behind Madrid.
    let customers = person("ana", "", "a") + &person("rui", "Europe/Lisbon", "a");
    for mut shop in Shop::both(&text, &customers, "2026-11-23T18:00:00Z") {
        shop.quiet_tick("2026-11-23T18:00:00Z");
        for now in
            ["2026-11-23T19:59:00Z", "2026-11-23T20:00:00Z", "2026-11-24T07:29:00Z", "2026-11-24T07:30:00Z"]
        {
            assert_eq!(shop.tick(now), 2, "{now}");
        }
        let due = [
            "a ana 2026-11-23T19:59:00Z",
            "a rui 2026-11-23T19:59:00Z",
            "b ana 2026-11-24T07:30:00Z quiet hours",
            "b rui 2026-11-23T20:00:00Z",
            "c ana 2026-11-24T07:30:00Z quiet hours",
            "c rui 2026-11-24T08:30:00Z quiet hours",
            "d ana 2026-11-24T07:30:00Z",
            "d rui 2026-11-24T08:30:00Z quiet hours",
        ];
        assert_eq!(shop.due(), due);
    }
}

#[test]
fn all_of_a_day_and_the_night_after_it_are_one_wait() {
    let house = "policy house\n  quiet hours 21:00 to 08:30, all of sunday customer time\n";
    for (house, end) in [
        (house.to_owned(), "2026-11-23T07:30:00Z"),
        (house.replace("21:00 to 08:30, ", ""), "2026-11-22T23:00:00Z"),
    ] {
        let text = format!("{house}{}", rule("a", "every sunday at 12:00", "mail"));
        for mut shop in Shop::both(&text, &people(1), "2026-11-22T10:00:00Z") {
            shop.quiet_tick("2026-11-22T10:00:00Z");
            shop.tick("2026-11-22T11:00:00Z");
            assert_eq!(shop.due(), [format!("a c000 {end} quiet hours")]);
        }
    }
}

#[test]
fn or_skip_skips_what_is_no_email() {
    let house = "policy house\n  quiet hours 21:00 to 08:30 customer time or skip\n";
    let text = format!(
        "{house}{}{}",
        rule("text", "every monday at 22:00", "nudge"),
        rule("letter", "every monday at 22:00", "mail")
    );
    let customers = "ana,ana@shop.example,+34600111,,a,yes,yes\n";
    for mut shop in Shop::both(&text, customers, "2026-11-23T18:00:00Z") {
        shop.quiet_tick("2026-11-23T18:00:00Z");
        assert_eq!(shop.tick("2026-11-23T21:00:00Z"), 1);
        assert_eq!(shop.due(), ["letter ana 2026-11-24T07:30:00Z quiet hours"]);
        assert_eq!(shop.reasons("text", "ana", "2026-11-23T21:00:00Z"), ["quiet hours"]);
    }
}

#[test]
fn what_waits_for_the_morning_holds_its_room_there() {
    let house = format!("{NIGHT}  at most 1 email per customer per day\n");
    let text = format!(
        "{house}{}{}{}{}",
        rule("a", "every monday at 22:00", "mail"),
        rule("b", "every monday at 23:00", "mail"),
        rule("c", "every monday at 20:00", "mail"),
        rule("d", "every tuesday at 10:00", "mail"),
    );
    for mut shop in Shop::both(&text, &people(1), "2026-11-23T18:00:00Z") {
        shop.quiet_tick("2026-11-23T18:00:00Z");
        assert_eq!(shop.tick("2026-11-23T19:00:00Z"), 1, "c, on Monday");
        assert_eq!(shop.tick("2026-11-23T21:00:00Z"), 1, "a counts on Tuesday");
        assert_eq!(shop.tick("2026-11-23T22:00:00Z"), 0, "so b has no room");
        assert_eq!(shop.tick("2026-11-24T09:00:00Z"), 0, "nor has d");
        assert_eq!(shop.reasons("b", "c000", "2026-11-23T22:00:00Z"), ["cap"]);
        assert_eq!(shop.reasons("d", "c000", "2026-11-24T09:00:00Z"), ["cap"]);
    }
}

#[test]
fn receipts_and_rules_that_only_call_go_at_night_and_a_call_beside_a_message_waits_with_it() {
    let crm = "webhook crm\n  post \"https://crm.shop.example/\"\n";
    let text = format!(
        "{NIGHT}{crm}{}rule b_call\n  every monday at 22:00\n  when plan = \"a\"\n  then call crm\n\
         rule c_both\n  every monday at 22:00\n  when plan = \"a\"\n  then send mail\n       call crm\n",
        rule("a_receipt", "every monday at 22:00", "receipt")
    );
    for mut shop in Shop::both(&text, &people(1), "2026-11-23T18:00:00Z") {
        shop.quiet_tick("2026-11-23T18:00:00Z");
        assert_eq!(shop.tick("2026-11-23T21:00:00Z"), 3);
        let (now, morning) = ("2026-11-23T21:00:00Z", "2026-11-24T07:30:00Z quiet hours");
        let due = [
            format!("a_receipt c000 {now}"),
            format!("b_call c000 {now}"),
            format!("c_both c000 {morning}"),
            format!("c_both c000 {morning}"),
        ];
        assert_eq!(shop.due(), due);
        assert_eq!(shop.hand_over("2026-11-23T21:00:00Z"), ["a_receipt sent", "b_call sent"]);
    }
}

#[test]
fn the_end_releases_over_half_an_hour_and_a_decision_leaves_as_one() {
    let text = format!(
        "{NIGHT}{}",
        rule("a", "every monday at 22:00", "mail\nsend story").replace("\nsend", "\n       send")
    );
    let mut shop = Shop::new(&text, &people(300), at("2026-11-23T18:00:00Z"));
    shop.quiet_tick("2026-11-23T18:00:00Z");
    assert_eq!(shop.tick("2026-11-23T21:00:00Z"), 300);
    let open = shop.open();
    let (first, last) = (at("2026-11-24T07:30:00Z"), at("2026-11-24T08:00:00Z"));
    assert!(open.iter().all(|one| one.due == first && first <= one.next_attempt && one.next_attempt < last));
    let minutes: std::collections::BTreeSet<i64> =
        open.iter().map(|one| one.next_attempt.since(first).0 / 60_000).collect();
    assert_eq!(minutes.len(), 30, "each minute has some");
    for one in &open {
        let together = open.iter().filter(|other| other.customer == one.customer);
        assert!(together.into_iter().all(|other| other.next_attempt == one.next_attempt));
    }
}

#[test]
fn what_expires_in_the_night_is_not_decided_and_what_expires_soon_after_it_goes_in_time() {
    let text = format!(
        "{NIGHT}{}{}",
        rule("a", "every monday at 22:00", "brief"),
        rule("b", "every tuesday at 06:31", "brief")
    );
    for mut shop in Shop::both(&text, &people(50), "2026-11-23T18:00:00Z") {
        shop.quiet_tick("2026-11-23T18:00:00Z");
        assert_eq!(shop.tick("2026-11-23T21:00:00Z"), 0);
        assert_eq!(shop.reasons("a", "c007", "2026-11-23T21:00:00Z"), ["expired"]);
        assert_eq!(shop.tick("2026-11-24T05:31:00Z"), 50);
        let end = at("2026-11-24T07:31:00Z");
        assert!(shop.open().iter().all(|one| one.expires == Some(end) && one.next_attempt <= end));
        assert!(shop.open().iter().all(|one| one.next_attempt >= end.minus(Duration::seconds(60))));
    }
}

#[test]
fn a_continuous_rule_at_night_is_decided_once_and_waits() {
    let text = format!("{NIGHT}{}", rule("a", "", "mail"));
    for mut shop in Shop::both(&text, &people(1), "2026-11-23T22:00:00Z") {
        assert_eq!(shop.tick("2026-11-23T22:00:00Z"), 1);
        assert_eq!(shop.tick("2026-11-23T22:01:00Z"), 0);
        assert_eq!(shop.due(), ["a c000 2026-11-24T07:30:00Z quiet hours"]);
    }
}

#[test]
fn the_outbox_and_the_status_say_who_waits_for_what_until_when() {
    let cap = "  at most 1 sms per customer per 24 hours or wait up to 2 days\n";
    let text = format!(
        "{NIGHT}{cap}{}{}{}",
        rule("letter", "every monday at 22:00", "mail"),
        rule("first", "every monday at 19:00", "nudge"),
        rule("second", "every monday at 20:00", "nudge")
    );
    let customers =
        "ana,ana@shop.example,+34600111,,a,yes,yes\nrui,rui@shop.example,,Europe/Lisbon,a,yes,no\n";
    for mut shop in Shop::both(&text, customers, "2026-11-23T17:00:00Z") {
        shop.quiet_tick("2026-11-23T17:00:00Z");
        for (now, made) in [("18", 1), ("19", 1), ("21", 2)] {
            assert_eq!(shop.tick(&format!("2026-11-23T{now}:00:00Z")), made);
        }
        let listed = |shop: &mut Shop, now: &str| -> Vec<String> {
            let filter = OutboxFilter { limit: 100, ..OutboxFilter::default() };
            let answer = shop.engine.handle(Request::OutboxList(filter), at(now), &mut |_| {});
            let Response::Outbox { messages, .. } = answer else { panic!("{answer:?}") };
            let shown = |row: OutboxRow| {
                let until = row.waits_until.map_or_else(|| "-".into(), |until| until.to_string());
                format!("{} {} {} {until}", row.rule, row.customer_id, row.waits_for.unwrap_or_default())
            };
            let mut all: Vec<String> = messages.into_iter().map(shown).collect();
            all.sort();
            all
        };
        let all = [
            "first ana  -",
            "letter ana quiet hours 2026-11-24T07:30:00Z",
            "letter rui quiet hours 2026-11-24T08:30:00Z",
            "second ana cap 2026-11-24T18:00:00Z",
        ];
        assert_eq!(listed(&mut shop, "2026-11-23T21:00:00Z"), all);
        let told = shop.engine.status(at("2026-11-23T21:00:00Z")).waiting;
        let told: Vec<String> = told
            .iter()
            .map(|one| format!("{} {} {} {}", one.messages, one.waits_for, one.first, one.last))
            .collect();
        let expected = [
            "2 quiet hours 2026-11-24T07:30:00Z 2026-11-24T08:30:00Z",
            "1 cap 2026-11-24T18:00:00Z 2026-11-24T18:00:00Z",
        ];
        assert_eq!(told, expected);
        let over = "2026-11-25T08:30:00Z";
        assert!(listed(&mut shop, over).iter().all(|line| line.ends_with(" -")), "their time has come");
        assert!(shop.engine.status(at(over)).waiting.is_empty());
    }
}

#[test]
fn an_occurrence_that_runs_late_does_not_go_into_the_night() {
    let cap = "policy house\n  at most 1 email per customer per day\n";
    let text = format!(
        "{cap}  quiet hours 21:00 to 08:30 customer time\n{}{}",
        rule("late", "every monday at 20:55", "mail"),
        rule("next", "every tuesday at 12:00", "mail")
    );
    let now = "2026-11-23T19:00:00Z";
    for mut shop in Shop::both(&text, &person("ana", "", "a"), now) {
        shop.quiet_tick(now);
        assert_eq!(shop.tick("2026-11-23T20:10:00Z"), 1, "a quarter of an hour late");
        assert_eq!(shop.due(), ["late ana 2026-11-24T07:30:00Z quiet hours"]);
        assert_eq!(shop.tick("2026-11-24T11:00:00Z"), 0, "it is Tuesday's one");
    }
}
