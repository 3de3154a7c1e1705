//! Endpoints that fail: the history of what each received, over virtual time.

use std::collections::{BTreeMap, BTreeSet};

use cvmd::clock::Clock;
use cvmd::model::{Duration, Instant};
use cvmd::outbox::{Outbox, Report, Retries};
use cvmd::record::{MessageState, OutageKind};
use cvmd::ruleset::CallLimits;
use cvmd::store::tables::endpoints;

use super::stage::{NOW, Stage, call, pass, smtp};
use crate::support::smtp::dead_address;
use crate::support::webhook::{Answer, Receiver, SECRET};
use crate::support::{breathe, until};

async fn stage(receiver: &Receiver) -> Stage {
    let stage = Stage::new(smtp(dead_address().await));
    stage.endpoint("crm", receiver.url());
    stage
}

/// Lets the virtual time pass until `done` or `end`; only while nothing is claimed.
async fn live(stage: &Stage, end: Instant, done: impl Fn() -> bool) {
    while stage.clock.now() < end && !done() {
        until("nothing is under way", || !stage.states().contains(&MessageState::Claimed)).await;
        // What was woken takes what is due before the time goes on.
        for _ in 0..20 {
            tokio::task::yield_now().await;
        }
        breathe(2).await;
        if !stage.states().contains(&MessageState::Claimed) {
            pass(&stage.clock, end.since(stage.clock.now()));
        }
    }
}

/// The calls of each id: when, by `webhook-timestamp`, and that all were the same.
fn history(receiver: &Receiver) -> BTreeMap<String, Vec<i64>> {
    let mut times: BTreeMap<String, Vec<i64>> = BTreeMap::new();
    let mut bodies: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for call in receiver.calls() {
        let at: i64 = call.header("webhook-timestamp").unwrap().parse().unwrap();
        // The public library, which would not verify a call of another day.
        let public = standardwebhooks::Webhook::new(SECRET).unwrap();
        let signature = public.sign(call.id(), at, call.body.as_bytes()).unwrap();
        assert_eq!(call.header("webhook-signature"), Some(signature.as_str()));
        times.entry(call.id().to_owned()).or_default().push(at);
        bodies.entry(call.id().to_owned()).or_default().insert(call.body);
    }
    assert!(bodies.values().all(|bodies| bodies.len() == 1), "one id, two payloads");
    times
}

/// Each wait between two tries against the schedule: never shorter; `exactly`: no longer either.
fn spaced(times: &[i64], exactly: bool) {
    for (pair, base) in times.windows(2).zip(&Retries::calls().0) {
        let (waited, base) = ((pair[1] - pair[0]) * 1_000, base.0);
        assert!(waited >= base * 9 / 10 - 1_000, "{waited} ms after one of {base} ms: {times:?}");
        assert!(!exactly || waited <= base * 11 / 10 + 1_000, "{waited} ms instead of {base} ms: {times:?}");
    }
}

async fn all_sent(stage: &Stage, outbox: &Outbox, count: usize, end: Instant) {
    live(stage, end, || stage.ended(MessageState::Sent) == count).await;
    assert_eq!((stage.ended(MessageState::Sent), stage.open().len()), (count, 0), "none is lost");
    assert_eq!(stage.ended(MessageState::Dead), 0);
    outbox.stop(Duration::seconds(5)).await;
}

#[tokio::test]
async fn one_call_to_an_endpoint_that_is_down_for_a_day_is_tried_as_the_standard_says() {
    let receiver = Receiver::start().await;
    receiver.always(Answer::status(503));
    let stage = stage(&receiver).await;
    stage.decide(&[call(1, "crm")]).await;
    let (outbox, _) = stage.start().await;
    live(&stage, NOW.plus(Duration::days(1)), || false).await;
    receiver.always(Answer::status(200));
    all_sent(&stage, &outbox, 1, NOW.plus(Duration::days(4))).await;
    let history = history(&receiver);
    let times = &history["d1-1-1-1"];
    // 5 s, 5 min, 30 min, 2 h, 5 h and 10 h lie within the day, 14 h more beyond it.
    assert_eq!(times.len(), 8, "{times:?}");
    spaced(times, true);
}

#[tokio::test]
async fn many_calls_outlive_a_day_and_are_all_delivered_soon_after() {
    let receiver = Receiver::start().await;
    receiver.always(Answer::status(500));
    let stage = stage(&receiver).await;
    stage.decide(&(0..120).map(|n| call(n, "crm")).collect::<Vec<_>>()).await;
    let (outbox, _) = stage.start().await;
    let day = NOW.plus(Duration::days(1));
    live(&stage, day, || false).await;
    let tries = receiver.calls().len();
    // Ten to find out, those under way then, and one each ten minutes.
    assert!((100..=200).contains(&tries), "{tries} calls in a day");
    let untried = stage.open().iter().filter(|message| message.attempts == 0).count();
    let [outage] = <[_; 1]>::try_from(endpoints::outages(&*stage.store).collect::<Vec<_>>()).unwrap();
    let outage = outage.unwrap();
    let OutageKind::Failing { rest, until } = outage.kind else { panic!("{outage:?}") };
    assert_eq!((rest, outage.since), (Duration::seconds(600), NOW));
    assert!(until > day && until <= day.plus(rest));
    receiver.always(Answer::status(200));
    live(&stage, day.plus(Duration::seconds(660)), || false).await;
    assert!(stage.ended(MessageState::Sent) >= untried, "what was never tried goes at once");
    assert_eq!(endpoints::outages(&*stage.store).count(), 0);
    all_sent(&stage, &outbox, 120, NOW.plus(Duration::days(4))).await;
    for times in history(&receiver).values() {
        spaced(times, false);
    }
    let told = |wanted: fn(&Report) -> bool| stage.reports().iter().filter(|report| wanted(report)).count();
    assert_eq!(
        (told(|report| matches!(report, Report::Outage(_))), told(|r| matches!(r, Report::OutageOver(_)))),
        (1, 1)
    );
}

#[tokio::test]
async fn an_outage_outlives_a_restart_and_ends_at_another_address_or_by_a_word() {
    let (old, new) = (Receiver::start().await, Receiver::start().await);
    old.always(Answer::status(410));
    let mut stage = stage(&old).await;
    stage.options.calls_per_endpoint = 1;
    stage.decide(&(0..6).map(|n| call(n, "crm")).collect::<Vec<_>>()).await;
    let (outbox, _) = stage.start().await;
    until("one died", || stage.ended(MessageState::Dead) == 1).await;
    until("the rest waits", || !stage.states().contains(&MessageState::Claimed)).await;
    // The rules are read again and say nothing new.
    outbox.refresh().await.unwrap();
    outbox.stop(Duration::seconds(5)).await;
    let (outbox, _) = stage.start().await;
    outbox.refresh().await.unwrap();
    breathe(50).await;
    assert_eq!((old.calls().len(), stage.open().len()), (1, 5), "nothing goes after a restart");
    stage.endpoint("crm", new.url());
    outbox.refresh().await.unwrap();
    until("the rest goes where the webhook stands now", || stage.ended(MessageState::Sent) == 5).await;
    assert_eq!((old.calls().len(), new.calls().len()), (1, 5));
    assert_eq!(endpoints::outages(&*stage.store).count(), 0);
    outbox.stop(Duration::seconds(5)).await;
}

#[tokio::test]
async fn an_open_circuit_outlives_a_restart() {
    let receiver = Receiver::start().await;
    receiver.always(Answer::status(500));
    let stage = stage(&receiver).await;
    stage.decide(&(0..40).map(|n| call(n, "crm")).collect::<Vec<_>>()).await;
    let (outbox, _) = stage.start().await;
    until("it is open", || endpoints::outages(&*stage.store).count() == 1).await;
    outbox.stop(Duration::seconds(5)).await;
    let before = receiver.calls().len();
    assert!((10..=26).contains(&before), "{before}");
    let (outbox, _) = stage.start().await;
    breathe(50).await;
    assert_eq!(receiver.calls().len(), before);
    receiver.always(Answer::status(200));
    stage.clock.advance(Duration::seconds(4));
    breathe(20).await;
    assert_eq!(receiver.calls().len(), before);
    stage.clock.advance(Duration::seconds(2));
    all_sent(&stage, &outbox, 40, NOW.plus(Duration::days(1))).await;
}

#[tokio::test]
async fn while_one_call_sees_how_it_is_no_other_goes() {
    let receiver = Receiver::start().await;
    receiver.always(Answer::status(500));
    let stage = stage(&receiver).await;
    stage.decide(&(0..40).map(|n| call(n, "crm")).collect::<Vec<_>>()).await;
    let (outbox, _) = stage.start().await;
    until("it is open", || endpoints::outages(&*stage.store).count() == 1).await;
    until("the rest is given back", || !stage.states().contains(&MessageState::Claimed)).await;
    let before = receiver.calls().len();
    receiver.always(Answer::Hang);
    stage.clock.advance(Duration::seconds(6));
    until("one went", || receiver.calls().len() == before + 1).await;
    stage.clock.advance(Duration::seconds(3));
    breathe(100).await;
    assert_eq!(receiver.calls().len(), before + 1);
    drop(outbox);
}

#[tokio::test]
async fn an_endpoint_that_asks_for_time_gets_it_in_both_spellings() {
    let receiver = Receiver::start().await;
    // 2026-09-21T14:13:20Z and 90 seconds.
    receiver.script(Answer::Status(
        503,
        vec!["Retry-After: Mon, 21 Sep 2026 14:14:50 GMT".into()],
        String::new(),
    ));
    let mut stage = stage(&receiver).await;
    stage.options.calls_per_endpoint = 1;
    stage.decide(&(0..5).map(|n| call(n, "crm")).collect::<Vec<_>>()).await;
    let (outbox, _) = stage.start().await;
    until("the first is answered", || receiver.calls().len() == 1).await;
    until("the rest is given back", || !stage.states().contains(&MessageState::Claimed)).await;
    assert!(stage.open().iter().filter(|message| message.attempts == 0).count() == 4);
    live(&stage, NOW.plus(Duration::seconds(89)), || false).await;
    assert_eq!(receiver.calls().len(), 1, "no other call bothers it meanwhile");
    receiver.script(Answer::Status(429, vec!["Retry-After: 200".into()], String::new()));
    live(&stage, NOW.plus(Duration::seconds(280)), || false).await;
    assert_eq!(receiver.calls().len(), 2);
    all_sent(&stage, &outbox, 5, NOW.plus(Duration::hours(2))).await;
    assert_eq!(endpoints::outages(&*stage.store).count(), 0, "who names a time is not down");
}

#[tokio::test]
async fn a_rate_holds_in_every_span_and_a_changed_one_from_the_next_call_on() {
    let receiver = Receiver::start().await;
    let stage = stage(&receiver).await;
    let limits = |calls| CallLimits { rate: Some((calls, Duration::seconds(60))), ..CallLimits::default() };
    stage.gate.limits.lock().unwrap().insert("crm".into(), limits(4));
    stage.decide(&(0..30).map(|n| call(n, "crm")).collect::<Vec<_>>()).await;
    let (outbox, _) = stage.start().await;
    live(&stage, NOW.plus(Duration::seconds(179)), || false).await;
    assert_eq!(receiver.calls().len(), 12);
    stage.gate.limits.lock().unwrap().insert("crm".into(), limits(9));
    outbox.refresh().await.unwrap();
    all_sent(&stage, &outbox, 30, NOW.plus(Duration::hours(2))).await;
    let mut times: Vec<i64> = history(&receiver).into_values().flatten().collect();
    times.sort_unstable();
    for (n, time) in times.iter().enumerate() {
        let within = times[n..].iter().filter(|other| **other < time + 60).count();
        assert!(within <= 9, "{within} calls in a minute: {times:?}");
    }
    // Four each minute, then nine.
    assert!((240..=320).contains(&(times[times.len() - 1] - times[0])), "{times:?}");
}

#[tokio::test]
async fn so_many_calls_at_once_as_the_rules_say_now() {
    let receiver = Receiver::start().await;
    receiver.always(Answer::Slow(20));
    let stage = stage(&receiver).await;
    let limits = |calls| CallLimits { at_once: Some(calls), ..CallLimits::default() };
    stage.gate.limits.lock().unwrap().insert("crm".into(), limits(2));
    stage.decide(&(0..20).map(|n| call(n, "crm")).collect::<Vec<_>>()).await;
    let (outbox, _) = stage.start().await;
    until("all are through", || stage.ended(MessageState::Sent) == 20).await;
    assert_eq!(receiver.most_at_once(), 2);
    stage.gate.limits.lock().unwrap().insert("crm".into(), limits(7));
    outbox.refresh().await.unwrap();
    let more: Vec<_> = (100..170).map(|n| call(n, "crm")).collect();
    stage.decide(&more).await;
    outbox.add(&more);
    until("all are through", || stage.ended(MessageState::Sent) == 90).await;
    assert_eq!(receiver.most_at_once(), 7);
    outbox.stop(Duration::seconds(5)).await;
}

#[tokio::test]
async fn an_answer_after_the_time_out_is_none_and_the_same_id_comes_again() {
    let receiver = Receiver::start().await;
    receiver.script(Answer::Slow(600));
    let stage = stage(&receiver).await;
    stage.decide(&[call(1, "crm")]).await;
    let (outbox, _) = stage.start().await;
    all_sent(&stage, &outbox, 1, NOW.plus(Duration::hours(1))).await;
    assert_eq!(history(&receiver)["d1-1-1-1"].len(), 2);
}

#[tokio::test]
async fn a_moved_endpoint_gets_what_was_tried_at_its_old_address() {
    let (old, new) = (Receiver::start().await, Receiver::start().await);
    old.always(Answer::Status(308, vec![format!("Location: {}", new.url())], String::new()));
    let stage = stage(&old).await;
    stage.decide(&[call(1, "crm")]).await;
    let (outbox, _) = stage.start().await;
    until("it is to be tried again", || stage.states() == [MessageState::Retry]).await;
    assert_eq!(new.calls(), []);
    stage.endpoint("crm", new.url());
    outbox.refresh().await.unwrap();
    all_sent(&stage, &outbox, 1, NOW.plus(Duration::hours(1))).await;
    assert_eq!((old.calls()[0].body.clone(), 1), (new.calls()[0].body.clone(), new.calls().len()));
}
