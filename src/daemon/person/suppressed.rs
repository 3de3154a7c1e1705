//! What stands on the suppression list of one person, for people and as JSON.

use serde_json::{Value, json};

use crate::record::{ListedKind, Profile};
use crate::store::{Store, StoreError, tables};

use super::super::keyed::Keyed;
use super::super::lists::{Lists, Whom, Why};
use crate::model::CustomerNumber;

/// What was found.
#[derive(Debug, Default)]
pub(in super::super) struct Held {
    /// As an export has it.
    pub(super) entries: Vec<Value>,
    /// In sentences.
    pub(in super::super) sentences: Vec<String>,
}

impl Held {
    /// What stands there of a customer.
    pub(super) fn of(
        store: &dyn Store,
        (lists, keyed): (&Lists, &Keyed),
        number: CustomerNumber,
        profile: &Profile,
    ) -> Result<Self, StoreError> {
        Self::all(store, lists.why(keyed, Whom::of(number, profile)))
    }

    /// These.
    pub(in super::super) fn all(store: &dyn Store, all: Vec<Why>) -> Result<Self, StoreError> {
        let mut held = Self::default();
        for why in all {
            held.sentences.push(sentence(store, &why)?);
            match why {
                Why::Listed(kind, hash, reason) => {
                    let listed = tables::privacy::listed(store, tables::privacy::bucket_of(&hash))?;
                    let at = listed.iter().find(|entry| entry.hash == hash).map(|entry| entry.at);
                    held.entries.push(json!({"kind": kind.label(), "reason": reason.label(), "at": at}));
                }
                Why::Domain(domain, listed) => {
                    let reason = listed.reason.label();
                    let entry =
                        json!({"kind": "domain", "domain": domain, "reason": reason, "at": listed.at});
                    held.entries.push(entry);
                }
                // It stands among what the outbox met.
                Why::Customer => {}
            }
        }
        Ok(held)
    }
}

/// Why nothing goes to an address, in the reader's words.
pub(in super::super) fn sentence(store: &dyn Store, why: &Why) -> Result<String, StoreError> {
    Ok(match why {
        Why::Listed(kind, hash, reason) => {
            let listed = tables::privacy::listed(store, tables::privacy::bucket_of(hash))?;
            let at = listed.iter().find(|entry| entry.hash == *hash).map(|entry| entry.at);
            let since = at.map_or(String::new(), |at| format!(" since {at}"));
            let what = match kind {
                ListedKind::Email => "the e-mail address",
                ListedKind::Phone => "the phone number",
                ListedKind::Customer => "the customer",
            };
            format!("{what} is suppressed{since} ({})", reason.label())
        }
        Why::Domain(domain, listed) => {
            format!("the domain `{domain}` is suppressed since {} ({})", listed.at, listed.reason.label())
        }
        Why::Customer => "the customer is suppressed (bounced)".into(),
    })
}
