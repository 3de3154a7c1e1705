//! A mail server whose encryption is broken, or whose certificate is wrong, gets nothing and delays nobody else.

use std::net::SocketAddr;
use std::sync::Arc;

use cvmd::clock::Clock;
use cvmd::config::{self, Security};
use cvmd::deliver::Mailer;
use cvmd::deliver::email::{Relays, Server};
use cvmd::record::{MessageState, OpenMessage};

use super::stage::{NOW, Stage, call, mail, relay};
use crate::support::smtp::{Act, At, Certificate, Protection, SmtpServer, authority};
use crate::support::webhook::Receiver;
use crate::support::{history, until};

fn starttls(address: SocketAddr) -> Server {
    let at = config::SmtpServer {
        security: Security::StartTls,
        host: address.ip().to_string(),
        port: address.port(),
        login: None,
        ca_file: Some(authority()),
    };
    let mut server = Server::new(&at, None, "shop.example", at.ca_file.as_deref()).unwrap();
    server.time_outs = relay(address).time_outs;
    server
}

/// Mail for twenty customers, and calls about forty others.
async fn stage_with(relays: Vec<Server>, receiver: &Receiver) -> (Stage, Vec<OpenMessage>) {
    let stage = Stage::new(Mailer::Smtp(Arc::new(Relays::new(relays))));
    stage.endpoint("crm", receiver.url());
    let open: Vec<_> = (0..20).map(mail).chain((100..140).map(|customer| call(customer, "crm"))).collect();
    stage.decide(&open).await;
    (stage, open)
}

/// Time stands still: nobody's turn comes only because the broken server's wait is over.
async fn delays_nobody(broken: &SmtpServer, what: &str) {
    let receiver = Receiver::start().await;
    let (stage, _) = stage_with(vec![starttls(broken.address)], &receiver).await;
    let (outbox, _) = stage.start().await;
    until("it was tried", || broken.connections() > 0).await;
    until("all calls are made", || stage.ended(MessageState::Sent) == 40).await;
    assert_eq!(
        (receiver.count(), stage.ended(MessageState::Dead), stage.clock.now()),
        (40, 0, NOW),
        "{what}"
    );
    assert_eq!(stage.open().len(), 20, "{what}: the mail waits");
    drop(outbox);

    let (well, receiver) = (SmtpServer::start().await, Receiver::start().await);
    let tried = broken.connections();
    let (stage, open) = stage_with(vec![starttls(broken.address), relay(well.address)], &receiver).await;
    let (outbox, _) = stage.start().await;
    until("all is through", || stage.ended(MessageState::Sent) == open.len()).await;
    assert!(broken.connections() > tried, "{what}: it was tried first");
    assert_eq!((well.count(), receiver.count(), stage.clock.now()), (20, 40, NOW), "{what}");
    assert_eq!(broken.taken(), [], "{what}: nothing goes in clear");
    history::check(&*stage.store, &open[..20], &well.taken());
    drop(outbox);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_starttls_that_is_offered_and_broken_delays_nobody_beside_it() {
    for act in [
        Act::SayAndBabble("220 go on".into()),
        Act::Say("454 4.7.0 TLS not available".into()),
        Act::SayAndClose("220 go on".into()),
        Act::Hang,
        Act::Cut,
    ] {
        let broken = SmtpServer::start_with(Protection::StartTls).await;
        broken.always(Some((At::StartTls, act.clone())));
        delays_nobody(&broken, &format!("{act:?}")).await;
        assert!(!broken.hits().is_empty(), "{act:?}: the fault hit nothing");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_certificate_delays_nobody_beside_it() {
    for certificate in [Certificate::SelfSigned, Certificate::Expired, Certificate::OtherName] {
        let broken = SmtpServer::start_as(Protection::StartTls, certificate).await;
        delays_nobody(&broken, &format!("{certificate:?}")).await;
    }
}
