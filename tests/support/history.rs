//! What the servers took, against what was decided and what the store says of it. Knows nothing of how
//! the outbox works.

use std::collections::BTreeMap;

use cvmd::model::Instant;
use cvmd::record::{FinishedMessage, MessageKey, MessageState, OpenMessage};
use cvmd::store::Store;
use cvmd::store::tables::messages;

use super::smtp::Mail;

/// Fails where a message was lost, is both over and under way, or arrived as it must not. `taken` is what
/// all mail servers took, in any order.
///
/// # Panics
/// Where a law is broken; it names the message.
pub fn check(store: &dyn Store, decided: &[OpenMessage], taken: &[Mail]) {
    let open: BTreeMap<MessageKey, OpenMessage> =
        messages::open_messages(store).map(|message| message.unwrap()).map(|m| (m.key, m)).collect();
    let mut ended: BTreeMap<MessageKey, Vec<FinishedMessage>> = BTreeMap::new();
    for finished in messages::finished_messages(store, Instant(0)).map(Result::unwrap) {
        ended.entry(finished.key).or_default().push(finished);
    }
    let mut arrived: BTreeMap<String, Vec<&Mail>> = BTreeMap::new();
    for mail in taken {
        let id = mail.header("Message-ID").expect("each has a Message-ID");
        arrived
            .entry(id.trim_start_matches('<').split('@').next().unwrap().to_owned())
            .or_default()
            .push(mail);
    }
    for message in decided {
        let key = message.key;
        let mails = arrived.remove(&key.to_string()).unwrap_or_default();
        let state = match (open.get(&key), ended.get(&key).map(Vec::as_slice)) {
            (Some(open), None) => open.state,
            (None, Some([finished])) => finished.state,
            (open, ended) => panic!("{key} is lost or there twice: {open:?} {ended:?}"),
        };
        assert!(mails.windows(2).all(|two| two[0].bytes == two[1].bytes), "{key} arrived with other bytes");
        assert!(
            mails.len() <= 1 || !message.marketing,
            "{key} is marketing and arrived {} times",
            mails.len()
        );
        let times = mails.len();
        match state {
            MessageState::Sent => assert!(times > 0, "{key} is said to be sent and never arrived"),
            MessageState::Pending => assert_eq!(times, 0, "{key} waits and has arrived"),
            MessageState::Dead | MessageState::Retry if message.marketing => {
                assert_eq!(times, 0, "{key} is {state:?} and has arrived");
            }
            // What is in doubt may have arrived; so may transactional mail that goes again.
            MessageState::Dead
            | MessageState::Retry
            | MessageState::InDoubt
            | MessageState::Claimed
            | MessageState::Withdrawn => {}
        }
    }
    assert!(arrived.is_empty(), "arrived, and nobody decided it: {:?}", arrived.keys());
}
