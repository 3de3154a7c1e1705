//! Erasing a customer: gone at once, forgotten piece by piece, never taken in again by a file.
//!
//! One commit says it: the mark, the tombstone under the keyed hash of the id, the number that nobody
//! gets again. From it on the customer is in no population and no directory, even after a crash. What is
//! still stored of them goes in small commits, and the last one removes the mark; a crash between them is
//! gone on with. A message that a worker has under its hand is let go when the worker is done with it.
//!
//! What knows only the number stays: ledger, decisions without their values, what was sent when. Nothing
//! that is kept leads from it to a person any more, nor from the id to it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::failpoint;
use crate::model::{BLOCK, Channel, CustomerNumber, Instant};
use crate::record::{
    Erasure, FinishedMessage, KeyedHash, ListedKind, MessageKey, MessageState, OpenMessage, Profile,
    SuppressionReason, TakenBack, Tombstone,
};
use crate::serve::ErasedView;
use crate::store::limits::BATCH_LIMIT;
use crate::store::tables::memories::{MET_BLOCK, TRYING_BLOCK};
use crate::store::{Batch, StoreError, tables};

use super::Engine;
use super::lists::Whom;
use super::suppression::{Entry, Whose};

/// Why a message ends whose customer was erased.
pub(super) const ERASED: &str = "the customer was erased";

/// Messages that one commit ends at most: each is some records.
const MESSAGES: usize = 40;

/// Who was erased, and what is still to be done for it.
#[derive(Debug, Default)]
pub(super) struct Erased {
    /// By the keyed hash of the id.
    pub(super) tombstones: BTreeMap<KeyedHash, Tombstone>,
    /// Whose erasure is under way.
    pub(super) under_way: BTreeSet<CustomerNumber>,
}

/// Gathers changes into commits within the store's limit; some must not be torn apart.
struct Parts<'a> {
    engine: &'a Engine,
    batch: Batch,
}

impl Parts<'_> {
    /// Changes that belong together: at most as many as a commit takes.
    fn together(&mut self, batch: Batch) -> Result<(), StoreError> {
        if self.batch.changes.len() + batch.changes.len() > BATCH_LIMIT {
            self.commit()?;
        }
        self.batch.changes.extend(batch.changes);
        Ok(())
    }

    /// Removals, each for itself.
    fn each(&mut self, batch: Batch) -> Result<(), StoreError> {
        for change in batch.changes {
            self.together(Batch { changes: vec![change] })?;
        }
        Ok(())
    }

    fn commit(&mut self) -> Result<(), StoreError> {
        if self.batch.is_empty() {
            return Ok(());
        }
        failpoint::hit("erase_before_commit");
        self.engine.store.commit(std::mem::take(&mut self.batch)).wait().map(drop)
    }
}

impl Engine {
    /// Reads who was erased.
    pub(super) fn read_erased(&mut self) -> Result<(), StoreError> {
        self.erased.tombstones = tables::privacy::tombstones(&*self.store)?;
        self.erased.under_way = tables::privacy::erasures(&*self.store)?.into_keys().collect();
        Ok(())
    }

    /// Whether the customer of an id that is not known was erased.
    pub(super) fn was_erased(&self, id: &str) -> bool {
        let tombstones = &self.erased.tombstones;
        !tombstones.is_empty() && tombstones.contains_key(&self.shared.keyed.erased(id))
    }

    /// Erases a customer. What could be forgotten at once is forgotten, durably, when this returns.
    ///
    /// # Errors
    /// When the store fails; an erasure that had begun is gone on with.
    pub fn erase(&mut self, number: CustomerNumber, now: Instant) -> Result<ErasedView, StoreError> {
        self.take_unsubscribes(now)?;
        let profile = tables::customers::profile(&*self.store, number)?;
        let profile =
            profile.ok_or_else(|| StoreError::Corrupt(format!("customer {number} is not there")))?;
        let others = self.who_share(number);
        let addresses = self.close_addresses(number, &profile, &others, now)?;
        failpoint::hit("erase_before_mark");
        let mut batch = Batch::default();
        tables::privacy::put_erasure(&mut batch, number, &Erasure { at: now });
        let id = self.shared.keyed.erased(&profile.id.0);
        let tombstone = Tombstone { at: now, addresses };
        tables::privacy::put_tombstone(&mut batch, id, &tombstone);
        tables::privacy::put_next_customer(&mut batch, self.next_customer);
        self.store.commit(batch).wait()?;
        failpoint::hit("erase_marked");
        let suppressed = tombstone.addresses.len() as u64;
        self.erased.tombstones.insert(id, tombstone);
        self.erased.under_way.insert(number);
        self.directory.remove(&profile.id);
        self.leave(number);
        let rest = self.forget(number, now)?;
        self.publish();
        tracing::info!(customer = number.0, "a customer was erased");
        let name = |other: &CustomerNumber| self.population.id(*other).map(str::to_owned);
        Ok(ErasedView {
            under_way: rest,
            suppressed_addresses: suppressed,
            same_address: others.iter().filter_map(name).collect(),
        })
    }

    /// The other records that have one of a customer's addresses.
    fn who_share(&self, number: CustomerNumber) -> BTreeSet<CustomerNumber> {
        let by = |channel: Channel| self.addresses.others(number, &channel).collect::<Vec<_>>();
        by(Channel::email()).into_iter().chain(by(Channel("phone".into()))).collect()
    }

    /// Suppresses the addresses of a customer, so that no file writes to them under another id. Those that
    /// another record has stay open: who is there still is not forgotten. Those that were closed for it.
    fn close_addresses(
        &mut self,
        number: CustomerNumber,
        profile: &Profile,
        others: &BTreeSet<CustomerNumber>,
        now: Instant,
    ) -> Result<Vec<KeyedHash>, StoreError> {
        let shared = |channel: &Channel| self.addresses.others(number, channel).next().is_some();
        let closes = |kind: ListedKind| match kind {
            ListedKind::Email => !shared(&Channel::email()),
            ListedKind::Phone => !shared(&Channel("phone".into())),
            ListedKind::Customer => false,
        };
        let mut found: Vec<(ListedKind, KeyedHash)> = self.addresses_of(Whom::of(number, profile));
        found.retain(|(kind, hash)| {
            // What stands there for another reason stays there when the tombstone goes.
            let known = self.shared.lists.reason(hash);
            closes(*kind) && known.is_none_or(|reason| reason == SuppressionReason::Erased)
        });
        let entry = |(kind, hash): &(ListedKind, KeyedHash)| {
            (Entry::Hashed(*kind, *hash), SuppressionReason::Erased, now)
        };
        let whom: BTreeSet<CustomerNumber> = others.iter().copied().chain([number]).collect();
        self.list(found.iter().map(entry).collect(), &Whose::These(whom))?;
        // What the outbox met stands under the number, which goes.
        let mut met = Vec::new();
        for item in tables::customers::suppressions(&*self.store) {
            let (of, _, suppression) = item?;
            if let (true, Some(hash)) = (of == number, suppression.address) {
                met.push((Entry::Hashed(ListedKind::Email, hash), suppression.reason, suppression.at));
            }
        }
        self.list(met, &Whose::These(BTreeSet::new()))?;
        Ok(found.into_iter().map(|(_, hash)| hash).collect())
    }

    /// Takes a customer out of memory.
    fn leave(&mut self, number: CustomerNumber) {
        self.population.remove(&[number]);
        self.addresses.set(number, None, None);
        self.shared.lists.remove_customer(number);
        self.deeds.retain(|deed| deed.customer != number);
        self.arrivals.retain(|arrival, _| arrival.customer != number);
        self.timers.remove_customer(number);
        self.moves.forget(number);
    }

    /// Goes on with erasures that are not through: after a crash, or where a worker had a message.
    ///
    /// # Errors
    /// When the store fails.
    pub(super) fn go_on_erasing(&mut self, now: Instant) -> Result<(), StoreError> {
        for number in self.erased.under_way.clone() {
            self.forget(number, now)?;
        }
        Ok(())
    }

    /// Forgets what is stored of somebody who is gone, in commits of their own; the mark goes last. How
    /// many of their messages are in others' hands still: the mark stays for these.
    fn forget(&mut self, number: CustomerNumber, now: Instant) -> Result<u64, StoreError> {
        let rest = self.forget_messages(number, now)?;
        self.forget_memories(number)?;
        let store = Arc::clone(&self.store);
        let mut parts = Parts { engine: self, batch: Batch::default() };
        let mut own = Batch::default();
        for item in tables::events::arrivals(&*store) {
            let (sequence, arrival) = item?;
            if arrival.customer == number {
                tables::events::remove_arrival(&mut own, sequence);
            }
        }
        for item in tables::events::timers(&*store) {
            let (place, _) = item?;
            if place.1 == number {
                tables::events::remove_timer(&mut own, place);
            }
        }
        tables::person::forget_own(&*store, &mut own, number)?;
        parts.each(own)?;
        for batch in tables::person::forget_values(&*store, number)? {
            parts.together(batch)?;
        }
        for (track, record) in tables::movement::tracks(&*store)? {
            for batch in tables::person::forget_moves(&*store, track, number)? {
                parts.together(batch)?;
            }
            let mut batch = Batch::default();
            let places = tables::movement::places(&*store, track)?;
            debug_assert!(places.len() <= record.places.len());
            for (place, mut members) in places {
                if members.remove(number.0) {
                    let block = number.0 / BLOCK;
                    tables::movement::put_places(&mut batch, track, place, block, &members);
                }
            }
            parts.each(batch)?;
        }
        parts.commit()?;
        if rest > 0 {
            return Ok(rest);
        }
        failpoint::hit("erase_before_end");
        let mut batch = Batch::default();
        tables::privacy::remove_erasure(&mut batch, number);
        self.store.commit(batch).wait()?;
        self.erased.under_way.remove(&number);
        Ok(0)
    }

    /// Ends all messages to a customer that nobody has under the hand, with all that they were filled
    /// with. How many somebody has.
    fn forget_messages(&mut self, number: CustomerNumber, now: Instant) -> Result<u64, StoreError> {
        let (mut rest, mut ended) = (0, Vec::new());
        let mut batch = Batch::default();
        for (decided, key) in tables::person::open_messages(&*self.store, number)? {
            if !self.outgoing.take_from_all(key) {
                rest += 1;
                continue;
            }
            let message = match tables::messages::open_message(&*self.store, decided, key) {
                Ok(message) => message,
                // What does not read back goes all the same.
                Err(StoreError::Corrupt(_)) => None,
                Err(error) => return Err(error),
            };
            tables::messages::remove_open(&*self.store, &mut batch, decided, key)?;
            if let Some(message) = message {
                end(&mut batch, &message, now);
            }
            ended.push(key);
            if ended.len() >= MESSAGES {
                self.commit_ended(std::mem::take(&mut batch), &mut ended)?;
            }
        }
        self.commit_ended(batch, &mut ended)?;
        Ok(rest)
    }

    fn commit_ended(&mut self, batch: Batch, ended: &mut Vec<MessageKey>) -> Result<(), StoreError> {
        if batch.is_empty() {
            return Ok(());
        }
        failpoint::hit("erase_before_commit");
        self.commit_parts(batch)?;
        for key in ended.iter() {
            self.sets.remove(key);
        }
        self.outgoing.ended(ended);
        ended.clear();
        Ok(())
    }

    /// Lets the rules forget a customer.
    fn forget_memories(&mut self, number: CustomerNumber) -> Result<(), StoreError> {
        let mut batch = Batch::default();
        for (rule, memory) in &mut self.memories {
            if memory.spent.remove(number.0) {
                tables::memories::put_spent(&mut batch, *rule, number.0 / BLOCK, &memory.spent);
            }
            if memory.trying.remove(&number).is_some() {
                tables::memories::put_trying(&mut batch, *rule, number.0 / TRYING_BLOCK, &memory.trying);
            }
            if memory.met.remove(&number).is_some() {
                tables::memories::put_met(&mut batch, *rule, number.0 / MET_BLOCK, &memory.met);
            }
        }
        failpoint::hit("erase_before_commit");
        self.commit_parts(batch)
    }

    /// Lets an id that was erased be taken again, and its addresses be written to. Whether it was.
    ///
    /// # Errors
    /// When the store fails.
    pub(super) fn take_again(&mut self, id: &str) -> Result<bool, StoreError> {
        let id = self.shared.keyed.erased(id);
        let Some(tombstone) = self.erased.tombstones.get(&id).cloned() else { return Ok(false) };
        let lists = &self.shared.lists;
        let erased = |hash: &&KeyedHash| lists.reason(hash) == Some(SuppressionReason::Erased);
        let hashes: Vec<KeyedHash> = tombstone.addresses.iter().filter(erased).copied().collect();
        // First: whoever is taken again without an address is no harm, the other way round is.
        self.unlist(&hashes, &Whose::Anybody)?;
        let mut batch = Batch::default();
        tables::privacy::remove_tombstone(&mut batch, id);
        self.store.commit(batch).wait()?;
        self.erased.tombstones.remove(&id);
        Ok(true)
    }
}

/// What is kept of a message that ended so: no personal data. Nothing of one that did not go out yet
/// holds room under the caps.
fn end(batch: &mut Batch, message: &OpenMessage, now: Instant) {
    let finished = FinishedMessage {
        key: message.key,
        rule: message.rule.clone(),
        target: message.target.clone(),
        channel: message.channel.clone(),
        state: MessageState::Withdrawn,
        at: now,
        attempts: message.attempts,
        result: ERASED.into(),
    };
    tables::messages::put_finished(batch, &finished);
    if message.frozen.is_none() && !message.is_set {
        let channel = (!message.is_call).then(|| message.channel.clone());
        tables::messages::put_taken_back(batch, &TakenBack { key: message.key, due: message.due, channel });
    }
}
