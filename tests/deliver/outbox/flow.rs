use cvmd::deliver::Mailer;
use cvmd::deliver::file::Folder;
use cvmd::model::{Duration, Occurrence};
use cvmd::outbox::{Claim, Filter, Gate, Report, Retries};
use cvmd::record::{Frozen, MessageState, OpenMessage, SuppressionReason};
use cvmd::store::tables::{customers, messages};
use cvmd::store::{Batch, Store};

use super::super::samples::key;
use super::stage::{Answer as Say, NOW, Stage, call, list, mail, pass, receipt, smtp};
use crate::support::smtp::{Act, At, SmtpServer, dead_address};
use crate::support::webhook::{Answer, Receiver};
use crate::support::{breathe, until};

#[tokio::test]
async fn what_was_decided_before_and_after_the_start_arrives_once() {
    let peer = SmtpServer::start().await;
    let stage = Stage::smtp(&peer);
    stage.decide(&[mail(1), mail(2)]).await;
    let (outbox, recovery) = stage.start().await;
    assert_eq!((recovery.open, recovery.again, recovery.held), (2, 0, 0));
    let more: Vec<_> = (3..200).map(mail).collect();
    stage.decide(&more).await;
    outbox.add(&more);
    outbox.add(&more);
    until("all are sent", || stage.ended(MessageState::Sent) == 199).await;
    let mut to: Vec<String> = peer.taken().into_iter().map(|mail| mail.to).collect();
    to.sort();
    to.dedup();
    assert_eq!((to.len(), peer.taken().len(), stage.open().len()), (199, 199, 0));
    assert_eq!(outbox.counts().by_state.len(), 0);
    assert!(outbox.stop(Duration::seconds(5)).await);
    assert_eq!(stage.journal(), "");
}

#[tokio::test]
async fn nothing_goes_out_before_its_claim_is_durable() {
    let peer = SmtpServer::start().await;
    let stage = Stage::smtp(&peer);
    stage.decide(&[mail(1)]).await;
    stage.store.hold();
    let (outbox, _) = stage.start().await;
    until("the claim waits for the disk", || stage.store.undurable() == 1).await;
    breathe(50).await;
    assert_eq!((peer.connections(), stage.journal()), (0, String::new()));
    stage.store.release();
    until("it is sent", || stage.ended(MessageState::Sent) == 1).await;
    outbox.stop(Duration::seconds(5)).await;
}

#[tokio::test]
async fn calls_are_tried_again_on_schedule_under_the_same_id_and_body_and_then_are_dead() {
    let receiver = Receiver::start().await;
    receiver.always(Answer::status(500));
    let stage = Stage::new(smtp(dead_address().await));
    stage.endpoint("crm", receiver.url());
    stage.decide(&[call(1, "crm")]).await;
    let (outbox, _) = stage.start().await;
    let mut waits = Vec::new();
    for attempt in 1..=10 {
        until("the attempt is made", || receiver.calls().len() == attempt).await;
        if attempt < 10 {
            let at = stage.clock.next_waking();
            until("the worker sleeps", || {
                stage.clock.next_waking().is_some() && stage.states() == [MessageState::Retry]
            })
            .await;
            assert!(at.is_none() || attempt > 0);
            waits.push(pass(&stage.clock, Duration::days(3)).0);
        }
    }
    until("it is dead", || stage.ended(MessageState::Dead) == 1).await;
    for (wait, base) in waits.iter().zip(Retries::calls().0) {
        assert!((base.0 * 9..=base.0 * 11).contains(&(wait * 10)), "{wait} for {}", base.0);
    }
    assert_eq!(waits.len(), 9);
    let calls = receiver.calls();
    assert!(calls.iter().all(|one| one.id() == "d1-1-1-1" && one.body == calls[0].body));
    let finished = stage.finished().remove(0);
    assert_eq!(finished.result, "gave up after 10 attempts: the endpoint answered 500");
    assert_eq!(finished.attempts, 10);
    outbox.stop(Duration::seconds(5)).await;
}

#[tokio::test]
async fn retry_after_is_honoured() {
    let receiver = Receiver::start().await;
    receiver.script(Answer::Status(429, vec!["Retry-After: 7200".into()], String::new()));
    let stage = Stage::new(smtp(dead_address().await));
    stage.endpoint("crm", receiver.url());
    stage.decide(&[call(1, "crm")]).await;
    let (outbox, _) = stage.start().await;
    until("it waits", || stage.states() == [MessageState::Retry]).await;
    assert_eq!(stage.open()[0].next_attempt, NOW.plus(Duration::hours(2)));
    until("the worker sleeps", || stage.clock.next_waking().is_some()).await;
    stage.clock.advance(Duration::hours(2));
    until("it is sent", || stage.ended(MessageState::Sent) == 1).await;
    outbox.stop(Duration::seconds(5)).await;
}

#[tokio::test]
async fn a_retry_has_the_bytes_of_the_first_attempt() {
    let peer = SmtpServer::start().await;
    peer.script(At::Dot, Act::Say("451 4.7.1 later".into()));
    let stage = Stage::smtp(&peer);
    stage.decide(&[mail(1)]).await;
    let (outbox, _) = stage.start().await;
    until("it is to be tried again", || stage.states() == [MessageState::Retry]).await;
    let row = list(&outbox).remove(0);
    assert_eq!(row.last.unwrap().result, "the mail server said 451 4.7.1 later");
    assert_eq!(outbox.counts().by_state, [("retry", 1)].into());
    stage.clock.advance(Duration::hours(1));
    until("it is sent", || stage.ended(MessageState::Sent) == 1).await;
    let taken = peer.taken().remove(0);
    assert_eq!(taken.header("Date").as_deref(), Some("Mon, 21 Sep 2026 14:13:20 +0000"));
    outbox.stop(Duration::seconds(5)).await;
}

#[tokio::test]
async fn a_hard_bounce_is_dead_and_its_suppression_durable_before_it_is_told() {
    let peer = SmtpServer::start().await;
    peer.script(At::Rcpt, Act::Say("550 5.1.1 <ana1@customer.example> unknown".into()));
    let stage = Stage::smtp(&peer);
    stage.decide(&[mail(1), mail(2)]).await;
    let (outbox, _) = stage.start().await;
    until("both ended", || stage.finished().len() == 2).await;
    let customer = key(1).decision.customer;
    let (_, found) = customers::suppressions_of(&*stage.store, customer).unwrap().remove(0);
    assert_eq!((found.reason, found.at), (SuppressionReason::HardBounce, NOW));
    assert_eq!(customers::suppressions_of(&*stage.store, key(2).decision.customer).unwrap(), []);
    let told = Report::Suppressed { customer, channel: 0, reason: SuppressionReason::HardBounce };
    assert!(stage.reports().contains(&told));
    let dead = stage.finished().into_iter().find(|f| f.state == MessageState::Dead).unwrap();
    assert_eq!(dead.result, "the mail server said 550 5.1.1 <<address>> unknown");
    outbox.stop(Duration::seconds(5)).await;
}

#[tokio::test]
async fn each_address_of_a_customer_that_bounced_is_suppressed() {
    let peer = SmtpServer::start().await;
    let stage = Stage::smtp(&peer);
    let mut second = mail(1);
    second.key.decision.occurrence = Occurrence(2);
    let addresses = ["old@customer.example", "new@customer.example"];
    let open = [mail(1), second].into_iter().zip(addresses).map(|(message, to)| {
        peer.script(At::Rcpt, Act::Say("550 5.1.1 unknown".into()));
        let (content, values, body) = ("c0".into(), vec![], None);
        OpenMessage { frozen: Some(Frozen { at: NOW, to: to.into(), content, values, body }), ..message }
    });
    stage.decide(&open.collect::<Vec<_>>()).await;
    let (outbox, _) = stage.start().await;
    until("both died", || stage.ended(MessageState::Dead) == 2).await;
    let found = customers::suppressions_of(&*stage.after_crash().store, mail(1).customer).unwrap();
    let mut found: Vec<_> = found.into_iter().map(|(_, met)| met.address).collect();
    let mut expected: Vec<_> = addresses.iter().map(|address| stage.gate.hashed(address)).collect();
    found.sort();
    expected.sort();
    assert_eq!(found, expected);
    outbox.stop(Duration::seconds(5)).await;
}

#[tokio::test]
async fn the_gate_is_asked_at_every_claim_and_its_word_counts() {
    let peer = SmtpServer::start().await;
    let stage = Stage::smtp(&peer);
    let answers: [(&str, Say); 3] = [
        ("gone", |_| Claim::Withdraw("no consent".into())),
        ("late", |_| Claim::Dead("expired".into())),
        ("quiet", |now| Claim::Wait(now.plus(Duration::hours(3)), "quiet hours".into())),
    ];
    let mut open = Vec::new();
    for (customer, (rule, answer)) in (1..).zip(answers) {
        stage.gate.answers.lock().unwrap().insert(rule.into(), answer);
        let mut message = mail(customer);
        message.rule = rule.into();
        open.push(message);
    }
    stage.decide(&open).await;
    let (outbox, _) = stage.start().await;
    until("two ended", || stage.finished().len() == 2).await;
    until("one waits", || list(&outbox).iter().any(|row| row.waiting.is_some())).await;
    let results: Vec<_> = stage.finished().into_iter().map(|f| (f.state, f.result, f.attempts)).collect();
    assert!(results.contains(&(MessageState::Withdrawn, "no consent".into(), 0)), "{results:?}");
    assert!(results.contains(&(MessageState::Dead, "expired".into(), 0)), "{results:?}");
    let row = list(&outbox).remove(0);
    assert_eq!((row.state, row.waiting.as_deref()), (MessageState::Pending, Some("quiet hours")));
    stage.gate.answers.lock().unwrap().clear();
    breathe(30).await;
    assert_eq!(peer.taken().len(), 0, "nobody asks again before the time has come");
    outbox.recheck();
    until("it is sent", || stage.ended(MessageState::Sent) == 1).await;
    outbox.stop(Duration::seconds(5)).await;
}

#[tokio::test]
async fn a_pause_stops_a_claim_between_two_messages() {
    let peer = SmtpServer::start().await;
    peer.script(At::Dot, Act::Hang);
    let stage = Stage::smtp(&peer);
    let open: Vec<_> = (1..=10).map(receipt).collect();
    stage.decide(&open).await;
    let (outbox, _) = stage.start().await;
    until("the first is under way", || peer.taken().len() == 1).await;
    *stage.gate.paused.lock().unwrap() = true;
    until("the rest is given back", || !stage.states().contains(&MessageState::Claimed)).await;
    let untouched =
        stage.open().iter().filter(|m| m.state == MessageState::Pending && m.attempts == 0).count();
    assert_eq!((untouched, peer.taken().len()), (9, 1));
    until("they wait", || list(&outbox).iter().filter(|row| row.waiting.is_some()).count() == 9).await;
    *stage.gate.paused.lock().unwrap() = false;
    outbox.recheck();
    until("they are sent", || stage.ended(MessageState::Sent) == 9).await;
    outbox.stop(Duration::seconds(5)).await;
}

#[tokio::test]
async fn a_stale_claim_is_given_back_and_met_anew() {
    let peer = SmtpServer::start().await;
    peer.script(At::Dot, Act::Hang);
    let stage = Stage::smtp(&peer);
    stage.decide(&[receipt(1), receipt(2)]).await;
    let (outbox, _) = stage.start().await;
    until("the first is under way", || peer.taken().len() == 1).await;
    stage.clock.advance(Duration::seconds(6));
    stage.gate.answers.lock().unwrap().insert("winback".into(), |_| Claim::Withdraw("no consent".into()));
    until("the second is withdrawn", || stage.ended(MessageState::Withdrawn) == 1).await;
    assert_eq!(peer.taken().len(), 1);
    outbox.stop(Duration::seconds(5)).await;
}

#[tokio::test]
async fn an_expired_message_is_not_tried_again() {
    let peer = SmtpServer::start().await;
    peer.always(Some((At::Rcpt, Act::Say("450 later".into()))));
    let stage = Stage::smtp(&peer);
    let mut message = mail(1);
    message.expires = Some(NOW.plus(Duration::seconds(10)));
    stage.decide(&[message]).await;
    let (outbox, _) = stage.start().await;
    until("it is dead", || stage.ended(MessageState::Dead) == 1).await;
    assert!(stage.finished()[0].result.starts_with("expired before the next attempt"));
    outbox.stop(Duration::seconds(5)).await;
}

#[tokio::test]
async fn a_call_follows_its_message_and_ends_with_it() {
    let (peer, receiver) = (SmtpServer::start().await, Receiver::start().await);
    peer.script(At::Rcpt, Act::Say("451 later".into()));
    peer.script(At::Rcpt, Act::Say("550 5.7.1 no".into()));
    let stage = Stage::smtp(&peer);
    stage.endpoint("crm", receiver.url());
    let (outbox, _) = stage.start().await;
    // The call stands first: it must not slip out before its message is known.
    let open = [call(1, "crm"), mail(1)];
    stage.decide(&open).await;
    outbox.add(&open);
    until("the mail is to be tried again", || stage.states().contains(&MessageState::Retry)).await;
    assert_eq!(receiver.calls(), []);
    let waiting = list(&outbox).into_iter().find_map(|row| row.waiting);
    assert_eq!(waiting.as_deref(), Some("follows a message that is not through yet"));
    let second = [mail(2), call(2, "crm")];
    stage.decide(&second).await;
    outbox.add(&second);
    until("the second died with its call", || stage.finished().len() == 2).await;
    assert_eq!((stage.ended(MessageState::Dead), stage.ended(MessageState::Withdrawn)), (1, 1));
    stage.clock.advance(Duration::hours(1));
    until("the first mail and its call went", || stage.ended(MessageState::Sent) == 2).await;
    assert_eq!(receiver.calls().iter().map(|c| c.id().to_owned()).collect::<Vec<_>>(), ["d1-1-1-1"]);
    outbox.stop(Duration::seconds(5)).await;
}

#[tokio::test]
async fn a_message_that_cannot_be_built_is_dead_and_takes_nobody_with_it() {
    let peer = SmtpServer::start().await;
    let stage = Stage::smtp(&peer);
    stage.gate.answers.lock().unwrap().insert("broken".into(), |now| {
        let mut email = super::super::samples::email(1);
        email.subject = "a\r\nBcc: x@y.example".into();
        let frozen = cvmd::record::Frozen {
            at: now,
            to: String::new(),
            content: String::new(),
            values: vec![],
            body: None,
        };
        Claim::Go(Box::new(cvmd::outbox::Prepared { frozen, payload: cvmd::outbox::Payload::Email(email) }))
    });
    let mut broken = mail(1);
    broken.rule = "broken".into();
    stage.decide(&[broken, mail(2)]).await;
    let (outbox, _) = stage.start().await;
    until("both ended", || stage.finished().len() == 2).await;
    assert_eq!((stage.ended(MessageState::Dead), peer.taken().len()), (1, 1));
    outbox.stop(Duration::seconds(5)).await;
}

#[tokio::test]
async fn a_stop_finishes_what_is_under_way_and_gives_the_rest_back() {
    let receiver = Receiver::start().await;
    receiver.always(Answer::Slow(100));
    let stage = Stage::new(smtp(dead_address().await));
    stage.endpoint("crm", receiver.url());
    let open: Vec<_> = (0..40).map(|n| call(n, "crm")).collect();
    stage.decide(&open).await;
    let (outbox, _) = stage.start().await;
    until("some are under way", || receiver.calls().len() >= 4).await;
    assert!(outbox.stop(Duration::seconds(5)).await);
    let sent = stage.ended(MessageState::Sent);
    assert_eq!((sent, sent + stage.open().len()), (receiver.calls().len(), 40));
    assert!(stage.open().iter().all(|m| m.state == MessageState::Pending && m.attempts == 0));
}

#[tokio::test]
async fn a_person_may_send_again_what_is_in_doubt_or_take_it_back() {
    let peer = SmtpServer::start().await;
    peer.script(At::Dot, Act::Cut).script(At::Dot, Act::Forget);
    let stage = Stage::smtp(&peer);
    stage.decide(&[mail(1), mail(2)]).await;
    let (outbox, _) = stage.start().await;
    until("both are in doubt", || stage.states() == [MessageState::InDoubt; 2]).await;
    let told = stage.reports().into_iter().filter(|r| matches!(r, Report::InDoubt { .. })).count();
    assert_eq!(told, 2);
    stage.clock.advance(Duration::days(3));
    outbox.recheck();
    breathe(30).await;
    assert_eq!((peer.taken().len(), stage.open().len()), (1, 2), "doubt is not settled by time");
    let in_doubt = Filter { state: Some(MessageState::InDoubt), limit: 1, ..Filter::default() };
    assert_eq!(outbox.list(&in_doubt).unwrap().len(), 1);
    assert!(outbox.withdraw(key(1), "dropped by an operator").await.unwrap());
    assert!(outbox.retry(key(2)).await.unwrap());
    assert!(!outbox.retry(key(1)).await.unwrap());
    until("the second is sent", || stage.ended(MessageState::Sent) == 1).await;
    assert_eq!(stage.ended(MessageState::Withdrawn), 1);
    outbox.stop(Duration::seconds(5)).await;
}

#[tokio::test]
async fn mail_goes_into_a_folder_and_doubt_about_it_is_none() {
    let folder = tempfile::tempdir().unwrap();
    let mut stage = Stage::new(Mailer::Folder(Folder::open(folder.path()).unwrap()));
    stage.decide(&[mail(1)]).await;
    let (outbox, _) = stage.start().await;
    until("it is written", || stage.ended(MessageState::Sent) == 1).await;
    outbox.stop(Duration::seconds(5)).await;
    let before = std::fs::read(folder.path().join("d1-1-1-0.eml")).unwrap();
    // As after a power loss in the middle: the claim is there, the result is not.
    let mut claimed = mail(1);
    claimed.state = MessageState::Claimed;
    claimed.attempts = 1;
    claimed.frozen = Some(cvmd::record::Frozen {
        at: NOW,
        to: String::new(),
        content: String::new(),
        values: vec![],
        body: None,
    });
    stage.decide(&[claimed]).await;
    stage.options.boot = "boot-2".into();
    stage.clock.advance(Duration::days(1));
    let (outbox, recovery) = stage.start().await;
    assert_eq!((recovery.again, recovery.held), (1, 0));
    until("it is written again", || stage.ended(MessageState::Sent) == 2).await;
    assert_eq!(std::fs::read(folder.path().join("d1-1-1-0.eml")).unwrap(), before);
    outbox.stop(Duration::seconds(5)).await;
}

#[tokio::test]
async fn a_record_that_does_not_read_back_is_skipped_and_told() {
    let peer = SmtpServer::start().await;
    let stage = Stage::smtp(&peer);
    stage.decide(&[mail(1), mail(2)]).await;
    let mut batch = Batch::default();
    messages::put_open(&mut batch, &mail(1));
    let damaged = batch.changes.remove(0).0;
    let mut batch = Batch::default();
    batch.put(damaged, vec![1, 2, 3]);
    stage.store.commit(batch).durable().await.unwrap();
    let (outbox, _) = stage.start().await;
    until("the other is sent", || stage.ended(MessageState::Sent) == 1).await;
    assert!(stage.reports().iter().any(|report| matches!(report, Report::Skipped(_))));
    outbox.stop(Duration::seconds(5)).await;
}

#[tokio::test]
async fn when_the_disk_fails_nothing_more_goes_out_and_the_daemon_hears_it() {
    let peer = SmtpServer::start().await;
    let stage = Stage::smtp(&peer);
    stage.decide(&[mail(1), mail(2)]).await;
    stage.store.fail_after(0);
    let (outbox, _) = stage.start().await;
    until("it is told", || stage.reports().iter().any(|r| matches!(r, Report::Failed(_)))).await;
    assert_eq!(peer.connections(), 0);
    assert!(outbox.stop(Duration::seconds(5)).await);
}
