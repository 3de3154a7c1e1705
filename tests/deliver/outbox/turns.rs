//! Who goes first.

use cvmd::model::{Duration, RuleNumber};
use cvmd::record::{MessageKey, MessageState, OpenMessage};

use super::stage::{NOW, Stage, mail, receipt};
use crate::support::smtp::SmtpServer;
use crate::support::{history, until};

fn of_rule(rule: u32, mut message: OpenMessage) -> OpenMessage {
    message.key = MessageKey {
        decision: cvmd::model::DecisionKey { rule: RuleNumber(rule), ..message.key.decision },
        ..message.key
    };
    message.rule = format!("rule {rule}");
    message
}

/// The rules of what arrived, in that order.
fn rules(peer: &SmtpServer) -> Vec<u32> {
    let rule = |id: String| id.trim_start_matches("<d").split('-').next().unwrap().parse().unwrap();
    peer.taken().iter().map(|mail| rule(mail.header("Message-ID").unwrap())).collect()
}

#[tokio::test]
async fn a_rule_with_ten_does_not_wait_for_one_with_two_thousand() {
    let peer = SmtpServer::start().await;
    let stage = Stage::smtp(&peer);
    let mut open: Vec<OpenMessage> = (0..2_000).map(|customer| of_rule(1, mail(customer))).collect();
    // Decided later, and due later.
    let later = |customer| OpenMessage { due: NOW, next_attempt: NOW, ..of_rule(2, mail(customer)) };
    open.extend((5_000..5_010).map(later));
    stage.decide(&open).await;
    let (outbox, _) = stage.start().await;
    until("the small one is through", || rules(&peer).iter().filter(|rule| **rule == 2).count() == 10).await;
    let last = rules(&peer).iter().rposition(|rule| *rule == 2).unwrap();
    assert!(last < 20, "its last was number {last}");
    outbox.stop(Duration::seconds(5)).await;
    history::check(&*stage.store, &open, &peer.taken());
}

#[tokio::test]
async fn receipts_go_before_offers_and_offers_go_on() {
    let peer = SmtpServer::start().await;
    let stage = Stage::smtp(&peer);
    let mut open: Vec<OpenMessage> = (0..200).map(|customer| of_rule(1, mail(customer))).collect();
    open.extend((1_000..1_140).map(|customer| of_rule(2, receipt(customer))));
    stage.decide(&open).await;
    let (outbox, _) = stage.start().await;
    until("all are through", || stage.ended(MessageState::Sent) == 340).await;
    let order = rules(&peer);
    let first: Vec<u32> = order[..160].to_vec();
    assert_eq!(first.iter().filter(|rule| **rule == 2).count(), 140, "seven of eight: {first:?}");
    assert!(first.chunks(8).all(|eight| eight.contains(&1)), "offers never stop: {first:?}");
    history::check(&*stage.store, &open, &peer.taken());
    outbox.stop(Duration::seconds(5)).await;
}

#[tokio::test]
async fn a_few_messages_are_sent_by_many_workers() {
    let peer = SmtpServer::start().await;
    let mut stage = Stage::smtp(&peer);
    stage.options.mail_workers = 8;
    peer.always(Some((crate::support::smtp::At::Rcpt, crate::support::smtp::Act::Late(50))));
    stage.decide(&(0..8).map(mail).collect::<Vec<_>>()).await;
    let (outbox, _) = stage.start().await;
    until("all are through", || stage.ended(MessageState::Sent) == 8).await;
    assert_eq!(peer.most_at_once("customer.example"), 8);
    outbox.stop(Duration::seconds(5)).await;
}
