//! What is known of one person: their timeline, and everything that is held of them.
//!
//! Reads the store beside the decider, for it looks through the whole history.

mod export;
mod gather;
pub(super) mod suppressed;
#[cfg(test)]
mod tests;
mod timeline;

use crate::model::CustomerNumber;
use crate::population::Population;
use crate::record::key::Table;
use crate::ruleset::RuleSet;
use crate::serve::{PersonWish, RefusalKind, Response};
use crate::store::{Store, StoreError, tables};

use super::explain::no_customer;
use super::numbers;
use super::snapshot::Shared;

use export::RuleNames;
use gather::{Holds, Person};
use suppressed::Held;

/// The customers of an e-mail address that are named at most where it is not of one alone.
const MOST_NAMED: usize = 10;

/// The name under which an export shows what a table holds of a person; none where it holds nothing.
#[must_use]
pub fn shown_as(table: Table) -> Option<&'static str> {
    match gather::holds(table) {
        Holds::Person(name) => Some(name),
        Holds::Nobody(_) => None,
    }
}

/// The customer of that id, or of that e-mail address where it is one's alone. The second half is what to
/// say where there is none.
pub(super) fn find(population: &Population, what: &str) -> Result<CustomerNumber, String> {
    if let Some(number) = population.find(what) {
        return Ok(number);
    }
    let email = population.schema().find("email").filter(|_| what.contains('@'));
    let Some(email) = email else { return Err(no_customer(what)) };
    let wanted = what.trim().to_lowercase();
    let has = |number: &CustomerNumber| {
        population.text(*number, email).is_some_and(|address| address.to_lowercase() == wanted)
    };
    let everybody = population.everybody();
    let found: Vec<CustomerNumber> = everybody.iter().map(CustomerNumber).filter(has).collect();
    match found.as_slice() {
        [] => Err(format!("no customer has the id or the e-mail address `{what}`")),
        [one] => Ok(*one),
        several => {
            let ids: Vec<String> = several
                .iter()
                .take(MOST_NAMED)
                .filter_map(|number| population.id(*number))
                .map(|id| format!("`{id}`"))
                .collect();
            let more = if several.len() > MOST_NAMED { ", …" } else { "" };
            Err(format!(
                "`{what}` is the address of {} customers: name one by the id: {}{more}",
                several.len(),
                ids.join(", ")
            ))
        }
    }
}

/// Shows or exports a customer.
pub(super) fn answer(store: &dyn Store, shared: &Shared, customer: &str, wish: PersonWish) -> Response {
    let seen = shared.get();
    let number = match find(&seen.population, customer) {
        Ok(number) => number,
        Err(text) => return Response::refused(RefusalKind::NotFound, text),
    };
    let active = seen.active.as_ref().map(|active| &active.rules);
    match asked(store, shared, number, wish, active) {
        Ok(Some(response)) => response,
        Ok(None) => Response::refused(RefusalKind::NotFound, no_customer(customer)),
        Err(error) => Response::refused(RefusalKind::Failed, error.to_string()),
    }
}

fn asked(
    store: &dyn Store,
    shared: &Shared,
    number: CustomerNumber,
    wish: PersonWish,
    active: Option<&RuleSet>,
) -> Result<Option<Response>, StoreError> {
    let Some(person) = Person::gather(store, number)? else { return Ok(None) };
    let known = tables::rules::numbers(store)?;
    let mut names = RuleNames::new();
    for (name, number) in &known {
        let present = numbers::present_name(&known, active, name);
        names.entry(*number).or_insert_with(|| present.to_owned());
    }
    let held = Held::of(store, (&shared.lists, &shared.keyed), number, &person.profile)?;
    Ok(Some(match wish {
        PersonWish::Export => Response::Held { held: export::document(&person, &names, &held) },
        PersonWish::Show | PersonWish::Erase | PersonWish::Suppress | PersonWish::Resume => {
            Response::Timeline(Box::new(timeline::timeline(&person, &names, &held)))
        }
    }))
}
