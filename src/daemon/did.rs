//! What the outbox did, on its way into the population, where conditions read it as `sent` and
//! `bounced`, and to the rules that fire on it.
//!
//! The store has it already, written with the message's result. It is gathered here and taken up
//! before anything looks at the population, for it is cheaper to remake a chunk once than once a
//! message.

use crate::model::Instant;
use crate::record::{Arrival, Deed};
use crate::store::{Batch, StoreError, tables};

use super::Engine;
use super::start::Damage;

impl Engine {
    /// Hears of a pack of deeds that is durable; one that was read from the store already says
    /// nothing new to conditions. Its mark says whether rules were asked about it.
    ///
    /// # Errors
    /// When the store fails.
    pub fn did(&mut self, sequence: u64, deeds: Vec<Deed>) -> Result<(), StoreError> {
        let asks = self.active.as_ref().is_some_and(|active| deeds.iter().any(|d| active.fires_on(d.kind)));
        let asks = asks && tables::deeds::is_marked(&*self.store, sequence)?;
        let told = asks.then(|| deeds.clone());
        if self.deeds_seen.insert(sequence) {
            self.hear_deeds(&deeds)?;
            self.deeds.extend(deeds);
        }
        told.map_or(Ok(()), |deeds| self.arrived(&[(sequence, deeds)]))
    }

    /// Whether there are events that rules can be asked about now.
    pub(super) fn has_arrivals(&self, now: Instant) -> bool {
        let next = self.arrivals.first_key_value();
        let came = next.is_some_and(|(arrival, _)| arrival.event.time <= now);
        came && self.hold.is_none() && self.loads.is_empty() && !self.shared.room.is_short()
    }

    /// From marks of packs to arrivals of what rules fire on, in one commit a pack.
    fn arrived(&mut self, packs: &[(u64, Vec<Deed>)]) -> Result<(), StoreError> {
        let Some(active) = self.active.clone() else { return Ok(()) };
        let mut last = None;
        for (sequence, deeds) in packs {
            let mut batch = Batch::default();
            tables::deeds::unmark(&mut batch, *sequence);
            for deed in deeds.iter().filter(|deed| active.fires_on(deed.kind)) {
                let arrival = Arrival { event: deed.reference(), customer: deed.customer };
                tables::events::put_arrival(&mut batch, self.next_arrival, &arrival);
                self.arrivals.insert(arrival, self.next_arrival);
                self.next_arrival += 1;
            }
            last = Some(self.store.commit(batch));
        }
        last.map_or(Ok(()), |receipt| receipt.wait().map(drop))
    }

    /// Shows the population what was heard since the last time.
    pub(super) fn take_up_deeds(&mut self) {
        if !self.deeds.is_empty() {
            let deeds = std::mem::take(&mut self.deeds);
            let deeds = self.as_called(deeds);
            self.population.record(&deeds);
            self.publish();
        }
    }

    /// Reads all deeds into a population that was just read anew.
    pub(super) fn read_deeds(&mut self, damages: &mut Vec<Damage>) -> Result<(), StoreError> {
        let store = std::sync::Arc::clone(&self.store);
        self.deeds.clear();
        self.deeds_seen.clear();
        self.guards.forget();
        let mut gathered: Vec<Deed> = Vec::new();
        for item in tables::deeds::deeds(&*store) {
            match item {
                Ok((sequence, mut deeds)) => {
                    self.deeds_seen.insert(sequence);
                    self.guards.hear(&deeds);
                    gathered.append(&mut deeds);
                }
                Err(error @ StoreError::Corrupt(_)) => damages.push(Damage(error.to_string())),
                Err(error) => return Err(error),
            }
            if gathered.len() >= AT_ONCE {
                let deeds = self.as_called(std::mem::take(&mut gathered));
                self.population.record(&deeds);
            }
        }
        let deeds = self.as_called(gathered);
        self.population.record(&deeds);
        Ok(())
    }

    /// Deeds under the names that their messages and rules have now.
    fn as_called(&self, mut deeds: Vec<Deed>) -> Vec<Deed> {
        if let Some(active) = &self.active {
            for deed in &mut deeds {
                active.renamed.deed(deed);
            }
        }
        deeds
    }

    /// Takes up the packs that rules have still to be asked about, as far as they were read: of the
    /// others the outbox is about to tell.
    pub(super) fn read_marks(&mut self, damages: &mut Vec<Damage>) -> Result<(), StoreError> {
        let mut packs = Vec::new();
        for sequence in tables::deeds::marked(&*self.store)? {
            if !self.deeds_seen.contains(&sequence) {
                continue;
            }
            match tables::deeds::pack(&*self.store, sequence) {
                Ok(pack) => packs.extend(pack.map(|deeds| (sequence, deeds))),
                Err(error @ StoreError::Corrupt(_)) => damages.push(Damage(error.to_string())),
                Err(error) => return Err(error),
            }
        }
        self.arrived(&packs)
    }
}

/// Deeds that a start holds as records before it turns them into columns.
const AT_ONCE: usize = 2_000_000;
