//! Keys of who unsubscribed by a link.

use super::Table;
use super::parts::{Rest, start};
use crate::model::{Channel, CustomerNumber};

/// Who unsubscribed from a channel, until the engine has taken it in.
#[must_use]
pub fn unsubscribe(customer: CustomerNumber, channel: &Channel) -> Vec<u8> {
    // A zero byte ends the name, so that no channel that begins with another finds that one's pieces.
    start(Table::Unsubscribe).u32(customer.0).bytes(channel.0.as_bytes()).u8(0).0
}

/// Reads the key of an unsubscribe.
#[must_use]
pub fn parse_unsubscribe(key: &[u8]) -> Option<(CustomerNumber, Channel)> {
    let mut rest = Rest::of(Table::Unsubscribe, key)?;
    let customer = CustomerNumber(rest.u32()?);
    let name = rest.0.strip_suffix(&[0])?;
    Some((customer, Channel(String::from_utf8(name.to_vec()).ok()?)))
}
