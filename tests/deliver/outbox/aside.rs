//! Who is left alone stays so over a restart, and no longer than it would be without one.

use std::sync::Arc;

use cvmd::clock::Clock;
use cvmd::config::DomainLimit;
use cvmd::deliver::Mailer;
use cvmd::deliver::email::Relays;
use cvmd::model::Duration;
use cvmd::outbox::Outbox;
use cvmd::record::{Aside, AsideKind, MessageState, OpenMessage};
use cvmd::store::tables::{endpoints, messages};
use cvmd::store::{Batch, Store};

use super::stage::{NOW, Stage, mail, relay};
use crate::support::smtp::{Act, At, SmtpServer, dead_address};
use crate::support::{breathe, history, until};

fn asides(stage: &Stage) -> Vec<Aside> {
    endpoints::asides(&*stage.store).map(Result::unwrap).collect()
}

fn at_bad_example(stage: &Stage, customers: std::ops::Range<u32>) -> Vec<OpenMessage> {
    let mut domains = stage.gate.domains.lock().unwrap();
    domains.extend(customers.clone().map(|customer| (customer, "bad.example".to_owned())));
    customers.map(mail).collect()
}

async fn idle(stage: &Stage) {
    until("nothing is under way", || {
        !stage.states().contains(&MessageState::Claimed) && stage.clock.next_waking().is_some()
    })
    .await;
    breathe(20).await;
}

async fn stop(outbox: Outbox) {
    assert!(outbox.stop(Duration::seconds(5)).await);
}

#[tokio::test]
async fn a_domain_that_asked_for_less_is_left_alone_after_a_restart_and_a_crash() {
    let peer = SmtpServer::start().await;
    peer.towards("bad.example", Some((At::Rcpt, Act::SayAndClose("421 4.7.28 unusual rate".into()))));
    let mut stage = Stage::smtp(&peer);
    stage.options.mail_workers = 3;
    stage.options.domains.usual = DomainLimit { workers: 2, rate: None };
    let mut open = at_bad_example(&stage, 0..30);
    open.extend((100..110).map(mail));
    stage.decide(&open).await;
    let (outbox, _) = stage.start().await;
    until("the others have all of their own", || peer.taken().len() == 10).await;
    idle(&stage).await;
    let [held] = <[Aside; 1]>::try_from(asides(&stage)).unwrap();
    assert_eq!((held.kind, held.name.as_str(), held.times), (AsideKind::Domain, "bad.example", 1));
    assert_eq!(held.until, NOW.plus(Duration::seconds(60)));
    stop(outbox).await;

    let tried = peer.hits().len();
    let mut stage = stage.after_crash();
    let (outbox, _) = stage.start().await;
    idle(&stage).await;
    assert_eq!(peer.hits().len(), tried, "nothing goes there before its time");
    let [slowed] = &outbox.slowed()[..] else { panic!("{:?}", outbox.slowed()) };
    assert_eq!((slowed.domain.as_str(), slowed.until), ("bad.example", held.until));
    assert!(slowed.reason.contains("421"), "{slowed:?}");
    // One message finds out, and the wait is twice as long; the next life knows that, too.
    stage.clock.advance_to(held.until);
    until("one was tried", || peer.hits().len() > tried).await;
    idle(&stage).await;
    stop(outbox).await;
    assert_eq!(peer.hits().len(), tried + 1);
    let [held] = <[Aside; 1]>::try_from(asides(&stage)).unwrap();
    assert_eq!((held.until, held.times), (stage.clock.now().plus(Duration::seconds(120)), 2));
    stage = stage.after_crash();
    peer.towards("bad.example", None);
    let (outbox, _) = stage.start().await;
    stage.clock.advance_to(held.until);
    for _ in 0..40 {
        idle_or_done(&stage, 40).await;
        stage.clock.advance(Duration::seconds(1_800));
    }
    assert_eq!((stage.ended(MessageState::Sent), asides(&stage)), (40, vec![]));
    history::check(&*stage.store, &open, &peer.taken());
    stop(outbox).await;
}

async fn idle_or_done(stage: &Stage, all: usize) {
    until("nothing is under way", || {
        stage.ended(MessageState::Sent) == all
            || (!stage.states().contains(&MessageState::Claimed) && stage.clock.next_waking().is_some())
    })
    .await;
    breathe(5).await;
}

#[tokio::test]
async fn a_domain_is_forgotten_with_the_last_message_for_it_and_what_was_long_ago_at_a_start() {
    let peer = SmtpServer::start().await;
    peer.towards("bad.example", Some((At::Rcpt, Act::SayAndClose("421 4.7.0 no".into()))));
    let mut stage = Stage::smtp(&peer);
    stage.options.domains.usual = DomainLimit { workers: 1, rate: None };
    stage.decide(&at_bad_example(&stage, 0..2)).await;
    let (outbox, _) = stage.start().await;
    until("it is held", || asides(&stage).len() == 1).await;
    idle(&stage).await;
    let long_ago = stage.after_crash();
    let keys: Vec<_> = stage.open().iter().map(|message| message.key).collect();
    assert!(outbox.withdraw(keys[0], "taken back").await.unwrap());
    assert_eq!(asides(&stage).len(), 1, "one waits for it still");
    assert!(outbox.withdraw(keys[1], "taken back").await.unwrap());
    assert_eq!(asides(&stage), []);
    outbox.refresh().await.unwrap();
    assert_eq!(outbox.slowed(), []);
    stop(outbox).await;

    long_ago.clock.advance(Duration::hours(25));
    let (outbox, _) = long_ago.start().await;
    until("it was tried at once", || peer.hits().len() == 2).await;
    stop(outbox).await;
    // What ended without the outbox: nobody is left whom it was for.
    let mut batch = Batch::default();
    for message in long_ago.open() {
        messages::remove_open(&*long_ago.store, &mut batch, message.decided, message.key).unwrap();
    }
    long_ago.store.commit(batch).durable().await.unwrap();
    assert_eq!(asides(&long_ago).len(), 1);
    let (outbox, _) = long_ago.start().await;
    assert_eq!((asides(&long_ago), outbox.slowed()), (vec![], vec![]));
    stop(outbox).await;
}

#[tokio::test]
async fn a_relay_that_failed_is_left_alone_after_a_restart_until_its_time_has_come() {
    let (first, second) = (SmtpServer::start().await, SmtpServer::start().await);
    first.always(Some((At::Mail, Act::SayAndClose("421 4.3.2 come back later".into()))));
    let servers = || Mailer::Smtp(Arc::new(Relays::new(vec![relay(first.address), relay(second.address)])));
    let mut stage = Stage::new(servers());
    stage.options.mail_workers = 1;
    let open: Vec<OpenMessage> = (0..20).map(mail).collect();
    stage.decide(&open[..10]).await;
    let (outbox, _) = stage.start().await;
    until("all went by the second", || stage.ended(MessageState::Sent) == 10).await;
    stop(outbox).await;
    let [aside] = <[Aside; 1]>::try_from(asides(&stage)).unwrap();
    assert_eq!((aside.kind, aside.name), (AsideKind::Relay, format!("smtp://{}", first.address)));
    let tried = first.connections();

    let mut stage = stage.after_crash();
    stage.channels.mailer = servers();
    stage.decide(&open[10..]).await;
    let (outbox, _) = stage.start().await;
    until("the others went by the second", || stage.ended(MessageState::Sent) == 20).await;
    assert_eq!(first.connections(), tried, "the first is not tried before its time");
    assert!(outbox.relays()[0].aside.is_some() && outbox.relays()[1].is_used, "{:?}", outbox.relays());
    first.always(None);
    stage.clock.advance_to(aside.until.plus(Duration::seconds(31)));
    let more: Vec<OpenMessage> = (20..22).map(mail).collect();
    stage.decide(&more).await;
    outbox.add(&more);
    until("the first is taken again", || first.taken().len() == 2).await;
    until("that is known", || stage.ended(MessageState::Sent) == 22).await;
    assert_eq!(asides(&stage), []);
    stop(outbox).await;
    history::check(&*stage.store, &[open, more].concat(), &[first.taken(), second.taken()].concat());
}

#[tokio::test]
async fn where_every_relay_was_left_alone_a_restart_waits_a_minute_at_most() {
    let dead = dead_address().await;
    let mailer = || Mailer::Smtp(Arc::new(relay(dead).into()));
    let mut stage = Stage::new(mailer());
    stage.options.mail_workers = 4;
    stage.decide(&[mail(1), mail(2)]).await;
    let (outbox, _) = stage.start().await;
    until("it is missed", || asides(&stage).len() == 1 && !outbox.troubles().is_empty()).await;
    idle(&stage).await;
    stop(outbox).await;
    let mut stage = stage.after_crash();
    stage.channels.mailer = mailer();
    let peer = SmtpServer::start_at(dead).await;
    let (outbox, _) = stage.start().await;
    assert!(outbox.troubles()[0].1.contains("cannot be reached"), "{:?}", outbox.troubles());
    idle(&stage).await;
    assert_eq!(peer.connections(), 0, "it said nothing that a restart would change");
    stage.clock.advance(Duration::seconds(61));
    until("it is found again", || stage.ended(MessageState::Sent) == 2).await;
    assert_eq!((asides(&stage), outbox.troubles()), (vec![], vec![]));
    stop(outbox).await;

    // A server that the configuration names no more is forgotten.
    let other = SmtpServer::start().await;
    let aside = Aside {
        kind: AsideKind::Relay,
        name: "smtps://gone.example:465".into(),
        reason: "421".into(),
        until: stage.clock.now().plus(Duration::seconds(300)),
        times: 9,
    };
    let mut batch = Batch::default();
    endpoints::put_aside(&mut batch, &aside);
    stage.store.commit(batch).durable().await.unwrap();
    stage.channels.mailer = Mailer::Smtp(Arc::new(relay(other.address).into()));
    let (outbox, _) = stage.start().await;
    assert_eq!((asides(&stage), outbox.troubles()), (vec![], vec![]));
    stop(outbox).await;
}

#[tokio::test]
async fn a_clock_that_goes_back_keeps_neither_a_domain_nor_a_server_waiting() {
    let peer = SmtpServer::start().await;
    peer.script(At::Rcpt, Act::SayAndClose("421 4.7.0 too fast".into()));
    let stage = Stage::smtp(&peer);
    let held = at_bad_example(&stage, 0..1);
    stage.decide(&held).await;
    let (outbox, _) = stage.start().await;
    until("the domain is held", || !outbox.slowed().is_empty()).await;
    idle(&stage).await;
    stage.clock.step(Duration(-Duration::days(1).0));
    let more: Vec<OpenMessage> = at_bad_example(&stage, 1..4)
        .into_iter()
        .map(|message| OpenMessage { next_attempt: stage.clock.now(), ..message })
        .collect();
    stage.decide(&more).await;
    outbox.add(&more);
    until("the others went", || stage.ended(MessageState::Sent) == 3).await;
    // The server dies; the queue waits; the clock goes back again.
    peer.always(Some((At::Greeting, Act::SayAndClose("421 starting".into()))));
    stage.clock.advance(Duration::seconds(31));
    let last = OpenMessage { next_attempt: NOW.minus(Duration::days(9)), ..mail(9) };
    stage.decide(std::slice::from_ref(&last)).await;
    outbox.add(std::slice::from_ref(&last));
    until("it is missed", || !outbox.troubles().is_empty()).await;
    idle(&stage).await;
    peer.always(None);
    stage.clock.step(Duration(-Duration::days(1).0));
    let after = OpenMessage { next_attempt: NOW.minus(Duration::days(9)), ..mail(10) };
    stage.decide(std::slice::from_ref(&after)).await;
    outbox.add(std::slice::from_ref(&after));
    until("it goes", || stage.ended(MessageState::Sent) == 4).await;
    stop(outbox).await;
}
