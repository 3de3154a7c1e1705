//! One customer with something in every table that can hold something of a person.

use std::collections::{BTreeMap, BTreeSet};

use super::super::keyed::Keyed;
use super::super::lists::Lists;
use super::*;
use crate::model::{
    Bitmap, Channel, CustomerId, DecisionKey, Instant, Money, Occurrence, RuleNumber, RuleSetHash,
};
use crate::record::{
    Arrival, Attempt, Change, Consent, Contact, ContactKind, Decision, Deed, DeedKind, Event, Fate,
    FinishedMessage, Frozen, Listed, ListedDomain, ListedKind, MessageKey, MessageState, Met, Move,
    OpenMessage, Order, Profile, RuleMemory, Run, RunState, Skip, Suppression, SuppressionReason, TakenBack,
    Timer, TrackRecord, Unsubscribe,
};
use crate::store::{Batch, Memory};

const AT: Instant = Instant(1_790_000_000_000);
const ANA: CustomerNumber = CustomerNumber(3);
const RULE: RuleNumber = RuleNumber(7);

fn text(text: &str) -> String {
    text.to_owned()
}

fn key() -> MessageKey {
    let decision = DecisionKey { rule: RULE, occurrence: Occurrence(1), customer: ANA };
    MessageKey { decision, action: MessageKey::SENT }
}

fn profile() -> Profile {
    Profile {
        id: CustomerId(text("ana")),
        values: vec![(text("email"), text("ana@shop.example")), (text("phone"), text("+34600000000"))],
        consents: vec![(Channel::email(), Consent { given: true, at: Some(AT), by_person: false })],
        learnt: AT,
        by_http: false,
    }
}

fn event() -> Event {
    let fields = vec![(text("value"), text("90.00"))];
    Event { id: text("e1"), name: text("cart"), time: AT, learnt: AT, fields }
}

fn told(batch: &mut Batch, store: &Memory) {
    tables::customers::put_profile(batch, ANA, &profile());
    let order = Order {
        id: text("o1"),
        time: AT,
        learnt: AT,
        total: Money(825_000),
        currency: None,
        lines: Vec::new(),
    };
    tables::customers::put_orders(batch, ANA, 0, &[order]);
    let (before, after) = (Some(text("free")), Some(text("pro")));
    let change = Change { field: text("plan"), before, after, happened: None, learnt: AT };
    tables::customers::append_changes(store, batch, ANA, &[change]).unwrap();
    tables::events::put_events(batch, ANA, 0, &[event()]);
    tables::events::put_arrival(batch, 0, &Arrival { event: event().reference(), customer: ANA });
    let timer = Timer { due: AT, waits: true, event: event().reference() };
    tables::events::put_timer(batch, (RULE, ANA, 0), &timer);
    let said = Unsubscribe { at: AT, over: AT, message: Some(key()) };
    tables::unsubscribes::put_unsubscribe(batch, ANA, &Channel::email(), &said);
}

fn suppressed(batch: &mut Batch, store: &Memory, (lists, keyed): (&Lists, &Keyed)) {
    let reason = SuppressionReason::HardBounce;
    tables::customers::put_suppression(
        batch,
        ANA,
        0,
        &Suppression { reason, at: AT, address: Some([9; 16]) },
    );
    let hash = keyed.phone("+34600000000").unwrap();
    let entry = Listed { hash, kind: ListedKind::Phone, reason: SuppressionReason::Asked, at: AT };
    lists.put(&entry);
    tables::privacy::put_listed(store, batch, tables::privacy::bucket_of(&hash), &[entry]).unwrap();
    let listed = ListedDomain { reason: SuppressionReason::Complaint, at: AT };
    lists.put_domain(text("shop.example"), listed);
    tables::privacy::put_domain(batch, "shop.example", &listed);
}

fn decided(batch: &mut Batch) {
    let contact = Contact {
        customer: ANA,
        rule: RULE,
        kind: ContactKind::Marketing,
        at: AT,
        channel: 0,
        further: false,
    };
    tables::ledger::append(batch, 0, &[contact]);
    let decision = |customer| Decision {
        customer,
        occurrence: Occurrence(1),
        fate: Fate::Send,
        due: AT,
        values: vec![(text("plan"), text("pro"))],
        cost: None,
    };
    let all: Vec<Decision> = (0..6).map(|n| decision(CustomerNumber(n))).collect();
    tables::runs::put_decisions(batch, RULE, AT, &all);
    let run = Run {
        rule: RULE,
        at: AT,
        now: AT,
        continuous: true,
        rule_set: RuleSetHash::default(),
        commit: text("0a1b2c"),
        place: text("winback.rules:1"),
        matched: 6,
        recipients: 6,
        skipped: BTreeMap::new(),
        state: RunState::Closed,
        audience: crate::record::Audience::default(),
        held_for: None,
    };
    tables::runs::put_run(batch, &run);
    let own: Bitmap = [ANA.0].into_iter().collect();
    for part in tables::runs::recipient_batches(RULE, AT, &own) {
        batch.changes.extend(part.changes);
    }
    tables::runs::put_non_sends(batch, RULE, AT, Skip::Cap, 0, &own);
    let met = Met { civil: 0, as_of: AT };
    let memory = RuleMemory {
        spent: own.clone(),
        trying: [(ANA, AT)].into(),
        met: [(ANA, met)].into(),
        ..RuleMemory::default()
    };
    tables::memories::put_changes(batch, RULE, &RuleMemory::default(), &memory);
    tables::rules::put_number(batch, "winback", RULE);
    let record = TrackRecord {
        name: text("attribute plan"),
        places: vec![text("free"), text("pro")],
        ..Default::default()
    };
    tables::movement::put_track(batch, 0, &record);
    tables::movement::put_places(batch, 0, 1, 0, &own);
    let moved = Move { customer: ANA, from: Some(0), to: 1, happened: AT };
    tables::movement::put_moves(batch, 0, (AT, 0), &[moved, Move { customer: CustomerNumber(4), ..moved }]);
}

fn sent(batch: &mut Batch) {
    let frozen = Frozen {
        at: AT,
        to: text("ana@shop.example"),
        content: text("hash"),
        values: vec![(text("first_name"), text("\"Ana\""))],
        body: None,
    };
    let message = OpenMessage {
        key: key(),
        rule: text("winback"),
        target: text("offer"),
        is_call: false,
        is_set: false,
        marketing: true,
        channel: Channel::email(),
        customer: ANA,
        decided: AT,
        due: AT,
        waits: None,
        state: MessageState::Retry,
        next_attempt: AT,
        expires: None,
        attempts: 1,
        last: Some(Attempt { at: AT, result: text("451 later") }),
        frozen: Some(frozen),
        provenance: (text("0a1b2c"), text("winback.rules:1")),
        call_fields: Vec::new(),
        event: Some(event()),
        cost: None,
    };
    tables::messages::put_open(batch, &message);
    let second = MessageKey { action: MessageKey::SENT | 1, ..key() };
    tables::messages::put_letter(batch, AT, &OpenMessage { key: second, ..message });
    let ended = FinishedMessage {
        key: MessageKey { action: 0, ..key() },
        rule: text("winback"),
        target: text("crm"),
        channel: Channel(text("webhook")),
        state: MessageState::Sent,
        at: AT,
        attempts: 1,
        result: text("200"),
        cost: None,
    };
    tables::messages::put_finished(batch, &ended);
    tables::messages::put_taken_back(batch, &TakenBack { key: key(), due: AT, channel: None });
    let deed = Deed {
        kind: DeedKind::Sent,
        key: key(),
        customer: ANA,
        at: AT,
        learnt: AT,
        message: text("offer"),
        rule: text("winback"),
        channel: Channel::email(),
        marketing: true,
    };
    tables::deeds::put(batch, 0, &[deed]);
}

/// A store with something of Ana in every table, and the lists.
fn store() -> (Memory, Lists, Keyed) {
    let store = Memory::new();
    let keyed = Keyed::of(&tables::meta::identity(&store).unwrap());
    let lists = Lists::default();
    let mut batch = Batch::default();
    told(&mut batch, &store);
    suppressed(&mut batch, &store, (&lists, &keyed));
    decided(&mut batch);
    sent(&mut batch);
    store.commit(batch).wait().unwrap();
    (store, lists, keyed)
}

#[test]
fn an_export_shows_every_table_that_holds_something_of_a_person() {
    let (store, lists, keyed) = store();
    let present: BTreeSet<Table> =
        store.scan(&[], &[]).filter_map(|item| Table::of(&item.unwrap().0)).collect();
    let person = Person::gather(&store, ANA).unwrap().unwrap();
    let held = Held::of(&store, (&lists, &keyed), ANA, &person.profile).unwrap();
    let names: RuleNames = [(RULE, text("winback"))].into();
    let document = export::document(&person, &names, &held);
    for table in Table::ALL {
        let Some(name) = shown_as(table) else { continue };
        assert!(present.contains(&table), "{table:?} has nothing here: this test does not try it");
        let shown = &document[name];
        let count =
            shown.as_array().map_or_else(|| shown.as_object().map_or(0, serde_json::Map::len), Vec::len);
        assert!(count > 0, "{table:?} is not in the export as `{name}`: {document}");
    }
    assert_eq!(document["suppressions"].as_array().unwrap().len(), 3, "each of the three: {document}");
    assert_eq!(document["orders"][0]["total"], "82.50");
    assert_eq!(document["messages"][0]["filled_with"]["values"]["first_name"], "Ana");
    assert_eq!(document["decisions"][0]["values"][0]["value"], "pro");
    let rules = &document["rules"][0];
    let all_of = ["decided_for_this_match", "tried_since", "met_in_zone_as_of"];
    assert!(all_of.iter().all(|name| !rules[*name].is_null()), "{rules}");
    // Nothing of anybody else.
    let shown = document.to_string();
    assert_eq!(document["decisions"].as_array().unwrap().len(), 1, "{shown}");
    assert_eq!(document["moves"].as_array().unwrap().len(), 1, "{shown}");
    assert!(Person::gather(&store, CustomerNumber(4)).unwrap().is_none());
}

#[test]
fn a_timeline_is_in_the_order_of_time_and_in_words() {
    let (store, lists, keyed) = store();
    let person = Person::gather(&store, ANA).unwrap().unwrap();
    let held = Held::of(&store, (&lists, &keyed), ANA, &person.profile).unwrap();
    let names: RuleNames = [(RULE, text("winback"))].into();
    let shown = timeline::timeline(&person, &names, &held);
    assert!(shown.entries.is_sorted_by_key(|entry| entry.at));
    let said: Vec<String> =
        shown.entries.iter().map(|entry| format!("{}: {}", entry.what, entry.text)).collect();
    for wanted in [
        "order: o1: 82.50",
        "event: cart",
        "change: plan: free → pro",
        "consent: marketing by email: yes",
        "decision: rule winback: send, by winback.rules:1 of commit 0a1b2c",
        "message: offer by email, rule winback: retry, not before",
        "message: crm by webhook, rule winback: sent, 200",
        "passed over: rule winback: cap",
        "move: attribute plan: free → pro",
        "wait: rule winback waits until then after `cart`",
        "suppression: an address is suppressed (bounced)",
        "customer: first seen here",
    ] {
        assert!(said.iter().any(|line| line.starts_with(wanted)), "{wanted} is not in {said:#?}");
    }
    assert!(shown.suppressed.iter().any(|why| why.contains("the phone number is suppressed since")));
    assert!(shown.suppressed.iter().any(|why| why.contains("the domain `shop.example` is suppressed")));
}
