//! Which records share an address: two records of one person.

use std::collections::{BTreeSet, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher};

use crate::model::{Channel, CustomerNumber};

/// What a channel writes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Email,
    /// Every other channel goes to the phone.
    Phone,
}

impl Kind {
    fn of(channel: &Channel) -> Self {
        if *channel == Channel::email() { Self::Email } else { Self::Phone }
    }
}

/// The addresses of all customers, as hashes: e-mail in lower case, phones as `+` and digits. The
/// hashes of one process agree; nobody keeps them.
#[derive(Debug, Clone, Default)]
pub struct Addresses {
    by_hash: [BTreeSet<(u64, CustomerNumber)>; 2],
    of: HashMap<CustomerNumber, [Option<u64>; 2]>,
}

impl Addresses {
    /// Notes a customer's addresses as they are now.
    pub fn set(&mut self, customer: CustomerNumber, email: Option<&str>, phone: Option<&str>) {
        let new = [email.and_then(email_hash), phone.and_then(phone_hash)];
        let old = if new == [None, None] { self.of.remove(&customer) } else { self.of.insert(customer, new) };
        let old = old.unwrap_or_default();
        for (kind, set) in self.by_hash.iter_mut().enumerate() {
            if old[kind] == new[kind] {
                continue;
            }
            if let Some(hash) = old[kind] {
                set.remove(&(hash, customer));
            }
            if let Some(hash) = new[kind] {
                set.insert((hash, customer));
            }
        }
    }

    /// The records that have an address which a channel writes to, older first.
    pub fn with(&self, channel: &Channel, address: &str) -> impl Iterator<Item = CustomerNumber> + use<'_> {
        let kind = Kind::of(channel);
        let hash = match kind {
            Kind::Email => email_hash(address),
            Kind::Phone => phone_hash(address),
        };
        let range = hash.map(|hash| (hash, CustomerNumber(0))..=(hash, CustomerNumber(u32::MAX)));
        let having = range.map(|range| self.by_hash[kind as usize].range(range));
        having.into_iter().flatten().map(|(_, number)| *number)
    }

    /// The other records that share the address which a channel writes to, older first.
    pub fn others(
        &self,
        customer: CustomerNumber,
        channel: &Channel,
    ) -> impl Iterator<Item = CustomerNumber> + use<'_> {
        let kind = Kind::of(channel) as usize;
        let hash = self.of.get(&customer).and_then(|hashes| hashes[kind]);
        let sharing = hash.map(|hash| {
            self.by_hash[kind].range((hash, CustomerNumber(0))..=(hash, CustomerNumber(u32::MAX)))
        });
        sharing.into_iter().flatten().map(|(_, number)| *number).filter(move |number| *number != customer)
    }
}

fn email_hash(text: &str) -> Option<u64> {
    hash(&text.trim().to_lowercase())
}

/// `0034 600-111` and `+34600111` are one number.
fn phone_hash(text: &str) -> Option<u64> {
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let national = digits.strip_prefix("00").filter(|_| !text.trim_start().starts_with('+'));
    hash(national.unwrap_or(&digits))
}

fn hash(text: &str) -> Option<u64> {
    if text.is_empty() {
        return None;
    }
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    Some(hasher.finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_share_an_address_however_it_is_written() {
        let mut addresses = Addresses::default();
        let (one, two, three) = (CustomerNumber(1), CustomerNumber(2), CustomerNumber(3));
        addresses.set(two, Some("Ana@Shop.example"), Some("+34 600 111"));
        addresses.set(one, Some(" ana@shop.example"), None);
        addresses.set(three, None, Some("0034600-111"));
        let others = |addresses: &Addresses, of, channel: &str| {
            addresses.others(of, &Channel(channel.into())).collect::<Vec<_>>()
        };
        assert_eq!(others(&addresses, one, "email"), [two]);
        assert_eq!(others(&addresses, two, "email"), [one]);
        assert_eq!(others(&addresses, two, "sms"), [three]);
        assert_eq!(others(&addresses, one, "sms"), []);
        let with: Vec<_> = addresses.with(&Channel::email(), "ANA@shop.example").collect();
        assert_eq!(with, [one, two]);
        addresses.set(two, Some("other@shop.example"), None);
        assert_eq!(others(&addresses, one, "email"), []);
        assert_eq!(others(&addresses, three, "sms"), []);
    }
}
