//! Opening an engine: what a start reads of the store. Profiles, orders, open runs and the packed
//! ledger; never history.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use crate::decide::{Addresses, Ledger, Pauses, Scope};
use crate::model::{Bitmap, Channel, CustomerNumber, RuleNumber};
use crate::population::{Population, Told};
use crate::record::{Pause, PauseScope};
use crate::ruleset::Schema;
use crate::store::{Store, StoreError, tables};

use super::Engine;
use super::erase::Erased;
use super::guards::Guards;
use super::lists::Whom;
use super::moves::Moves;
use super::outgoing::Outgoing;
use super::remembered;
use super::snapshot::Shared;
use super::timers::Timers;
use super::told::Beside;

/// A record that did not read back and was left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damage(pub String);

impl Engine {
    /// Reads a store; customers are read with the first rules, in their columns
    /// ([`Engine::activate`], [`Engine::preview`]). Damage to what keeps decisions from being made
    /// twice is an error, or silences the rule concerned.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn open(store: Arc<dyn Store>, outgoing: Arc<dyn Outgoing>) -> Result<Self, StoreError> {
        let names = tables::rules::numbers(&*store)?;
        let remembered = remembered::of(&*store)?;
        let mut ledger = Ledger::default();
        for pack in tables::ledger::contacts(&*store) {
            pack?.1.into_iter().for_each(|contact| ledger.add(contact));
        }
        let mut memories = BTreeMap::new();
        let mut amnesiac = BTreeMap::new();
        for (rule, memory) in tables::memories::memories(&*store)? {
            match memory {
                Ok(memory) => drop(memories.insert(rule, memory)),
                Err(error) => drop(amnesiac.insert(rule, error.to_string())),
            }
        }
        let interrupted = tables::runs::unfinished(&*store).collect::<Result<Vec<_>, _>>()?;
        // A run is recorded before its tick is: no later tick may share its instant.
        let last_run = interrupted.iter().map(|run| run.now).max();
        let last_tick = tables::control::last_tick(&*store)?;
        let moves = Moves::open(&*store, last_tick)?;
        let mut arrivals = BTreeMap::new();
        for item in tables::events::arrivals(&*store) {
            if let Some((sequence, arrival)) = or_left_out(item) {
                arrivals.insert(arrival, sequence);
            }
        }
        let mut timers = Timers::default();
        for item in tables::events::timers(&*store) {
            if let Some((place, timer)) = or_left_out(item) {
                timers.put(place, timer);
            }
        }
        let population = Population::new(Arc::new(Schema::built_in()), None);
        let mut engine = Self {
            next_ledger: tables::ledger::next(&*store)?,
            committed_tick: last_tick,
            last_tick: last_tick.max(last_run).max(moves.last_learnt()),
            loads: tables::control::loads(&*store)?,
            loads_under_way: BTreeSet::new(),
            hold: tables::control::hold(&*store)?,
            pauses: pauses(&*store, &names)?,
            tripped: tripped(&*store)?,
            guards: Guards::default(),
            channels: tables::control::channels(&*store)?,
            shared: Shared::new(population.clone(), &tables::meta::identity(&*store)?),
            store,
            outgoing,
            active: None,
            population,
            customers_read: false,
            directory: HashMap::new(),
            next_customer: CustomerNumber(0),
            ledger,
            moves,
            addresses: Addresses::default(),
            taken: Bitmap::new(),
            memories,
            amnesiac,
            names: Arc::new(names),
            remembered: Arc::new(remembered),
            sets: BTreeMap::new(),
            reasons: HashMap::new(),
            interrupted,
            held: BTreeMap::new(),
            gaps: BTreeMap::new(),
            passed: BTreeMap::new(),
            deeds: Vec::new(),
            deeds_seen: HashSet::new(),
            next_arrival: arrivals.values().max().map_or(0, |last| last + 1),
            arrivals,
            timers,
            erased: Erased::default(),
            unmet: false,
            evaluation: std::time::Duration::ZERO,
        };
        engine.read_sets()?;
        engine.read_unsubscribes()?;
        engine.read_lists()?;
        engine.read_erased()?;
        if engine.channels.is_empty() {
            engine.channels.push(Channel::email());
        }
        engine.publish();
        Ok(engine)
    }

    /// Reads everybody anew, in the columns of the rules that run.
    pub(super) fn read_customers(&mut self, damages: &mut Vec<Damage>) -> Result<(), StoreError> {
        let (schema, currency) = self.active.as_ref().map_or_else(
            || (Arc::new(Schema::built_in()), None),
            |active| (active.rules.schema.clone(), active.rules.workspace.currency),
        );
        let store = Arc::clone(&self.store);
        let renamed = self.active.as_ref().map(|active| active.renamed.clone()).unwrap_or_default();
        self.list_addresses_of_met()?;
        let shared = Arc::clone(&self.shared);
        let (mut orders, mut events) = (Beside::orders(&*store), Beside::events(&*store));
        self.directory.clear();
        // Who does not read back had a number all the same, and nobody gets it again.
        let above = |highest: CustomerNumber| CustomerNumber(highest.0.saturating_add(1));
        self.next_customer = tables::privacy::next_customer(&*store)?
            .max(tables::customers::highest(&*store)?.map_or(CustomerNumber(0), above));
        let under_way = &self.erased.under_way;
        let directory = &mut self.directory;
        let customers = tables::customers::profiles(&*store).filter_map(|item| match item {
            // Gone, though not all of it is forgotten yet.
            Ok((number, _)) if under_way.contains(&number) => None,
            Ok((number, profile)) => {
                directory.insert(profile.id.clone(), number);
                let (orders, mut events) = (orders.of(number), events.of(number));
                for event in &mut events {
                    renamed.event(event);
                }
                let suppressed = shared.lists.suppressed(&shared.keyed, Whom::of(number, &profile));
                Some(Told { number, profile, orders, events, suppressed })
            }
            Err(error) => {
                damages.push(Damage(error.to_string()));
                None
            }
        });
        self.population = Population::build(schema, currency, customers);
        self.customers_read = true;
        self.note_all_addresses();
        self.find_taken()?;
        damages.append(&mut orders.damages);
        damages.append(&mut events.damages);
        self.read_deeds(damages)
    }
}

/// A record, or nothing where it is damaged: it is better to lose one than not to start. What keeps
/// decisions from being made twice is not read so.
fn or_left_out<T>(item: Result<T, StoreError>) -> Option<T> {
    item.inspect_err(|error| tracing::error!(error = error.to_string(), "a damaged record was left out")).ok()
}

/// The pauses in force; one of a rule that no name belongs to any more stops nothing.
fn pauses(store: &dyn Store, names: &BTreeMap<String, RuleNumber>) -> Result<Pauses, StoreError> {
    let scope = |scope: PauseScope| match scope {
        PauseScope::Everything => Some(Scope::All),
        PauseScope::Channel(channel) => Some(Scope::Channel(channel)),
        PauseScope::Rule(number) => {
            let name = names.iter().find(|(_, known)| **known == number)?.0;
            Some(Scope::Rule(name.clone()))
        }
    };
    Ok(Pauses(
        tables::control::pauses(store)?
            .into_iter()
            .filter_map(|pause| Some((scope(pause.scope)?, pause.queued)))
            .collect(),
    ))
}

/// The pauses that a policy's guard began.
fn tripped(store: &dyn Store) -> Result<BTreeMap<RuleNumber, Pause>, StoreError> {
    let of_rule = |pause: Pause| match pause.scope {
        PauseScope::Rule(number) if pause.tripped.is_some() => Some((number, pause)),
        PauseScope::Rule(_) | PauseScope::Everything | PauseScope::Channel(_) => None,
    };
    Ok(tables::control::pauses(store)?.into_iter().filter_map(of_rule).collect())
}
