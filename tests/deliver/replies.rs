//! What each refusal comes to, said by a server in a dialogue: `replies.txt`.

use std::sync::Arc;

use cvmd::deliver::Outcome;
use cvmd::deliver::email::{Relays, Session, TimeOuts};
use cvmd::record::SuppressionReason;

use super::email::{NOW, is_sent, send, server};
use crate::support::smtp::{Act, At, SmtpServer};

const TABLE: &str = include_str!("replies.txt");

fn rows() -> Vec<(At, String, String)> {
    let rows = TABLE.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let row = |line: &str| {
        let parts: Vec<&str> = line.split('|').map(str::trim).collect();
        let [at, said, comes_to] = parts[..] else { panic!("not three parts: {line}") };
        let at = match at {
            "mail" => At::Mail,
            "rcpt" => At::Rcpt,
            "data" => At::Data,
            "dot" => At::Dot,
            other => panic!("no place: {other}"),
        };
        (at, said.to_owned(), comes_to.to_owned())
    };
    rows.map(row).collect()
}

fn word(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Sent { .. } => "relay",
        Outcome::Retry { after: None, .. } => "retry",
        Outcome::Greylisted { .. } => "greylisted",
        Outcome::SlowDown { .. } => "slow down",
        Outcome::Dead { suppress: None, endpoint_gone: false, .. } => "dead",
        Outcome::Dead { suppress: Some(SuppressionReason::HardBounce), .. } => "suppress",
        Outcome::Retry { .. }
        | Outcome::Dead { .. }
        | Outcome::Unreachable { .. }
        | Outcome::InDoubt { .. } => "something else",
    }
}

#[tokio::test]
async fn a_refusal_comes_to_what_the_table_says_and_the_next_message_goes() {
    let (first, second) = (SmtpServer::start().await, SmtpServer::start().await);
    for (at, said, comes_to) in rows() {
        let relays = Relays::new(vec![server(first.address), server(second.address)]);
        let mut session = Session::new(Arc::new(relays));
        let closes = said.starts_with("421");
        first.script(at, if closes { Act::SayAndClose(said.clone()) } else { Act::Say(said.clone()) });
        let before = second.taken().len();
        let outcome = send(&mut session, 1).await;
        assert_eq!(word(&outcome), comes_to, "{at:?} {said}: {outcome:?}");
        let went_on = second.taken().len() - before;
        assert_eq!(went_on, usize::from(comes_to == "relay"), "{at:?} {said}");
        let code = said.get(..3).unwrap();
        assert!(is_sent(&outcome) || outcome.reason().contains(code), "{outcome:?}");
        assert!(!outcome.reason().contains("ana1"), "{outcome:?}");
        assert!(is_sent(&send(&mut session, 2).await), "after {said}");
        session.close().await;
    }
    first.assert_all_hit();
    assert!(first.hits().iter().all(|hit| hit.at == At::Mail || !hit.to.is_empty()));
}

#[tokio::test]
async fn a_reply_without_an_end_is_given_up_early() {
    let lines = |code: &str| format!("{code}-ana1@customer.example {}\r\n", "x".repeat(40)).repeat(16 * 1024);
    let short_lines = |code: &str| format!("{code}-\r\n").repeat(200 * 1024);
    for (at, code) in [
        (At::Greeting, "220"),
        (At::Hello, "250"),
        (At::Mail, "250"),
        (At::Rcpt, "250"),
        (At::Rcpt, "550"),
        (At::Data, "354"),
        (At::Dot, "250"),
        (At::Dot, "451"),
    ] {
        for said in [
            format!("{}{code} end", lines(code)),
            format!("{}{code} end", short_lines(code)),
            format!("{code} {}", "x".repeat(1 << 20)),
            format!("{code}-{}", "é".repeat(1 << 19)),
        ] {
            let (first, second) = (SmtpServer::start().await, SmtpServer::start().await);
            first.script(at, Act::Say(said.clone()));
            let mut patient = server(first.address);
            patient.time_outs = TimeOuts::default();
            let relays = Relays::new(vec![patient, server(second.address)]);
            let mut session = Session::new(Arc::new(relays));
            let outcome = send(&mut session, 1).await;
            let what = format!("{at:?} {code}: {outcome:?}");
            let learnt = session.learn(NOW).pop().map(|aside| aside.reason).unwrap_or_default();
            let why = if is_sent(&outcome) { learnt.as_str() } else { outcome.reason() };
            assert!(why.contains("its reply has no end"), "{what}: {learnt}");
            match at {
                At::Greeting | At::Hello | At::Mail => assert!(is_sent(&outcome), "{what}"),
                At::StartTls | At::Rcpt | At::Data => {
                    assert!(matches!(outcome, Outcome::Retry { .. }), "{what}");
                }
                At::Dot => assert!(matches!(outcome, Outcome::InDoubt { .. }), "{what}"),
            }
            assert!(outcome.reason().len() < 500 && !outcome.reason().contains("ana1"), "{what}");
            first.assert_all_hit();
            assert_eq!(first.taken().len(), usize::from(at == At::Dot && code == "250"), "{what}");
        }
    }
}
