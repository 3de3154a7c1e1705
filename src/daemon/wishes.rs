//! `outbox retry` and `outbox drop`: durable before they are answered, a part at a time, so that a
//! million messages hold up nobody.

use crate::model::{CustomerNumber, DecisionKey, Duration, Instant, Occurrence, RuleNumber};
use crate::outbox::{again, drop_dead, drop_follower, drop_open, revive};
use crate::record::{MessageKey, MessageState, OpenMessage};
use crate::serve::{OutboxChanged, OutboxFilter, OutboxWish, RefusalKind};
use crate::store::tables::messages;
use crate::store::{Batch, StoreError};

use super::Engine;
use super::wanted::{Unclear, Wanted};

/// Messages that a part looks at, and that it changes.
const LOOKED_AT: usize = 20_000;
const CHANGED: u64 = 1_000;
/// A commit with more changes takes no further message.
const FULL: usize = 150;
/// For so long a message that died can be sent again; then nothing of it is kept.
const LETTERS_KEPT: Duration = Duration::days(30);
/// Such messages that a tick forgets.
const FORGOTTEN: usize = 100;

/// Where a part begins: among the open messages, or among those that died.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Open(Instant, MessageKey),
    Dead(Instant, Option<MessageKey>),
}

impl Place {
    fn text(self) -> String {
        match self {
            Self::Open(at, key) => format!("open/{}/{key}", at.0),
            Self::Dead(at, key) => {
                format!("dead/{}/{}", at.0, key.map(|key| key.to_string()).unwrap_or_default())
            }
        }
    }

    fn parse(text: &str) -> Option<Self> {
        let mut parts = text.splitn(3, '/');
        let (kind, at, key) = (parts.next()?, parts.next()?, parts.next()?);
        let at = Instant(at.parse().ok()?);
        match kind {
            "open" => Some(Self::Open(at, key.parse().ok()?)),
            "dead" if key.is_empty() => Some(Self::Dead(at, None)),
            "dead" => Some(Self::Dead(at, Some(key.parse().ok()?))),
            _ => None,
        }
    }
}

/// A part under way.
struct Part {
    wish: OutboxWish,
    only_count: bool,
    now: Instant,
    done: OutboxChanged,
    looked_at: usize,
    batch: Batch,
    /// What the outbox hears when the batch is durable.
    reopened: Vec<OpenMessage>,
    ended: Vec<MessageKey>,
}

impl Engine {
    /// Sends the messages that are meant again, or drops them, from where the part before ended.
    ///
    /// # Errors
    /// Where the filter means nothing that could be changed, and when the store fails.
    pub(super) fn change_outbox(
        &mut self,
        wish: OutboxWish,
        filter: &OutboxFilter,
        only_count: bool,
        after: Option<&str>,
        now: Instant,
    ) -> Result<OutboxChanged, Unclear> {
        let failed = |error: StoreError| (RefusalKind::Failed, error.to_string());
        let seen = self.shared.get();
        let wanted = Wanted::of(&seen, filter)?;
        refuse(wish, wanted.state)?;
        let begin = match after {
            None => Some(Place::Open(Instant(i64::MIN), FIRST)),
            Some(text) => Place::parse(text),
        };
        let begin = begin.ok_or_else(|| (RefusalKind::Usage, "that is no place to go on from".to_owned()))?;
        let mut part = Part {
            wish,
            only_count,
            now,
            done: OutboxChanged::default(),
            looked_at: 0,
            batch: Batch::default(),
            reopened: Vec::new(),
            ended: Vec::new(),
        };
        let mut place = Some(begin);
        if let Some(Place::Open(decided, key)) = place {
            place = self.change_open(&mut part, &wanted, decided, key).map_err(failed)?;
        }
        if let Some(Place::Dead(at, key)) = place {
            place = self.change_dead(&mut part, &wanted, at, key).map_err(failed)?;
        }
        self.commit_part(&mut part).map_err(failed)?;
        part.done.after = place.map(Place::text);
        Ok(part.done)
    }

    /// Where to go on; the dead follow the open ones.
    fn change_open(
        &self,
        part: &mut Part,
        wanted: &Wanted<'_>,
        decided: Instant,
        key: MessageKey,
    ) -> Result<Option<Place>, StoreError> {
        for message in messages::open_messages_from(&*self.store, decided, key) {
            let message = match message {
                Ok(message) => message,
                Err(StoreError::Corrupt(_)) => continue,
                Err(error) => return Err(error),
            };
            if part.ended.contains(&message.key) {
                continue;
            }
            if part.is_over() {
                return Ok(Some(Place::Open(message.decided, message.key)));
            }
            part.looked_at += 1;
            if !means(part.wish, wanted, message.state) || !wanted.open(&message) {
                continue;
            }
            if part.only_count {
                part.done.changed += 1;
            } else if message.state == MessageState::Claimed || !self.outgoing.seize(message.key) {
                part.done.busy += 1;
            } else {
                part.done.changed += 1;
                self.change_one(part, message)?;
            }
        }
        Ok(Some(Place::Dead(Instant(i64::MIN), None)))
    }

    fn change_one(&self, part: &mut Part, message: OpenMessage) -> Result<(), StoreError> {
        match part.wish {
            OutboxWish::Retry => {
                let message = again(message, part.now);
                messages::put_open(&mut part.batch, &message);
                part.reopened.push(message);
            }
            OutboxWish::Drop => {
                for follower in self.followers(&message)? {
                    // It may have been meant itself, and met before.
                    if !part.ended.contains(&follower.key) && self.outgoing.seize(follower.key) {
                        drop_follower(&*self.store, &mut part.batch, &follower, part.now)?;
                        part.ended.push(follower.key);
                    }
                }
                drop_open(&*self.store, &mut part.batch, &message, part.now)?;
                part.ended.push(message.key);
            }
        }
        if part.batch.changes.len() > FULL { self.commit_part(part) } else { Ok(()) }
    }

    /// What waits for this message alone: it ends with it. What follows a message in doubt goes already.
    fn followers(&self, message: &OpenMessage) -> Result<Vec<OpenMessage>, StoreError> {
        if message.is_call || message.state == MessageState::InDoubt {
            return Ok(Vec::new());
        }
        let first = MessageKey { action: 0, ..message.key };
        let mut found = Vec::new();
        for other in messages::open_messages_from(&*self.store, message.decided, first) {
            let other = other?;
            if other.key.decision != message.key.decision {
                break;
            }
            if !other.is_call && other.key != message.key {
                return Ok(Vec::new());
            }
            if other.is_call && other.attempts == 0 && other.state == MessageState::Pending {
                found.push(other);
            }
        }
        Ok(found)
    }

    fn change_dead(
        &self,
        part: &mut Part,
        wanted: &Wanted<'_>,
        at: Instant,
        key: Option<MessageKey>,
    ) -> Result<Option<Place>, StoreError> {
        if wanted.state.is_some_and(|state| state != MessageState::Dead) {
            return Ok(None);
        }
        for letter in messages::letters(&*self.store, at, key) {
            let (at, letter) = match letter {
                Ok(letter) => letter,
                Err(StoreError::Corrupt(_)) => continue,
                Err(error) => return Err(error),
            };
            if part.is_over() {
                return Ok(Some(Place::Dead(at, Some(letter.key))));
            }
            part.looked_at += 1;
            // What ended with a message that died goes its way.
            if letter.state != MessageState::Dead || !wanted.dead(at, &letter) {
                continue;
            }
            part.done.changed += 1;
            if part.only_count {
                continue;
            }
            match part.wish {
                OutboxWish::Retry => {
                    let revived = revive(&*self.store, &mut part.batch, (at, letter), part.now)?;
                    part.reopened.extend(revived);
                }
                OutboxWish::Drop => drop_dead(&*self.store, &mut part.batch, (at, &letter))?,
            }
            if part.batch.changes.len() > FULL {
                self.commit_part(part)?;
            }
        }
        Ok(None)
    }

    fn commit_part(&self, part: &mut Part) -> Result<(), StoreError> {
        if !part.batch.is_empty() {
            self.store.commit(std::mem::take(&mut part.batch)).wait()?;
        }
        self.outgoing.ended(&std::mem::take(&mut part.ended));
        self.outgoing.reopened(&std::mem::take(&mut part.reopened));
        Ok(())
    }

    /// Forgets some of the messages that died long ago, with all that they were filled with.
    pub(super) fn forget_letters(&self, now: Instant) -> Result<(), StoreError> {
        let mut batch = Batch::default();
        let old = now.minus(LETTERS_KEPT);
        for letter in messages::letters(&*self.store, Instant(i64::MIN), None).take(FORGOTTEN) {
            match letter {
                Ok((at, letter)) if at < old => {
                    messages::remove_letter(&*self.store, &mut batch, at, letter.key)?;
                }
                Ok(_) => break,
                Err(StoreError::Corrupt(_)) => {}
                Err(error) => return Err(error),
            }
        }
        if batch.is_empty() { Ok(()) } else { self.store.commit(batch).wait().map(drop) }
    }
}

impl Part {
    fn is_over(&self) -> bool {
        self.looked_at >= LOOKED_AT || (self.done.changed + self.done.busy >= CHANGED && !self.only_count)
    }
}

/// Before every key.
const FIRST: MessageKey = MessageKey {
    decision: DecisionKey {
        rule: RuleNumber(0),
        occurrence: Occurrence(i64::MIN),
        customer: CustomerNumber(0),
    },
    action: 0,
};

/// Says where a state cannot be meant.
fn refuse(wish: OutboxWish, state: Option<MessageState>) -> Result<(), Unclear> {
    let why = match (wish, state) {
        (_, Some(MessageState::Sent)) => "what was sent is sent",
        (_, Some(MessageState::Withdrawn)) => "what was withdrawn is over; its rule may decide anew",
        (_, Some(MessageState::Claimed)) => "what is claimed is just being sent: ask again in a minute",
        (OutboxWish::Retry, Some(MessageState::Pending)) => {
            "what is pending waits for its time; nothing of it failed"
        }
        (OutboxWish::Drop, Some(MessageState::Pending))
        | (_, None | Some(MessageState::Retry | MessageState::InDoubt | MessageState::Dead)) => return Ok(()),
    };
    Err((RefusalKind::Usage, why.to_owned()))
}

/// Whether an open message's state is meant. Without a word for it doubt is not repeated: that might
/// send a mail twice.
fn means(wish: OutboxWish, wanted: &Wanted<'_>, state: MessageState) -> bool {
    match (wish, wanted.state) {
        (_, Some(wanted)) => wanted == state,
        (OutboxWish::Retry, None) => {
            state == MessageState::Retry || (state == MessageState::InDoubt && wanted.names_messages())
        }
        (OutboxWish::Drop, None) => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_reads_back_what_it_wrote() {
        for place in [
            Place::Open(Instant(i64::MIN), FIRST),
            Place::Dead(Instant(7), Some(MessageKey { action: 3, ..FIRST })),
            Place::Dead(Instant(i64::MIN), None),
        ] {
            assert_eq!(Place::parse(&place.text()), Some(place), "{}", place.text());
        }
        for bad in ["", "open/1/", "dead/x/", "sent/1/d1-1-1-0", "open/1"] {
            assert_eq!(Place::parse(bad), None, "{bad}");
        }
    }
}
