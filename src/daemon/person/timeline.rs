//! One person's life here, in the order of time and the reader's words.

use std::collections::BTreeSet;

use crate::record::{Change, Consent, Event, FinishedMessage, OpenMessage, Order};
use crate::serve::{ConsentView, Timeline, TimelineEntry};

use super::export::{RuleNames, fate, rule_name};
use super::gather::{Decided, Person};
use super::suppressed::Held;
use crate::model::{Channel, Instant};

/// Characters of a text that are shown at most.
const LONGEST: usize = 200;

/// All of it.
pub(super) fn timeline(person: &Person, names: &RuleNames, held: &Held) -> Timeline {
    let profile = &person.profile;
    let consent = |(channel, consent): &(Channel, Consent)| {
        let Consent { given, at, by_person } = *consent;
        (channel.0.clone(), ConsentView { given, at, by_person })
    };
    let mut timeline = Timeline {
        customer: profile.id.0.clone(),
        fields: profile.values.iter().cloned().collect(),
        consents: profile.consents.iter().map(consent).collect(),
        suppressed: held.sentences.clone(),
        entries: entries(person, names),
    };
    timeline.entries.sort();
    timeline
}

fn entry(at: Instant, what: &str, text: String) -> TimelineEntry {
    TimelineEntry { at, what: what.into(), text, details: Vec::new() }
}

fn entries(person: &Person, names: &RuleNames) -> Vec<TimelineEntry> {
    let rule = |number| rule_name(names, number);
    let mut entries = vec![entry(person.profile.learnt, "customer", "first seen here".into())];
    entries.extend(person.changes.iter().map(change));
    entries.extend(first_consents(person));
    entries.extend(person.orders.iter().map(order));
    entries.extend(person.events.iter().map(event));
    entries.extend(person.decisions.iter().map(|decided| decision(decided, &rule(decided.rule))));
    entries.extend(person.open.iter().map(open));
    entries.extend(person.ended.iter().map(ended));
    for (number, at, skip) in &person.passed_over {
        entries.push(entry(*at, "passed over", format!("rule {}: {}", rule(*number), skip.label())));
    }
    for (number, timer) in person.waits.iter().filter(|(_, timer)| timer.waits) {
        let text = format!("rule {} waits until then after `{}`", rule(*number), timer.event.name);
        entries.push(entry(timer.due, "wait", text));
    }
    for tracked in &person.tracks {
        for (_, moved) in &tracked.moves {
            let from = moved.from.map_or_else(|| "nowhere".into(), |from| tracked.name_of(from));
            let text = format!("{}: {from} → {}", tracked.record.name, tracked.name_of(moved.to));
            entries.push(entry(moved.happened, "move", text));
        }
    }
    for (_, met) in &person.suppressions {
        let text = format!("an address is suppressed ({})", met.reason.label());
        entries.push(entry(met.at, "suppression", text));
    }
    for (channel, said) in &person.unsubscribes {
        entries.push(entry(said.at, "consent", format!("unsubscribed from {channel} by the link")));
    }
    entries
}

/// `consent_email_marketing` as `email`.
fn channel_of(field: &str) -> Option<&str> {
    field.strip_prefix("consent_")?.strip_suffix("_marketing")
}

fn change(change: &Change) -> TimelineEntry {
    let at = change.happened.unwrap_or(change.learnt);
    let shown = |text: &Option<String>| text.as_deref().map_or_else(|| "unknown".into(), short);
    let (before, after) = (shown(&change.before), shown(&change.after));
    match channel_of(&change.field) {
        Some(channel) => entry(at, "consent", format!("marketing by {channel}: {before} → {after}")),
        None => entry(at, "change", format!("{}: {before} → {after}", change.field)),
    }
}

/// What was said of consent when the customer came: no change, and not told elsewhere.
fn first_consents(person: &Person) -> Vec<TimelineEntry> {
    let changed: BTreeSet<&str> =
        person.changes.iter().filter_map(|change| channel_of(&change.field)).collect();
    let first = person.profile.consents.iter().filter(|(channel, _)| !changed.contains(channel.0.as_str()));
    let shown = first.map(|(channel, consent)| {
        let said = if consent.given { "yes" } else { "no" };
        let by = if consent.by_person { ", by their own doing" } else { "" };
        let at = consent.at.unwrap_or(person.profile.learnt);
        entry(at, "consent", format!("marketing by {channel}: {said}{by}"))
    });
    shown.collect()
}

fn order(order: &Order) -> TimelineEntry {
    let currency = order.currency.map_or_else(String::new, |currency| format!(" {currency}"));
    let what = if order.total.0 < 0 { "refund" } else { "order" };
    let mut shown = entry(order.time, what, format!("{}: {}{currency}", short(&order.id), order.total));
    shown.details = order
        .lines
        .iter()
        .map(|line| {
            let quantity = line.quantity.map(|quantity| format!("{quantity} ×"));
            let parts = [quantity, line.product.clone(), line.category.clone(), line.channel.clone()];
            parts.into_iter().flatten().map(|part| short(&part)).collect::<Vec<_>>().join(" ")
        })
        .filter(|line| !line.is_empty())
        .collect();
    shown
}

fn event(event: &Event) -> TimelineEntry {
    let fields = event.fields.iter().map(|(name, text)| format!("{name}: {}", short(text)));
    TimelineEntry { details: fields.collect(), ..entry(event.time, "event", event.name.clone()) }
}

fn decision(decided: &Decided, rule: &str) -> TimelineEntry {
    let Decided { at, decision, run, .. } = decided;
    let due = if decision.due > *at { format!(", due at {}", decision.due) } else { String::new() };
    let by =
        run.as_ref().map_or_else(String::new, |run| format!(", by {} of commit {}", run.place, run.commit));
    let text = format!("rule {rule}: {}{due}{by}", fate(decision.fate));
    let values = decision.values.iter().map(|(clause, value)| format!("{}: {}", short(clause), short(value)));
    TimelineEntry { details: values.collect(), ..entry(*at, "decision", text) }
}

fn open(message: &OpenMessage) -> TimelineEntry {
    let OpenMessage { rule, target, channel, .. } = message;
    let wait = message.waits.map_or_else(String::new, |wait| format!(" for {}", wait.label()));
    let text = format!(
        "{target} by {channel}, rule {rule}: {}{wait}, not before {}",
        message.state.label(),
        message.next_attempt
    );
    let last = message.last.iter().map(|last| format!("last: {}", short(&last.result)));
    TimelineEntry { details: last.collect(), ..entry(message.decided, "message", text) }
}

fn ended(message: &FinishedMessage) -> TimelineEntry {
    let FinishedMessage { rule, target, channel, .. } = message;
    let state = message.state.label();
    let text = format!("{target} by {channel}, rule {rule}: {state}, {}", short(&message.result));
    entry(message.at, "message", text)
}

/// On one line, cut where it is long.
fn short(text: &str) -> String {
    let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    match line.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}
