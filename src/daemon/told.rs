//! What the store was told of customers: one by one, or all of them beside their profiles.

use std::iter::Peekable;

use crate::model::CustomerNumber;
use crate::population::Told;
use crate::record::{Event, Order};
use crate::store::{Store, StoreError, tables};

use super::Engine;
use super::active::Active;
use super::lists::Whom;
use super::snapshot::Shared;
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
        told(&*self.store, &self.shared, self.active.as_deref(), number)
    }
}

/// All that the store was told of a customer, whether they are being erased or not.
///
/// # Errors
/// When a record does not read back.
pub(super) fn told(
    store: &dyn Store,
    shared: &Shared,
    active: Option<&Active>,
    number: CustomerNumber,
) -> Result<Option<Told>, StoreError> {
    let Some(profile) = tables::customers::profile(store, number)? else { return Ok(None) };
    let suppressed = shared.lists.suppressed(&shared.keyed, Whom::of(number, &profile));
    let mut events = tables::events::events(store, number)?;
    if let Some(active) = active {
        for event in &mut events {
            active.renamed.event(event);
        }
    }
    let orders = tables::customers::orders(store, number)?;
    Ok(Some(Told { number, profile, orders, events, suppressed }))
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
