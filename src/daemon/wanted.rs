//! Which messages a person means: the one reading of the filters of `outbox list`, `retry` and `drop`.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use crate::decide::CALLS;
use crate::language::nearest;
use crate::model::{Channel, CustomerNumber, Instant, RuleNumber};
use crate::record::{FinishedMessage, MessageKey, MessageState, OpenMessage};
use crate::ruleset::Named;
use crate::serve::{OutboxFilter, RefusalKind};

use super::active::Active;
use super::explain::no_customer;
use super::snapshot::Snapshot;

/// A filter with its names resolved.
pub(super) struct Wanted<'a> {
    filter: &'a OutboxFilter,
    pub(super) state: Option<MessageState>,
    rule: Option<RuleNumber>,
    customer: Option<CustomerNumber>,
    active: Option<&'a Active>,
    /// The present names that were looked up: of very many messages few have a name of their own.
    known: RefCell<BTreeMap<(bool, String), &'a str>>,
    /// What is asked for, by the names that it has now.
    message: Option<&'a str>,
    webhook: Option<&'a str>,
    /// Messages that the webhook carries.
    carried: BTreeSet<&'a str>,
}

/// Why a filter means nothing.
pub(super) type Unclear = (RefusalKind, String);

const STATES: [MessageState; 7] = [
    MessageState::Pending,
    MessageState::Claimed,
    MessageState::Retry,
    MessageState::InDoubt,
    MessageState::Sent,
    MessageState::Dead,
    MessageState::Withdrawn,
];

impl<'a> Wanted<'a> {
    /// Reads a filter by what is seen.
    ///
    /// # Errors
    /// Where it names what there never was.
    pub(super) fn of(seen: &'a Snapshot, filter: &'a OutboxFilter) -> Result<Self, Unclear> {
        let state = filter.state.as_deref().map(|label| {
            let found = STATES.into_iter().find(|state| state.label() == label);
            let unknown = || (RefusalKind::Usage, format!("`{label}` is no state of a message"));
            found.ok_or_else(unknown)
        });
        let customer = filter
            .customer
            .as_deref()
            .map(|id| seen.population.find(id).ok_or_else(|| (RefusalKind::NotFound, no_customer(id))));
        let active = seen.active.as_deref();
        let names = [
            (Named::Rule, &filter.rule, "rule"),
            (Named::Message, &filter.message, "message"),
            (Named::Webhook, &filter.webhook, "webhook"),
        ];
        for (kind, name, word) in names {
            name.as_deref().map_or(Ok(()), |name| is_known(seen, (kind, word), name))?;
        }
        let present = |kind, name: Option<&'a str>| name.map(|name| present(active, kind, name));
        let message = present(Named::Message, filter.message.as_deref());
        let webhook = present(Named::Webhook, filter.webhook.as_deref());
        let position = active
            .zip(webhook)
            .and_then(|(active, name)| active.rules.webhooks.iter().position(|one| one.name == name));
        let carried = active.zip(position).map_or_else(BTreeSet::new, |(active, position)| {
            let by = active.rules.messages.iter().filter(|message| message.webhook == Some(position));
            by.map(|message| message.name.as_str()).collect()
        });
        Ok(Self {
            filter,
            state: state.transpose()?,
            rule: filter.rule.as_ref().and_then(|rule| seen.names.get(rule).copied()),
            customer: customer.transpose()?,
            active,
            known: RefCell::default(),
            message,
            webhook,
            carried,
        })
    }

    /// Whether single messages are named.
    pub(super) const fn names_messages(&self) -> bool {
        !self.filter.ids.is_empty()
    }

    pub(super) fn open(&self, message: &OpenMessage) -> bool {
        self.meets(message.key, &message.rule, &message.target, &message.channel)
            && self.filter.since.is_none_or(|since| message.decided >= since)
    }

    pub(super) fn finished(&self, message: &FinishedMessage) -> bool {
        self.meets(message.key, &message.rule, &message.target, &message.channel) && self.ended_at(message.at)
    }

    /// A message that died at that instant.
    pub(super) fn dead(&self, at: Instant, message: &OpenMessage) -> bool {
        self.meets(message.key, &message.rule, &message.target, &message.channel) && self.ended_at(at)
    }

    fn ended_at(&self, at: Instant) -> bool {
        self.filter.since.is_none_or(|since| at >= since)
    }

    fn meets(&self, key: MessageKey, rule: &str, target: &str, channel: &Channel) -> bool {
        let filter = self.filter;
        let is_call = channel.0 == CALLS;
        // By its number too: it may have been renamed since.
        let of_rule = |name: &String| name == rule || self.rule == Some(key.decision.rule);
        let by = |webhook: &str| {
            let present = self.present_target(is_call, target);
            if is_call { present == webhook } else { self.carried.contains(present) }
        };
        let named = |id: &String| *id == key.to_string() || *id == key.decision.to_string();
        filter.rule.as_ref().is_none_or(of_rule)
            && self.message.is_none_or(|name| !is_call && self.present_target(false, target) == name)
            && self.webhook.is_none_or(by)
            && self.customer.is_none_or(|customer| customer == key.decision.customer)
            && (filter.ids.is_empty() || filter.ids.iter().any(named))
    }

    /// What a message was decided under may have another name by now.
    fn present_target<'b>(&self, is_call: bool, target: &'b str) -> &'b str
    where
        'a: 'b,
    {
        let Some(active) = self.active else { return target };
        let key = (is_call, target.to_owned());
        if let Some(known) = self.known.borrow().get(&key) {
            return known;
        }
        let kind = if is_call { Named::Webhook } else { Named::Message };
        match active.present_name(kind, target) {
            Some(name) => self.known.borrow_mut().entry(key).or_insert(name),
            None => target,
        }
    }
}

/// Refuses a name that nothing has and nothing ever had, with the nearest one.
fn is_known(seen: &Snapshot, (kind, word): (Named, &str), name: &str) -> Result<(), Unclear> {
    let now = seen.active.iter().flat_map(|active| active.rules.named());
    let now = now.filter(|(other, _)| *other == kind).map(|(_, name)| name);
    let known: BTreeSet<&str> = now.chain(seen.remembered.names(kind)).collect();
    if known.contains(name) || (kind == Named::Rule && seen.names.contains_key(name)) {
        return Ok(());
    }
    let meant = nearest(name, known).map(|near| format!("; did you mean `{near}`?"));
    let text = format!("no {word} is called `{name}`, and none was{}", meant.unwrap_or_default());
    Err((RefusalKind::NotFound, text))
}

/// The name that something has now; the same where no rule has it.
fn present<'a>(active: Option<&'a Active>, kind: Named, name: &'a str) -> &'a str {
    active.and_then(|active| active.present_name(kind, name)).unwrap_or(name)
}
