//! Keyed hashes of addresses and ids: what is on the suppression list, and who was erased, is known by
//! these alone.
//!
//! HMAC-SHA-256 under keys derived from the store's secret, cut to 16 bytes. Without the secret nobody can
//! try addresses; with it, which travels in exports, one can, and that is what they are for.

use ring::hmac;

use crate::ingest::canonical_phone;
use crate::record::{KeyedHash, ListedKind, StoreIdentity};

/// What the store's secret is used for here, so that no other use of it makes such a hash.
const LISTS: &[u8] = b"cvmd suppression 1";
/// The same of tombstones: nobody learns from the one what is in the other.
const ERASED: &[u8] = b"cvmd erased 1";

/// Makes hashes.
pub(super) struct Keyed {
    lists: hmac::Key,
    erased: hmac::Key,
}

impl std::fmt::Debug for Keyed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Keyed").finish_non_exhaustive()
    }
}

impl Keyed {
    /// Those of a store.
    pub(super) fn of(identity: &StoreIdentity) -> Self {
        let secret = hmac::Key::new(hmac::HMAC_SHA256, &identity.secret);
        let key = |of| hmac::Key::new(hmac::HMAC_SHA256, hmac::sign(&secret, of).as_ref());
        Self { lists: key(LISTS), erased: key(ERASED) }
    }

    /// Of an e-mail address, however its letters are cased; none of an empty one.
    pub(super) fn email(&self, address: &str) -> Option<KeyedHash> {
        let address = address.trim().to_lowercase();
        (!address.is_empty()).then(|| self.listed(ListedKind::Email, &address))
    }

    /// Of a phone number, however it is written; none of what is none.
    pub(super) fn phone(&self, number: &str) -> Option<KeyedHash> {
        canonical_phone(number).ok().map(|number| self.listed(ListedKind::Phone, &number))
    }

    /// Of a customer's id, as it stands on the suppression list.
    pub(super) fn customer(&self, id: &str) -> KeyedHash {
        self.listed(ListedKind::Customer, id)
    }

    /// Of the id of somebody who was erased.
    pub(super) fn erased(&self, id: &str) -> KeyedHash {
        cut(&hmac::sign(&self.erased, id.as_bytes()))
    }

    fn listed(&self, kind: ListedKind, text: &str) -> KeyedHash {
        let mut context = hmac::Context::with_key(&self.lists);
        context.update(kind.label().as_bytes());
        context.update(&[0]);
        context.update(text.as_bytes());
        cut(&context.sign())
    }
}

fn cut(tag: &hmac::Tag) -> KeyedHash {
    let mut hash = KeyedHash::default();
    for (byte, of) in hash.iter_mut().zip(tag.as_ref()) {
        *byte = *of;
    }
    hash
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::tables::meta::identity_of;

    #[test]
    fn one_address_has_one_hash_however_it_is_written() {
        let keyed = Keyed::of(&identity_of([1; 48]));
        assert_eq!(keyed.email(" Ana@Shop.EXAMPLE"), keyed.email("ana@shop.example"));
        assert_eq!(keyed.phone("0034 600-000 000"), keyed.phone("+34600000000"));
        assert_eq!((keyed.email(" "), keyed.phone("x")), (None, None));
    }

    #[test]
    fn hashes_of_other_kinds_uses_and_stores_differ() {
        let keyed = Keyed::of(&identity_of([1; 48]));
        let other = Keyed::of(&identity_of([2; 48]));
        let text = "+34600000000";
        let all = [
            keyed.email(text).unwrap(),
            keyed.phone(text).unwrap(),
            keyed.customer(text),
            keyed.erased(text),
            other.email(text).unwrap(),
            other.phone(text).unwrap(),
            other.customer(text),
            other.erased(text),
        ];
        let distinct: std::collections::BTreeSet<_> = all.iter().collect();
        assert_eq!(distinct.len(), all.len());
    }
}
