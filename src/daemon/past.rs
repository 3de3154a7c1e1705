//! Everybody as they were: values that changed since, put back from the recorded changes.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::model::{CustomerNumber, Instant};
use crate::population::{Population, Told};
use crate::record::{Change, Profile};
use crate::store::{Store, StoreError, tables};

use super::Engine;
use super::active::Active;
use super::snapshot::Shared;
use super::told::told;

/// Everybody at a moment, and what is stored of them: who they were can be found beside the decider.
pub(super) struct People {
    store: Arc<dyn Store>,
    shared: Arc<Shared>,
    population: Population,
    active: Option<Arc<Active>>,
}

impl People {
    /// The population as of an instant. Orders after it are not looked at anyway; what changed later
    /// has its earlier value. What a first import said of a customer counts as always so: no earlier
    /// value was recorded.
    pub(super) fn at(self, at: Instant, now: Instant) -> Result<Population, StoreError> {
        if at >= now {
            return Ok(self.population);
        }
        let mut later: BTreeMap<CustomerNumber, Vec<Change>> = BTreeMap::new();
        for item in tables::customers::all_changes(&*self.store) {
            let (customer, change) = item?;
            if time_of(&change) > at {
                later.entry(customer).or_default().push(change);
            }
        }
        self.with_undone(later)
    }

    /// The population with changes of some customers undone, the latest first.
    fn with_undone(mut self, later: BTreeMap<CustomerNumber, Vec<Change>>) -> Result<Population, StoreError> {
        let mut before: Vec<Told> = Vec::with_capacity(later.len());
        for (customer, mut changes) in later {
            // Who was erased is not there, though not all of it may be forgotten yet.
            if !self.population.contains(customer) {
                continue;
            }
            let told = told(&*self.store, &self.shared, self.active.as_deref(), customer)?;
            let Some(mut told) = told else { continue };
            changes.sort_by_key(|change| std::cmp::Reverse((time_of(change), change.learnt)));
            for change in changes {
                put_back(&mut told.profile, change);
            }
            before.push(told);
        }
        self.population.upsert(before.iter().map(Told::borrow).collect());
        Ok(self.population)
    }
}

impl Engine {
    /// Everybody as they are, for whoever looks at who they were.
    pub(super) fn people(&self) -> People {
        People {
            store: Arc::clone(&self.store),
            shared: Arc::clone(&self.shared),
            population: self.population.clone(),
            active: self.active.clone(),
        }
    }

    /// The population with one customer as of an instant, and all others as they are.
    pub(super) fn population_of(
        &self,
        customer: CustomerNumber,
        at: Instant,
        now: Instant,
    ) -> Result<Population, StoreError> {
        if at >= now {
            return Ok(self.population.clone());
        }
        let mut changes = tables::customers::changes(&*self.store, customer)?;
        changes.retain(|change| time_of(change) > at);
        self.with_undone(BTreeMap::from([(customer, changes)]))
    }

    /// The population with changes of some customers undone, the latest first.
    pub(super) fn with_undone(
        &self,
        later: BTreeMap<CustomerNumber, Vec<Change>>,
    ) -> Result<Population, StoreError> {
        self.people().with_undone(later)
    }
}

/// When a change happened by the data, else when it was learnt.
pub(super) fn time_of(change: &Change) -> Instant {
    change.happened.unwrap_or(change.learnt)
}

/// Undoes a change of a value; consents are not part of a condition.
fn put_back(profile: &mut Profile, change: Change) {
    profile.values.retain(|(name, _)| *name != change.field);
    if let Some(text) = change.before {
        profile.values.push((change.field, text));
        profile.values.sort();
    }
}
