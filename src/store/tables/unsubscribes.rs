//! Who unsubscribed by a link and is not taken in yet: written before the person is told, removed in
//! the commit of what follows from it.

use super::{put, strange_key, whole};
use crate::model::{Channel, CustomerNumber};
use crate::record::key::{self, Table};
use crate::record::{Unsubscribe, codec};
use crate::store::{Batch, Store, StoreError};

const FORMAT: u8 = 1;

/// Writes one; who says it again replaces it.
pub fn put_unsubscribe(batch: &mut Batch, customer: CustomerNumber, channel: &Channel, said: &Unsubscribe) {
    put(batch, &key::unsubscribe(customer, channel), FORMAT, said);
}

/// Removes one: a record of this length has no pieces.
pub fn remove_unsubscribe(batch: &mut Batch, customer: CustomerNumber, channel: &Channel) {
    batch.remove(key::unsubscribe(customer, channel));
}

/// One of a customer: whose, on which channel, and what was said.
pub type Said = (CustomerNumber, Channel, Unsubscribe);

/// All of them, by customer and channel.
pub fn unsubscribes(store: &dyn Store) -> impl Iterator<Item = Result<Said, StoreError>> + '_ {
    let prefix = Table::Unsubscribe.prefix();
    store.scan(&prefix, &prefix).map(|item| {
        let (key, value) = item?;
        let (customer, channel) = key::parse_unsubscribe(&key).ok_or_else(|| strange_key(&key))?;
        let bytes = whole(store, &key, value)?;
        Ok((customer, channel, codec::decode(FORMAT, &key, &bytes)?))
    })
}
