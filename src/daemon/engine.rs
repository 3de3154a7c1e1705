//! The engine: all state of a store in memory, changed only through it.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::{Arc, LazyLock};

use crate::decide::{Addresses, Ledger, Pauses, World};
use crate::failpoint;
use crate::model::{Bitmap, Channel, CustomerId, CustomerNumber, Instant, RuleNumber};
use crate::population::Population;
use crate::record::{Arrival, Deed, Hold, Load, MessageKey, Pause, RuleMemory, Run, Skip};
use crate::ruleset::Remembered;
use crate::schedule::Passed;
use crate::store::Store;

use super::active::Active;
use super::erase::Erased;
use super::guards::Guards;
use super::moves::Moves;
use super::outgoing::Outgoing;
use super::snapshot::{Shared, Snapshot};
use super::timers::Timers;

/// What a daemon that is broken on purpose takes for its ledger.
static NOBODY: LazyLock<Ledger> = LazyLock::new(Ledger::default);

/// Whom a run that begins has served.
static NO_ONE: LazyLock<Bitmap> = LazyLock::new(Bitmap::new);

/// Owns the state of a store. The daemon's decider holds one; a command without a daemon opens one
/// for itself. Nothing in it is ahead of what is durable but what a failed store makes moot.
pub struct Engine {
    pub(super) store: Arc<dyn Store>,
    pub(super) outgoing: Arc<dyn Outgoing>,
    /// What others read while the engine works.
    pub(super) shared: Arc<Shared>,
    pub(super) active: Option<Arc<Active>>,
    pub(super) population: Population,
    /// Whether the population was read: not before the first rules name its columns.
    pub(super) customers_read: bool,
    /// The number of each customer's id: ids are personal data and stand in profiles only.
    pub(super) directory: HashMap<CustomerId, CustomerNumber>,
    pub(super) next_customer: CustomerNumber,
    pub(super) ledger: Ledger,
    /// Who was last seen where, and who moved.
    pub(super) moves: Moves,
    /// Which records share an address.
    pub(super) addresses: Addresses,
    /// Who had a marketing decision in the tick under way, or since the last one.
    pub(super) taken: Bitmap,
    pub(super) next_ledger: u64,
    pub(super) memories: BTreeMap<RuleNumber, RuleMemory>,
    /// Rules whose memory does not read back: they must not decide.
    pub(super) amnesiac: BTreeMap<RuleNumber, String>,
    /// The numbers of rules, by every name that they had.
    pub(super) names: Arc<BTreeMap<String, RuleNumber>>,
    /// Every name that items had, and what runs.
    pub(super) remembered: Arc<Remembered>,
    /// What rules have set and is not applied yet: when it was decided.
    pub(super) sets: BTreeMap<MessageKey, Instant>,
    pub(super) channels: Vec<Channel>,
    pub(super) pauses: Pauses,
    /// The pauses that a policy's guard began, by rule.
    pub(super) tripped: BTreeMap<RuleNumber, Pause>,
    /// What became of the rules' last messages.
    pub(super) guards: Guards,
    /// What the store's non-sends say already, by rule, instant or day, and reason.
    pub(super) reasons: HashMap<(RuleNumber, Instant, Skip), Bitmap>,
    /// Runs that a crash interrupted: they go on with the next tick.
    pub(super) interrupted: Vec<Run>,
    /// No later tick may share this instant or come before it.
    pub(super) last_tick: Option<Instant>,
    /// The last tick that came to its end: what was decided since belongs to the one under way, even
    /// across a crash.
    pub(super) committed_tick: Option<Instant>,
    /// Nothing is decided or sent until a person says `cvmd resume`.
    pub(super) hold: Option<Hold>,
    /// Continuous rules whose first run is above the limit, and for how many.
    pub(super) held: BTreeMap<RuleNumber, u64>,
    /// For how many customers a rule's message would have a gap, when it looked last.
    pub(super) gaps: BTreeMap<RuleNumber, u64>,
    /// Occurrences that rules passed over last, and have not run since.
    pub(super) passed: BTreeMap<RuleNumber, Passed>,
    /// What the outbox did and the population does not show yet.
    pub(super) deeds: Vec<Deed>,
    /// The packs of deeds that were heard of or read.
    pub(super) deeds_seen: HashSet<u64>,
    /// Loads under way, or cut off by a crash: rules wait.
    pub(super) loads: BTreeMap<u64, Load>,
    /// Those under way.
    pub(super) loads_under_way: BTreeSet<u64>,
    /// Events that rules have still to be asked about, by their time, and their numbers in the store.
    pub(super) arrivals: BTreeMap<Arrival, u64>,
    pub(super) next_arrival: u64,
    /// Rules that wait after an event.
    pub(super) timers: Timers,
    /// Who was erased, and what is still to be done for it.
    pub(super) erased: Erased,
    /// Whether everybody is to be met anew by the suppression list: by whoever asked, for that takes its time.
    pub(super) unmet: bool,
    /// How long it took to find who matches, in the last tick that asked.
    pub(super) evaluation: std::time::Duration,
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine").field("population", &self.population).finish_non_exhaustive()
    }
}

impl Engine {
    /// Everything that a decision at `now` reads, under these rules; nobody has the occurrence yet.
    pub(super) fn world<'a>(&'a self, active: &'a Active, now: Instant) -> World<'a> {
        World {
            rules: &active.rules,
            people: &self.population,
            ledger: if failpoint::sabotage("key_unchecked") { &NOBODY } else { &self.ledger },
            pauses: &self.pauses,
            channels: &self.channels,
            zone: &active.zone,
            addresses: &self.addresses,
            now,
            not_before: Instant(i64::MIN),
            since: Some(self.committed_tick.unwrap_or(Instant(i64::MIN))),
            taken: &self.taken,
            served: &NO_ONE,
            fresh: None,
            gap: &|_| None,
        }
    }

    /// The customer with that id; none of whom a load under way has stored something and shown nothing.
    #[must_use]
    pub fn find(&self, id: &str) -> Option<CustomerNumber> {
        let number = self.directory.get(&CustomerId(id.into())).copied();
        number.filter(|number| self.population.contains(*number))
    }

    /// What others read while the engine works.
    #[must_use]
    pub fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    /// Every name that items had in this store, and the rules that ran last: what new rules are
    /// checked beside.
    #[must_use]
    pub const fn remembered(&self) -> &Arc<Remembered> {
        &self.remembered
    }

    /// The store.
    #[must_use]
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }

    /// The rule set that runs, if any.
    #[must_use]
    pub const fn active(&self) -> Option<&Arc<Active>> {
        self.active.as_ref()
    }

    /// Everybody, as rules see them.
    #[must_use]
    pub const fn population(&self) -> &Population {
        &self.population
    }

    /// Who was contacted when.
    #[must_use]
    pub const fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// When something of rules on events is due next: a wait, or an event that is ahead of the clock.
    fn next_event(&self) -> Option<Instant> {
        let arrival = self.arrivals.first_key_value().map(|(arrival, _)| arrival.event.time);
        [arrival, self.timers.next_due(None)].into_iter().flatten().min()
    }

    /// Shows others the state as it is now.
    pub(super) fn publish(&self) {
        self.shared.note_next(self.next_customer);
        let seen = Snapshot {
            population: self.population.clone(),
            active: self.active.clone(),
            pauses: self.pauses.clone(),
            on_hold: self.hold.is_some(),
            waits_for_load: !self.loads.is_empty(),
            next_due: self.next_event(),
            remembered: Arc::clone(&self.remembered),
            names: Arc::clone(&self.names),
        };
        self.shared.publish(seen);
    }
}
