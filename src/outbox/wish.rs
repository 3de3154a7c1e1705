//! What a person wants of single messages: again, or not at all. Written into a batch by whoever holds
//! the store, whether an outbox runs on it or not.

use super::settle::finish;
use super::shared::put_end;
use crate::model::Instant;
use crate::record::{Attempt, FinishedMessage, MessageKey, MessageState, OpenMessage};
use crate::store::tables::messages;
use crate::store::{Batch, Store, StoreError};

/// Why a message that a person dropped ended.
const DROPPED: &str = "dropped by an operator";

/// An open message as it goes again at once; its tries go on being counted.
#[must_use]
pub fn again(mut message: OpenMessage, now: Instant) -> OpenMessage {
    message.state = if message.attempts == 0 { MessageState::Pending } else { MessageState::Retry };
    message.next_attempt = now;
    message
}

/// Ends an open message.
///
/// # Errors
/// When the store does not read.
pub fn drop_open(
    store: &dyn Store,
    batch: &mut Batch,
    message: &OpenMessage,
    now: Instant,
) -> Result<(), StoreError> {
    let finished = finish(message, MessageState::Withdrawn, now, DROPPED.to_owned());
    put_end(store, batch, message, &finished)
}

/// Ends what followed a message that was dropped.
///
/// # Errors
/// When the store does not read.
pub fn drop_follower(
    store: &dyn Store,
    batch: &mut Batch,
    message: &OpenMessage,
    now: Instant,
) -> Result<(), StoreError> {
    let why = "the message that it follows was not sent".to_owned();
    put_end(store, batch, message, &finish(message, MessageState::Withdrawn, now, why))
}

/// Brings back a message that died at `at`, with what followed it and ended with it: the same ids, the
/// same bytes where it was claimed before, all its tries anew. What is under way again.
///
/// # Errors
/// When the store does not read.
pub fn revive(
    store: &dyn Store,
    batch: &mut Batch,
    (at, letter): (Instant, OpenMessage),
    now: Instant,
) -> Result<Vec<OpenMessage>, StoreError> {
    let mut revived = vec![letter];
    revived.extend(followers(store, at, revived[0].key)?);
    for message in &mut revived {
        messages::remove_letter(store, batch, at, message.key)?;
        messages::remove_finished(store, batch, at, message.key)?;
        messages::remove_taken_back(store, batch, message.key)?;
        let before = format!("sent again by an operator; it died after {} tries", message.attempts);
        message.last = Some(Attempt { at: now, result: before });
        message.attempts = 0;
        message.state = MessageState::Pending;
        message.next_attempt = now;
        messages::put_open(batch, message);
    }
    Ok(revived)
}

/// Forgets a message that died at `at`; what is known of its end stays, and says so.
///
/// # Errors
/// When the store does not read.
pub fn drop_dead(
    store: &dyn Store,
    batch: &mut Batch,
    (at, letter): (Instant, &OpenMessage),
) -> Result<(), StoreError> {
    for follower in followers(store, at, letter.key)? {
        messages::remove_letter(store, batch, at, follower.key)?;
    }
    messages::remove_letter(store, batch, at, letter.key)?;
    if let Some(finished) = messages::finished_message(store, at, letter.key)? {
        let result = format!("{DROPPED}; before that dead: {}", finished.result);
        messages::put_finished(
            batch,
            &FinishedMessage { state: MessageState::Withdrawn, result, ..finished },
        );
    }
    Ok(())
}

/// What ended with a message that died, as it was.
fn followers(store: &dyn Store, at: Instant, key: MessageKey) -> Result<Vec<OpenMessage>, StoreError> {
    let mut found = Vec::new();
    let first = MessageKey { action: 0, ..key };
    for letter in messages::letters(store, at, Some(first)) {
        let (died, letter) = letter?;
        if died != at || letter.key.decision != key.decision {
            break;
        }
        if letter.state == MessageState::Withdrawn && letter.key != key {
            found.push(letter);
        }
    }
    Ok(found)
}
