//! A webhook's rename moves what waits: one queue, one set of limits, one knowledge of the endpoint.

use cvmd::clock::Clock;
use cvmd::model::Duration;
use cvmd::outbox::Outbox;
use cvmd::record::{MessageState, OpenMessage};
use cvmd::ruleset::CallLimits;
use cvmd::store::tables::endpoints;

use super::stage::{NOW, Stage, call, pass, smtp};
use crate::support::smtp::dead_address;
use crate::support::webhook::{Answer, Receiver};
use crate::support::{breathe, until};

async fn begin(receiver: &Receiver, limits: CallLimits, calls: u32) -> (Stage, Outbox) {
    let stage = Stage::new(smtp(dead_address().await));
    stage.endpoint("crm", receiver.url());
    stage.gate.limits.lock().unwrap().insert("crm".into(), limits);
    stage.decide(&(0..calls).map(|n| call(n, "crm")).collect::<Vec<_>>()).await;
    let (outbox, _) = stage.start().await;
    (stage, outbox)
}

/// Lets time pass until all are sent; when each call arrived, in seconds of the virtual time.
async fn arrivals(stage: &Stage, receiver: &Receiver, all: usize) -> Vec<i64> {
    for _ in 0..2_000 {
        until("nothing is under way", || !stage.states().contains(&MessageState::Claimed)).await;
        breathe(2).await;
        if stage.ended(MessageState::Sent) == all {
            break;
        }
        if !stage.states().contains(&MessageState::Claimed) {
            pass(&stage.clock, Duration::seconds(60));
        }
    }
    assert_eq!((stage.ended(MessageState::Sent), stage.open().len()), (all, 0));
    let at = |call: crate::support::webhook::Call| call.header("webhook-timestamp").unwrap().parse().unwrap();
    let mut times: Vec<i64> = receiver.calls().into_iter().map(at).collect();
    times.sort_unstable();
    times
}

#[tokio::test]
async fn calls_decided_before_and_after_a_rename_share_one_rate() {
    let receiver = Receiver::start().await;
    let limits = CallLimits { rate: Some((4, Duration::seconds(60))), ..CallLimits::default() };
    let (stage, outbox) = begin(&receiver, limits, 20).await;
    until("the first four went", || stage.ended(MessageState::Sent) == 4).await;
    stage.gate.rename("crm", "partner");
    outbox.refresh().await.unwrap();
    let more: Vec<OpenMessage> = (100..120).map(|n| call(n, "partner")).collect();
    stage.decide(&more).await;
    outbox.add(&more);
    let times = arrivals(&stage, &receiver, 40).await;
    for (n, time) in times.iter().enumerate().skip(4) {
        let within = times[n..].iter().filter(|other| **other < time + 60).count();
        assert!(within <= 4, "{within} calls in a minute: {times:?}");
    }
    assert!(outbox.stop(Duration::seconds(5)).await);
}

#[tokio::test]
async fn so_many_at_once_and_no_more_while_a_rename_is_under_way() {
    let receiver = Receiver::start().await;
    receiver.always(Answer::Slow(20));
    let limits = CallLimits { at_once: Some(2), ..CallLimits::default() };
    let (stage, outbox) = begin(&receiver, limits, 40).await;
    until("some are under way", || receiver.calls().len() > 4).await;
    stage.gate.rename("crm", "partner");
    outbox.refresh().await.unwrap();
    until("all are through", || stage.ended(MessageState::Sent) == 40).await;
    // Those that were under way end beside the first of the new queue.
    assert!(receiver.most_at_once() <= 4, "{}", receiver.most_at_once());
    let before = receiver.calls().len();
    assert_eq!(before, 40, "each once");
    assert!(outbox.stop(Duration::seconds(5)).await);
}

#[tokio::test]
async fn what_is_known_of_an_endpoint_goes_along_and_ends_under_the_new_name() {
    let receiver = Receiver::start().await;
    receiver.always(Answer::status(500));
    let (stage, outbox) = begin(&receiver, CallLimits::default(), 60).await;
    until("it is open", || endpoints::outages(&*stage.store).count() == 1).await;
    until("nothing is under way", || !stage.states().contains(&MessageState::Claimed)).await;
    let before = receiver.calls().len();
    stage.gate.rename("crm", "partner");
    outbox.refresh().await.unwrap();
    breathe(50).await;
    assert_eq!(receiver.calls().len(), before, "another name is no reason to call it");
    let named: Vec<String> = endpoints::outages(&*stage.store).map(|outage| outage.unwrap().name).collect();
    assert_eq!(named, ["partner"]);
    receiver.always(Answer::status(200));
    arrivals(&stage, &receiver, 60).await;
    assert_eq!(endpoints::outages(&*stage.store).count(), 0);
    assert!(stage.clock.now() < NOW.plus(Duration::days(1)));
    assert!(outbox.stop(Duration::seconds(5)).await);
}
