//! What rules set: applied by the engine at the beginning of a tick, each once, in one commit with
//! the end of its message.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::failpoint;
use crate::model::{CustomerNumber, Instant};
use crate::record::{Change, FinishedMessage, MessageKey, MessageState, OpenMessage, Profile};
use crate::store::{Batch, StoreError, tables};

use super::Engine;
use super::active::Active;

/// Changes that one commit gathers before it is closed: a customer's sets may take a few more.
const GATHERED: usize = 200;

/// A commit in the making.
#[derive(Default)]
struct Gathered {
    batch: Batch,
    ended: Vec<MessageKey>,
    touched: BTreeSet<CustomerNumber>,
}

/// What becomes of a set.
enum Turn {
    /// The attribute's key and its canonical text.
    Apply(String, String),
    /// Not now: a pause.
    Wait,
    /// Never, and why.
    Withdraw(&'static str),
}

impl Engine {
    /// Reads from the store what rules have set and was not applied yet.
    pub(super) fn read_sets(&mut self) -> Result<(), StoreError> {
        let store = Arc::clone(&self.store);
        for message in tables::messages::open_messages(&*store) {
            match message {
                Ok(message) => self.note_message(&message),
                // A damaged one is said by the outbox, which reads them too.
                Err(StoreError::Corrupt(_)) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Notes of an open message what the engine itself has to know: what it sets, and that it waits.
    pub(super) fn note_message(&mut self, message: &OpenMessage) {
        if message.is_set {
            self.sets.insert(message.key, message.decided);
        }
        self.moves.waits(message);
    }

    /// Applies what is due: whatever follows no message that is still under way. How many.
    pub(super) fn apply_sets(&mut self, active: &Active, now: Instant) -> Result<u64, StoreError> {
        let mut due: BTreeMap<CustomerNumber, Vec<OpenMessage>> = BTreeMap::new();
        let keys: Vec<(MessageKey, Instant)> = self.sets.iter().map(|(key, at)| (*key, *at)).collect();
        for (key, decided) in keys {
            if !self.outgoing.is_due(key) {
                continue;
            }
            match tables::messages::open_message(&*self.store, decided, key)? {
                Some(message) => due.entry(message.customer).or_default().push(message),
                // It ended with the message that it followed.
                None => drop(self.sets.remove(&key)),
            }
        }
        let (mut gathered, mut applied) = (Gathered::default(), 0);
        for (customer, mut messages) in due {
            // Of two rules of one tick the one that comes first among the rules has the last word.
            let order = active.order();
            let rank = |message: &OpenMessage| {
                let position = active.position(message.key.decision.rule);
                position.and_then(|position| order.iter().position(|one| *one == position))
            };
            messages.sort_by_key(|message| (message.decided, Reverse(rank(message)), message.key));
            applied += self.apply_to(active, customer, &messages, now, &mut gathered)?;
            if gathered.batch.changes.len() >= GATHERED {
                let touched = std::mem::take(&mut gathered.touched);
                self.commit_sets(std::mem::take(&mut gathered))?;
                gathered.touched = touched;
            }
        }
        let touched = std::mem::take(&mut gathered.touched);
        self.commit_sets(gathered)?;
        if !touched.is_empty() {
            // All at once: each look at a customer copies a chunk of four thousand.
            self.take_up(&touched)?;
            self.publish();
        }
        Ok(applied)
    }

    /// Adds what one customer's sets change.
    fn apply_to(
        &self,
        active: &Active,
        customer: CustomerNumber,
        messages: &[OpenMessage],
        now: Instant,
        gathered: &mut Gathered,
    ) -> Result<u64, StoreError> {
        let mut profile = tables::customers::profile(&*self.store, customer)?;
        let (mut changes, mut applied) = (Vec::new(), 0);
        for message in messages {
            let turn = self.turn(active, message);
            // One that cannot be taken is withdrawn by a person this very moment.
            if matches!(turn, Turn::Wait) || !self.outgoing.take(message.key) {
                continue;
            }
            let (state, result) = match (turn, &mut profile) {
                (Turn::Wait, _) => continue,
                (Turn::Withdraw(why), _) => (MessageState::Withdrawn, why),
                (Turn::Apply(..), None) => (MessageState::Withdrawn, "the customer is gone"),
                (Turn::Apply(key, text), Some(profile)) => {
                    changes.extend(write(profile, key, text, now));
                    applied += 1;
                    (MessageState::Sent, "set")
                }
            };
            tables::messages::remove_open(&*self.store, &mut gathered.batch, message.decided, message.key)?;
            tables::messages::put_finished(&mut gathered.batch, &finished(message, state, result, now));
            gathered.ended.push(message.key);
        }
        if let (Some(profile), false) = (profile, changes.is_empty()) {
            tables::customers::append_changes(&*self.store, &mut gathered.batch, customer, &changes)?;
            tables::customers::put_profile(&mut gathered.batch, customer, &profile);
            gathered.touched.insert(customer);
        }
        Ok(applied)
    }

    /// What becomes of a set now.
    fn turn(&self, active: &Active, message: &OpenMessage) -> Turn {
        let Some(position) = active.position(message.key.decision.rule) else {
            return Turn::Withdraw("its rule is gone");
        };
        let rule = &active.rules.rules[position].name;
        if self.pauses.drops(rule, &message.channel) {
            return Turn::Withdraw("a pause took it back");
        }
        if self.pauses.stops(rule, &message.channel).is_some() {
            return Turn::Wait;
        }
        let schema = &active.rules.schema;
        let Some((key, text)) = message.call_fields.first() else {
            return Turn::Withdraw("it sets nothing");
        };
        let attribute = schema.attributes.iter().find(|attribute| attribute.first_name == *key);
        match attribute.filter(|attribute| attribute.set_by_rules) {
            None => Turn::Withdraw("rules set its attribute no more"),
            Some(attribute) => {
                let ty = schema.field(attribute.field).ty;
                match schema.read_canonical(ty, text) {
                    Some(_) => Turn::Apply(key.clone(), text.clone()),
                    None => Turn::Withdraw("its attribute is of another kind now"),
                }
            }
        }
    }

    /// Makes it durable, and only then forgets that it is to be done.
    fn commit_sets(&mut self, gathered: Gathered) -> Result<(), StoreError> {
        if gathered.batch.is_empty() {
            return Ok(());
        }
        failpoint::hit("set_before_commit");
        self.commit_parts(gathered.batch)?;
        failpoint::hit("set_after_commit");
        for key in &gathered.ended {
            self.sets.remove(key);
        }
        self.outgoing.ended(&gathered.ended);
        Ok(())
    }
}

/// Writes a value into a profile; the change, where it is one.
fn write(profile: &mut Profile, key: String, text: String, now: Instant) -> Option<Change> {
    let place = profile.values.binary_search_by(|(known, _)| known.cmp(&key));
    let before = match place {
        Ok(at) => Some(std::mem::replace(&mut profile.values[at].1, text.clone())),
        Err(at) => {
            profile.values.insert(at, (key.clone(), text.clone()));
            None
        }
    };
    (before.as_ref() != Some(&text)).then_some(Change {
        field: key,
        before,
        after: Some(text),
        happened: Some(now),
        learnt: now,
    })
}

fn finished(message: &OpenMessage, state: MessageState, result: &str, at: Instant) -> FinishedMessage {
    FinishedMessage {
        key: message.key,
        rule: message.rule.clone(),
        target: message.target.clone(),
        channel: message.channel.clone(),
        state,
        at,
        attempts: 1,
        result: result.into(),
        cost: None,
    }
}
