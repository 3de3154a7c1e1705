//! Everything held of one person, as JSON by tables.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::model::RuleNumber;
use crate::record::{
    Contact, ContactKind, DeedKind, Event, EventRef, Fate, Frozen, OpenMessage, Order, Wait,
};

use super::super::fields;
use super::gather::{Decided, Person, Remembers, Tracked};
use super::suppressed::Held;

/// Names of rules by their numbers.
pub(super) type RuleNames = BTreeMap<RuleNumber, String>;

/// A rule's name; its number where no name is known.
pub(super) fn rule_name(names: &RuleNames, number: RuleNumber) -> String {
    names.get(&number).cloned().unwrap_or_else(|| format!("#{}", number.0))
}

/// The document: a name each for what [`super::gather::holds`] says that tables hold.
pub(super) fn document(person: &Person, names: &RuleNames, held: &Held) -> Value {
    let rule = |number: RuleNumber| rule_name(names, number);
    let Person { profile, .. } = person;
    let consents: Map<String, Value> = profile
        .consents
        .iter()
        .map(|(channel, consent)| {
            let shown = json!({"given": consent.given, "at": consent.at, "by_person": consent.by_person});
            (channel.0.clone(), shown)
        })
        .collect();
    let met = person.suppressions.iter().map(|(channel, met)| {
        json!({"kind": "met", "channel": channel, "reason": met.reason.label(), "at": met.at})
    });
    let listed = held.entries.iter().cloned();
    json!({
        "customer": profile.id.0,
        "number": person.number.0,
        "profile": {
            "id": profile.id.0,
            "learnt": profile.learnt,
            "by_http": profile.by_http,
            "values": texts(&profile.values),
            "consents": consents,
        },
        "changes": person.changes,
        "orders": person.orders.iter().map(order).collect::<Vec<_>>(),
        "events": person.events.iter().map(event).collect::<Vec<_>>(),
        "suppressions": met.chain(listed).collect::<Vec<Value>>(),
        "ledger": person.ledger.iter().map(|contact| entry(contact, &rule)).collect::<Vec<_>>(),
        "decisions": person.decisions.iter().map(|decided| decision(decided, &rule)).collect::<Vec<_>>(),
        "rules": person.rules.iter().map(|one| remembers(one, &rule)).collect::<Vec<_>>(),
        "passed_over": person.passed_over.iter().map(|(number, at, skip)| {
            json!({"rule": rule(*number), "at": at, "reason": skip.label()})
        }).collect::<Vec<_>>(),
        "recipient_of": person.recipient_of.iter().map(|(number, at)| {
            json!({"rule": rule(*number), "at": at})
        }).collect::<Vec<_>>(),
        "messages": person.open.iter().map(open).collect::<Vec<_>>(),
        "messages_ended": person.ended.iter().map(|message| json!({
            "id": message.key.to_string(),
            "rule": message.rule,
            "target": message.target,
            "channel": message.channel.0,
            "state": message.state.label(),
            "at": message.at,
            "attempts": message.attempts,
            "result": message.result,
        })).collect::<Vec<_>>(),
        "messages_dead": person.letters.iter().map(|(_, letter)| open(letter)).collect::<Vec<_>>(),
        "events_to_ask": person.arrivals.iter().map(|one| reference(&one.event)).collect::<Vec<_>>(),
        "waits": person.waits.iter().map(|(number, timer)| json!({
            "rule": rule(*number),
            "due": timer.due,
            "event": reference(&timer.event),
        })).collect::<Vec<_>>(),
        "places": person.tracks.iter().filter_map(place).collect::<Vec<_>>(),
        "moves": person.tracks.iter().flat_map(moves).collect::<Vec<_>>(),
        "deeds": person.deeds.iter().map(|deed| json!({
            "kind": match deed.kind { DeedKind::Sent => "sent", DeedKind::Bounced => "bounced" },
            "id": deed.key.to_string(),
            "message": deed.message,
            "rule": deed.rule,
            "channel": deed.channel.0,
            "at": deed.at,
            "learnt": deed.learnt,
        })).collect::<Vec<_>>(),
        "taken_back": person.taken_back.iter().map(|mark| json!({
            "id": mark.key.to_string(),
            "due": mark.due,
            "channel": mark.channel.as_ref().map(|channel| channel.0.clone()),
        })).collect::<Vec<_>>(),
        "unsubscribes": person.unsubscribes.iter().map(|(channel, said)| json!({
            "channel": channel.0,
            "at": said.at,
            "over": said.over,
            "message": said.message.map(|key| key.to_string()),
        })).collect::<Vec<_>>(),
    })
}

fn texts(values: &[(String, String)]) -> BTreeMap<&str, &str> {
    values.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect()
}

fn order(order: &Order) -> Value {
    json!({
        "order_id": order.id,
        "time": order.time,
        "learnt": order.learnt,
        "total": order.total.to_string(),
        "currency": order.currency.map(|currency| currency.to_string()),
        "lines": fields::lines(order),
    })
}

fn event(event: &Event) -> Value {
    json!({
        "id": event.id,
        "event": event.name,
        "time": event.time,
        "learnt": event.learnt,
        "fields": texts(&event.fields),
    })
}

fn reference(event: &EventRef) -> Value {
    json!({"event": event.name, "id": event.id, "time": event.time, "did": texts(&event.did)})
}

fn entry(contact: &Contact, rule: &dyn Fn(RuleNumber) -> String) -> Value {
    let kind = match contact.kind {
        ContactKind::Marketing => "marketing",
        ContactKind::Transactional => "transactional",
        ContactKind::Call => "call",
        ContactKind::HeldOut => "held out",
        ContactKind::Withdrawn => "withdrawn",
        ContactKind::Draft => "rehearsed",
    };
    json!({
        "rule": rule(contact.rule),
        "kind": kind,
        "at": contact.at,
        "channel": contact.channel,
        "further": contact.further,
    })
}

pub(super) const fn fate(fate: Fate) -> &'static str {
    match fate {
        Fate::Send => "send",
        Fate::HeldOut => "held out",
        Fate::Draft => "rehearsed",
    }
}

fn decision(decided: &Decided, rule: &dyn Fn(RuleNumber) -> String) -> Value {
    let Decided { rule: number, at, decision, run } = decided;
    let values = decision.values.iter().map(|(clause, value)| json!({"clause": clause, "value": value}));
    json!({
        "id": decision.key(*number).to_string(),
        "rule": rule(*number),
        "at": at,
        "due": decision.due,
        "fate": fate(decision.fate),
        "cost": decision.cost.map(|cost| cost.to_string()),
        "values": values.collect::<Vec<_>>(),
        "rule_set": run.as_ref().map(|run| run.rule_set.to_string()),
        "commit": run.as_ref().map(|run| run.commit.clone()),
        "place": run.as_ref().map(|run| run.place.clone()),
    })
}

fn remembers(one: &Remembers, rule: &dyn Fn(RuleNumber) -> String) -> Value {
    json!({
        "rule": rule(one.rule),
        "decided_for_this_match": one.spent,
        "tried_since": one.trying,
        "met_in_zone_as_of": one.met.map(|met| met.as_of),
    })
}

fn open(message: &OpenMessage) -> Value {
    json!({
        "id": message.key.to_string(),
        "rule": message.rule,
        "target": message.target,
        "channel": message.channel.0,
        "state": message.state.label(),
        "decided": message.decided,
        "due": message.due,
        "waits_for": message.waits.map(Wait::label),
        "next_attempt": message.next_attempt,
        "expires": message.expires,
        "attempts": message.attempts,
        "last": message.last.as_ref().map(|last| json!({"at": last.at, "result": last.result})),
        "filled_with": message.frozen.as_ref().map(frozen),
        "fields": texts(&message.call_fields),
        "cost": message.cost.map(|cost| cost.to_string()),
        "event": message.event.as_ref().map(event),
    })
}

fn frozen(frozen: &Frozen) -> Value {
    let read = |text: &String| serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.clone()));
    let values: Map<String, Value> =
        frozen.values.iter().map(|(name, text)| (name.clone(), read(text))).collect();
    json!({"at": frozen.at, "to": frozen.to, "values": values, "body": frozen.body.as_ref().map(read)})
}

fn place(tracked: &Tracked) -> Option<Value> {
    Some(json!({"of": tracked.record.name, "place": tracked.name_of(tracked.place?)}))
}

fn moves(tracked: &Tracked) -> Vec<Value> {
    let shown = tracked.moves.iter().map(|(learnt, moved)| {
        json!({
            "of": tracked.record.name,
            "from": moved.from.map(|place| tracked.name_of(place)),
            "to": tracked.name_of(moved.to),
            "happened": moved.happened,
            "learnt": learnt,
        })
    });
    shown.collect()
}

impl Tracked {
    /// A place's name by its code.
    pub(super) fn name_of(&self, place: u16) -> String {
        self.record.places.get(usize::from(place)).cloned().unwrap_or_else(|| place.to_string())
    }
}
