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

use crate::failpoint;
use crate::model::{Channel, CustomerNumber, Instant};
use crate::outbox::domain_of;
use crate::record::{AsideKind, Erasure, KeyedHash, ListedKind, Profile, SuppressionReason, Tombstone};
use crate::serve::ErasedView;
use crate::store::{Batch, StoreError, tables};

use super::Engine;
use super::forget::Rest;
use super::lists::Whom;
use super::suppression::{Entry, Whose};

/// Who was erased, and what is still to be done for it.
#[derive(Debug, Default)]
pub(super) struct Erased {
    /// By the keyed hash of the id.
    pub(super) tombstones: BTreeMap<KeyedHash, Tombstone>,
    /// Whose erasure is under way.
    pub(super) under_way: BTreeSet<CustomerNumber>,
    /// Of these, what is to be gone on with; one that met a damaged record waits for a restart.
    pub(super) to_do: BTreeMap<CustomerNumber, Rest>,
    /// Whether somebody else looks for what is to be forgotten, and hands it in: the daemon, for that takes
    /// its time.
    pub(super) found_elsewhere: bool,
}

impl Engine {
    /// Reads who was erased.
    pub(super) fn read_erased(&mut self) -> Result<(), StoreError> {
        self.erased.tombstones = tables::privacy::tombstones(&*self.store)?;
        self.erased.under_way = tables::privacy::erasures(&*self.store)?.into_keys().collect();
        let begun = self.erased.under_way.iter().map(|number| (*number, Rest::Everything));
        self.erased.to_do = begun.collect();
        Ok(())
    }

    /// Whether the customer of an id that is not known was erased.
    pub(super) fn was_erased(&self, id: &str) -> bool {
        let tombstones = &self.erased.tombstones;
        !tombstones.is_empty() && tombstones.contains_key(&self.shared.keyed.erased(id))
    }

    /// Erases a customer. What could be forgotten at once is forgotten, durably, when this returns; where
    /// somebody else looks for it, they are gone, and the rest is to do.
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
        // A domain that asked for less may be that of one person; with others at it, it says so again.
        if let Some((_, address)) = profile.values.iter().find(|(field, _)| field == "email") {
            let domain = domain_of(address);
            tables::endpoints::remove_aside(&*self.store, &mut batch, AsideKind::Domain, &domain)?;
        }
        self.store.commit(batch).wait()?;
        failpoint::hit("erase_marked");
        let suppressed = tombstone.addresses.len() as u64;
        self.erased.tombstones.insert(id, tombstone);
        self.erased.under_way.insert(number);
        self.directory.remove(&profile.id);
        self.leave(number);
        // From here on no claim and no click finds them.
        self.publish();
        self.erased.to_do.insert(number, Rest::Everything);
        let elsewhere = self.erased.found_elsewhere;
        let rest = if elsewhere { 0 } else { self.forget(number, Rest::Everything, now)? };
        let name = |other: &CustomerNumber| self.population.id(*other).map(str::to_owned);
        Ok(ErasedView {
            number: Some(number),
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
        for (_, suppression) in tables::customers::suppressions_of(&*self.store, number)? {
            if let Some(hash) = suppression.address {
                met.push((Entry::Hashed(ListedKind::Email, hash), suppression.reason, suppression.at));
            }
        }
        self.list(met, &Whose::These(BTreeSet::new()))?;
        Ok(found.into_iter().map(|(_, hash)| hash).collect())
    }

    /// Takes a customer out of memory.
    pub(super) fn leave(&mut self, number: CustomerNumber) {
        self.population.remove(&[number]);
        self.addresses.set(number, None, None);
        self.shared.lists.remove_customer(number);
        self.deeds.retain(|deed| deed.customer != number);
        self.arrivals.retain(|arrival, _| arrival.customer != number);
        self.timers.remove_customer(number);
        self.moves.forget(number);
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
