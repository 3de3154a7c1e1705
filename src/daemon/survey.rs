//! What a folder of data has of what rules need: who cannot be told apart, reached or counted, and why.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::tz::TimeZone;

use crate::clock::Clock;
use crate::model::{Channel, Currency, CustomerNumber};
use crate::population::Population;
use crate::ruleset::{Action, Asked, Purpose, RuleSet, Use};
use crate::serve::{Refusal, RefusalKind};
use crate::store::Memory;

use super::Engine;
use super::local::{Folder, fill};
use super::outgoing::LeftInStore;
use super::people::address_field;

/// What the data have, and what they lack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Survey {
    /// Customers in the data.
    pub customers: u64,
    /// Their orders, refunds included.
    pub orders: u64,
    /// Rows that could not be read.
    pub rejected: u64,
    /// Customers whose money values are unknown, because they have orders in another currency.
    pub money_unknown: u64,
    /// These currencies.
    pub foreign: Vec<ForeignOrders>,
    /// Customers whose zone is not known: the workspace's is taken.
    pub no_zone: u64,
    /// The channels on which the rules send, by name.
    pub channels: Vec<ChannelSurvey>,
    /// What the rules ask for and the data never say.
    pub never_filled: Vec<NeverFilled>,
}

/// Orders in another currency than the workspace's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ForeignOrders {
    /// Which.
    pub currency: Currency,
    /// Customers who have any.
    pub customers: u64,
    /// How many orders.
    pub orders: u64,
}

/// Who can be reached on a channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChannelSurvey {
    /// Which.
    pub channel: Channel,
    /// The field that holds its addresses: `email`, `phone`.
    pub address: &'static str,
    /// Customers without an address.
    pub no_address: u64,
    /// Customers with an address and without a consent; none where nothing marketing is sent there.
    pub no_consent: Option<u64>,
}

/// Something that the rules ask for and the data never say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NeverFilled {
    /// As it is written: `plan`, `cart_abandoned`, `cart_abandoned.value`.
    pub name: String,
    /// Whether it is an event that never happens, rather than a field without a value.
    pub is_event: bool,
    /// Who asks, and where.
    pub uses: Vec<Use>,
}

/// Reads a folder of data, as `evaluate --from` does, and looks at what the rules would find in it.
///
/// # Errors
/// With a refusal for the user: files that are not there or cannot be read.
pub fn survey(rules: &RuleSet, folder: &Folder, clock: &dyn Clock) -> Result<Survey, Refusal> {
    let failed = |message: String| Refusal { kind: RefusalKind::Failed, message, details: Vec::new() };
    let mut engine = Engine::open(Arc::new(Memory::new()), Arc::new(LeftInStore))
        .map_err(|error| failed(error.to_string()))?;
    engine.preview(rules.clone()).map_err(|error| failed(error.to_string()))?;
    let rejected = fill(&mut engine, folder, clock)?;
    let people = &engine.population;
    let foreign = people.foreign_orders(clock.now());
    let foreign = foreign
        .into_iter()
        .map(|(currency, (customers, orders))| ForeignOrders { currency, customers, orders })
        .collect();
    Ok(Survey {
        customers: people.len(),
        orders: people.orders(),
        rejected,
        money_unknown: people.foreign_currency(clock.now()).len(),
        foreign,
        no_zone: without_zone(people),
        channels: channels(rules, people),
        never_filled: never_filled(rules, people),
    })
}

/// Those of whom no zone is known, or one that this machine does not know.
fn without_zone(people: &Population) -> u64 {
    let Some(field) = people.schema().find("time_zone") else { return people.len() };
    let mut known: BTreeMap<String, bool> = BTreeMap::new();
    let named = people.known(field);
    let mut has_zone = |number: u32| {
        let Some(name) = people.text(CustomerNumber(number), field) else { return false };
        if let Some(known) = known.get(name) {
            return *known;
        }
        let good = TimeZone::get(name).is_ok();
        known.insert(name.to_owned(), good);
        good
    };
    people.len() - named.iter().filter(|number| has_zone(*number)).count() as u64
}

fn channels(rules: &RuleSet, people: &Population) -> Vec<ChannelSurvey> {
    let mut marketing: BTreeMap<&Channel, bool> = BTreeMap::new();
    for action in rules.rules.iter().flat_map(|rule| &rule.actions) {
        let sent = match action {
            Action::Send(message) => rules.messages.get(*message),
            Action::Call { .. } | Action::Set { .. } => None,
        };
        if let Some(message) = sent {
            *marketing.entry(&message.channel).or_default() |= message.purpose == Purpose::Marketing;
        }
    }
    let of = |(channel, marketing): (&Channel, bool)| {
        let address = address_field(channel);
        let reached = people.schema().find(address).map(|field| people.known(field)).unwrap_or_default();
        let consenting = people.consenting(channel);
        let without = reached.iter().filter(|number| !consenting.contains(*number)).count() as u64;
        ChannelSurvey {
            channel: channel.clone(),
            address,
            no_address: people.len() - reached.len(),
            no_consent: marketing.then_some(without),
        }
    };
    marketing.into_iter().map(of).collect()
}

fn never_filled(rules: &RuleSet, people: &Population) -> Vec<NeverFilled> {
    let schema = &rules.schema;
    let empty = |asked: Asked| match asked {
        Asked::Field(field) => people.known(field).is_empty(),
        Asked::Event(event) => people.events(event) == 0,
        // Where none happens at all, that is what is said.
        Asked::EventField(event, field) => people.events(event) > 0 && people.filled(event, field) == 0,
    };
    let of = |(asked, uses): (Asked, Vec<Use>)| {
        let (name, is_event) = match asked {
            Asked::Field(field) => (schema.field(field).name.clone(), false),
            Asked::Event(event) => (schema.event(event).name.clone(), true),
            Asked::EventField(event, field) => {
                let kind = schema.event(event);
                (format!("{}.{}", kind.name, kind.field(field).name), false)
            }
        };
        NeverFilled { name, is_event, uses }
    };
    rules.uses().into_iter().filter(|(asked, _)| empty(*asked)).map(of).collect()
}
