use std::collections::BTreeMap;

use cvmd::config::InDoubt;
use cvmd::model::Duration;
use cvmd::outbox::Report;
use cvmd::record::MessageState;

use super::stage::{Stage, call, mail, receipt};
use crate::support::smtp::{Act, At, SmtpServer};
use crate::support::webhook::{Answer, Receiver};
use crate::support::{breathe, until};

/// Ten mails in one claim: three were taken, the fourth got no answer; then the process dies.
async fn killed_at_the_fourth(peer: &SmtpServer, marketing: bool) -> Stage {
    let stage = Stage::smtp(peer);
    let message = if marketing { mail } else { receipt };
    stage.decide(&(0..10).map(message).collect::<Vec<_>>()).await;
    for _ in 0..3 {
        peer.script(At::Dot, Act::Say("250 taken".into()));
    }
    peer.script(At::Dot, Act::Hang);
    let (outbox, _) = stage.start().await;
    until("the fourth is under way", || {
        stage.journal().matches("begin").count() == 4 && peer.taken().len() == 4
    })
    .await;
    let crashed = stage.after_crash();
    // The worker that still waits for its answer writes into the old store and the old folder only.
    std::mem::forget(outbox);
    crashed
}

fn by_recipient(peer: &SmtpServer) -> BTreeMap<String, usize> {
    let mut count = BTreeMap::new();
    for mail in peer.taken() {
        *count.entry(mail.to).or_default() += 1;
    }
    count
}

#[tokio::test]
async fn in_the_same_boot_only_the_message_under_the_hand_is_in_doubt() {
    let peer = SmtpServer::start().await;
    let stage = killed_at_the_fourth(&peer, true).await;
    assert_eq!(stage.states(), [MessageState::Claimed; 10]);
    let next = SmtpServer::start().await;
    let stage = Stage { channels: Stage::smtp(&next).channels, ..stage };
    let (outbox, recovery) = stage.start().await;
    assert_eq!(
        (recovery.open, recovery.sent, recovery.held, recovery.untouched, recovery.failed, recovery.again),
        (10, 3, 1, 6, 0, 0)
    );
    until("the rest is sent", || stage.ended(MessageState::Sent) == 9).await;
    assert_eq!(next.taken().len(), 6);
    assert!(
        next.taken()
            .iter()
            .all(|mail| !["ana0@", "ana1@", "ana2@", "ana3@"].iter().any(|to| mail.to.starts_with(to)))
    );
    assert_eq!(stage.states(), [MessageState::InDoubt]);
    assert_eq!(stage.reports().iter().filter(|r| matches!(r, Report::InDoubt { .. })).count(), 1);
    outbox.stop(Duration::seconds(5)).await;
}

#[tokio::test]
async fn in_another_boot_the_whole_claim_is_in_doubt() {
    let peer = SmtpServer::start().await;
    let mut stage = killed_at_the_fourth(&peer, true).await;
    stage.options.boot = "boot-2".into();
    let before = peer.taken().len();
    let (outbox, recovery) = stage.start().await;
    assert_eq!((recovery.held, recovery.again, recovery.sent, recovery.untouched), (10, 0, 0, 0));
    breathe(50).await;
    assert_eq!((stage.states(), peer.taken().len()), (vec![MessageState::InDoubt; 10], before));
    outbox.stop(Duration::seconds(5)).await;
}

#[tokio::test]
async fn without_a_boot_id_all_is_in_doubt() {
    let peer = SmtpServer::start().await;
    let mut stage = killed_at_the_fourth(&peer, true).await;
    stage.options.boot = String::new();
    let (outbox, recovery) = stage.start().await;
    assert_eq!(recovery.held, 10);
    outbox.stop(Duration::seconds(5)).await;
    let (outbox, recovery) = stage.start().await;
    assert_eq!((recovery.open, recovery.held), (10, 0));
    outbox.stop(Duration::seconds(5)).await;
}

#[tokio::test]
async fn transactional_mail_in_doubt_goes_again_under_the_same_id() {
    let peer = SmtpServer::start().await;
    let stage = killed_at_the_fourth(&peer, false).await;
    let (outbox, recovery) = stage.start().await;
    assert_eq!((recovery.sent, recovery.again, recovery.held, recovery.untouched), (3, 1, 0, 6));
    until("all are sent", || stage.ended(MessageState::Sent) == 10).await;
    let fourth: Vec<_> = peer.taken().into_iter().filter(|mail| mail.to.starts_with("ana3@")).collect();
    assert_eq!(fourth.len(), 2);
    assert_eq!(
        (&fourth[0].bytes, fourth[0].header("Message-ID")),
        (&fourth[1].bytes, fourth[1].header("Message-ID"))
    );
    outbox.stop(Duration::seconds(5)).await;
}

#[tokio::test]
async fn marketing_in_doubt_goes_again_where_the_configuration_says_so() {
    let peer = SmtpServer::start().await;
    let mut stage = killed_at_the_fourth(&peer, true).await;
    stage.options.in_doubt = InDoubt::Send;
    let (outbox, recovery) = stage.start().await;
    assert_eq!((recovery.again, recovery.held), (1, 0));
    until("all are sent", || stage.ended(MessageState::Sent) == 10).await;
    outbox.stop(Duration::seconds(5)).await;
}

#[tokio::test]
async fn a_call_in_doubt_goes_again_under_the_same_id_with_the_same_body() {
    let receiver = Receiver::start().await;
    receiver.script(Answer::Hang);
    let peer = SmtpServer::start().await;
    let stage = Stage::smtp(&peer);
    stage.endpoint("crm", receiver.url());
    stage.decide(&[call(1, "crm")]).await;
    let (outbox, _) = stage.start().await;
    until("it is under way", || receiver.calls().len() == 1).await;
    for boot in ["boot-1", "boot-2"] {
        let mut stage = stage.after_crash();
        stage.options.boot = boot.into();
        let (outbox, recovery) = stage.start().await;
        assert_eq!(recovery.again, 1, "{boot}");
        until("it is sent", || stage.ended(MessageState::Sent) == 1).await;
        outbox.stop(Duration::seconds(5)).await;
    }
    let calls = receiver.calls();
    assert_eq!(calls.len(), 3);
    assert!(calls.iter().all(|call| call.id() == "d1-1-1-1" && call.body == calls[0].body));
    outbox.stop(Duration::seconds(5)).await;
}

/// Lives that each end after one to three commits, some with a mail cut off after its dot; the next
/// one goes on in the same boot, or in another. Marketing mail is never taken twice, and none is lost
/// from sight. The process itself is not killed here: that is for the tests of the binary.
#[tokio::test]
async fn whatever_was_durable_when_it_died_no_marketing_mail_is_sent_twice() {
    for same_boot in [true, false] {
        let peer = SmtpServer::start().await;
        let mut stage = Stage::smtp(&peer);
        stage.options.mails_per_claim = 3;
        stage.decide(&(0..12).map(mail).collect::<Vec<_>>()).await;
        let mut rounds = 0;
        while !stage.open().iter().all(|message| message.state == MessageState::InDoubt) {
            rounds += 1;
            assert!(rounds < 60, "it makes no progress");
            if !same_boot {
                stage.options.boot = format!("boot-{rounds}");
            }
            // Each life's third commit stays in the air; some lives end in the middle of a message.
            stage.store.fail_after(1 + rounds % 3);
            if rounds % 2 == 0 {
                peer.script(At::Dot, Act::Cut);
            }
            // A server that was set aside in one life is left alone in the next, a minute at most.
            stage.clock.advance(Duration::seconds(61));
            if let Some(outbox) = try_start(&stage).await {
                breathe(30).await;
                outbox.stop(Duration(0)).await;
            }
            stage = stage.after_crash();
        }
        let counts = by_recipient(&peer);
        assert!(counts.values().all(|&count| count == 1), "{counts:?}");
        let known = stage.finished().len() + stage.open().len();
        assert_eq!(known, 12);
        let sent = stage.ended(MessageState::Sent);
        assert!(counts.len() >= sent, "{} taken, {sent} reported as sent", counts.len());
        assert_eq!(stage.deeds().len(), sent, "what conditions read is what was reported as sent");
        if same_boot {
            assert!(sent > 0);
        }
    }
}

/// A start on a disk that may fail at once.
async fn try_start(stage: &Stage) -> Option<cvmd::outbox::Outbox> {
    use std::sync::Arc;
    let (store, gate) = (stage.store.clone(), stage.gate.clone());
    let clock = Arc::new(stage.clock.clone());
    let started =
        cvmd::outbox::Outbox::start(store, clock, gate, stage.channels.clone(), stage.options.clone()).await;
    started.ok().map(|(outbox, _)| outbox)
}
