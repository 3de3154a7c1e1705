//! `outbox list`: of very many messages only so many are read, and fewer are kept.

use std::collections::{BTreeMap, VecDeque};

use crate::model::{Duration, Instant};
use crate::record::{Cost, FinishedMessage, MessageState, OpenMessage, OutageKind};
use crate::serve::{Amount, OutboxFilter, OutboxRow, Response};
use crate::store::{Store, tables};

use super::called::goes_by;
use super::handle::{answer_found, waits_at};
use super::snapshot::Snapshot;
use super::wanted::{Unclear, Wanted};

/// Rows in an answer, whatever was asked for.
const MOST_ROWS: usize = 100_000;
/// Ended messages that are read for an answer.
const MOST_READ: usize = 200_000;
/// The first span back in time that is looked at; each next one is as long as all before it.
const FIRST_SPAN: Duration = Duration::hours(1);

/// The newest ended messages that were found.
#[derive(Default)]
struct Ended {
    rows: VecDeque<FinishedMessage>,
    more: u64,
    unread: bool,
}

/// The messages that a filter means, in what the store holds now and by what is seen of the rest: beside
/// the decider, where there is one.
pub(super) fn answer(store: &dyn Store, seen: &Snapshot, filter: &OutboxFilter, now: Instant) -> Response {
    answer_found(Desk { store, seen }.rows(filter, now))
}

/// What is looked at.
struct Desk<'a> {
    store: &'a dyn Store,
    seen: &'a Snapshot,
}

impl Desk<'_> {
    /// Open ones by when they are due; ended ones the newest, oldest of them first.
    fn rows(&self, filter: &OutboxFilter, now: Instant) -> Result<Response, Unclear> {
        let wanted = Wanted::of(self.seen, filter)?;
        let limit = usize::try_from(filter.limit).unwrap_or(usize::MAX).min(MOST_ROWS);
        match wanted.state {
            Some(state @ (MessageState::Sent | MessageState::Dead | MessageState::Withdrawn)) => {
                let Ended { rows, more, unread } = self.ended(&wanted, (state, filter.since), now, limit);
                let messages = rows.into_iter().map(|message| self.finished_row(message)).collect();
                Ok(Response::Outbox { messages, more, unread })
            }
            None
            | Some(
                MessageState::Pending | MessageState::Claimed | MessageState::Retry | MessageState::InDoubt,
            ) => Ok(self.open_rows(&wanted, now, limit)),
        }
    }

    fn open_rows(&self, wanted: &Wanted<'_>, now: Instant, limit: usize) -> Response {
        let outages = tables::endpoints::outages(self.store).filter_map(Result::ok);
        let outages: BTreeMap<String, Option<Instant>> = outages
            .map(|outage| match outage.kind {
                OutageKind::Gone => (outage.name, None),
                OutageKind::Failing { until, .. } => (outage.name, Some(until)),
            })
            .collect();
        let (mut first, mut more) = (BTreeMap::new(), 0);
        for message in tables::messages::open_messages(self.store).filter_map(Result::ok) {
            if wanted.state.is_some_and(|state| state != message.state) || !wanted.open(&message) {
                continue;
            }
            first.insert((message.next_attempt, message.key), message);
            if first.len() > limit {
                first.pop_last();
                more += 1;
            }
        }
        let messages = first.into_values().map(|message| self.row(message, &outages, now)).collect();
        Response::Outbox { messages, more, unread: false }
    }

    /// Ended messages lie in the store by their end: one span of time after the other, back from now,
    /// until there are enough.
    fn ended(
        &self,
        wanted: &Wanted<'_>,
        (state, since): (MessageState, Option<Instant>),
        now: Instant,
        limit: usize,
    ) -> Ended {
        let earliest = since.unwrap_or(Instant(i64::MIN));
        let (mut found, mut read) = (Ended::default(), 0);
        let (mut end, mut span) = (Instant(i64::MAX), FIRST_SPAN);
        while end > earliest {
            // What was not found in years lies anywhere.
            let reach = if span > Duration::days(3_650) { Instant(i64::MIN) } else { now.minus(span) };
            let start = reach.max(earliest);
            let mut newest = VecDeque::new();
            let room = limit - found.rows.len();
            for message in tables::messages::finished_messages(self.store, start).filter_map(Result::ok) {
                if message.at >= end {
                    break;
                }
                read += 1;
                if read > MOST_READ {
                    found.unread = true;
                    return found;
                }
                if message.state == state && wanted.finished(&message) {
                    newest.push_back(message);
                    if newest.len() > room {
                        newest.pop_front();
                        found.more += 1;
                    }
                }
            }
            newest.append(&mut found.rows);
            found.rows = newest;
            end = start;
            span = Duration(span.0.saturating_mul(2));
        }
        found
    }

    fn row(
        &self,
        message: OpenMessage,
        outages: &BTreeMap<String, Option<Instant>>,
        now: Instant,
    ) -> OutboxRow {
        let waits = waits_at(&message, now);
        let webhook = self.seen.active.as_ref().and_then(|active| goes_by(&message, active));
        let outage = webhook.and_then(|webhook| Some((webhook, outages.get(webhook)?)));
        let (waits_for, waits_until) = match (waits, outage) {
            (Some(wait), _) => (Some(wait.label().to_owned()), Some(message.due)),
            (None, Some((webhook, until))) => (Some(format!("webhook {webhook}")), *until),
            (None, None) => (None, None),
        };
        OutboxRow {
            id: message.key.to_string(),
            state: message.state.label().into(),
            rule: message.rule,
            target: message.target,
            channel: message.channel.0,
            customer_id: self.seen.population.id(message.customer).unwrap_or_default().into(),
            decided: message.decided,
            next_attempt: message.next_attempt,
            attempts: message.attempts,
            last_result: message.last.map(|attempt| attempt.result),
            waits_for,
            waits_until,
            cost: message.cost.map(amount),
        }
    }

    fn finished_row(&self, message: FinishedMessage) -> OutboxRow {
        OutboxRow {
            id: message.key.to_string(),
            state: message.state.label().into(),
            rule: message.rule,
            target: message.target,
            channel: message.channel.0,
            customer_id: self.seen.population.id(message.key.decision.customer).unwrap_or_default().into(),
            decided: message.at,
            next_attempt: message.at,
            attempts: message.attempts,
            last_result: Some(message.result),
            waits_for: None,
            waits_until: None,
            cost: message.cost.map(amount),
        }
    }
}

/// What something costs, for people and programs.
pub(super) fn amount(cost: Cost) -> Amount {
    Amount { amount: cost.amount.to_string(), currency: cost.currency.map(|currency| currency.to_string()) }
}
