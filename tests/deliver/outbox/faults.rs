//! Each fault hits messages in flight, and whatever it is: nothing is lost, marketing arrives at most
//! once, and the other relay takes what the first one certainly did not.

use std::sync::Arc;

use cvmd::clock::Clock;
use cvmd::deliver::Mailer;
use cvmd::deliver::email::Relays;
use cvmd::model::Duration;
use cvmd::outbox::Report;
use cvmd::record::{MessageState, OpenMessage};
use cvmd::store::tables::customers;

use super::stage::{Stage, list, mail, receipt, relay};
use crate::support::smtp::{Act, At, SmtpServer, dead_address};
use crate::support::{breathe, history, until};

fn faults() -> Vec<(At, Act)> {
    let closing = |line: &str| Act::SayAndClose(line.into());
    vec![
        (At::Greeting, closing("421 4.3.2 starting")),
        (At::Greeting, Act::Hang),
        (At::Greeting, Act::Drip(1_000)),
        (At::Mail, closing("421 4.3.2 shutting down")),
        (At::Mail, Act::Cut),
        (At::Mail, Act::Hang),
        (At::Rcpt, closing("421 4.7.0 too fast")),
        (At::Rcpt, closing("421 4.3.2 shutting down")),
        (At::Rcpt, Act::Cut),
        (At::Rcpt, Act::Hang),
        (At::Rcpt, Act::Drip(1_000)),
        (At::Rcpt, Act::Say("451 4.7.1 greylisted".into())),
        (At::Rcpt, Act::Say("550 5.1.1 unknown".into())),
        (At::Data, closing("421 4.3.2 shutting down")),
        (At::Data, Act::Cut),
        (At::Data, Act::Hang),
        (At::Dot, closing("421 4.3.2 shutting down")),
        (At::Dot, Act::Say("451 4.3.0 disk full".into())),
        (At::Dot, Act::Cut),
        (At::Dot, Act::Forget),
        (At::Dot, Act::Hang),
        (At::Dot, Act::Drip(1_000)),
        (At::Dot, Act::Drip(5)),
    ]
}

/// Lets time pass until nothing is under way but what waits for a person.
async fn settle(stage: &Stage) {
    let done = |state: &MessageState| *state == MessageState::InDoubt;
    for _ in 0..4_000 {
        if stage.states().iter().all(done) {
            return;
        }
        if !stage.states().contains(&MessageState::Claimed)
            && let Some(wake) = stage.clock.next_waking()
        {
            stage.clock.advance_to(wake.max(stage.clock.now().plus(Duration(1))));
        }
        breathe(2).await;
    }
    panic!("it never settles: {:?}", stage.open());
}

#[tokio::test]
async fn through_any_fault_nothing_is_lost_and_marketing_arrives_at_most_once() {
    for (number, (at, act)) in faults().into_iter().enumerate() {
        // With a relay to fall back on, and without.
        for fallback in [true, false] {
            let (first, second) = (SmtpServer::start().await, SmtpServer::start().await);
            // The fault hits in the middle: the third time that its place is reached, and the fifth.
            let skipped = if at == At::Greeting { 0 } else { 2 };
            for _ in 0..2 {
                for _ in 0..skipped {
                    first.script(at, Act::Late(0));
                }
                first.script(at, act.clone());
            }
            let mut servers = vec![relay(first.address)];
            servers.extend(fallback.then(|| relay(second.address)));
            let mut stage = Stage::new(Mailer::Smtp(Arc::new(Relays::new(servers))));
            stage.options.mail_workers = 2;
            let open: Vec<OpenMessage> =
                (0..24).map(|n| if n % 2 == 0 { mail(n) } else { receipt(n) }).collect();
            stage.decide(&open).await;
            let (outbox, _) = stage.start().await;
            settle(&stage).await;
            let what = format!("fault {number}, {at:?} {act:?}, fallback {fallback}");
            let hits: Vec<_> = first.hits().into_iter().filter(|hit| hit.act == act).collect();
            assert!(!hits.is_empty(), "{what} hit nothing");
            if !fallback {
                first.assert_all_hit();
            }
            for hit in &hits {
                let in_flight = !hit.to.is_empty() || matches!(at, At::Greeting | At::Mail);
                assert!(hit.at == at && in_flight, "{what} hit no message: {hit:?}");
            }
            let taken = [first.taken(), second.taken()].concat();
            history::check(&*stage.store, &open, &taken);
            let dead = stage.ended(MessageState::Dead);
            let in_doubt = stage.open().len();
            assert_eq!(stage.ended(MessageState::Sent) + dead + in_doubt, 24, "{what}");
            let bounces = matches!(&act, Act::Say(line) if line.starts_with("550"));
            assert_eq!(dead, if bounces { hits.len() } else { 0 }, "{what}");
            let may_doubt = at == At::Dot && !matches!(act, Act::Say(_) | Act::SayAndClose(_) | Act::Drip(5));
            assert!(in_doubt == 0 || may_doubt, "{what}: {:?}", stage.open());
            assert!(outbox.stop(Duration::seconds(5)).await, "{what}");
        }
    }
}

#[tokio::test]
async fn a_bounce_and_its_suppression_become_durable_in_one_commit() {
    let peer = SmtpServer::start().await;
    peer.script(At::Greeting, Act::Late(200)).script(At::Rcpt, Act::Say("550 5.1.1 unknown".into()));
    let stage = Stage::smtp(&peer);
    stage.decide(&[mail(1)]).await;
    let (outbox, _) = stage.start().await;
    until("it is claimed", || stage.states() == [MessageState::Claimed]).await;
    stage.store.hold();
    until("one commit waits for the disk", || stage.store.undurable() == 1).await;
    let customer = mail(1).customer;
    let suppressed = |stage: &Stage| customers::suppressions_of(&*stage.store, customer).unwrap();
    let crashed = stage.after_crash();
    assert_eq!((suppressed(&crashed), crashed.states()), (vec![], vec![MessageState::Claimed]));
    stage.store.release();
    until("it is dead", || stage.ended(MessageState::Dead) == 1).await;
    let crashed = stage.after_crash();
    assert!(!suppressed(&crashed).is_empty() && crashed.ended(MessageState::Dead) == 1);
    outbox.stop(Duration::seconds(5)).await;
}

#[tokio::test]
async fn a_dead_relay_costs_no_try_and_is_told_once() {
    let (dead, second) = (dead_address().await, SmtpServer::start().await);
    let relays = Relays::new(vec![relay(dead), relay(second.address)]);
    let mut stage = Stage::new(Mailer::Smtp(Arc::new(relays)));
    stage.options.mail_workers = 3;
    let open: Vec<OpenMessage> = (0..60).map(mail).collect();
    stage.decide(&open).await;
    let (outbox, _) = stage.start().await;
    until("all are through", || stage.ended(MessageState::Sent) == 60).await;
    assert!(stage.finished().iter().all(|finished| finished.attempts == 1), "the relay's failure is no try");
    let told: Vec<_> =
        stage.reports().into_iter().filter(|r| matches!(r, Report::RelaySetAside { .. })).collect();
    let [Report::RelaySetAside { relay, reason, .. }] = &told[..] else { panic!("{told:?}") };
    assert_eq!(*relay, format!("smtp://{dead}"));
    assert!(reason.contains("cannot be reached"), "{reason}");
    let standing = outbox.relays();
    assert!(standing[0].aside.is_some() && standing[1].is_used, "{standing:?}");
    assert!(outbox.troubles().is_empty(), "mail goes out");
    history::check(&*stage.store, &open, &second.taken());
    assert!(list(&outbox).is_empty());
    outbox.stop(Duration::seconds(5)).await;
}
