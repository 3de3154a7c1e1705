//! What the store was told of customers: one by one, or all of them beside their profiles.

use std::iter::Peekable;

use crate::model::CustomerNumber;
use crate::population::Told;
use crate::record::{Event, Order};
use crate::store::{Store, StoreError, tables};

use super::Engine;
use super::start::Damage;

impl Engine {
    /// All that was told of a customer; none who is not there, or is being erased.
    ///
    /// # Errors
    /// When a record does not read back.
    pub(super) fn told(&self, number: CustomerNumber) -> Result<Option<Told>, StoreError> {
        if self.erased.under_way.contains(&number) {
            return Ok(None);
        }
        let Some(profile) = tables::customers::profile(&*self.store, number)? else { return Ok(None) };
        let suppressed = self.barred(number, &profile);
        Ok(Some(Told {
            number,
            profile,
            orders: tables::customers::orders(&*self.store, number)?,
            events: self.as_told(tables::events::events(&*self.store, number)?),
            suppressed,
        }))
    }
}

impl Engine {
    /// Events under the names that messages and rules have now.
    fn as_told(&self, mut events: Vec<Event>) -> Vec<Event> {
        if let Some(active) = &self.active {
            for event in &mut events {
                active.renamed.event(event);
            }
        }
        events
    }
}

/// Some records of a customer, or what is wrong with them.
type Pack<T> = Result<(CustomerNumber, Vec<T>), StoreError>;

/// Walks packs beside the profiles: both are sorted by customer.
pub(super) struct Beside<'a, T> {
    rest: Peekable<Box<dyn Iterator<Item = Pack<T>> + 'a>>,
    pub(super) damages: Vec<Damage>,
}

impl<'a> Beside<'a, Order> {
    pub(super) fn orders(store: &'a dyn Store) -> Self {
        Self::new(Box::new(tables::customers::all_orders(store)))
    }
}

impl<'a> Beside<'a, Event> {
    pub(super) fn events(store: &'a dyn Store) -> Self {
        Self::new(Box::new(tables::events::all_events(store)))
    }
}

impl<'a, T> Beside<'a, T> {
    fn new(packs: Box<dyn Iterator<Item = Pack<T>> + 'a>) -> Self {
        Self { rest: packs.peekable(), damages: Vec::new() }
    }

    /// Those of a customer; those of lower numbers, which have no profile, are passed over.
    pub(super) fn of(&mut self, customer: CustomerNumber) -> Vec<T> {
        let mut found = Vec::new();
        while let Some(item) =
            self.rest.next_if(|item| item.as_ref().map_or(true, |(number, _)| *number <= customer))
        {
            match item {
                Ok((number, mut pack)) if number == customer => found.append(&mut pack),
                Ok(_) => {}
                Err(error) => self.damages.push(Damage(error.to_string())),
            }
        }
        found
    }
}
