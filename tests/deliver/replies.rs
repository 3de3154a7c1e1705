//! What each refusal comes to, said by a server in a dialogue: `replies.txt`.

use std::sync::Arc;

use cvmd::deliver::Outcome;
use cvmd::deliver::email::{Relays, Session};
use cvmd::record::SuppressionReason;

use super::email::{is_sent, send, server};
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
