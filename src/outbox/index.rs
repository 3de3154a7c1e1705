//! The open messages in memory: who waits in which queue until when. The messages themselves stay in
//! the store and are read at their claim, so that a million waiting ones take little room.

mod by_customer;
mod by_domain;
mod moved;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use tokio::sync::Notify;

use super::Route;
use super::calls::{Calls, Room};
use super::line::{Line, Next, Place};
use crate::config::DomainLimits;
use crate::model::{Duration, Instant};
use crate::record::{MessageKey, MessageState, OpenMessage};

/// The first and the longest wait of a queue whose other side cannot be reached.
const FIRST_HOLD: Duration = Duration::seconds(1);
const LONGEST_HOLD: Duration = Duration::seconds(60);

/// How many open messages there are, by state, and how old the oldest is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Counts {
    /// By state; a state without messages has no entry.
    pub by_state: BTreeMap<&'static str, u64>,
    /// When the oldest open message was decided.
    pub oldest: Option<Instant>,
}

/// Where a message stands for the workers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    /// In its queue from this instant on.
    Due(Instant),
    /// A call that follows a message of the same decision, which is not through yet.
    Follows(Instant),
    /// The worker of this number has it; none: a person's wish.
    Taken(Option<usize>),
    /// Held for a person.
    InDoubt,
}

#[derive(Debug, Clone)]
struct Entry {
    queue: usize,
    place: Place,
    standing: Standing,
    state: MessageState,
    decided: Instant,
    is_call: bool,
}

/// One queue.
#[derive(Debug)]
struct Queue {
    route: Route,
    line: Line,
    /// Nobody takes anything before this.
    held_until: Instant,
    hold: Duration,
    /// Why nobody was reached; none since somebody was.
    trouble: Option<String>,
    /// How much the endpoint bears, and whether it is called at all.
    calls: Calls,
    changed: Arc<Notify>,
}

/// What a worker finds in its queue.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// These, with the instants they were decided; they are its own now.
    Messages(Vec<(Instant, MessageKey)>),
    /// This, to see how the endpoint is.
    Probe(Vec<(Instant, MessageKey)>),
    /// Nothing before this instant.
    Until(Instant),
    /// Nothing at all.
    Nothing,
}

/// All open messages.
#[derive(Debug, Default)]
pub(super) struct Index {
    queues: Vec<Queue>,
    entries: BTreeMap<MessageKey, Entry>,
    /// The same keys, by customer: who unsubscribes must not cost a look at everybody's messages.
    customers: BTreeSet<by_customer::Key>,
    /// Held back by the gate: why.
    waiting: BTreeMap<MessageKey, String>,
    /// How much goes out by e-mail to the people of one domain.
    limits: Option<Arc<DomainLimits>>,
}

/// Whether a queue is kept still. What lies further ahead than any wait was noted before the clock went
/// back.
fn is_held(until: Instant, now: Instant) -> bool {
    until > now && until.since(now) <= LONGEST_HOLD
}

/// A message for its queue, with the domain of its recipient where the queue has limits for it.
pub(super) type Placed<'a> = (usize, String, &'a OpenMessage);

impl Index {
    /// An empty one, with the limits of domains.
    pub(super) fn new(limits: DomainLimits) -> Self {
        Self { limits: Some(Arc::new(limits)), ..Self::default() }
    }

    /// The queue of a route; whether it is new.
    pub(super) fn queue(&mut self, route: &Route) -> (usize, bool) {
        if let Some(found) = self.existing(route) {
            return (found, false);
        }
        self.queues.push(Queue {
            route: route.clone(),
            line: Line::new(self.limits.clone().unwrap_or_else(|| Arc::new(DomainLimits::none()))),
            held_until: Instant(i64::MIN),
            hold: FIRST_HOLD,
            trouble: None,
            calls: Calls::default(),
            changed: Arc::default(),
        });
        (self.queues.len() - 1, true)
    }

    /// What wakes the workers of a queue.
    pub(super) fn changed(&self, queue: usize) -> Arc<Notify> {
        Arc::clone(&self.queues[queue].changed)
    }

    /// Adds messages, or puts them back as they are now. All at once, so that no call slips out
    /// before the message that it follows is known.
    pub(super) fn put(&mut self, messages: &[Placed<'_>]) {
        for (queue, domain, message) in messages {
            self.forget(message.key);
            let standing = match message.state {
                MessageState::InDoubt => Standing::InDoubt,
                MessageState::Pending
                | MessageState::Retry
                | MessageState::Claimed
                | MessageState::Sent
                | MessageState::Dead
                | MessageState::Withdrawn => Standing::Follows(message.next_attempt),
            };
            let OpenMessage { state, decided, is_call, marketing, .. } = **message;
            let place = Place { marketing, domain: self.queues[*queue].line.domains.join(domain) };
            let entry = Entry { queue: *queue, place, standing, state, decided, is_call };
            self.entries.insert(message.key, entry);
            self.customers.insert(by_customer::key(message.key));
        }
        for (_, _, message) in messages {
            self.settle_decision(message.key);
        }
    }

    /// Removes a message that ended, and lets those go that followed it.
    pub(super) fn remove(&mut self, key: MessageKey) {
        self.forget(key);
        self.settle_decision(key);
    }

    fn forget(&mut self, key: MessageKey) {
        self.waiting.remove(&key);
        if let Some(entry) = self.entries.remove(&key) {
            self.customers.remove(&by_customer::key(key));
            self.leave(key, &entry);
            self.queues[entry.queue].line.domains.part(entry.place.domain);
        }
    }

    /// Takes a message out of its line, or out of its worker's hands.
    fn leave(&mut self, key: MessageKey, entry: &Entry) {
        let queue = &mut self.queues[entry.queue];
        match entry.standing {
            Standing::Due(at) => queue.line.remove(entry.place, at, key),
            Standing::Taken(Some(worker)) => {
                if queue.line.let_go(entry.place.domain, worker) {
                    queue.changed.notify_waiters();
                }
            }
            Standing::Taken(None) | Standing::Follows(_) | Standing::InDoubt => {}
        }
    }

    /// Decides anew, for all messages of one decision, who is due and who follows.
    fn settle_decision(&mut self, key: MessageKey) {
        let span = MessageKey { action: 0, ..key }..=MessageKey { action: u8::MAX, ..key };
        let under_way = self
            .entries
            .range(span.clone())
            .any(|(_, entry)| !entry.is_call && entry.standing != Standing::InDoubt);
        for (&key, entry) in self.entries.range_mut(span) {
            let queue = &mut self.queues[entry.queue];
            let blocked = entry.is_call && under_way;
            match entry.standing {
                Standing::Follows(at) if !blocked => {
                    entry.standing = Standing::Due(at);
                    queue.line.insert(entry.place, at, key);
                    queue.changed.notify_waiters();
                }
                Standing::Due(at) if blocked => {
                    entry.standing = Standing::Follows(at);
                    queue.line.remove(entry.place, at, key);
                }
                Standing::Follows(_) | Standing::Due(_) | Standing::Taken(_) | Standing::InDoubt => {}
            }
        }
    }

    /// The calls that follow this message and nothing else that is still under way: they end with it
    /// when it dies. With the instants they were decided.
    pub(super) fn followers(&self, key: MessageKey) -> Vec<(Instant, MessageKey)> {
        let span = MessageKey { action: 0, ..key }..=MessageKey { action: u8::MAX, ..key };
        let siblings = || self.entries.range(span.clone());
        if self.entries.get(&key).is_none_or(|entry| entry.is_call)
            || siblings().any(|(&other, entry)| !entry.is_call && other != key)
        {
            return vec![];
        }
        let follows = |entry: &Entry| matches!(entry.standing, Standing::Follows(_));
        siblings().filter(|(_, entry)| follows(entry)).map(|(&key, entry)| (entry.decided, key)).collect()
    }

    /// Takes due messages off a queue for one of its `workers`: up to `most`, and no more than its share,
    /// so that a few messages are sent by many workers at once.
    pub(super) fn take(
        &mut self,
        queue: usize,
        (worker, workers): (usize, usize),
        now: Instant,
        most: usize,
    ) -> Found {
        let Queue { line, held_until, calls, changed, .. } = &mut self.queues[queue];
        let not_before =
            |at, line: &Line| line.first_due().map_or(Found::Nothing, |first| Found::Until(first.max(at)));
        if is_held(*held_until, now) {
            return not_before(*held_until, line);
        }
        let (most, probe) = match calls.room(now, most) {
            Room::For(count) => (count, false),
            Room::Probe => (1, true),
            Room::Until(at) => return not_before(at, line),
            Room::None => return Found::Nothing,
        };
        let share = line.len().div_ceil(workers.max(1)).clamp(1, most);
        let next = line.take(worker, now, share);
        if line.take_news() {
            changed.notify_waiters();
        }
        match next {
            Next::Messages(keys) => {
                calls.take(now, keys.len(), probe);
                let taken = self.taken_by(worker, keys);
                if probe { Found::Probe(taken) } else { Found::Messages(taken) }
            }
            Next::Until(at) => Found::Until(at),
            Next::Nothing => Found::Nothing,
        }
    }

    /// A worker is through with what it took at that instant; `unused` of it were not sent.
    pub(super) fn release(&mut self, queue: usize, taken: Instant, unused: usize, probe: bool) {
        let queue = &mut self.queues[queue];
        if queue.calls.give_back(taken, unused, probe) {
            queue.changed.notify_waiters();
        }
    }

    /// How much a queue's endpoint bears, and how it is.
    pub(super) fn calls(&mut self, queue: usize) -> &mut Calls {
        &mut self.queues[queue].calls
    }

    /// Wakes the workers of a queue.
    pub(super) fn wake(&self, queue: usize) {
        self.queues[queue].changed.notify_waiters();
    }

    fn taken_by(&mut self, worker: usize, keys: Vec<MessageKey>) -> Vec<(Instant, MessageKey)> {
        let mut taken = Vec::with_capacity(keys.len());
        for key in keys {
            self.waiting.remove(&key);
            if let Some(entry) = self.entries.get_mut(&key) {
                entry.standing = Standing::Taken(Some(worker));
                taken.push((entry.decided, key));
            }
        }
        taken
    }

    /// Whether a message waits for no other and no worker has it; true where it is over.
    pub(super) fn is_due(&self, key: MessageKey) -> bool {
        match self.entries.get(&key).map(|entry| entry.standing) {
            None | Some(Standing::Due(_)) => true,
            Some(Standing::Follows(_) | Standing::Taken(_) | Standing::InDoubt) => false,
        }
    }

    /// Takes one message that no worker has, for a person's wish; none where one has it.
    pub(super) fn take_one(&mut self, key: MessageKey) -> Option<Instant> {
        let entry = self.entries.get_mut(&key)?;
        match entry.standing {
            Standing::Taken(_) => return None,
            Standing::Due(at) => self.queues[entry.queue].line.remove(entry.place, at, key),
            Standing::Follows(_) | Standing::InDoubt => {}
        }
        entry.standing = Standing::Taken(None);
        Some(entry.decided)
    }

    /// Notes a message's state while a worker has it.
    pub(super) fn note_state(&mut self, key: MessageKey, state: MessageState) {
        if let Some(entry) = self.entries.get_mut(&key) {
            entry.state = state;
        }
    }

    /// Puts a taken message back, not before `until`; `why` when the gate held it back.
    pub(super) fn put_back(&mut self, key: MessageKey, until: Instant, why: Option<String>) {
        self.refund(key);
        let Some(entry) = self.entries.get(&key).cloned() else { return };
        self.leave(key, &entry);
        self.entries.insert(key, Entry { standing: Standing::Follows(until), ..entry });
        if let Some(why) = why {
            self.waiting.insert(key, why);
        }
        self.settle_decision(key);
    }

    /// Makes due at once what the gate held back.
    pub(super) fn recheck(&mut self, now: Instant) {
        for key in std::mem::take(&mut self.waiting).into_keys() {
            self.make_due(key, now);
        }
    }

    /// Moves a message that stands in its queue to `now`.
    fn make_due(&mut self, key: MessageKey, now: Instant) {
        let Some(entry) = self.entries.get_mut(&key) else { return };
        if let Standing::Due(at) = entry.standing {
            let queue = &mut self.queues[entry.queue];
            queue.line.remove(entry.place, at, key);
            queue.line.insert(entry.place, now, key);
            entry.standing = Standing::Due(now);
            queue.changed.notify_waiters();
        }
    }

    /// Keeps a queue still, twice as long each time up to a minute; until when, and whether that is
    /// news.
    pub(super) fn hold(&mut self, queue: usize, now: Instant, why: &str) -> (Instant, bool) {
        let queue = &mut self.queues[queue];
        // Several workers meet the same dead server at once: that is one hold, not several.
        let is_news = !is_held(queue.held_until, now);
        if is_news {
            queue.held_until = now.plus(queue.hold);
            queue.hold = Duration((queue.hold.0 * 2).min(LONGEST_HOLD.0));
            queue.trouble = Some(why.to_owned());
        }
        (queue.held_until, is_news)
    }

    /// Keeps a queue still that an earlier process found closed; the wait is no longer than any of ours.
    pub(super) fn restore_hold(&mut self, route: &Route, until: Instant, now: Instant, why: String) {
        let (queue, _) = self.queue(route);
        let queue = &mut self.queues[queue];
        queue.held_until = until.min(now.plus(LONGEST_HOLD));
        queue.trouble = Some(why);
    }

    /// Where nothing goes out since somebody tried, and why. Outages of endpoints stand in the store.
    pub(super) fn troubles(&self) -> Vec<(Route, String)> {
        let trouble = |queue: &Queue| Some((queue.route.clone(), queue.trouble.clone()?));
        self.queues.iter().filter_map(trouble).collect()
    }

    /// Until when nothing goes out by a route because nobody was reached there, and why.
    pub(super) fn stands_still(&self, route: &Route, now: Instant) -> Option<(String, Instant)> {
        let queue = &self.queues[self.existing(route)?];
        Some((queue.trouble.clone()?, queue.held_until)).filter(|(_, until)| *until > now)
    }

    /// The other side answered: the next trouble begins with a short wait again.
    pub(super) fn reached(&mut self, queue: usize) {
        let queue = &mut self.queues[queue];
        queue.hold = FIRST_HOLD;
        queue.trouble = None;
    }

    /// All routes, by the positions of their queues.
    pub(super) fn routes(&self) -> Vec<Route> {
        self.queues.iter().map(|queue| queue.route.clone()).collect()
    }

    /// The queue of a route, if it has one.
    pub(super) fn existing(&self, route: &Route) -> Option<usize> {
        self.queues.iter().position(|queue| queue.route == *route)
    }

    /// Whether a message is known.
    pub(super) fn contains(&self, key: MessageKey) -> bool {
        self.entries.contains_key(&key)
    }

    /// The route of a queue.
    pub(super) fn route(&self, queue: usize) -> Route {
        self.queues[queue].route.clone()
    }

    /// Why a message waits at `now` where it is not for its time alone.
    pub(super) fn why_waiting(&self, key: MessageKey, now: Instant) -> Option<String> {
        let entry = self.entries.get(&key)?;
        let held = self.queues[entry.queue].line.domains.held(entry.place.domain, now);
        match entry.standing {
            Standing::Follows(_) => Some("follows a message that is not through yet".into()),
            Standing::Due(_) if held.is_some() => {
                held.map(|why| format!("the recipient's domain wants less mail of us: {why}"))
            }
            Standing::Due(_) | Standing::Taken(_) | Standing::InDoubt => {
                let outage = self.queues[entry.queue].calls.circuit.outage();
                let held = || self.waiting.get(&key).cloned();
                outage.map(|outage| format!("the endpoint is not called: {}", outage.reason)).or_else(held)
            }
        }
    }

    /// What the gate held back, and why.
    pub(super) fn held_back(&self) -> &BTreeMap<MessageKey, String> {
        &self.waiting
    }

    /// How many, and how old.
    pub(super) fn counts(&self) -> Counts {
        let mut by_state = BTreeMap::new();
        for entry in self.entries.values() {
            *by_state.entry(entry.state.label()).or_default() += 1;
        }
        Counts { by_state, oldest: self.entries.values().map(|entry| entry.decided).min() }
    }
}
