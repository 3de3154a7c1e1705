//! Who unsubscribed by a link: on its way into the profile and among the events.
//!
//! What the person said is durable when they are told so, even while an import keeps the engine busy,
//! and stops marketing from then on: the gate asks here. The engine takes it in as soon as it can, in one
//! commit: consent withdrawn, the event `unsubscribed`, the end of the note.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::ingest::{CustomerUpdate, Origin, merge_customer};
use crate::model::{Channel, CustomerNumber, Instant};
use crate::record::{Arrival, Consent, Event, MessageKey, Unsubscribe};
use crate::ruleset::EventId;
use crate::store::{Batch, StoreError, tables};

use super::Engine;
use super::load::Loading;

/// Why a message ends whose customer unsubscribed.
pub(super) const UNSUBSCRIBED: &str = "the customer unsubscribed";

/// The event that it is.
const EVENT: &str = "unsubscribed";

/// What was said, by customer and channel.
type Said = BTreeMap<(CustomerNumber, Channel), Unsubscribe>;

/// Who unsubscribed and is not taken in yet. All of it is durable.
#[derive(Debug, Default)]
pub(super) struct Unsubscribed(Mutex<Noted>);

#[derive(Debug, Default)]
struct Noted {
    said: Said,
    /// Whether some of it was not looked at yet; what cannot be taken in stays noted, and is not tried
    /// again before a restart.
    is_new: bool,
}

impl Unsubscribed {
    fn lock(&self) -> MutexGuard<'_, Noted> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn note(&self, customer: CustomerNumber, channel: Channel, said: Unsubscribe) {
        let mut noted = self.lock();
        noted.said.insert((customer, channel), said);
        noted.is_new = true;
    }

    pub(super) fn has(&self, customer: CustomerNumber, channel: &Channel) -> bool {
        let noted = self.lock();
        !noted.said.is_empty() && noted.said.contains_key(&(customer, channel.clone()))
    }

    /// Of whom it is, and on which channels.
    pub(super) fn all(&self) -> Vec<(CustomerNumber, Channel)> {
        self.lock().said.keys().cloned().collect()
    }

    fn take_new(&self) -> Said {
        let mut noted = self.lock();
        if std::mem::take(&mut noted.is_new) { noted.said.clone() } else { Said::new() }
    }

    /// Forgets what was taken in; what was said anew meanwhile stays.
    fn forget(&self, taken: &Said) {
        self.lock().said.retain(|key, said| taken.get(key) != Some(said));
    }

    fn try_again(&self) {
        self.lock().is_new = true;
    }
}

impl Engine {
    /// Reads who unsubscribed before a restart and was not taken in.
    pub(super) fn read_unsubscribes(&self) -> Result<(), StoreError> {
        for item in tables::unsubscribes::unsubscribes(&*self.store) {
            match item {
                Ok((customer, channel, said)) => self.shared.unsubscribed.note(customer, channel, said),
                Err(error @ StoreError::Corrupt(_)) => {
                    tracing::error!(error = error.to_string(), "a damaged record was left out");
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Takes in who unsubscribed by a link since the last time.
    ///
    /// # Errors
    /// When the store fails; it is tried again then.
    pub fn take_unsubscribes(&mut self, now: Instant) -> Result<(), StoreError> {
        if !self.customers_read {
            return Ok(());
        }
        let shared = Arc::clone(&self.shared);
        let said = shared.unsubscribed.take_new();
        if said.is_empty() {
            return Ok(());
        }
        // The message that brought somebody to it may have been handed over a moment ago.
        self.take_up_deeds();
        let taken = self.take_in(said, now).inspect_err(|_| shared.unsubscribed.try_again())?;
        self.publish();
        shared.unsubscribed.forget(&taken);
        self.look_at_guards_soon(now)
    }

    fn take_in(&mut self, mut said: Said, now: Instant) -> Result<Said, StoreError> {
        let mut loading = Loading::of(Origin::Http);
        let mut damaged = Vec::new();
        for (key, what) in &said {
            match self.unsubscribe((key.0, &key.1), what, now, &mut loading) {
                Ok(()) => {}
                Err(error @ StoreError::Corrupt(_)) => {
                    tracing::error!(
                        error = error.to_string(),
                        "an unsubscribe cannot be written down: its customer gets no marketing"
                    );
                    // All before it is committed: what is gathered is this one's half.
                    loading.batch = Batch::default();
                    damaged.push(key.clone());
                }
                Err(error) => return Err(error),
            }
        }
        loading.commit(self)?;
        self.settle(loading)?;
        said.retain(|key, _| !damaged.contains(key));
        Ok(said)
    }

    /// One of them: consent, event, and the end of the note, in one commit.
    fn unsubscribe(
        &mut self,
        (number, channel): (CustomerNumber, &Channel),
        said: &Unsubscribe,
        now: Instant,
        loading: &mut Loading,
    ) -> Result<(), StoreError> {
        let existing = tables::customers::profile(&*self.store, number)?;
        let Some(existing) = existing.filter(|_| !self.erased.under_way.contains(&number)) else {
            tables::unsubscribes::remove_unsubscribe(&mut loading.batch, number, channel);
            return Ok(());
        };
        let held = existing.consents.iter().find(|(known, _)| known == channel).map(|(_, consent)| *consent);
        // Who says it twice did it once; but a consent between the two is older than the second.
        let is_first = !held.is_some_and(|consent| consent.by_person && !consent.given);
        let withdrawn = Consent { given: false, at: Some(said.over), by_person: true };
        let consents = vec![(channel.clone(), withdrawn)];
        let update =
            CustomerUpdate { id: existing.id.clone(), lines: Vec::new(), values: Vec::new(), consents };
        let mut merged = merge_customer(Some(&existing), &update, now, loading.origin);
        let event = is_first.then(|| self.event_of((number, channel), said));
        if let Some(event) = &event {
            // Read before anything is gathered: what does not read back changes nothing.
            tables::events::append_events(
                &*self.store,
                &mut loading.batch,
                number,
                std::slice::from_ref(event),
            )?;
        }
        if merged.changed {
            // A withdrawal that only grew younger is no change.
            merged.changes.retain(|change| change.before != change.after);
            tables::customers::append_changes(&*self.store, &mut loading.batch, number, &merged.changes)?;
            tables::customers::put_profile(&mut loading.batch, number, &merged.profile);
        }
        if let Some(event) = event {
            self.guards.hear_event(&event.name);
            self.arrive(Arrival { event: event.reference(), customer: number }, now, loading);
        }
        tables::unsubscribes::remove_unsubscribe(&mut loading.batch, number, channel);
        // The customer may come again, by another channel: that one has to find this in the store.
        loading.touch(self, number)?;
        loading.commit(self)
    }

    fn event_of(&self, (number, channel): (CustomerNumber, &Channel), said: &Unsubscribe) -> Event {
        let mut fields = vec![("channel".to_owned(), channel.0.clone())];
        let (message, rule) =
            said.message.map_or((None, None), |key| self.brought_by(key, (number, channel), said.at));
        fields.extend(message.map(|message| ("message".to_owned(), message)));
        fields.extend(rule.map(|rule| ("rule".to_owned(), rule)));
        Event {
            id: format!("{EVENT}-{}-{}", channel.0, said.at.0),
            name: EVENT.into(),
            time: said.at,
            learnt: said.at,
            fields,
        }
    }

    /// The message's name, as it was sent, and its rule's.
    fn brought_by(
        &self,
        key: MessageKey,
        (number, channel): (CustomerNumber, &Channel),
        until: Instant,
    ) -> (Option<String>, Option<String>) {
        let its = key.decision.rule;
        let sent = self.population.texts(number, EventId::SENT, until);
        let found = sent.into_iter().find_map(|texts| match texts.as_slice() {
            [Some(message), Some(rule), Some(by)]
                if *by == channel.0 && self.names.get(rule) == Some(&its) =>
            {
                Some((Some(message.clone()), Some(rule.clone())))
            }
            _ => None,
        });
        let active = || {
            let active = self.active.as_ref()?;
            Some(active.rules.rules[active.position(its)?].name.clone())
        };
        found.unwrap_or_else(|| (None, active()))
    }
}
