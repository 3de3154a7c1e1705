//! What a file says, merged with what is stored. Merging the same again changes nothing.

use std::collections::{BTreeMap, HashMap};

use crate::model::{CustomerId, Instant};
use crate::record::{Change, Consent, Order, Profile};

use super::{CustomerUpdate, Origin, merge_consent};

/// A customer after an update.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MergedCustomer {
    /// The customer as they are now.
    pub profile: Profile,
    /// What changed of a customer who was known. A new customer's first values are no changes: they
    /// hold since [`Profile::learnt`].
    pub changes: Vec<Change>,
    /// Whether the customer was not known before.
    pub new: bool,
    /// Whether the profile is another than before, new ones included.
    pub changed: bool,
}

/// Applies what a file or a body says of a customer, learnt at `now`.
#[must_use]
pub fn merge_customer(
    existing: Option<&Profile>,
    update: &CustomerUpdate,
    now: Instant,
    origin: Origin,
) -> MergedCustomer {
    let mut profile = existing.cloned().unwrap_or_else(|| unknown_customer(update.id.clone(), now, origin));
    let mut told = Vec::new();
    for (name, text) in &update.values {
        let place = profile.values.binary_search_by(|(known, _)| known.cmp(name));
        let before = match (place, text) {
            (Ok(at), Some(text)) => Some(std::mem::replace(&mut profile.values[at].1, text.clone())),
            (Ok(at), None) => Some(profile.values.remove(at).1),
            (Err(at), Some(text)) => {
                profile.values.insert(at, (name.clone(), text.clone()));
                None
            }
            (Err(_), None) => None,
        };
        if before != *text {
            let (field, after) = (name.clone(), text.clone());
            told.push(Change { field, before, after, happened: None, learnt: now });
        }
    }
    for (channel, said) in &update.consents {
        let place = profile.consents.binary_search_by(|(known, _)| known.cmp(channel));
        let before = place.ok().map(|at| profile.consents[at].1);
        let after = merge_consent(before, *said);
        if before == Some(after) {
            continue;
        }
        match place {
            Ok(at) => profile.consents[at].1 = after,
            Err(at) => profile.consents.insert(at, (channel.clone(), after)),
        }
        told.push(Change {
            field: format!("consent_{channel}_marketing"),
            before: before.map(yes_no),
            after: Some(yes_no(after)),
            happened: after.at,
            learnt: now,
        });
    }
    let new = existing.is_none();
    MergedCustomer {
        profile,
        new,
        changed: new || !told.is_empty(),
        changes: if new { Vec::new() } else { told },
    }
}

/// A customer of whom nothing is known but the id: whom an order or an event creates.
#[must_use]
pub fn unknown_customer(id: CustomerId, now: Instant, origin: Origin) -> Profile {
    let by_http = match origin {
        Origin::File => false,
        Origin::Http => true,
    };
    Profile { id, values: Vec::new(), consents: Vec::new(), learnt: now, by_http }
}

fn yes_no(consent: Consent) -> String {
    if consent.given { "yes" } else { "no" }.to_owned()
}

/// An order of a file, with the rows it was made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewOrder {
    /// The order.
    pub order: Order,
    /// The numbers of its rows, rising.
    pub rows: Vec<u64>,
}

/// A customer's orders of a file beside those stored.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MergedOrders {
    /// New ones, by time, then id.
    pub added: Vec<Order>,
    /// How many were stored already, the same.
    pub unchanged: u64,
    /// How many rows those were made of.
    pub unchanged_rows: u64,
    /// Those whose id stands for something else, with why: refused.
    pub conflicts: Vec<(NewOrder, String)>,
}

/// Compares a customer's orders of a file with those stored. An id that stands for several orders in
/// the file is refused altogether, but for the one that is stored: nobody can tell which is right,
/// and the file's order of rows must not decide it.
#[must_use]
pub fn merge_orders(existing: &[Order], new: Vec<NewOrder>) -> MergedOrders {
    let stored: HashMap<&str, &Order> = existing.iter().map(|order| (order.id.as_str(), order)).collect();
    let mut by_id: BTreeMap<String, Vec<NewOrder>> = BTreeMap::new();
    for order in new {
        by_id.entry(order.order.id.clone()).or_default().push(order);
    }
    let mut merged = MergedOrders::default();
    for (id, versions) in by_id {
        let several = versions.len() > 1;
        for version in versions {
            match stored.get(id.as_str()).map(|stored| difference(stored, &version.order)) {
                Some(None) => {
                    merged.unchanged += 1;
                    merged.unchanged_rows += version.rows.len() as u64;
                }
                Some(Some(what)) => {
                    merged.conflicts.push((version, format!("order `{id}` is stored with {what}")));
                }
                None if several => {
                    let reason = format!("order `{id}` stands here at different times");
                    merged.conflicts.push((version, reason));
                }
                None => merged.added.push(version.order),
            }
        }
    }
    merged.added.sort_by(|one, other| (one.time, &one.id).cmp(&(other.time, &other.id)));
    merged
}

/// What tells two orders of one id apart, in words; when they were learnt does not.
fn difference(stored: &Order, new: &Order) -> Option<&'static str> {
    if stored.time != new.time {
        Some("another time")
    } else if stored.total != new.total {
        Some("another total")
    } else if stored.currency != new.currency {
        Some("another currency")
    } else if stored.lines != new.lines {
        Some("other lines")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Channel, Money};

    fn update(values: &[(&str, Option<&str>)], consents: &[(bool, Option<i64>)]) -> CustomerUpdate {
        CustomerUpdate {
            id: CustomerId("ana".into()),
            lines: vec![1],
            values: values.iter().map(|(name, text)| ((*name).into(), text.map(Into::into))).collect(),
            consents: consents
                .iter()
                .map(|(given, at)| {
                    (Channel::email(), Consent { given: *given, at: at.map(Instant), by_person: false })
                })
                .collect(),
        }
    }

    #[test]
    fn a_change_is_recorded_with_both_sides() {
        let first = merge_customer(
            None,
            &update(&[("a", Some("1")), ("b", Some("2"))], &[(true, Some(5))]),
            Instant(10),
            Origin::File,
        );
        assert!(first.new && first.changed && first.changes.is_empty());
        let said = update(&[("a", Some("3")), ("b", None), ("c", None)], &[(false, Some(6))]);
        let second = merge_customer(Some(&first.profile), &said, Instant(20), Origin::File);
        let told: Vec<_> = second
            .changes
            .iter()
            .map(|c| (c.field.as_str(), c.before.as_deref(), c.after.as_deref(), c.happened, c.learnt.0))
            .collect();
        assert_eq!(
            told,
            [
                ("a", Some("1"), Some("3"), None, 20),
                ("b", Some("2"), None, None, 20),
                ("consent_email_marketing", Some("yes"), Some("no"), Some(Instant(6)), 20)
            ]
        );
        assert_eq!(second.profile.values, [("a".to_owned(), "3".to_owned())]);
        assert_eq!(second.profile.learnt, Instant(10));
        assert!(!merge_customer(Some(&second.profile), &said, Instant(30), Origin::Http).changed);
    }

    fn order(id: &str, time: i64, total: i64) -> NewOrder {
        let order = Order {
            id: id.into(),
            time: Instant(time),
            learnt: Instant(time),
            total: Money(total),
            currency: None,
            lines: vec![],
        };
        NewOrder { order, rows: vec![1] }
    }

    #[test]
    fn an_id_stands_for_one_order() {
        let stored = vec![order("a", 1, 10).order];
        let new =
            vec![order("a", 1, 10), order("a", 2, 10), order("b", 1, 1), order("c", 1, 1), order("c", 2, 1)];
        let merged = merge_orders(&stored, new);
        assert_eq!(merged.added.iter().map(|o| o.id.as_str()).collect::<Vec<_>>(), ["b"]);
        assert_eq!(merged.unchanged, 1);
        let reasons: Vec<&str> = merged.conflicts.iter().map(|(_, reason)| reason.as_str()).collect();
        assert_eq!(
            reasons,
            [
                "order `a` is stored with another time",
                "order `c` stands here at different times",
                "order `c` stands here at different times"
            ]
        );
    }
}
