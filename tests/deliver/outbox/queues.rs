use cvmd::clock::{Clock, SystemClock};
use cvmd::deliver::webhook;
use cvmd::model::Duration;
use cvmd::outbox::{Report, Route};
use cvmd::record::{MessageState, OutageKind};

use super::stage::{NOW, Stage, call, list, mail, smtp};
use crate::support::smtp::{Act, At, SmtpServer, dead_address};
use crate::support::webhook::{Answer, Receiver};
use crate::support::{breathe, until};

#[tokio::test]
async fn a_hanging_endpoint_delays_no_other_and_no_mail() {
    let (peer, good, bad) = (SmtpServer::start().await, Receiver::start().await, Receiver::start().await);
    bad.always(Answer::Hang);
    let stage = Stage::smtp(&peer);
    stage.endpoint("good", good.url());
    stage.endpoint("bad", bad.url());
    let mut open: Vec<_> = (0..40).map(|n| call(n, "bad")).collect();
    open.extend((100..140).map(|n| call(n, "good")));
    open.extend((200..210).map(mail));
    stage.decide(&open).await;
    let start = SystemClock.boot_elapsed();
    let (outbox, _) = stage.start().await;
    until("mail and the good endpoint are through", || stage.ended(MessageState::Sent) == 50).await;
    // A hanging call takes 0.4 s; forty of them over four workers 4 s.
    assert!(SystemClock.boot_elapsed().0 - start.0 < 2_000);
    assert_eq!((good.calls().len(), peer.taken().len()), (40, 10));
    assert!(bad.calls().len() < 40);
    drop(outbox);
}

/// By construction, without a clock: what hangs for ever holds back nothing of others.
#[tokio::test]
async fn while_all_calls_of_one_endpoint_hang_those_of_others_and_mail_go() {
    let (peer, good, bad) = (SmtpServer::start().await, Receiver::start().await, Receiver::start().await);
    bad.always(Answer::Hang);
    let mut stage = Stage::smtp(&peer);
    let patient = webhook::Options {
        allow_private: true,
        total: std::time::Duration::from_hours(1),
        ..webhook::Options::default()
    };
    stage.channels.caller = webhook::Caller::new(&patient).unwrap();
    stage.endpoint("good", good.url());
    stage.endpoint("bad", bad.url());
    let mut open: Vec<_> = (0..400).map(|n| call(n, "bad")).collect();
    open.extend((1_000..1_400).map(|n| call(n, "good")));
    open.extend((2_000..2_020).map(mail));
    stage.decide(&open).await;
    let (outbox, _) = stage.start().await;
    until("the others are through", || stage.ended(MessageState::Sent) == 420).await;
    assert_eq!((good.calls().len(), peer.taken().len()), (400, 20));
    assert_eq!(bad.calls().len(), stage.options.calls_per_endpoint, "these still hang");
    assert_eq!(stage.open().len(), 400);
    drop(outbox);
}

/// Whatever is wrong with an endpoint: the calls of a healthy one, and mail, are all through before a moment
/// has passed on the clock by which the sick one's calls are tried again.
#[tokio::test(flavor = "multi_thread")]
async fn whatever_an_endpoint_does_those_of_others_and_mail_wait_for_none_of_it() {
    let moved = Answer::Status(302, vec!["Location: http://127.0.0.1:9/".into()], String::new());
    for answer in [
        Answer::Hang,
        Answer::Cut,
        moved,
        Answer::status(500),
        Answer::status(410),
        Answer::Status(429, vec!["Retry-After: 86400".into()], String::new()),
        Answer::Endless(200),
        Answer::Endless(500),
        // After the time-out.
        Answer::Slow(1_000),
    ] {
        let (peer, good, bad) = (SmtpServer::start().await, Receiver::start().await, Receiver::start().await);
        bad.always(answer.clone());
        let stage = Stage::smtp(&peer);
        stage.endpoint("good", good.url());
        stage.endpoint("bad", bad.url());
        let mut open: Vec<_> = (0..200).map(|n| call(n, "bad")).collect();
        open.extend((1_000..1_100).map(|n| call(n, "good")));
        open.extend((2_000..2_020).map(mail));
        stage.decide(&open).await;
        let before = stage.clock.now();
        let (outbox, _) = stage.start().await;
        until("the others are through", || (good.calls().len(), peer.taken().len()) == (100, 20)).await;
        assert_eq!(stage.clock.now(), before, "{answer:?}");
        assert!(!bad.calls().is_empty(), "{answer:?}: the fault hit nothing");
        drop(outbox);
    }
}

#[tokio::test]
async fn an_endpoint_gets_so_many_calls_at_once_and_no_more() {
    let receiver = Receiver::start().await;
    receiver.always(Answer::Slow(20));
    let mut stage = Stage::new(smtp(dead_address().await));
    stage.options.calls_per_endpoint = 3;
    stage.endpoint("crm", receiver.url());
    stage.decide(&(0..60).map(|n| call(n, "crm")).collect::<Vec<_>>()).await;
    let (outbox, _) = stage.start().await;
    until("all are through", || stage.ended(MessageState::Sent) == 60).await;
    assert_eq!((receiver.most_at_once(), receiver.calls().len()), (3, 60));
    assert!(receiver.calls().iter().all(|call| call.verified || call.header("webhook-signature").is_some()));
    outbox.stop(Duration::seconds(5)).await;
}

#[tokio::test]
async fn an_endpoint_that_is_gone_keeps_its_calls_until_it_is_switched_on_again() {
    let receiver = Receiver::start().await;
    receiver.script(Answer::status(410));
    let mut stage = Stage::new(smtp(dead_address().await));
    stage.options.calls_per_endpoint = 1;
    stage.endpoint("crm", receiver.url());
    stage.decide(&(0..10).map(|n| call(n, "crm")).collect::<Vec<_>>()).await;
    let (outbox, _) = stage.start().await;
    until("one died", || stage.ended(MessageState::Dead) == 1).await;
    until("the rest is given back", || !stage.states().contains(&MessageState::Claimed)).await;
    let told = |report: &Report| matches!(report, Report::Outage(outage) if outage.kind == OutageKind::Gone);
    assert_eq!(stage.reports().iter().filter(|report| told(report)).count(), 1);
    assert!(list(&outbox).iter().all(|row| row.waiting.as_deref().is_some_and(|why| why.contains("410"))));
    stage.clock.advance(Duration::days(1));
    breathe(50).await;
    assert_eq!((receiver.calls().len(), stage.open().len()), (1, 9));
    outbox.enable("crm");
    until("the rest is through", || stage.ended(MessageState::Sent) == 9).await;
    outbox.stop(Duration::seconds(5)).await;
}

#[tokio::test]
async fn a_dead_mail_server_costs_no_attempts_and_is_found_again_within_a_minute() {
    let peer = SmtpServer::start().await;
    peer.always(Some((At::Greeting, Act::SayAndClose("421 starting".into()))));
    let stage = Stage::smtp(&peer);
    stage.decide(&(0..20).map(mail).collect::<Vec<_>>()).await;
    let (outbox, _) = stage.start().await;
    until("it is told", || stage.reports().iter().any(|r| matches!(r, Report::Unreachable { .. }))).await;
    for _ in 0..600 {
        until("the worker sleeps", || stage.clock.next_waking().is_some()).await;
        stage.clock.advance(Duration::seconds(10));
        tokio::task::yield_now().await;
    }
    until("no claim is left", || !stage.states().contains(&MessageState::Claimed)).await;
    assert_eq!(stage.finished(), [], "over an hour nothing died");
    assert!(stage.open().iter().all(|message| message.attempts == 0));
    let told = stage.reports().iter().filter(|r| matches!(r, Report::Unreachable { .. })).count();
    let tries = peer.connections();
    assert!(told <= tries, "told {told} times of {tries} tries");
    let [(Route::Email, why)] = &outbox.troubles()[..] else { panic!("{:?}", outbox.troubles()) };
    assert!(why.contains("421"), "{why}");
    assert!((20..=150).contains(&tries), "{tries} tries in 100 minutes");
    peer.always(None);
    until("the worker sleeps", || stage.clock.next_waking().is_some()).await;
    stage.clock.advance(Duration::seconds(61));
    until("all are through", || stage.ended(MessageState::Sent) == 20).await;
    assert_eq!(outbox.troubles(), []);
    outbox.stop(Duration::seconds(5)).await;
}

#[tokio::test]
async fn mail_for_a_server_that_stays_dead_ends_when_its_days_are_over() {
    let stage = Stage::new(smtp(dead_address().await));
    stage.decide(&[mail(1)]).await;
    let (outbox, _) = stage.start().await;
    until("it waits", || stage.states() == [MessageState::Retry]).await;
    until("the worker sleeps", || stage.clock.next_waking().is_some()).await;
    let row = list(&outbox).remove(0);
    assert!(row.last.unwrap().result.contains("cannot be reached"));
    assert_eq!((row.attempts, row.decided), (0, NOW));
    stage.clock.advance(Duration::days(3));
    until("it is dead", || stage.ended(MessageState::Dead) == 1).await;
    assert!(stage.finished()[0].result.starts_with("gave up"));
    outbox.stop(Duration::seconds(5)).await;
}
