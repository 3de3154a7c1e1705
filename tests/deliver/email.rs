use std::sync::Arc;
use std::time::Duration;

use cvmd::config;
use cvmd::deliver::Outcome;
use cvmd::deliver::email::{Server, Session, TimeOuts};
use cvmd::model::Instant;

use super::samples::email;
use crate::support::smtp::{Act, At, Protection, SmtpServer, authority, dead_address};

pub const NOW: Instant = Instant(1_790_000_000_000);

pub fn server(address: std::net::SocketAddr) -> Server {
    let at = config::SmtpServer {
        security: config::Security::Plain,
        host: address.ip().to_string(),
        port: address.port(),
        login: None,
        ca_file: None,
    };
    let mut server = Server::new(&at, None, "shop.example", None).unwrap();
    let short = Duration::from_millis(300);
    server.time_outs = TimeOuts { connect: short, command: short, end_of_data: short };
    server
}

fn session(peer: &SmtpServer) -> Session {
    Session::new(Arc::new(server(peer.address).into()))
}

pub async fn send(session: &mut Session, customer: u32) -> Outcome {
    session.send(&email(customer).build().unwrap(), NOW).await
}

pub fn is_sent(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Sent { .. })
}

#[tokio::test]
async fn messages_arrive_as_built_over_one_connection() {
    let peer = SmtpServer::start().await;
    let mut session = session(&peer);
    for customer in 0..3 {
        let outcome = send(&mut session, customer).await;
        assert_eq!(outcome, Outcome::Sent { reply: format!("250 2.0.0 queued as {customer}") });
    }
    let taken = peer.taken();
    for (customer, mail) in (0..).zip(&taken) {
        assert_eq!(mail.bytes, email(customer).build().unwrap().bytes);
        assert_eq!(
            (mail.from.as_str(), mail.to.as_str()),
            ("hello@shop.example", &*format!("ana{customer}@customer.example"))
        );
        assert_eq!(mail.header("Message-ID"), Some(format!("<d1-1-{customer}-0@shop.example>")));
        assert_eq!(mail.header("Reply-To").as_deref(), Some("help@shop.example"));
        assert_eq!(mail.header("Date").as_deref(), Some("Mon, 21 Sep 2026 14:13:20 +0000"));
        assert!(decoded(&mail.header("Subject").unwrap()).contains("¿Qué tal, Ana?"));
        assert!(decoded(&mail.header("From").unwrap()).contains("Schöner Laden"));
    }
    assert_eq!((taken.len(), peer.connections()), (3, 1));
}

/// Undoes encoded words of kind B, the only one lettre writes.
fn decoded(header: &str) -> String {
    use base64::Engine;
    let mut out = String::new();
    for (i, part) in header.split("=?utf-8?b?").enumerate() {
        match part.split_once("?=") {
            Some((word, rest)) if i > 0 => {
                let bytes = base64::engine::general_purpose::STANDARD.decode(word).unwrap();
                out.push_str(&String::from_utf8(bytes).unwrap());
                // White space between two encoded words is no part of the text (RFC 2047, 6.2).
                out.push_str(if rest.trim().is_empty() { "" } else { rest });
            }
            _ => out.push_str(part),
        }
    }
    out
}

#[tokio::test]
async fn a_server_that_wants_a_password_is_our_trouble_not_the_messages() {
    let peer = SmtpServer::start().await;
    peer.script(At::Mail, Act::Say("530 5.7.0 Authentication required".into()));
    assert!(matches!(send(&mut session(&peer), 1).await, Outcome::Unreachable { .. }));
}

#[tokio::test]
async fn before_the_dot_a_lost_connection_is_a_retry_after_it_a_doubt() {
    for (at, act, in_doubt) in [
        (At::Rcpt, Act::Cut, false),
        (At::Data, Act::Cut, false),
        (At::Data, Act::Hang, false),
        (At::Dot, Act::Cut, true),
        (At::Dot, Act::Forget, true),
        (At::Dot, Act::Hang, true),
    ] {
        let peer = SmtpServer::start().await;
        let mut session = session(&peer);
        peer.script(at, act.clone());
        let outcome = send(&mut session, 1).await;
        match (&outcome, in_doubt) {
            (Outcome::InDoubt { .. }, true) | (Outcome::Retry { .. } | Outcome::SlowDown { .. }, false) => {}
            _ => panic!("{at:?} {act:?}: {outcome:?}"),
        }
        // What came late on the broken connection is never taken for the next message's reply.
        assert!(is_sent(&send(&mut session, 2).await), "{at:?} {act:?}");
        let second = peer.taken().last().cloned().unwrap();
        assert_eq!((second.to.as_str(), second.connection), ("ana2@customer.example", 1), "{at:?} {act:?}");
    }
}

#[tokio::test]
async fn an_idle_connection_that_the_server_closed_costs_no_attempt() {
    let peer = SmtpServer::start().await;
    let mut session = session(&peer);
    assert!(is_sent(&send(&mut session, 1).await));
    peer.script(At::Mail, Act::Cut);
    assert!(is_sent(&send(&mut session, 2).await));
    assert_eq!((peer.connections(), peer.taken().len()), (2, 2));
}

#[tokio::test]
async fn a_server_that_is_dead_mute_or_closed_is_unreachable() {
    let mut dead = Session::new(Arc::new(server(dead_address().await).into()));
    let outcome = send(&mut dead, 1).await;
    assert!(
        matches!(&outcome, Outcome::Unreachable { reason } if reason.contains("cannot be reached")),
        "{outcome:?}"
    );
    for act in [
        Act::Hang,
        Act::Cut,
        Act::SayAndClose("554 5.7.1 go away".into()),
        Act::SayAndClose("421 full".into()),
    ] {
        let peer = SmtpServer::start().await;
        peer.script(At::Greeting, act.clone());
        let outcome = send(&mut session(&peer), 1).await;
        assert!(
            matches!(&outcome, Outcome::Unreachable { reason } if reason.contains("127.0.0.1")),
            "{act:?}: {outcome:?}"
        );
    }
}

#[tokio::test]
async fn a_connection_is_left_after_its_messages_and_its_age() {
    let peer = SmtpServer::start().await;
    let mut limited = server(peer.address);
    limited.limits.messages = 2;
    let mut session = Session::new(Arc::new(limited.into()));
    for customer in 0..5 {
        assert!(is_sent(&send(&mut session, customer).await));
    }
    assert_eq!(peer.connections(), 3);
    let later = NOW.plus(cvmd::model::Duration::hours(1));
    assert!(is_sent(&session.send(&email(9).build().unwrap(), later).await));
    assert_eq!(peer.connections(), 4);
}

#[tokio::test]
async fn what_is_said_is_kept_without_addresses() {
    let peer = SmtpServer::start().await;
    peer.script(
        At::Rcpt,
        Act::Say("550-5.1.1 The account\r\n550 5.1.1 ana1@customer.example (Ana1) is gone".into()),
    );
    let outcome = send(&mut session(&peer), 1).await;
    let reason = outcome.reason().to_lowercase();
    assert!(
        reason.contains("is gone") && !reason.contains("ana1") && !reason.contains("customer.example"),
        "{reason}"
    );
}

#[tokio::test]
async fn a_server_that_asks_for_a_password_gets_the_right_one() {
    let peer = SmtpServer::start_with(Protection::Tls).await;
    peer.demand_login("shop", "hunter2");
    let send_with = async |password: Option<&str>| {
        let at = config::SmtpServer {
            security: config::Security::Tls,
            host: "127.0.0.1".into(),
            port: peer.address.port(),
            login: password.map(|_| ("shop".into(), "smtp_key".into())),
            ca_file: None,
        };
        let server = Server::new(&at, password, "shop.example", Some(authority().as_path())).unwrap();
        send(&mut Session::new(Arc::new(server.into())), 1).await
    };
    assert!(is_sent(&send_with(Some("hunter2")).await));
    assert_eq!(peer.taken().len(), 1);
    let refused = send_with(Some("hunter3")).await;
    let reason = refused.reason();
    assert!(reason.contains("does not let us in") && reason.contains("`password`"), "{refused:?}");
    assert!(!reason.contains("hunter3"), "{refused:?}");
    assert!(!is_sent(&send_with(None).await));
    assert_eq!(peer.taken().len(), 1);
}
