//! Links by which people unsubscribe: `https://mail.shop.example/u/TOKEN?m=MESSAGE`.
//!
//! The token names the customer's number and the channel, and proves by an HMAC under a key of the store
//! that it was made here; it never expires. The message behind it says which one brought them to it: it
//! is not proven, is believed only where it is one of that customer's, and decides nothing.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::hmac;

use crate::model::{Channel, CustomerNumber};
use crate::record::{MessageKey, StoreIdentity};

/// Which key the token is made with; another one gets another number.
const KEY: u8 = 1;
/// What the store's secret is used for here, so that no other use of it makes a token.
const USE: &[u8] = b"cvmd unsubscribe 1";
/// The key's number and the customer's.
const HEAD: usize = 5;
const TAG: usize = 32;
/// The longest channel's name in a token, in bytes.
const LONGEST_CHANNEL: usize = 100;

/// Makes and reads links.
#[derive(Clone)]
pub struct Links {
    key: hmac::Key,
    base: String,
}

impl std::fmt::Debug for Links {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Links").field("base", &self.base).finish_non_exhaustive()
    }
}

impl Links {
    /// Links of a store, below `base`: the public listener as customers reach it, without a slash at
    /// its end.
    #[must_use]
    pub fn new(identity: &StoreIdentity, base: String) -> Self {
        let derived = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &identity.secret), USE);
        Self { key: hmac::Key::new(hmac::HMAC_SHA256, derived.as_ref()), base }
    }

    /// The link in a message.
    #[must_use]
    pub fn link(&self, message: MessageKey, channel: &Channel) -> String {
        format!("{}/u/{}?m={message}", self.base, self.token(message.decision.customer, channel))
    }

    /// The token of a customer and a channel.
    #[must_use]
    pub fn token(&self, customer: CustomerNumber, channel: &Channel) -> String {
        let mut bytes = vec![KEY];
        bytes.extend(customer.0.to_be_bytes());
        bytes.extend(channel.0.as_bytes());
        let tag = hmac::sign(&self.key, &bytes);
        bytes.extend(tag.as_ref());
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// Who it is of and for which channel; none where it was not made here. Takes as long for any two
    /// tags.
    #[must_use]
    pub fn read(&self, token: &str) -> Option<(CustomerNumber, Channel)> {
        if token.len() > (HEAD + LONGEST_CHANNEL + TAG) * 4 / 3 + 1 {
            return None;
        }
        let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
        let (said, tag) = bytes.split_at_checked(bytes.len().checked_sub(TAG)?)?;
        hmac::verify(&self.key, said, tag).ok()?;
        let (head, channel) = said.split_first_chunk::<HEAD>()?;
        let [KEY, number @ ..] = *head else { return None };
        Some((CustomerNumber(u32::from_be_bytes(number)), Channel(String::from_utf8(channel.to_vec()).ok()?)))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::store::tables::meta::identity_of;

    fn links(seed: u8) -> Links {
        Links::new(&identity_of([seed; 48]), "https://mail.shop.example".into())
    }

    #[test]
    fn a_link_names_the_message_and_nobody() {
        let link = links(1).link("d1-7-4f-80".parse().unwrap(), &Channel::email());
        let token =
            link.strip_prefix("https://mail.shop.example/u/").unwrap().strip_suffix("?m=d1-7-4f-80").unwrap();
        assert_eq!(links(1).read(token), Some((CustomerNumber(0x4f), Channel::email())));
        assert_eq!(link, links(1).link("d1-7-4f-80".parse().unwrap(), &Channel::email()), "always the same");
        assert!(link.len() < 200, "{link}");
    }

    #[test]
    fn another_stores_token_and_one_that_was_changed_are_nobodys() {
        let own = links(1);
        let token = own.token(CustomerNumber(7), &Channel::email());
        assert_eq!(links(2).read(&token), None);
        for at in 0..token.len() {
            for other in ["A", "b", "-", "=", "é"] {
                let changed = format!("{}{other}{}", &token[..at], &token[at + 1..]);
                assert!(changed == token || own.read(&changed).is_none(), "{changed}");
            }
            assert_eq!(own.read(&token[..at]), None);
        }
        assert_eq!(own.read(&format!("{token}A")), None);
        assert_eq!(own.read(&"A".repeat(10_000)), None);
        assert_eq!(own.read(""), None);
    }

    proptest! {
        #[test]
        fn tokens_read_back_and_nothing_else_does(customer: u32, channel in "[a-z_]{1,40}", noise in "\\PC{0,120}") {
            let (customer, channel) = (CustomerNumber(customer), Channel(channel));
            prop_assert_eq!(links(1).read(&links(1).token(customer, &channel)), Some((customer, channel)));
            prop_assert_eq!(links(1).read(&noise), None);
        }
    }
}
