//! What conditions will read of what the outbox did: written with the result, once.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use cvmd::model::Duration;
use cvmd::outbox::Report;
use cvmd::record::{Deed, DeedKind, MessageState, OpenMessage};
use cvmd::store::tables::deeds;
use cvmd::store::{Memory, Store};

use super::stage::{NOW, Stage, call, mail};
use crate::support::smtp::{Act, At, SmtpServer};
use crate::support::until;
use crate::support::webhook::Receiver;

impl Stage {
    /// What we did, in the order of the customers.
    pub fn deeds(&self) -> Vec<Deed> {
        let packs = deeds::deeds(&*self.store).map(|pack| pack.unwrap().1);
        let mut all: Vec<Deed> = packs.flatten().collect();
        all.sort_by_key(|deed| deed.customer);
        all
    }
}

#[tokio::test]
async fn a_send_counts_when_it_became_due_and_a_call_is_no_send() {
    let peer = SmtpServer::start().await;
    let receiver = Receiver::start().await;
    peer.script(At::Rcpt, Act::Say("550 5.1.1 unknown".into()));
    peer.script(At::Rcpt, Act::Say("550 5.7.1 not from you".into()));
    let stage = Stage::smtp(&peer);
    stage.endpoint("crm", receiver.url());
    let due = NOW.minus(Duration::hours(3));
    stage.decide(&[mail(1), mail(2), OpenMessage { due, ..mail(3) }, call(4, "crm")]).await;
    let (outbox, _) = stage.start().await;
    until("all ended", || stage.finished().len() == 4).await;
    let told: Vec<(u32, DeedKind, _, _)> =
        stage.deeds().iter().map(|deed| (deed.customer.0, deed.kind, deed.at, deed.learnt)).collect();
    assert_eq!(told, [(1, DeedKind::Bounced, NOW, NOW), (3, DeedKind::Sent, due, NOW)]);
    let sent = stage.deeds().remove(1);
    assert_eq!((&*sent.message, &*sent.rule, &*sent.channel.0), ("offer", "winback", "email"));
    let mut reported: Vec<Deed> = Vec::new();
    for report in stage.reports() {
        if let Report::Did { deeds, .. } = report {
            reported.extend(deeds);
        }
    }
    reported.sort_by_key(|deed| deed.customer);
    assert_eq!(reported, stage.deeds(), "the daemon hears what the store has");
    outbox.stop(Duration::seconds(5)).await;

    stage.decide(&[mail(5)]).await;
    let (outbox, _) = stage.start().await;
    until("the fifth ended", || stage.finished().len() == 5).await;
    assert_eq!(stage.deeds().len(), 3, "a start writes over nothing");
    outbox.stop(Duration::seconds(5)).await;
}

#[tokio::test]
async fn a_result_and_its_deed_are_one_commit() {
    let peer = SmtpServer::start().await;
    let stage = Stage { store: Arc::new(Memory::with_history()), ..Stage::smtp(&peer) };
    stage.gate.fires_on_deeds.store(true, Ordering::Relaxed);
    stage.decide(&(0..40).map(mail).collect::<Vec<_>>()).await;
    let (outbox, _) = stage.start().await;
    until("all are sent", || stage.ended(MessageState::Sent) == 40).await;
    outbox.stop(Duration::seconds(5)).await;
    let then = Stage { store: Arc::new(Memory::new()), ..stage.after_crash() };
    for batch in stage.store.history() {
        then.store.commit(batch).durable().await.unwrap();
        assert_eq!(then.deeds().len(), then.ended(MessageState::Sent));
        let packs = deeds::deeds(&*then.store).map(|pack| pack.unwrap().0);
        let marked = deeds::marked(&*then.store).unwrap();
        assert_eq!(packs.collect::<Vec<_>>(), marked, "rules on it are still to be asked");
    }
    assert_eq!(then.deeds().len(), 40);
}
