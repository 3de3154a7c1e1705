//! The suppression list in memory: who must not be written to, by keyed hashes.
//!
//! Others ask it while the engine works: the outbox's gate at each claim. What is in it is durable. An
//! entry takes some twenty bytes, and is found at once.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use crate::model::{Channel, CustomerNumber};
use crate::population::Suppressed;
use crate::record::{KeyedHash, Listed, ListedDomain, ListedKind, Profile, SuppressionReason};

use super::keyed::Keyed;

/// What is known of a customer that may stand on the list.
#[derive(Debug, Clone, Copy)]
pub(super) struct Whom<'a> {
    pub(super) number: CustomerNumber,
    pub(super) id: &'a str,
    pub(super) email: Option<&'a str>,
    pub(super) phone: Option<&'a str>,
}

impl<'a> Whom<'a> {
    /// Of a profile.
    pub(super) fn of(number: CustomerNumber, profile: &'a Profile) -> Self {
        let text = |name: &str| {
            let found = profile.values.iter().find(|(known, _)| known == name);
            found.map(|(_, text)| text.as_str())
        };
        Self { number, id: &profile.id.0, email: text("email"), phone: text("phone") }
    }
}

/// Why an address, or a customer, is suppressed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Why {
    /// This hash is on the list.
    Listed(ListedKind, KeyedHash, SuppressionReason),
    /// The address's domain, or one above it, is.
    Domain(String, ListedDomain),
    /// The outbox met it, and did not say by which address.
    Customer,
}

/// The list.
#[derive(Debug, Default)]
pub(super) struct Lists(RwLock<Entries>);

#[derive(Debug, Default)]
struct Entries {
    listed: HashMap<KeyedHash, (ListedKind, SuppressionReason)>,
    /// How many there are of each kind: what does not occur need not be hashed.
    counts: BTreeMap<ListedKind, u64>,
    domains: BTreeMap<String, ListedDomain>,
    customers: HashSet<CustomerNumber>,
}

impl Lists {
    fn read(&self) -> RwLockReadGuard<'_, Entries> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Entries> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds an entry, or replaces the reason of one.
    pub(super) fn put(&self, entry: &Listed) {
        let mut entries = self.write();
        if entries.listed.insert(entry.hash, (entry.kind, entry.reason)).is_none() {
            *entries.counts.entry(entry.kind).or_default() += 1;
        }
    }

    /// Takes an entry off.
    pub(super) fn remove(&self, hash: &KeyedHash) {
        let mut entries = self.write();
        if let Some((kind, _)) = entries.listed.remove(hash) {
            let count = entries.counts.entry(kind).or_default();
            *count = count.saturating_sub(1);
        }
    }

    pub(super) fn put_domain(&self, domain: String, listed: ListedDomain) {
        self.write().domains.insert(domain, listed);
    }

    pub(super) fn remove_domain(&self, domain: &str) -> bool {
        self.write().domains.remove(domain).is_some()
    }

    pub(super) fn has_domain(&self, domain: &str) -> bool {
        self.read().domains.contains_key(domain)
    }

    pub(super) fn put_customer(&self, number: CustomerNumber) {
        self.write().customers.insert(number);
    }

    pub(super) fn remove_customer(&self, number: CustomerNumber) -> bool {
        self.write().customers.remove(&number)
    }

    /// The reason for which a hash is on it.
    pub(super) fn reason(&self, hash: &KeyedHash) -> Option<SuppressionReason> {
        self.read().listed.get(hash).map(|(_, reason)| *reason)
    }

    /// The customers of whom the outbox did not say which address.
    pub(super) fn customers(&self) -> Vec<CustomerNumber> {
        self.read().customers.iter().copied().collect()
    }

    /// All domains.
    pub(super) fn domains(&self) -> Vec<(String, ListedDomain)> {
        self.read().domains.iter().map(|(name, listed)| (name.clone(), *listed)).collect()
    }

    /// How many entries there are by kind and reason, domains left out.
    pub(super) fn counts(&self) -> BTreeMap<(ListedKind, SuppressionReason), u64> {
        let mut counts = BTreeMap::new();
        for of in self.read().listed.values() {
            *counts.entry(*of).or_default() += 1;
        }
        counts
    }

    /// Which of a customer's addresses are suppressed.
    pub(super) fn suppressed(&self, keyed: &Keyed, whom: Whom<'_>) -> Suppressed {
        let entries = self.read();
        if entries.customers.contains(&whom.number) || entries.of_customer(keyed, whom.id).is_some() {
            return Suppressed::ALL;
        }
        Suppressed {
            email: whom.email.is_some_and(|address| entries.of_email(keyed, address).is_some()),
            phone: whom.phone.is_some_and(|number| entries.of_phone(keyed, number).is_some()),
        }
    }

    /// Why an address must not be written to by a channel; none where it may.
    pub(super) fn of_address(&self, keyed: &Keyed, channel: &Channel, address: &str) -> Option<Why> {
        let entries = self.read();
        if *channel == Channel::email() {
            entries.of_email(keyed, address)
        } else {
            entries.of_phone(keyed, address)
        }
    }

    /// All that stands between a customer and what is sent: of themselves, their e-mail, their phone.
    pub(super) fn why(&self, keyed: &Keyed, whom: Whom<'_>) -> Vec<Why> {
        let entries = self.read();
        let own = entries.customers.contains(&whom.number).then_some(Why::Customer);
        let customer = entries.of_customer(keyed, whom.id);
        let email = whom.email.and_then(|address| entries.of_email(keyed, address));
        let phone = whom.phone.and_then(|number| entries.of_phone(keyed, number));
        [own, customer, email, phone].into_iter().flatten().collect()
    }
}

impl Entries {
    fn occurs(&self, kind: ListedKind) -> bool {
        self.counts.get(&kind).is_some_and(|count| *count > 0)
    }

    fn listed(&self, hash: KeyedHash) -> Option<Why> {
        self.listed.get(&hash).map(|(kind, reason)| Why::Listed(*kind, hash, *reason))
    }

    fn of_customer(&self, keyed: &Keyed, id: &str) -> Option<Why> {
        if self.occurs(ListedKind::Customer) { self.listed(keyed.customer(id)) } else { None }
    }

    fn of_phone(&self, keyed: &Keyed, number: &str) -> Option<Why> {
        if self.occurs(ListedKind::Phone) { self.listed(keyed.phone(number)?) } else { None }
    }

    fn of_email(&self, keyed: &Keyed, address: &str) -> Option<Why> {
        let own = self.occurs(ListedKind::Email).then(|| keyed.email(address)).flatten();
        own.and_then(|hash| self.listed(hash)).or_else(|| self.of_domain(address))
    }

    /// The domain of an address, or one above it, that is on the list.
    fn of_domain(&self, address: &str) -> Option<Why> {
        if self.domains.is_empty() {
            return None;
        }
        let host = address.trim().rsplit('@').next().unwrap_or_default().to_lowercase();
        let mut rest = host.as_str();
        loop {
            if let Some(listed) = self.domains.get(rest) {
                return Some(Why::Domain(rest.to_owned(), *listed));
            }
            rest = rest.split_once('.')?.1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Instant;
    use crate::store::tables::meta::identity_of;

    const AT: Instant = Instant(1_790_000_000_000);

    fn ana() -> Whom<'static> {
        Whom {
            number: CustomerNumber(3),
            id: "ana",
            email: Some("Ana@Mail.Shop.example"),
            phone: Some("+34600000000"),
        }
    }

    fn entry(kind: ListedKind, hash: KeyedHash) -> Listed {
        Listed { hash, kind, reason: SuppressionReason::Asked, at: AT }
    }

    #[test]
    fn an_address_closes_its_own_channels_and_a_customer_all() {
        let (lists, keyed) = (Lists::default(), Keyed::of(&identity_of([1; 48])));
        assert_eq!(lists.suppressed(&keyed, ana()), Suppressed::NONE);
        let email = keyed.email("ana@mail.shop.example").unwrap();
        lists.put(&entry(ListedKind::Email, email));
        assert_eq!(lists.suppressed(&keyed, ana()), Suppressed { email: true, phone: false });
        lists.remove(&email);
        lists.put(&entry(ListedKind::Phone, keyed.phone("0034 600 000 000").unwrap()));
        assert_eq!(lists.suppressed(&keyed, ana()), Suppressed { email: false, phone: true });
        lists.put(&entry(ListedKind::Customer, keyed.customer("ana")));
        assert_eq!(lists.suppressed(&keyed, ana()), Suppressed::ALL);
        assert_eq!(lists.suppressed(&keyed, Whom { id: "ben", phone: None, ..ana() }), Suppressed::NONE);
        lists.put_customer(CustomerNumber(9));
        let nine = Whom { number: CustomerNumber(9), id: "ben", email: None, phone: None };
        assert_eq!(lists.suppressed(&keyed, nine), Suppressed::ALL);
    }

    #[test]
    fn a_domain_closes_all_below_it_and_none_that_only_ends_alike() {
        let (lists, keyed) = (Lists::default(), Keyed::of(&identity_of([1; 48])));
        let listed = ListedDomain { reason: SuppressionReason::Asked, at: AT };
        lists.put_domain("shop.example".into(), listed);
        let closed = |email| lists.suppressed(&keyed, Whom { email: Some(email), ..ana() }).email;
        for (address, expected) in [
            ("a@shop.example", true),
            ("a@SHOP.example", true),
            ("a@x.y.shop.example", true),
            ("a@myshop.example", false),
            ("a@example", false),
            ("shop.example@other.example", false),
        ] {
            assert_eq!(closed(address), expected, "{address}");
        }
        assert!(lists.remove_domain("shop.example") && !closed("a@shop.example"));
    }
}
