//! Encryption: who may see what we say. Nothing is ever said in clear instead.

use std::sync::Arc;

use cvmd::config::{self, Security};
use cvmd::deliver::Outcome;
use cvmd::deliver::email::{Server, Session, TimeOuts};

use super::email::{is_sent, send};
use crate::support::smtp::{Act, At, Certificate, Protection, SmtpServer, authority};

async fn send_to(peer: &SmtpServer, security: Security, trusted: bool) -> Outcome {
    let (host, port) = ("127.0.0.1".into(), peer.address.port());
    let ca_file = trusted.then(authority);
    let at = config::SmtpServer { security, host, port, login: None, ca_file };
    let mut server = Server::new(&at, None, "shop.example", at.ca_file.as_deref()).unwrap();
    let short = std::time::Duration::from_millis(500);
    server.time_outs = TimeOuts { connect: short, command: short, end_of_data: short };
    let mut session = Session::new(Arc::new(server.into()));
    let outcome = send(&mut session, 1).await;
    if is_sent(&outcome) {
        assert!(is_sent(&send(&mut session, 2).await), "the connection goes on");
    }
    outcome
}

#[tokio::test]
async fn encrypted_servers_take_mail_both_ways() {
    for (protection, security) in
        [(Protection::Tls, Security::Tls), (Protection::StartTls, Security::StartTls)]
    {
        let peer = SmtpServer::start_with(protection).await;
        let outcome = send_to(&peer, security, true).await;
        assert!(is_sent(&outcome), "{protection:?}: {outcome:?}");
        assert_eq!(peer.taken().len(), 2);
    }
}

#[tokio::test]
async fn a_server_that_is_not_who_it_should_be_gets_nothing_and_we_say_what_to_do() {
    for (certificate, trusted, says) in [
        (
            Certificate::Good,
            false,
            "nobody whom we trust signed its certificate; for a server of your own name the file of its authority, `ca_file",
        ),
        (Certificate::SelfSigned, true, "nobody whom we trust signed its certificate"),
        (Certificate::Expired, true, "its certificate has expired"),
        (Certificate::OtherName, true, "its certificate is not for `127.0.0.1`"),
    ] {
        for (protection, security) in
            [(Protection::Tls, Security::Tls), (Protection::StartTls, Security::StartTls)]
        {
            let peer = SmtpServer::start_as(protection, certificate).await;
            let outcome = send_to(&peer, security, trusted).await;
            let reason = outcome.reason();
            assert!(
                matches!(outcome, Outcome::Unreachable { .. }) && reason.contains(says),
                "{certificate:?}: {reason}"
            );
            assert_eq!((peer.connections(), peer.taken().len()), (1, 0), "no second try in clear");
        }
    }
}

#[tokio::test]
async fn a_starttls_that_is_broken_refused_or_taken_away_is_never_done_without() {
    let say = |line: &str| Act::Say(line.into());
    for (protection, act, says) in [
        (Protection::StartTls, Some(say("454 4.7.0 TLS not available")), "454 4.7.0 TLS not available"),
        (Protection::StartTls, Some(say("502 what?")), "502"),
        (Protection::StartTls, Some(Act::SayAndBabble("220 go on".into())), "no TLS"),
        (Protection::StartTls, Some(Act::SayAndClose("220 go on".into())), "closed the connection"),
        (Protection::StartTls, Some(Act::Hang), "no answer within 0.5 s"),
        (Protection::StartTls, Some(Act::Cut), "STARTTLS"),
        (Protection::NoStartTls, None, "somebody on the way took the offer out"),
        (Protection::Injected, None, "TLS"),
    ] {
        let peer = SmtpServer::start_with(protection).await;
        if let Some(act) = &act {
            peer.script(At::StartTls, act.clone());
        }
        let outcome = send_to(&peer, Security::StartTls, true).await;
        let reason = outcome.reason();
        assert!(matches!(outcome, Outcome::Unreachable { .. }) && reason.contains(says), "{act:?}: {reason}");
        assert_eq!((peer.connections(), peer.taken().len()), (1, 0), "no second try in clear");
        peer.assert_all_hit();
    }
    let plain = SmtpServer::start().await;
    let outcome = send_to(&plain, Security::Tls, true).await;
    assert!(outcome.reason().contains("`starttls://`"), "{outcome:?}");
}

#[tokio::test]
async fn a_server_that_encrypts_and_then_falls_silent_is_given_up_and_nothing_was_sent() {
    for (protection, security, at) in [
        (Protection::Tls, Security::Tls, At::Greeting),
        (Protection::Tls, Security::Tls, At::Hello),
        (Protection::StartTls, Security::StartTls, At::Hello),
        (Protection::StartTls, Security::StartTls, At::Mail),
    ] {
        for act in [Act::Hang, Act::Drip(1_000)] {
            let peer = SmtpServer::start_with(protection).await;
            peer.script(at, act.clone());
            let outcome = send_to(&peer, security, true).await;
            assert!(matches!(outcome, Outcome::Unreachable { .. }), "{at:?} {act:?}: {outcome:?}");
            assert!(outcome.reason().contains("within 0.5 s"), "{at:?} {act:?}: {outcome:?}");
            assert_eq!((peer.connections(), peer.taken().len()), (1, 0), "{at:?} {act:?}");
            peer.assert_all_hit();
        }
    }
}
