//! Which messages a person means: the one reading of the filters of `outbox list`, `retry` and `drop`.

use std::collections::BTreeSet;

use crate::decide::CALLS;
use crate::model::{Channel, CustomerNumber, Instant, RuleNumber};
use crate::record::{FinishedMessage, MessageKey, MessageState, OpenMessage};
use crate::ruleset::Named;
use crate::serve::{OutboxFilter, RefusalKind};

use super::Engine;
use super::explain::no_customer;

/// A filter with its names resolved.
pub(super) struct Wanted<'a> {
    filter: &'a OutboxFilter,
    pub(super) state: Option<MessageState>,
    rule: Option<RuleNumber>,
    customer: Option<CustomerNumber>,
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
    pub(super) fn of(engine: &'a Engine, filter: &'a OutboxFilter) -> Result<Self, Unclear> {
        let state = filter.state.as_deref().map(|label| {
            let found = STATES.into_iter().find(|state| state.label() == label);
            let unknown = || (RefusalKind::Usage, format!("`{label}` is no state of a message"));
            found.ok_or_else(unknown)
        });
        let customer = filter
            .customer
            .as_deref()
            .map(|id| engine.find(id).ok_or_else(|| (RefusalKind::NotFound, no_customer(id))));
        let active = engine.active.as_ref();
        let webhook = filter.webhook.as_deref();
        let position = active.zip(webhook).and_then(|(active, webhook)| {
            let name = active.present_name(Named::Webhook, webhook)?;
            active.rules.webhooks.iter().position(|one| one.name == name)
        });
        let carried = active.zip(position).map_or_else(BTreeSet::new, |(active, position)| {
            let by = active.rules.messages.iter().filter(|message| message.webhook == Some(position));
            by.map(|message| message.name.as_str()).collect()
        });
        Ok(Self {
            filter,
            state: state.transpose()?,
            rule: filter.rule.as_ref().and_then(|rule| engine.names.get(rule).copied()),
            customer: customer.transpose()?,
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
        let by = |webhook: &String| if is_call { webhook == target } else { self.carried.contains(target) };
        let named = |id: &String| *id == key.to_string() || *id == key.decision.to_string();
        filter.rule.as_ref().is_none_or(of_rule)
            && filter.message.as_ref().is_none_or(|name| !is_call && name == target)
            && filter.webhook.as_ref().is_none_or(by)
            && self.customer.is_none_or(|customer| customer == key.decision.customer)
            && (filter.ids.is_empty() || filter.ids.iter().any(named))
    }
}
