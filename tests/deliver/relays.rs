//! Several relays: which failures go on to the next one, and which never do.

use std::sync::Arc;

use cvmd::config::{self, Security};
use cvmd::deliver::Outcome;
use cvmd::deliver::email::{Relays, Server, Session};
use cvmd::model::Duration;

use super::email::{NOW, is_sent, send, server};
use super::samples::email;
use crate::support::smtp::{Act, At, Certificate, Protection, SmtpServer, authority, dead_address};

fn pair(first: Server, second: &SmtpServer) -> Arc<Relays> {
    Arc::new(Relays::new(vec![first, server(second.address)]))
}

fn encrypted(address: std::net::SocketAddr, password: Option<&str>) -> Server {
    let at = config::SmtpServer {
        security: Security::Tls,
        host: address.ip().to_string(),
        port: address.port(),
        login: password.map(|_| ("shop".into(), "smtp_key".into())),
        ca_file: Some(authority()),
    };
    let mut relay = Server::new(&at, password, "shop.example", at.ca_file.as_deref()).unwrap();
    relay.time_outs = server(address).time_outs;
    relay
}

/// Sends to two relays; the second must take it, and the first be set aside for this reason.
async fn goes_on(first: Server, says: &str) {
    let second = SmtpServer::start().await;
    let relays = pair(first, &second);
    let mut session = Session::new(Arc::clone(&relays));
    let outcome = send(&mut session, 1).await;
    assert!(is_sent(&outcome), "{says}: {outcome:?}");
    assert_eq!(second.taken()[0].bytes, email(1).build().unwrap().bytes, "the same bytes everywhere");
    let news = session.learn(NOW);
    assert!(news.len() == 1 && news[0].reason.contains(says), "{news:?}");
    let standing = relays.standing();
    assert!(standing[0].aside.is_some() && !standing[0].is_used && standing[1].is_used, "{standing:?}");
    // The next one does not try it again, nor open a connection.
    assert!(is_sent(&send(&mut session, 2).await));
    assert_eq!((second.connections(), session.learn(NOW)), (1, vec![]));
}

#[tokio::test]
async fn a_relay_that_cannot_be_reached_greets_badly_or_closes_is_set_aside_for_the_next() {
    goes_on(server(dead_address().await), "cannot be reached").await;
    for (at, act, says) in [
        (At::Greeting, Act::Hang, "does not greet us"),
        (At::Greeting, Act::Cut, "does not greet us"),
        (At::Greeting, Act::Drip(100), "does not greet us"),
        (At::Greeting, Act::SayAndClose("421 4.3.2 full".into()), "421"),
        (At::Greeting, Act::SayAndClose("554 5.7.1 go away".into()), "554"),
        (At::Mail, Act::SayAndClose("421 4.3.2 shutting down".into()), "421"),
        (At::Mail, Act::Say("530 5.7.0 sign in".into()), "530"),
        (At::Mail, Act::Hang, "did not answer within"),
        (At::Mail, Act::Cut, "the connection broke"),
        (At::Rcpt, Act::SayAndClose("421 4.3.2 shutting down".into()), "421"),
        (At::Dot, Act::SayAndClose("421 4.3.2 shutting down".into()), "421"),
    ] {
        let peer = SmtpServer::start().await;
        peer.script(at, act.clone());
        goes_on(server(peer.address), says).await;
        peer.assert_all_hit();
        assert_eq!(peer.taken(), [], "{act:?}");
    }
}

#[tokio::test]
async fn a_relay_with_a_bad_certificate_or_another_password_is_set_aside_for_the_next() {
    let bad = SmtpServer::start_as(Protection::Tls, Certificate::Expired).await;
    goes_on(encrypted(bad.address, None), "has expired").await;
    let closed = SmtpServer::start_with(Protection::Tls).await;
    closed.demand_login("shop", "hunter2");
    goes_on(encrypted(closed.address, Some("hunter3")), "does not let us in").await;
    assert_eq!((bad.taken().len(), closed.taken().len()), (0, 0));
}

#[tokio::test]
async fn a_message_that_may_have_been_taken_or_was_refused_itself_goes_to_no_other_relay() {
    for (at, act, in_doubt) in [
        (At::Dot, Act::Cut, true),
        (At::Dot, Act::Forget, true),
        (At::Dot, Act::Hang, true),
        (At::Dot, Act::Drip(200), true),
        (At::Dot, Act::Say("354 go on".into()), true),
        (At::Dot, Act::Say("what a day".into()), true),
        (At::Rcpt, Act::Cut, false),
        (At::Rcpt, Act::Hang, false),
        (At::Rcpt, Act::Say("550 5.1.1 unknown".into()), false),
        (At::Data, Act::Cut, false),
        (At::Dot, Act::Say("451 4.3.0 later".into()), false),
    ] {
        let (first, second) = (SmtpServer::start().await, SmtpServer::start().await);
        first.script(at, act.clone());
        let mut session = Session::new(pair(server(first.address), &second));
        let outcome = send(&mut session, 1).await;
        assert_eq!(matches!(outcome, Outcome::InDoubt { .. }), in_doubt, "{act:?}: {outcome:?}");
        assert!(!is_sent(&outcome) && second.connections() == 0, "{act:?}: {outcome:?}");
        // The next one rather goes to the other relay, where this one is broken.
        assert_eq!(session.learn(NOW).len(), usize::from(in_doubt), "{act:?}");
        assert!(is_sent(&send(&mut session, 2).await), "{act:?}");
        let next = if in_doubt { &second } else { &first };
        assert_eq!(next.taken().last().map(|mail| mail.to.clone()), Some("ana2@customer.example".into()));
        first.assert_all_hit();
    }
}

#[tokio::test]
async fn the_wanted_relay_is_taken_again_when_its_time_has_come_and_each_message_tries_each_once() {
    let dead = dead_address().await;
    let second = SmtpServer::start().await;
    let relays = pair(server(dead), &second);
    let mut session = Session::new(Arc::clone(&relays));
    assert!(is_sent(&send(&mut session, 1).await));
    session.learn(NOW);
    let first = SmtpServer::start_at(dead).await;
    // An open connection is used until it is worn.
    let soon = NOW.plus(Duration::seconds(20));
    assert!(is_sent(&session.send(&email(2).build().unwrap(), soon).await));
    assert_eq!((first.connections(), second.taken().len()), (0, 2));
    let later = NOW.plus(Duration::seconds(60));
    assert!(is_sent(&session.send(&email(3).build().unwrap(), later).await));
    assert_eq!((first.taken().len(), second.taken().len()), (1, 2));
    session.learn(later);
    assert!(relays.standing()[0].is_used);

    for peer in [&first, &second] {
        peer.always(Some((At::Mail, Act::SayAndClose("421 4.3.2 down".into()))));
    }
    let before = (first.connections(), second.connections());
    let outcome = session.send(&email(4).build().unwrap(), later).await;
    let Outcome::Unreachable { reason } = &outcome else { panic!("{outcome:?}") };
    assert!(
        reason.contains(&first.address.to_string()) && reason.contains(&second.address.to_string()),
        "{reason}"
    );
    // The open connection of the first was tried, and one to the second.
    assert_eq!((first.connections(), second.connections()), (before.0, before.1 + 1));
}
