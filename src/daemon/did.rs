//! What the outbox did, on its way into the population: `sent` and `bounced` in conditions.
//!
//! The store has it already, written with the message's result. It is gathered here and taken up
//! before anything looks at the population, for it is cheaper to remake a chunk once than once a
//! message.

use crate::record::Deed;
use crate::store::{StoreError, tables};

use super::Engine;
use super::start::Damage;

impl Engine {
    /// Hears of a pack of deeds that is durable; one that was read from the store already says
    /// nothing new.
    pub fn did(&mut self, sequence: u64, deeds: Vec<Deed>) {
        if self.deeds_seen.insert(sequence) {
            self.deeds.extend(deeds);
        }
    }

    /// Shows the population what was heard since the last time.
    pub(super) fn take_up_deeds(&mut self) {
        if !self.deeds.is_empty() {
            self.population.record(&std::mem::take(&mut self.deeds));
            self.publish();
        }
    }

    /// Reads all deeds into a population that was just read anew.
    pub(super) fn read_deeds(&mut self, damages: &mut Vec<Damage>) -> Result<(), StoreError> {
        let store = std::sync::Arc::clone(&self.store);
        self.deeds.clear();
        self.deeds_seen.clear();
        let mut gathered: Vec<Deed> = Vec::new();
        for item in tables::deeds::deeds(&*store) {
            match item {
                Ok((sequence, mut deeds)) => {
                    self.deeds_seen.insert(sequence);
                    gathered.append(&mut deeds);
                }
                Err(error @ StoreError::Corrupt(_)) => damages.push(Damage(error.to_string())),
                Err(error) => return Err(error),
            }
            if gathered.len() >= AT_ONCE {
                self.population.record(&gathered);
                gathered.clear();
            }
        }
        self.population.record(&gathered);
        Ok(())
    }
}

/// Deeds that a start holds as records before it turns them into columns.
const AT_ONCE: usize = 2_000_000;
