//! A customer's events of a file beside those stored.

use std::collections::{BTreeMap, HashMap};

use crate::record::Event;
use crate::ruleset::Schema;

/// An event of a file, with its row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewEvent {
    /// The event.
    pub event: Event,
    /// The number of its row.
    pub row: u64,
}

/// What becomes of a customer's events of a file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MergedEvents {
    /// New ones, by time, then id.
    pub added: Vec<Event>,
    /// How many were known already, the same.
    pub unchanged: u64,
    /// Those whose id stands for something else, with why: refused.
    pub conflicts: Vec<(NewEvent, String)>,
}

/// Compares a customer's events of a file with those stored. An id that stands for different events
/// in the file is refused altogether, but for the one that is stored: nobody can tell which is right,
/// and the file's order of rows must not decide it.
#[must_use]
pub fn merge_events(existing: &[Event], new: Vec<NewEvent>, schema: &Schema) -> MergedEvents {
    let stored: HashMap<&str, &Event> = existing.iter().map(|event| (event.id.as_str(), event)).collect();
    let mut by_id: BTreeMap<String, Vec<NewEvent>> = BTreeMap::new();
    for event in new {
        by_id.entry(event.event.id.clone()).or_default().push(event);
    }
    let mut merged = MergedEvents::default();
    for (id, mut versions) in by_id {
        if let Some(stored) = stored.get(id.as_str()) {
            for version in versions {
                match difference(stored, &version.event, schema) {
                    None => merged.unchanged += 1,
                    Some(what) => {
                        merged.conflicts.push((version, format!("event `{id}` is stored with {what}")));
                    }
                }
            }
        } else if versions[1..].iter().all(|one| difference(&versions[0].event, &one.event, schema).is_none())
        {
            merged.unchanged += versions.len() as u64 - 1;
            merged.added.push(versions.swap_remove(0).event);
        } else {
            let reason = format!("event `{id}` stands here for different events");
            merged.conflicts.extend(versions.into_iter().map(|version| (version, reason.clone())));
        }
    }
    merged.added.sort_by(|one, other| (one.time, &one.id).cmp(&(other.time, &other.id)));
    merged
}

/// What tells two events of one id apart, in words; when they were learnt does not, nor do fields
/// that rules declare no more, nor how a value was written before they did.
fn difference(stored: &Event, new: &Event, schema: &Schema) -> Option<&'static str> {
    if stored.time != new.time {
        Some("another time")
    } else if first_name(stored, schema) != first_name(new, schema) {
        Some("another `event`")
    } else if content(stored, schema) != content(new, schema) {
        Some("other fields")
    } else {
        None
    }
}

/// What its kind was called first; of an event that rules do not declare, what it is called itself.
fn first_name<'a>(event: &'a Event, schema: &'a Schema) -> &'a str {
    schema.find_told(&event.name).map_or(&event.name, |id| schema.event(id).first_name())
}

/// The fields that rules declare, as they write them; of an event that they do not, all.
fn content(event: &Event, schema: &Schema) -> Vec<(String, String)> {
    let Some(kind) = schema.find_told(&event.name).map(|id| schema.event(id)) else {
        return event.fields.clone();
    };
    let canonical = |(name, text): &(String, String)| {
        let ty = kind.field(kind.find(name)?).ty;
        let value = schema.read_canonical(ty, text);
        Some((name.clone(), value.map_or_else(|| text.clone(), |value| schema.write(&value))))
    };
    event.fields.iter().filter_map(canonical).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Instant;
    use crate::ruleset::{EventKind, Field, Type};

    fn event(id: &str, time: i64, value: &str) -> NewEvent {
        let event = Event {
            id: id.into(),
            name: "cart".into(),
            time: Instant(time),
            learnt: Instant(time),
            fields: vec![("note".into(), "x".into()), ("value".into(), value.into())],
        };
        NewEvent { event, row: 1 }
    }

    fn declared() -> Schema {
        let mut schema = Schema::built_in();
        let fields = vec![Field { name: "value".into(), ty: Type::Money }];
        let names = vec!["basket".into(), "cart".into()];
        schema.events.push(EventKind { name: "cart".into(), names, fields });
        schema
    }

    fn reasons(merged: &MergedEvents) -> Vec<&str> {
        merged.conflicts.iter().map(|(_, reason)| reason.as_str()).collect()
    }

    #[test]
    fn an_id_stands_for_one_event() {
        let stored = vec![event("a", 1, "5").event];
        let new = vec![
            event("a", 1, "5"),
            event("a", 2, "5"),
            event("a", 1, "6"),
            event("b", 1, "5"),
            event("b", 1, "5"),
            event("c", 1, "5"),
            event("c", 1, "6"),
        ];
        let merged = merge_events(&stored, new, &Schema::built_in());
        assert_eq!(merged.added.iter().map(|one| one.id.as_str()).collect::<Vec<_>>(), ["b"]);
        assert_eq!(merged.unchanged, 2);
        let different = "event `c` stands here for different events";
        assert_eq!(
            reasons(&merged),
            [
                "event `a` is stored with another time",
                "event `a` is stored with other fields",
                different,
                different
            ]
        );
    }

    #[test]
    fn an_event_declared_later_is_the_same_event() {
        let stored = vec![event("a", 1, "5").event];
        let mut again = event("a", 1, "5.00");
        again.event.fields.remove(0);
        assert_eq!(merge_events(&stored, vec![again.clone()], &declared()).unchanged, 1);
        assert_eq!(merge_events(&stored, vec![again.clone()], &Schema::built_in()).conflicts.len(), 1);
        let mut renamed = again.clone();
        renamed.event.name = "basket".into();
        assert_eq!(merge_events(&stored, vec![renamed], &declared()).unchanged, 1, "under its first name");
        let other = event("a", 1, "5.01");
        assert_eq!(
            reasons(&merge_events(&stored, vec![other], &declared())),
            ["event `a` is stored with other fields"]
        );
    }
}
