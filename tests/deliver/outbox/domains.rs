//! One domain never holds up another, whatever its server does.

use cvmd::clock::Clock;
use cvmd::config::{DomainLimit, Rate};
use cvmd::deliver::Mailer;
use cvmd::model::{Duration, Instant};
use cvmd::outbox::{Outbox, Report};
use cvmd::record::{MessageState, OpenMessage};

use super::stage::{NOW, Stage, list, mail, receipt, relay};
use crate::support::smtp::{Act, At, SmtpServer};
use crate::support::{breathe, history, until};

/// Customers below `bad` are at `bad.example`, the others at `good.example`.
fn two_domains(stage: &Stage, all: u32, bad: u32) -> Vec<OpenMessage> {
    let mut domains = stage.gate.domains.lock().unwrap();
    for customer in 0..all {
        let domain = if customer < bad { "bad.example" } else { "good.example" };
        domains.insert(customer, domain.into());
    }
    (0..all).map(mail).collect()
}

fn arrived(peer: &SmtpServer, domain: &str) -> usize {
    peer.taken().iter().filter(|mail| mail.to.ends_with(domain)).count()
}

/// Lets virtual time pass in small steps, so that whoever sleeps wakes in order.
async fn let_pass(stage: &Stage, most: Duration) {
    let end = stage.clock.now().plus(most);
    while stage.clock.now() < end {
        until("nobody has work", || {
            let sleeps = stage.clock.next_waking().is_some() || stage.open().is_empty();
            sleeps && !stage.states().contains(&MessageState::Claimed)
        })
        .await;
        let wake = stage.clock.next_waking().unwrap_or(end).min(end);
        stage.clock.advance_to(wake.max(stage.clock.now().plus(Duration(1))));
        breathe(2).await;
    }
}

async fn stop(outbox: Outbox) {
    outbox.stop(Duration::seconds(5)).await;
}

#[tokio::test]
async fn a_slow_domain_keeps_its_share_of_the_workers_and_the_other_has_the_rest() {
    let peer = SmtpServer::start().await;
    peer.towards("bad.example", Some((At::Rcpt, Act::Late(250))));
    // On a busy machine it may take longer still, and is no less there.
    let mut patient = relay(peer.address);
    patient.time_outs.command = std::time::Duration::from_secs(30);
    let mut stage = Stage::new(Mailer::Smtp(std::sync::Arc::new(patient.into())));
    stage.options.mail_workers = 4;
    stage.options.domains.usual = DomainLimit { workers: 2, rate: None };
    let open = two_domains(&stage, 160, 60);
    stage.decide(&open).await;
    let (outbox, _) = stage.start().await;
    until("the good domain has all of its own", || arrived(&peer, "good.example") == 100).await;
    assert!(arrived(&peer, "bad.example") < 60, "the bad one is far from through");
    until("the bad one keeps two busy", || peer.most_at_once("bad.example") == 2).await;
    peer.towards("bad.example", None);
    until("all are through", || stage.ended(MessageState::Sent) == 160).await;
    assert_eq!(peer.most_at_once("bad.example"), 2, "never more");
    history::check(&*stage.store, &open, &peer.taken());
    stop(outbox).await;
}

/// Whatever one domain does: mail to the other is all through before a moment has passed on the clock by which
/// the sick one is tried again.
#[tokio::test(flavor = "multi_thread")]
async fn whatever_a_domain_does_mail_to_another_waits_for_none_of_it() {
    for act in [
        Act::Hang,
        Act::Cut,
        Act::Drip(1_000),
        Act::Say("451 4.7.1 greylisted".into()),
        Act::Say("550 5.1.1 unknown".into()),
        Act::SayAndClose("421 4.7.28 unusual rate".into()),
    ] {
        let peer = SmtpServer::start().await;
        peer.towards("bad.example", Some((At::Rcpt, act.clone())));
        let mut stage = Stage::smtp(&peer);
        stage.options.mail_workers = 4;
        stage.options.domains.usual = DomainLimit { workers: 2, rate: None };
        let open = two_domains(&stage, 160, 80);
        stage.decide(&open).await;
        let before = stage.clock.now();
        let (outbox, _) = stage.start().await;
        until("the good domain has all of its own", || arrived(&peer, "good.example") == 80).await;
        assert_eq!(stage.clock.now(), before, "{act:?}");
        assert!(!peer.hits().is_empty(), "{act:?}: the fault hit nothing");
        drop(outbox);
    }
}

#[tokio::test]
async fn a_refused_domain_is_asked_ever_more_rarely_and_then_gets_everything() {
    let peer = SmtpServer::start().await;
    peer.towards("bad.example", Some((At::Rcpt, Act::SayAndClose("421 4.7.28 unusual rate".into()))));
    let mut stage = Stage::smtp(&peer);
    stage.options.mail_workers = 3;
    let open = two_domains(&stage, 120, 60);
    stage.decide(&open).await;
    let (outbox, _) = stage.start().await;
    until("the good domain has all of its own", || arrived(&peer, "good.example") == 60).await;
    let_pass(&stage, Duration::hours(2)).await;
    let tries = peer.hits().len();
    assert!((4..=16).contains(&tries), "{tries} tries in two hours");
    assert!(stage.reports().iter().any(|report| matches!(report, Report::SlowedDown { .. })));
    assert!(!stage.reports().iter().any(|report| matches!(report, Report::Unreachable { .. })));
    let [slowed] = &outbox.slowed()[..] else { panic!("{:?}", outbox.slowed()) };
    assert_eq!((slowed.domain.as_str(), slowed.waiting > 40), ("bad.example", true), "{slowed:?}");
    let waiting = list(&outbox).iter().filter_map(|row| row.waiting.clone()).collect::<Vec<_>>();
    assert!(waiting.iter().any(|why| why.contains("wants less mail of us")), "{waiting:?}");
    peer.towards("bad.example", None);
    for _ in 0..40 {
        let_pass(&stage, Duration::seconds(1_800)).await;
        if stage.ended(MessageState::Sent) == 120 {
            break;
        }
    }
    history::check(&*stage.store, &open, &peer.taken());
    assert_eq!((stage.ended(MessageState::Sent), outbox.slowed()), (120, vec![]));
    stop(outbox).await;
}

#[tokio::test]
async fn while_one_message_takes_long_the_rest_of_its_batch_goes_on() {
    let peer = SmtpServer::start().await;
    peer.towards("bad.example", Some((At::Rcpt, Act::Hang)));
    let mut patient = relay(peer.address);
    patient.time_outs.command = std::time::Duration::from_secs(30);
    let mut stage = Stage::new(Mailer::Smtp(std::sync::Arc::new(patient.into())));
    stage.options.mail_workers = 2;
    let open = two_domains(&stage, 40, 1);
    stage.decide(&open).await;
    let (outbox, _) = stage.start().await;
    until("all others are through", || stage.ended(MessageState::Sent) == 39).await;
    assert_eq!(stage.states(), [MessageState::Claimed], "the slow one is still under way");
    history::check(&*stage.store, &open, &peer.taken());
    drop(outbox);
}

#[tokio::test]
async fn a_rate_is_kept_and_what_waits_for_it_is_sent_in_the_end() {
    let peer = SmtpServer::start().await;
    let mut stage = Stage::smtp(&peer);
    let rate = Some(Rate { count: 6, per: Duration::seconds(60) });
    stage.options.domains.named.insert("bad.example".into(), DomainLimit { workers: 9, rate });
    let open = two_domains(&stage, 30, 12);
    stage.decide(&open).await;
    let (outbox, _) = stage.start().await;
    until("the good domain has all of its own", || arrived(&peer, "good.example") == 18).await;
    until("one of the other went", || arrived(&peer, "bad.example") == 1).await;
    let_pass(&stage, Duration::seconds(59)).await;
    assert_eq!(arrived(&peer, "bad.example"), 6);
    let_pass(&stage, Duration::seconds(61)).await;
    until("all are through", || stage.ended(MessageState::Sent) == 30).await;
    history::check(&*stage.store, &open, &peer.taken());
    stop(outbox).await;
}

#[tokio::test]
async fn greylisting_is_met_with_a_second_try_after_five_minutes_and_then_with_the_schedule() {
    let peer = SmtpServer::start().await;
    let stage = Stage::smtp(&peer);
    let greylisted = || Act::Say("451 4.7.1 greylisted, come back later".into());
    peer.script(At::Rcpt, greylisted()).script(At::Rcpt, greylisted());
    stage.decide(&[receipt(1)]).await;
    let (outbox, _) = stage.start().await;
    let wait = |at: Instant| stage.open()[0].next_attempt.since(at).0 / 1_000;
    until("it is to be tried again", || stage.states() == [MessageState::Retry]).await;
    assert!((270..=330).contains(&wait(NOW)), "{}", wait(NOW));
    assert!(outbox.troubles().is_empty() && outbox.slowed().is_empty(), "nothing else is wrong");
    stage.clock.advance(Duration::seconds(331));
    until("it was tried again", || stage.open()[0].attempts == 2 && stage.states() == [MessageState::Retry])
        .await;
    let again = stage.clock.now();
    assert!((270..=330).contains(&wait(again)), "the second wait of the schedule: {}", wait(again));
    stage.clock.advance(Duration::seconds(331));
    until("it is sent", || stage.ended(MessageState::Sent) == 1).await;
    peer.assert_all_hit();
    stop(outbox).await;
}

#[tokio::test]
async fn an_address_that_changed_since_the_decision_stands_under_its_new_domain() {
    let peer = SmtpServer::start().await;
    peer.towards("old.example", Some((At::Rcpt, Act::Say("421 4.7.0 no".into()))));
    let stage = Stage::smtp(&peer);
    stage.gate.domains.lock().unwrap().insert(1, "old.example".into());
    *stage.gate.paused.lock().unwrap() = true;
    stage.decide(&[mail(1)]).await;
    let (outbox, _) = stage.start().await;
    until("it waits", || list(&outbox).iter().any(|row| row.waiting.is_some())).await;
    stage.gate.domains.lock().unwrap().insert(1, "new.example".into());
    *stage.gate.paused.lock().unwrap() = false;
    outbox.recheck();
    until("it is sent", || stage.ended(MessageState::Sent) == 1).await;
    assert_eq!(peer.taken()[0].to, "ana1@new.example");
    stop(outbox).await;
}

#[tokio::test]
async fn a_connection_that_nobody_uses_is_closed() {
    let peer = SmtpServer::start().await;
    let stage = Stage::smtp(&peer);
    stage.decide(&[mail(1)]).await;
    let (outbox, _) = stage.start().await;
    until("it is sent", || stage.ended(MessageState::Sent) == 1).await;
    until("the worker sleeps", || stage.clock.next_waking().is_some()).await;
    assert_eq!(peer.open(), 1);
    stage.clock.advance(Duration::seconds(31));
    until("it is closed", || peer.open() == 0).await;
    let more = [mail(2)];
    stage.decide(&more).await;
    outbox.add(&more);
    until("the next is sent", || stage.ended(MessageState::Sent) == 2).await;
    assert_eq!(peer.connections(), 2);
    stop(outbox).await;
}
