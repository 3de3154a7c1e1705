//! What the outbox's gate and the control socket read while the engine works.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use crate::decide::Pauses;
use crate::model::{Channel, CustomerNumber, Instant, RuleNumber};
use crate::observe::Metrics;
use crate::population::Population;
use crate::record::{StoreIdentity, Unsubscribe};
use crate::ruleset::Remembered;

use super::active::Active;
use super::keyed::Keyed;
use super::lists::Lists;
use super::room::Room;
use super::steps::Steps;
use super::unsubscribed::Unsubscribed;

/// The state that others see: each part is cheap to clone, and never changes once seen.
#[derive(Debug, Clone)]
pub struct Snapshot {
    /// Everybody.
    pub population: Population,
    /// The rules that run.
    pub active: Option<Arc<Active>>,
    /// What is paused.
    pub pauses: Pauses,
    /// Whether everything waits for a person.
    pub on_hold: bool,
    /// Whether rules wait for an import that was cut off.
    pub waits_for_load: bool,
    /// When the next of the rules that wait after an event is due.
    pub next_due: Option<Instant>,
    /// Every name that the store knows, and the rules that ran last.
    pub remembered: Arc<Remembered>,
    /// The numbers of rules, by every name that they had.
    pub names: Arc<BTreeMap<String, RuleNumber>>,
}

/// The latest snapshot. The engine replaces it after each commit that changes it.
#[derive(Debug)]
pub struct Shared {
    latest: RwLock<Arc<Snapshot>>,
    /// Who unsubscribed and is not taken in yet.
    pub(super) unsubscribed: Unsubscribed,
    /// The number that the next customer gets.
    next: AtomicU32,
    /// Who must not be written to.
    pub(super) lists: Lists,
    /// Tells addresses and ids apart without keeping them.
    pub(super) keyed: Keyed,
    /// What is counted of this engine and all that works with it.
    pub(super) metrics: Metrics,
    /// Watches the wall clock; none where no daemon runs.
    pub(super) steps: OnceLock<Steps>,
    /// How much room the store's disk has.
    pub(super) room: Room,
}

impl Shared {
    /// Begins with a state, and the identity of the store that it is of.
    #[must_use]
    pub fn new(population: Population, identity: &StoreIdentity) -> Arc<Self> {
        let snapshot = Snapshot {
            population,
            active: None,
            pauses: Pauses::default(),
            on_hold: false,
            waits_for_load: false,
            next_due: None,
            remembered: Arc::default(),
            names: Arc::default(),
        };
        Arc::new(Self {
            latest: RwLock::new(Arc::new(snapshot)),
            unsubscribed: Unsubscribed::default(),
            next: AtomicU32::new(0),
            lists: Lists::default(),
            keyed: Keyed::of(identity),
            metrics: Metrics::default(),
            steps: OnceLock::new(),
            room: Room::default(),
        })
    }

    /// The latest state.
    #[must_use]
    pub fn get(&self) -> Arc<Snapshot> {
        Arc::clone(&self.latest.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Notes that a customer unsubscribed from a channel, which is durable: from now on nothing marketing
    /// goes to them there, and the engine takes it in.
    pub fn unsubscribed(&self, customer: CustomerNumber, channel: Channel, said: Unsubscribe) {
        self.unsubscribed.note(customer, channel, said);
    }

    /// Whether that customer was here once and is no more.
    pub(super) fn is_gone(&self, customer: CustomerNumber) -> bool {
        customer.0 < self.next.load(Ordering::Relaxed) && !self.get().population.contains(customer)
    }

    /// Whether the clock was set forward and everything is not on hold for it yet.
    pub(super) fn is_ahead(&self) -> bool {
        self.steps.get().is_some_and(Steps::is_ahead)
    }

    pub(super) fn note_next(&self, next: CustomerNumber) {
        self.next.store(next.0, Ordering::Relaxed);
    }

    /// Replaces the state.
    pub(super) fn publish(&self, seen: Snapshot) {
        *self.latest.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(seen);
    }
}
