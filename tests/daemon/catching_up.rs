//! Time that was missed, or that somebody set: what is said before it is made up for is what is done then.

use std::sync::Arc;

use cvmd::daemon::Engine;
use cvmd::ingest::Kind;
use cvmd::model::{Duration, Instant};
use cvmd::record::HoldReason;
use cvmd::serve::{AttentionKind, CatchUp, Request, Response, RuleCatchUp, Status};
use cvmd::store::{Memory, Store};

use super::engine::{engine, import, rules};

const HELLO: (&str, &str) = ("messages/hello.txt", "Subject: Hello\n\nHello\n");

/// A continuous rule, one that makes up for six hours and one for none but the usual, and one in customer time.
const RULES: &str = "workspace w\n  first run 1000\nevent cart\n  value number\n\
    rule always\n  when orders >= 1\n  then send hello\n\
    rule patient\n  every day at 09:00\n  if missed, run within 6 hours\n  when orders >= 1\n  then send hello\n\
    rule usual\n  every day at 09:00\n  when orders >= 1\n  then send hello\n\
    rule theirs\n  every day at 09:00 customer time\n  when orders >= 1\n  then send hello\n\
    rule rescue\n  on cart, after 30 minutes\n  then send hello\n";

fn at(text: &str) -> Instant {
    Instant(text.parse::<jiff::Timestamp>().unwrap().as_millisecond())
}

/// Three customers who ordered, looked at by each rule at 08:00 on the 20th; two of them live in Tokyo.
fn shop() -> (Arc<dyn Store>, Engine) {
    let store: Arc<dyn Store> = Arc::new(Memory::new());
    let mut shop = engine(Arc::clone(&store));
    let begins = at("2026-11-20T08:00:00Z");
    shop.activate(rules(&[("r.rules", RULES), HELLO]), begins).unwrap();
    let customers = "id,email,time_zone,consent_email_marketing\na,a@shop.example,,yes\n\
        b,b@shop.example,Asia/Tokyo,yes\nc,c@shop.example,Asia/Tokyo,yes\n";
    import(&mut shop, Kind::Customers, customers, begins);
    shop.tick(begins).unwrap();
    let orders = "order_id,customer_id,time,total\n1,a,2026-11-01,50\n2,b,2026-11-01,50\n3,c,2026-11-01,50\n";
    import(&mut shop, Kind::Orders, orders, begins);
    (store, shop)
}

fn ask(shop: &mut Engine, request: Request, now: Instant) -> Response {
    shop.handle(request, now, &mut |_| {})
}

fn status(shop: &mut Engine, now: Instant) -> Status {
    match ask(shop, Request::Status {}, now) {
        Response::Status(status) => *status,
        other => panic!("{other:?}"),
    }
}

fn of<'a>(caught: &'a CatchUp, rule: &str) -> &'a RuleCatchUp {
    caught
        .rules
        .iter()
        .find(|one| one.rule == rule)
        .unwrap_or_else(|| panic!("nothing of {rule}: {caught:?}"))
}

#[test]
fn a_hold_says_what_each_rule_missed_and_what_is_made_of_it() {
    let (_, mut shop) = shop();
    let now = at("2026-11-23T10:30:00Z");
    shop.hold(HoldReason::Gap, now).unwrap();
    let seen = status(&mut shop, now);
    let caught = seen.catch_up.unwrap();
    assert_eq!((&*caught.reason, caught.since), ("gap", Some(now)));
    assert_eq!(caught.last_tick, Some(at("2026-11-20T08:00:00Z")));
    let always = of(&caught, "always");
    assert_eq!((always.customers, always.sentence(true)), (3, "would act for 3 customer(s) at once".into()));
    let patient = of(&caught, "patient");
    assert_eq!(patient.late, [at("2026-11-23T09:00:00Z")]);
    let missed = patient.missed.unwrap();
    assert_eq!(
        (missed.count, missed.first, missed.last),
        (3, at("2026-11-20T09:00:00Z"), at("2026-11-22T09:00:00Z"))
    );
    assert_eq!(
        patient.sentence(true),
        "3 occurrences were missed (2026-11-20T09:00:00Z to 2026-11-22T09:00:00Z) and passed over; the \
         occurrence of 2026-11-23T09:00:00Z runs late, within 6 hours; would act for 3 customer(s) at once"
    );
    let usual = of(&caught, "usual");
    assert_eq!((usual.late.len(), usual.customers, usual.missed.unwrap().count), (0, 0, 4));
    assert!(usual.sentence(true).ends_with("and passed over, later than 1 hour"), "{}", usual.sentence(true));
    // On hold first, with the command and what each rule would do below it.
    let first = &seen.attention[0];
    assert_eq!((first.kind, first.command.as_deref()), (AttentionKind::Hold, Some("cvmd resume all")));
    assert!(first.details.iter().any(|line| line.starts_with("rule patient: 3 occurrences")), "{first:?}");
    assert!(
        seen.coming.iter().all(|coming| coming.unless.as_deref() == Some("on hold")),
        "{:?}",
        seen.coming
    );
}

#[test]
fn what_is_said_is_what_is_done_whenever_a_hold_ends() {
    for hour in 0..60 {
        let (_, mut shop) = shop();
        let now = at("2026-11-21T23:30:00Z").plus(Duration::hours(hour));
        shop.hold(HoldReason::Restore, now).unwrap();
        assert!(shop.tick(now).unwrap().on_hold);
        let caught = status(&mut shop, now).catch_up.unwrap();
        let Response::Done { message } = ask(&mut shop, Request::Resume { scope: "all".into() }, now) else {
            panic!("not resumed")
        };
        let said: u64 = caught.rules.iter().map(|rule| rule.customers).sum();
        let passed: u64 = caught.rules.iter().filter_map(|rule| Some(rule.missed?.count)).sum();
        for rule in &caught.rules {
            assert!(message.contains(&format!("rule {}: {}", rule.rule, rule.sentence(false))), "{message}");
        }
        assert_eq!(shop.status(now).catch_up, None);
        let report = shop.tick(now).unwrap();
        assert_eq!((report.decisions, said > 0), (said, true), "after {hour} h: {message}");
        assert_eq!(report.missed.iter().map(|(_, passed)| passed.count).sum::<u64>(), passed, "{message}");
        assert_eq!(shop.tick(now.plus(Duration::seconds(60))).unwrap().decisions, 0, "and once");
    }
}

#[test]
fn what_was_passed_over_stands_in_the_status_until_the_rule_runs_again() {
    let (_, mut shop) = shop();
    let late = at("2026-11-21T15:30:00Z");
    shop.tick(late).unwrap();
    let rule = |shop: &mut Engine, now| {
        let found = status(shop, now).rules.into_iter().find(|rule| rule.name == "usual").unwrap();
        (found.missed.map(|missed| missed.count), found.note.unwrap_or_default())
    };
    let (missed, note) = rule(&mut shop, late);
    assert!(missed == Some(2) && note.contains("2 occurrences were missed"), "{note}");
    let next = at("2026-11-22T09:00:00Z");
    shop.tick(next).unwrap();
    assert_eq!(rule(&mut shop, next).0, None);
}

#[test]
fn events_that_came_and_waits_that_are_over_are_said_too_and_fire_at_the_release() {
    let (_, mut shop) = shop();
    let begins = at("2026-11-20T08:10:00Z");
    let cart = |id: &str, customer: &str, time: Instant| {
        format!("id,customer_id,time,event,value\n{id},{customer},{time},cart,5\n")
    };
    import(&mut shop, Kind::Events, &cart("e1", "a", begins), begins);
    shop.fire_events(begins).unwrap();
    let now = at("2026-11-20T08:50:00Z");
    shop.hold(HoldReason::Asked, now).unwrap();
    import(&mut shop, Kind::Events, &cart("e2", "b", now), now);
    assert!(shop.fire_events(now).unwrap().is_empty(), "on hold");
    let caught = status(&mut shop, now).catch_up.unwrap();
    assert_eq!((of(&caught, "rescue").firings, caught.events), (1, 1));
    ask(&mut shop, Request::Resume { scope: "all".into() }, now);
    let fired = shop.fire_events(now).unwrap();
    assert_eq!((fired.asked, fired.began, fired.decisions), (1, 1, 1));
}

#[test]
fn the_first_reason_of_a_hold_stays_and_a_clock_that_goes_back_repeats_nothing() {
    let (store, mut shop) = shop();
    let (now, later) = (at("2026-11-20T10:00:00Z"), at("2026-11-25T10:00:00Z"));
    shop.hold(HoldReason::Restore, now).unwrap();
    shop.hold(HoldReason::Gap, later).unwrap();
    let caught = status(&mut shop, later).catch_up.unwrap();
    assert_eq!((&*caught.reason, caught.since), ("restore", Some(now)));
    ask(&mut shop, Request::Resume { scope: "all".into() }, now);
    assert!(shop.tick(now).unwrap().decisions > 0);
    // Two hours back, an hour of ticks, and a restart in between.
    let back = now.minus(Duration::hours(2));
    for minute in 0..30 {
        assert_eq!(shop.tick(back.plus(Duration::seconds(60 * minute))).unwrap().decisions, 0);
    }
    let mut shop = engine(store);
    shop.activate(rules(&[("r.rules", RULES), HELLO]), back).unwrap();
    let seen = status(&mut shop, back);
    let clock = seen.attention.iter().find(|one| one.kind == AttentionKind::Clock).unwrap();
    assert!(clock.what.starts_with("it shows 2026-11-20T08:00:00Z"), "{}", clock.what);
    for minute in 30..121 {
        assert_eq!(shop.tick(back.plus(Duration::seconds(60 * minute))).unwrap().decisions, 0);
    }
    assert_eq!(shop.tick(at("2026-11-21T09:00:00Z")).unwrap().decisions, 7, "the next day's, and Tokyo's");
}
