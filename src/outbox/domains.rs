//! The domains that recipients are at: how much of the workers each may have, how fast, and which of
//! them are left alone for a while.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::config::{DomainLimit, DomainLimits, Rate};
use crate::model::{Duration, Instant, RuleNumber};
use crate::record::{Aside, AsideKind};

/// The first and the longest wait of a domain that asked for less of us.
const FIRST_HOLD: Duration = Duration::seconds(60);
const LONGEST_HOLD: Duration = Duration::seconds(1_800);

/// Position of a domain among those of its queue.
pub(super) type DomainId = usize;

/// Whether a worker may take one more message to a domain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Room {
    /// It may.
    Open,
    /// Nobody may before this instant.
    At(Instant),
    /// As many workers as may be are busy with it.
    Busy,
}

/// A domain that was asked to be left alone, for a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slowed {
    /// Its name.
    pub domain: String,
    /// What it said.
    pub reason: String,
    /// Until when nothing goes there; in the past: one message at a time finds out.
    pub until: Instant,
    /// How many messages stand in the queue for it.
    pub waiting: usize,
}

/// One domain.
#[derive(Debug)]
pub(super) struct Domain {
    name: Arc<str>,
    limit: DomainLimit,
    /// Which workers have messages to it, and how many.
    hands: BTreeMap<usize, usize>,
    /// When the next one would be sent if all went evenly, in microseconds since 1970.
    paced_until: i64,
    held_until: Instant,
    /// Times that it asked for less since one last went through.
    refusals: u32,
    trouble: Option<String>,
    /// Its messages are out of everybody's sight.
    pub(super) is_parked: bool,
    /// And that until an instant that is noted in its line.
    pub(super) is_timed: bool,
    /// The last message to it took long: it keeps no other company in a claim.
    pub(super) is_slow: bool,
    /// How many messages belong to it, wherever they stand.
    users: usize,
    /// Where messages to it stand: whether marketing, and the rule.
    pub(super) lanes: BTreeSet<(bool, RuleNumber)>,
}

impl Domain {
    fn new(name: Arc<str>, limit: DomainLimit) -> Self {
        Self {
            name,
            limit,
            hands: BTreeMap::new(),
            paced_until: i64::MIN,
            held_until: Instant(i64::MIN),
            refusals: 0,
            trouble: None,
            is_parked: false,
            is_timed: false,
            is_slow: false,
            users: 0,
            lanes: BTreeSet::new(),
        }
    }

    /// Whether `worker` may take one more. After a trouble one message at a time finds out whether it
    /// is over.
    pub(super) fn room(&self, worker: usize, now: Instant) -> Room {
        if self.is_held(now) {
            return Room::At(self.held_until);
        }
        let busy = match self.trouble {
            Some(_) => !self.hands.is_empty(),
            None => self.hands.len() >= self.limit.workers && !self.hands.contains_key(&worker),
        };
        if busy {
            return Room::Busy;
        }
        match self.limit.rate.map(Pace::of) {
            Some(pace) if self.paced_until > pace.latest(now) => Room::Open,
            Some(pace) if self.paced_until > micros(now).saturating_add(pace.ahead) => {
                Room::At(Instant((self.paced_until - pace.ahead + 999).div_euclid(1_000)))
            }
            Some(_) | None => Room::Open,
        }
    }

    /// Notes that `worker` has one more.
    pub(super) fn take(&mut self, worker: usize, now: Instant) {
        *self.hands.entry(worker).or_default() += 1;
        if let Some(pace) = self.limit.rate.map(Pace::of) {
            let paced = if self.paced_until > pace.latest(now) { micros(now) } else { self.paced_until };
            self.paced_until = paced.max(micros(now)).saturating_add(pace.apart);
        }
    }

    /// Notes that one that was taken was not sent after all.
    pub(super) fn refund(&mut self) {
        if let Some(pace) = self.limit.rate.map(Pace::of) {
            self.paced_until = self.paced_until.saturating_sub(pace.apart);
        }
    }

    /// Notes that a worker has one less; whether the domain was out of sight and may be seen again.
    fn let_go(&mut self, worker: usize) -> bool {
        if let Some(count) = self.hands.get_mut(&worker) {
            *count -= 1;
            if *count == 0 {
                self.hands.remove(&worker);
            }
        }
        self.is_parked
    }

    /// Leaves it alone, twice as long each time; until when, and whether that is news.
    fn hold(&mut self, now: Instant, why: &str) -> (Instant, bool) {
        // What was under way when it began to ask comes back with the same answer: that is one hold.
        let is_news = !self.is_held(now);
        if is_news {
            let doubled = FIRST_HOLD.0 << self.refusals.min(10);
            self.held_until = now.plus(Duration(doubled.min(LONGEST_HOLD.0)));
            self.refusals = self.refusals.saturating_add(1);
            self.trouble = Some(why.to_owned());
        }
        (self.held_until, is_news)
    }

    /// One went through; whether that ended something. What was under way when a hold began says nothing.
    fn reached(&mut self, now: Instant) -> bool {
        if self.is_held(now) {
            return false;
        }
        self.refusals = 0;
        self.trouble.take().is_some()
    }

    /// Whether it is left alone. What lies further ahead than any wait was noted before the clock went
    /// back.
    fn is_held(&self, now: Instant) -> bool {
        self.held_until > now && self.held_until.since(now) <= LONGEST_HOLD
    }

    /// Whether it asked for less, and no more messages than so many are for it.
    fn is_left(&self, users: usize) -> bool {
        self.users <= users && self.trouble.is_some()
    }

    /// As a restart has to know it.
    fn aside(&self) -> Option<Aside> {
        let (name, reason) = (self.name.to_string(), self.trouble.clone()?);
        let (kind, until, times) = (AsideKind::Domain, self.held_until, self.refusals);
        (!name.is_empty()).then_some(Aside { kind, name, reason, until, times })
    }

    /// Whether nothing is known of it that matters, and nobody speaks of it.
    fn is_idle(&self, now: Instant) -> bool {
        let is_known = self.trouble.is_some() || self.paced_until > micros(now) || self.is_parked;
        self.users == 0 && !is_known
    }
}

/// A rate as distances in time, in microseconds.
#[derive(Debug, Clone, Copy)]
struct Pace {
    /// Between two messages.
    apart: i64,
    /// How far ahead of even steps it may run: a second's worth at once.
    ahead: i64,
}

impl Pace {
    fn of(rate: Rate) -> Self {
        let (count, per) = (i64::from(rate.count.max(1)), rate.per.0.max(1));
        let apart = (per.saturating_mul(1_000) + count - 1) / count;
        let at_once = (count.saturating_mul(1_000) / per).max(1);
        Self { apart, ahead: apart.saturating_mul(at_once - 1) }
    }

    /// What is later than this was noted before the clock went back.
    fn latest(self, now: Instant) -> i64 {
        micros(now).saturating_add(self.ahead).saturating_add(self.apart)
    }
}

fn micros(at: Instant) -> i64 {
    at.0.saturating_mul(1_000)
}

/// All domains of a queue.
#[derive(Debug)]
pub(super) struct Domains {
    limits: Arc<DomainLimits>,
    ids: BTreeMap<Arc<str>, DomainId>,
    all: Vec<Domain>,
    free: Vec<DomainId>,
    /// When somebody last asked.
    pub(super) now: Instant,
}

impl Domains {
    pub(super) fn new(limits: Arc<DomainLimits>) -> Self {
        Self { limits, ids: BTreeMap::new(), all: Vec::new(), free: Vec::new(), now: Instant(i64::MIN) }
    }

    /// The domain of a name in lower case, for one more message; the empty one has no limits.
    pub(super) fn join(&mut self, name: &str) -> DomainId {
        let id = self.id(name);
        self.all[id].users += 1;
        id
    }

    /// One message less belongs to a domain; it is forgotten with its last one.
    pub(super) fn part(&mut self, id: DomainId) {
        self.all[id].users = self.all[id].users.saturating_sub(1);
        if self.all[id].is_idle(self.now) && self.ids.remove(&self.all[id].name).is_some() {
            self.free.push(id);
        }
    }

    fn id(&mut self, name: &str) -> DomainId {
        if let Some(id) = self.ids.get(name) {
            return *id;
        }
        let limit = if name.is_empty() { DomainLimit::NONE } else { self.limits.of(name) };
        let name: Arc<str> = name.into();
        let domain = Domain::new(Arc::clone(&name), limit);
        let id = self.free.pop().unwrap_or(self.all.len());
        if id == self.all.len() {
            self.all.push(domain);
        } else {
            self.all[id] = domain;
        }
        self.ids.insert(name, id);
        id
    }

    pub(super) fn get(&self, id: DomainId) -> &Domain {
        &self.all[id]
    }

    pub(super) fn name(&self, id: DomainId) -> &str {
        &self.all[id].name
    }

    pub(super) fn get_mut(&mut self, id: DomainId) -> &mut Domain {
        &mut self.all[id]
    }

    /// As [`Domain::let_go`].
    pub(super) fn let_go(&mut self, id: DomainId, worker: usize) -> bool {
        self.all[id].let_go(worker)
    }

    /// Leaves a domain alone; until when, and whether that is news.
    pub(super) fn hold(&mut self, id: DomainId, now: Instant, why: &str) -> (Instant, bool) {
        self.all[id].hold(now, why)
    }

    /// A message to it went through; whether that ended something.
    pub(super) fn reached(&mut self, id: DomainId, now: Instant) -> bool {
        self.all[id].reached(now)
    }

    /// What a restart has to know of a domain.
    pub(super) fn aside(&self, id: DomainId) -> Option<Aside> {
        self.all[id].aside()
    }

    /// Takes over what an earlier process knew of a domain.
    pub(super) fn restore(&mut self, aside: Aside) {
        let id = self.id(&aside.name);
        let domain = &mut self.all[id];
        (domain.held_until, domain.refusals, domain.trouble) = (aside.until, aside.times, Some(aside.reason));
    }

    /// The name of a domain that asked for less, where no other message is for it.
    pub(super) fn last_of(&self, id: DomainId) -> Option<&str> {
        let domain = &self.all[id];
        domain.is_left(1).then_some(&*domain.name)
    }

    /// Forgets the domains that asked for less and for which there is nothing any more: their names.
    pub(super) fn forget_left(&mut self) -> Vec<String> {
        let left: Vec<DomainId> = self.ids.values().copied().filter(|&id| self.all[id].is_left(0)).collect();
        let names = left.iter().map(|&id| self.all[id].name.to_string()).collect();
        for id in left {
            self.all[id].trouble = None;
            self.part(id);
        }
        names
    }

    /// Why nothing goes there now, if so.
    pub(super) fn held(&self, id: DomainId, now: Instant) -> Option<&str> {
        let domain = &self.all[id];
        domain.trouble.as_deref().filter(|_| domain.is_held(now))
    }

    /// Those that asked for less of us, each with its position.
    pub(super) fn slowed(&self) -> impl Iterator<Item = (DomainId, Slowed)> {
        self.ids.values().filter_map(|&id| {
            let domain = &self.all[id];
            let reason = domain.trouble.clone()?;
            let name = domain.name.to_string();
            Some((id, Slowed { domain: name, reason, until: domain.held_until, waiting: 0 }))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NOW: Instant = Instant(1_790_000_000_000);

    fn domain(workers: usize, rate: Option<Rate>) -> Domain {
        Domain::new("customer.example".into(), DomainLimit { workers, rate })
    }

    #[test]
    fn so_many_workers_and_each_as_many_messages_as_it_likes() {
        let mut domain = domain(2, None);
        for worker in [1, 1, 2] {
            assert_eq!(domain.room(worker, NOW), Room::Open);
            domain.take(worker, NOW);
        }
        assert_eq!((domain.room(3, NOW), domain.room(1, NOW)), (Room::Busy, Room::Open));
        domain.let_go(1);
        assert_eq!(domain.room(3, NOW), Room::Busy, "the first has one more");
        domain.let_go(1);
        assert_eq!(domain.room(3, NOW), Room::Open);
    }

    #[test]
    fn a_domain_that_asked_for_less_gets_one_message_at_a_time_until_one_goes_through() {
        let mut domain = domain(8, None);
        assert_eq!(domain.hold(NOW, "421"), (NOW.plus(FIRST_HOLD), true));
        assert_eq!(domain.hold(NOW, "421"), (NOW.plus(FIRST_HOLD), false));
        domain.reached(NOW);
        assert_eq!(domain.room(1, NOW), Room::At(NOW.plus(FIRST_HOLD)), "it was under way before");
        let later = NOW.plus(FIRST_HOLD);
        assert_eq!(domain.room(1, later), Room::Open);
        domain.take(1, later);
        assert_eq!((domain.room(1, later), domain.room(2, later)), (Room::Busy, Room::Busy));
        assert_eq!(domain.hold(later, "421").0, later.plus(Duration(2 * FIRST_HOLD.0)));
        domain.let_go(1);
        let mut until = later;
        for _ in 0..40 {
            until = domain.hold(domain.held_until, "421").0;
        }
        assert_eq!(domain.hold(until, "421").0, until.plus(LONGEST_HOLD));
        let end = domain.held_until;
        domain.reached(end);
        assert_eq!((domain.room(1, end), domain.room(2, end)), (Room::Open, Room::Open));
        assert_eq!(domain.hold(end, "421").0, end.plus(FIRST_HOLD));
    }

    #[test]
    fn a_clock_that_goes_back_keeps_nobody_waiting() {
        let mut domain = domain(1, Some(Rate { count: 1, per: Duration::hours(1) }));
        domain.take(1, NOW);
        domain.let_go(1);
        assert_eq!(domain.room(1, NOW), Room::At(NOW.plus(Duration::hours(1))));
        let before = NOW.minus(Duration::days(1));
        assert_eq!(domain.room(1, before), Room::Open);
        domain.take(1, before);
        domain.let_go(1);
        assert_eq!(domain.room(1, before), Room::At(before.plus(Duration::hours(1))));
        domain.hold(NOW, "421");
        let before = NOW.minus(Duration::days(1));
        assert!(!domain.is_held(before));
        assert_eq!(domain.hold(before, "421"), (before.plus(Duration(2 * FIRST_HOLD.0)), true));
    }

    #[test]
    fn what_nobody_writes_to_any_more_is_forgotten() {
        let mut domains = Domains::new(Arc::new(DomainLimits::none()));
        for name in ["idle.example", "busy.example"] {
            let id = domains.join(name);
            domains.hold(id, NOW, "421");
            assert_eq!(domains.aside(id).unwrap().name, name);
        }
        let id = domains.join("idle.example");
        domains.part(id);
        domains.part(id);
        let busy = domains.join("busy.example");
        assert_eq!(domains.last_of(busy), None, "another one waits for it");
        domains.part(busy);
        assert_eq!(domains.last_of(busy), Some("busy.example"));
        assert_eq!(domains.forget_left(), ["idle.example"]);
        assert_eq!(domains.forget_left(), [""; 0]);
        assert_eq!(domains.slowed().count(), 1);
    }

    proptest! {
        /// In no stretch of time more than the rate and a second's worth; and never less than half of
        /// the rate where somebody always asks.
        #[test]
        fn a_rate_is_kept_over_any_stretch(count in 1_u32..2_000, per in 1_000_i64..3_600_000, step in 1_i64..50) {
            let rate = Rate { count, per: Duration(per) };
            let mut domain = domain(1, Some(rate));
            let mut taken: Vec<i64> = Vec::new();
            let mut now = NOW;
            while taken.len() < 300 {
                match domain.room(0, now) {
                    Room::Open => { domain.take(0, now); taken.push(now.0); }
                    Room::At(at) => { prop_assert!(at > now); now = at.plus(Duration(step - 1)); }
                    Room::Busy => prop_assert!(false),
                }
            }
            let at_once = (i64::from(count) * 1_000 / per).max(1);
            for from in 0..taken.len() {
                for to in from..taken.len() {
                    let within = taken[to] - taken[from];
                    let most = at_once + within * i64::from(count) / per + 1;
                    let count = i64::try_from(to - from + 1).unwrap();
                    prop_assert!(count <= most, "{} within {} ms", count, within);
                }
            }
            let even = 300 * per / i64::from(count);
            prop_assert!(taken[299] - taken[0] <= even * 2 + 300 * step);
        }
    }
}
