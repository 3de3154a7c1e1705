//! Putting addresses, domains and customers on the suppression list, and taking them off: durably, then
//! in memory, then as bits of the population for those whom it concerns.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::ingest::{
    Report, Suppressing, SuppressionRow, Suppressions, canonical_domain, canonical_email, canonical_phone,
};
use crate::model::{Channel, CustomerNumber, Instant};
use crate::population::{Population, Suppressed};
use crate::record::{KeyedHash, Listed, ListedDomain, ListedKind, Profile, Suppression, SuppressionReason};
use crate::store::tables::privacy::bucket_of;
use crate::store::{Batch, Receipt, StoreError, tables};

use super::Engine;
use super::hands::Hands;
use super::lists::Whom;
use super::snapshot::Shared;

/// Packs that one commit changes at most.
const PACKS: usize = 200;

/// Commits on their way at most: bounds the memory they take.
const ON_THEIR_WAY: usize = 64;

/// E-mail among the store's channels.
pub(super) const EMAIL: u8 = 0;

/// What somebody wants on the suppression list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Entry {
    /// The keyed hash of an address or an id.
    Hashed(ListedKind, KeyedHash),
    /// A domain, in lower case.
    Domain(String),
}

/// Whom a change of the list may concern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Whose {
    /// These at most.
    These(BTreeSet<CustomerNumber>),
    /// Whoever there is.
    Anybody,
}

/// What became of entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Changed {
    /// New ones, or such as are there for another reason now.
    pub(super) changed: u64,
    /// Those that stood there already.
    pub(super) unchanged: u64,
}

impl Engine {
    /// Reads the suppression list.
    pub(super) fn read_lists(&self) -> Result<(), StoreError> {
        let lists = &self.shared.lists;
        for pack in tables::privacy::all_listed(&*self.store) {
            for entry in &pack? {
                lists.put(entry);
            }
        }
        for item in tables::privacy::domains(&*self.store) {
            let (domain, listed) = item?;
            lists.put_domain(domain, listed);
        }
        for item in tables::customers::suppressions(&*self.store) {
            let (number, _, suppression) = item?;
            self.list_met(number, &suppression);
        }
        Ok(())
    }

    /// Takes up what the outbox met: the address, or, where it did not say which, the customer.
    fn list_met(&self, number: CustomerNumber, met: &Suppression) {
        match met.address {
            Some(hash) if self.shared.lists.reason(&hash).is_none() => {
                let (kind, reason, at) = (ListedKind::Email, met.reason, met.at);
                self.shared.lists.put(&Listed { hash, kind, reason, at });
            }
            Some(_) => {}
            None => self.shared.lists.put_customer(number),
        }
    }

    /// Whoever shares an address with a customer of whom it was not said which one is suppressed is
    /// suppressed there, too.
    pub(super) fn list_addresses_of_met(&self) -> Result<(), StoreError> {
        for number in self.shared.lists.customers() {
            if let Some(profile) = tables::customers::profile(&*self.store, number)? {
                self.list_addresses(number, &profile);
            }
        }
        Ok(())
    }

    fn list_addresses(&self, number: CustomerNumber, profile: &Profile) {
        for (kind, hash) in self.addresses_of(Whom::of(number, profile)) {
            if self.shared.lists.reason(&hash).is_none() {
                let (reason, at) = (SuppressionReason::HardBounce, profile.learnt);
                self.shared.lists.put(&Listed { hash, kind, reason, at });
            }
        }
    }

    /// The keyed hashes of a customer's addresses.
    pub(super) fn addresses_of(&self, whom: Whom<'_>) -> Vec<(ListedKind, KeyedHash)> {
        let keyed = &self.shared.keyed;
        let email = whom.email.and_then(|address| keyed.email(address));
        let phone = whom.phone.and_then(|number| keyed.phone(number));
        let email = email.map(|hash| (ListedKind::Email, hash));
        email.into_iter().chain(phone.map(|hash| (ListedKind::Phone, hash))).collect()
    }

    /// Notes that an address must not be written to any more, as the outbox met it; its record is
    /// durable already.
    pub fn suppressed(&mut self, number: CustomerNumber) {
        let noted = self.note_suppressed(number);
        if let Err(error) = noted {
            tracing::error!(error = error.to_string(), "a damaged record was left out");
        }
    }

    fn note_suppressed(&mut self, number: CustomerNumber) -> Result<(), StoreError> {
        let all = tables::customers::suppressions_of(&*self.store, number)?;
        let mut news: Vec<KeyedHash> = Vec::new();
        for (_, met) in &all {
            news.extend(met.address.filter(|hash| self.shared.lists.reason(hash).is_none()));
            self.list_met(number, met);
        }
        let mut whom: BTreeSet<CustomerNumber> = [number].into();
        whom.extend(self.addresses.others(number, &Channel::email()));
        let of_any = all.iter().any(|(_, met)| met.address.is_none());
        if let (true, Some(profile)) = (of_any, tables::customers::profile(&*self.store, number)?) {
            self.list_addresses(number, &profile);
            whom.extend(self.addresses.others(number, &Channel("phone".into())));
        }
        self.meet_lists(whom);
        // An address that they no longer have may be somebody else's by now.
        let text =
            self.population.schema().find("email").and_then(|field| self.population.text(number, field));
        let own = text.and_then(|address| self.shared.keyed.email(address));
        if news.iter().any(|hash| Some(*hash) != own) {
            self.meet(&Whose::Anybody);
        }
        Ok(())
    }

    /// Suppresses an e-mail address or a phone number: nothing goes to it any more, receipts included,
    /// under whichever record it stands. Whether that is news.
    ///
    /// # Errors
    /// When the store fails. What is no address changes nothing.
    pub fn suppress_address(
        &mut self,
        address: &str,
        reason: SuppressionReason,
        now: Instant,
    ) -> Result<bool, StoreError> {
        let Ok(entry) = self.entry_of(address) else { return Ok(false) };
        let whom = if matches!(entry, Entry::Domain(_)) { Whose::Anybody } else { self.whose(address) };
        Ok(self.list(vec![(entry, reason, now)], &whom)?.changed > 0)
    }

    /// What an address (`ana@shop.example`, `+34600000000`) or a domain (`shop.example`) is on the list.
    ///
    /// # Errors
    /// With a sentence where it is neither.
    pub(super) fn entry_of(&self, what: &str) -> Result<Entry, String> {
        let what = what.trim();
        let keyed = &self.shared.keyed;
        let refuse =
            |why: &str| format!("`{what}` {why}: name an e-mail address, a phone number or a domain");
        if let Some((before, domain)) = what.rsplit_once('@') {
            if before.is_empty() {
                return canonical_domain(domain).map(Entry::Domain).ok_or_else(|| refuse("is no domain"));
            }
            let address = canonical_email(what).map_err(refuse)?;
            let hash = keyed.email(&address).ok_or_else(|| refuse("is no e-mail address"))?;
            return Ok(Entry::Hashed(ListedKind::Email, hash));
        }
        if let Ok(number) = canonical_phone(what) {
            let hash = keyed.phone(&number).ok_or_else(|| refuse("is no phone number"))?;
            return Ok(Entry::Hashed(ListedKind::Phone, hash));
        }
        canonical_domain(what).map(Entry::Domain).ok_or_else(|| refuse("is no address"))
    }

    /// Puts entries on the list and waits until they are durable. One that stands there keeps its reason
    /// and time, unless it stood there for an erasure only.
    pub(super) fn list(
        &mut self,
        entries: Vec<(Entry, SuppressionReason, Instant)>,
        whom: &Whose,
    ) -> Result<Changed, StoreError> {
        let mut changed = Changed::default();
        let mut packs: BTreeMap<u16, Vec<Listed>> = BTreeMap::new();
        let (mut batch, mut domains) = (Batch::default(), BTreeMap::new());
        for (entry, reason, at) in entries {
            match entry {
                Entry::Hashed(kind, hash) => {
                    packs.entry(bucket_of(&hash)).or_default().push(Listed { hash, kind, reason, at });
                }
                Entry::Domain(domain) => {
                    if self.shared.lists.has_domain(&domain) || domains.contains_key(&domain) {
                        changed.unchanged += 1;
                        continue;
                    }
                    changed.changed += 1;
                    let listed = ListedDomain { reason, at };
                    tables::privacy::put_domain(&mut batch, &domain, &listed);
                    domains.insert(domain, listed);
                }
            }
        }
        self.commit_parts(batch)?;
        let mut new: Vec<Listed> = Vec::new();
        self.change_packs(&packs, |pack, entry| {
            match pack.binary_search_by(|known| known.hash.cmp(&entry.hash)) {
                Ok(at) if pack[at].reason == SuppressionReason::Erased && entry.reason != pack[at].reason => {
                    pack[at] = *entry;
                }
                Ok(_) => {
                    changed.unchanged += 1;
                    return false;
                }
                Err(at) => pack.insert(at, *entry),
            }
            changed.changed += 1;
            new.push(*entry);
            true
        })?;
        for entry in &new {
            self.shared.lists.put(entry);
        }
        for (domain, listed) in domains {
            self.shared.lists.put_domain(domain, listed);
        }
        self.meet(whom);
        Ok(changed)
    }

    /// Takes hashes off the list. How many stood there.
    pub(super) fn unlist(&mut self, hashes: &[KeyedHash], whom: &Whose) -> Result<u64, StoreError> {
        let mut packs: BTreeMap<u16, Vec<KeyedHash>> = BTreeMap::new();
        for hash in hashes {
            packs.entry(bucket_of(hash)).or_default().push(*hash);
        }
        let mut gone = 0;
        self.change_packs(&packs, |pack, hash| {
            let before = pack.len();
            pack.retain(|entry| entry.hash != *hash);
            gone += u64::from(pack.len() < before);
            pack.len() < before
        })?;
        gone += self.unlist_met(hashes)?;
        for hash in hashes {
            self.shared.lists.remove(hash);
        }
        self.meet(whom);
        Ok(gone)
    }

    /// Takes off what the outbox met of these addresses.
    fn unlist_met(&self, hashes: &[KeyedHash]) -> Result<u64, StoreError> {
        let mut batch = Batch::default();
        for item in tables::customers::suppressions(&*self.store) {
            let (number, channel, met) = item?;
            if met.address.is_some_and(|address| hashes.contains(&address)) {
                tables::customers::remove_suppression(&mut batch, number, channel, met.address);
            }
        }
        let gone = batch.changes.len() as u64;
        self.commit_parts(batch)?;
        Ok(gone)
    }

    /// Takes a domain off the list. Whether it stood there.
    pub(super) fn unlist_domain(&mut self, domain: &str) -> Result<bool, StoreError> {
        let mut batch = Batch::default();
        tables::privacy::remove_domain(&mut batch, domain);
        self.store.commit(batch).wait()?;
        let gone = self.shared.lists.remove_domain(domain);
        self.meet(&Whose::Anybody);
        Ok(gone)
    }

    /// Changes packs of the list, each read, changed and written once, some of them a commit.
    fn change_packs<T>(
        &self,
        packs: &BTreeMap<u16, Vec<T>>,
        mut change: impl FnMut(&mut Vec<Listed>, &T) -> bool,
    ) -> Result<(), StoreError> {
        let mut batch = Batch::default();
        let mut receipts: Vec<Receipt> = Vec::new();
        for (bucket, entries) in packs {
            let mut pack = tables::privacy::listed(&*self.store, *bucket)?;
            let changes: Vec<bool> = entries.iter().map(|entry| change(&mut pack, entry)).collect();
            if changes.contains(&true) {
                tables::privacy::put_listed(&*self.store, &mut batch, *bucket, &pack)?;
            }
            if batch.changes.len() >= PACKS {
                receipts.push(self.store.commit(std::mem::take(&mut batch)));
            }
            if receipts.len() >= ON_THEIR_WAY {
                receipts.drain(..).try_for_each(|receipt| receipt.wait().map(drop))?;
            }
        }
        receipts.drain(..).try_for_each(|receipt| receipt.wait().map(drop))?;
        self.commit_parts(batch)
    }

    /// The customers who have an address.
    pub(super) fn whose(&self, address: &str) -> Whose {
        let email = self.addresses.with(&Channel::email(), address);
        Whose::These(email.chain(self.addresses.with(&Channel("phone".into()), address)).collect())
    }

    /// Looks anew at whether those whom a change may concern may be written to. Everybody is somebody else's
    /// to look at, where there is somebody.
    fn meet(&mut self, whom: &Whose) {
        match whom {
            Whose::These(numbers) => self.meet_lists(numbers.iter().copied()),
            Whose::Anybody if self.erased.found_elsewhere => self.unmet = true,
            Whose::Anybody => {
                let everybody = self.population.everybody();
                self.meet_lists(everybody.iter().map(CustomerNumber));
            }
        }
    }

    /// Looks anew at whether some may be written to.
    pub(super) fn meet_lists(&mut self, whom: impl IntoIterator<Item = CustomerNumber>) {
        let changes: Vec<(CustomerNumber, Suppressed)> =
            whom.into_iter().filter_map(|number| met_anew(&self.population, &self.shared, number)).collect();
        if !changes.is_empty() {
            self.population.suppress(&changes);
            self.publish();
        }
    }
}

/// What the list says of a customer now, where the population says otherwise.
fn met_anew(
    population: &Population,
    shared: &Shared,
    number: CustomerNumber,
) -> Option<(CustomerNumber, Suppressed)> {
    let text = |name: &str| population.text(number, population.schema().find(name)?);
    let whom = Whom { number, id: population.id(number)?, email: text("email"), phone: text("phone") };
    let now = shared.lists.suppressed(&shared.keyed, whom);
    (now != population.suppressed(number)).then_some((number, now))
}

/// Looks anew at whether anybody may be written to: whom the list concerns is found in what the population
/// is now, and met by the decider. Whoever changes meanwhile is met by that.
///
/// # Errors
/// When the decider is gone.
pub(super) fn meet_everybody(hands: &impl Hands) -> Result<(), StoreError> {
    let (population, shared) =
        hands.with(|engine| (engine.population.clone(), Arc::clone(&engine.shared)))?;
    let everybody = population.everybody();
    let found = everybody.iter().filter_map(|number| met_anew(&population, &shared, CustomerNumber(number)));
    let found: Vec<CustomerNumber> = found.map(|(number, _)| number).collect();
    drop(population);
    for some in found.chunks(hands.piece()) {
        let some = some.to_vec();
        hands.with(move |engine| engine.meet_lists(some))?;
    }
    Ok(())
}

/// Takes a file's list in, in the order in which it is kept: each pack is written once. Whom it concerns is
/// to be met then.
pub(super) fn list_rows(
    hands: &impl Hands,
    list: Suppressions,
    report: &mut Report<'_>,
) -> Result<(), StoreError> {
    let shared = hands.with(|engine| Arc::clone(&engine.shared))?;
    let keyed = &shared.keyed;
    let hashed = |kind, hash: Option<KeyedHash>| hash.map(|hash| Entry::Hashed(kind, hash));
    let entry = |SuppressionRow { who, reason, at }: SuppressionRow| {
        let entry = match who {
            Suppressing::Email(address) => hashed(ListedKind::Email, keyed.email(&address)),
            Suppressing::Phone(number) => hashed(ListedKind::Phone, keyed.phone(&number)),
            Suppressing::Customer(id) => hashed(ListedKind::Customer, Some(keyed.customer(&id))),
            Suppressing::Domain(domain) => Some(Entry::Domain(domain)),
        };
        entry.map(|entry| (entry, reason, at))
    };
    let mut entries: Vec<(Entry, SuppressionReason, Instant)> = list.filter_map(entry).collect();
    // Of those that come twice the first is still the first.
    entries.sort_by_key(|(entry, ..)| match entry {
        Entry::Hashed(_, hash) => Some(bucket_of(hash)),
        Entry::Domain(_) => None,
    });
    for some in entries.chunks(hands.piece()) {
        let some = some.to_vec();
        // Nobody is met yet: all of them are, at the end.
        let listed = hands.with(move |engine| engine.list(some, &Whose::These(BTreeSet::new())))?;
        let Changed { changed, unchanged } = listed?;
        report.summary.suppressions_added += changed;
        report.summary.suppressions_unchanged += unchanged;
    }
    Ok(())
}
