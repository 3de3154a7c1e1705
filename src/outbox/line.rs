//! Who is next in a queue: transactional before marketing, rules by turns, and of each rule what waits
//! longest, past the domains that have no room.
//!
//! Messages of a rule to one domain stand in a lane. The first of each lane is the rule's to offer while
//! its domain has room; a domain without room is *parked*: its lanes offer nothing until its time has
//! come or a worker lets go of it. So a million messages to a dead domain cost nobody a look.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::sync::Arc;

use super::domains::{Domain, DomainId, Domains, Room, Slowed};
use crate::config::DomainLimits;
use crate::model::{Instant, RuleNumber};
use crate::record::MessageKey;

/// Of so many messages in a row one is marketing, where marketing waits: transactional mail comes
/// first, but a flood of it does not stop marketing for good.
const MARKETING_TURN: u32 = 8;

/// So many messages at once to a domain that takes long over each.
const SLOW_BATCH: usize = 4;

/// Where a message stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    /// Whether it is marketing.
    pub(super) marketing: bool,
    /// The domain of its recipient.
    pub(super) domain: DomainId,
}

/// What is found when somebody asks for messages.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// These; they are the worker's now.
    Messages(Vec<MessageKey>),
    /// Nothing before this instant.
    Until(Instant),
    /// Nothing at all, until something changes.
    Nothing,
}

/// The messages of a queue that may go when their time comes.
#[derive(Debug)]
pub(super) struct Line {
    transactional: Class,
    marketing: Class,
    pub(super) domains: Domains,
    /// Parked domains whose time comes.
    timed: BTreeSet<(Instant, DomainId)>,
    /// Transactional messages in a row while marketing waited.
    row: u32,
    len: usize,
    /// Whether a domain was parked until an instant for which nobody may be waiting yet.
    has_news: bool,
}

#[derive(Debug, Default)]
struct Class {
    rules: BTreeMap<RuleNumber, RuleLine>,
    /// Whose turn was last.
    last: Option<RuleNumber>,
}

#[derive(Debug, Default)]
struct RuleLine {
    lanes: BTreeMap<DomainId, BTreeSet<(Instant, MessageKey)>>,
    /// The first of each lane whose domain is not parked.
    heads: BTreeSet<(Instant, MessageKey, DomainId)>,
}

/// A message that could be taken now.
type Offer = (Instant, MessageKey, DomainId);

impl Line {
    pub(super) fn new(limits: Arc<DomainLimits>) -> Self {
        Self {
            transactional: Class::default(),
            marketing: Class::default(),
            domains: Domains::new(limits),
            timed: BTreeSet::new(),
            row: 0,
            len: 0,
            has_news: false,
        }
    }

    /// Whether, since this was last asked, an instant was noted that others must hear of.
    pub(super) fn take_news(&mut self) -> bool {
        std::mem::take(&mut self.has_news)
    }

    fn class(&mut self, marketing: bool) -> &mut Class {
        if marketing { &mut self.marketing } else { &mut self.transactional }
    }

    /// How many stand here.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Adds a message that is due at an instant.
    pub(super) fn insert(&mut self, place: Place, at: Instant, key: MessageKey) {
        let (rule, Place { marketing, domain }) = (key.decision.rule, place);
        let is_parked = self.domains.get(domain).is_parked;
        self.domains.get_mut(domain).lanes.insert((marketing, rule));
        let found = self.class(marketing).rules.entry(rule).or_default();
        let lane = found.lanes.entry(domain).or_default();
        let before = lane.first().copied();
        let is_new = lane.insert((at, key));
        if !is_parked && before.is_none_or(|before| (at, key) < before) {
            found.heads.extend([(at, key, domain)]);
            if let Some((at, key)) = before {
                found.heads.remove(&(at, key, domain));
            }
        }
        self.len += usize::from(is_new);
    }

    /// Removes a message that was due at an instant.
    pub(super) fn remove(&mut self, place: Place, at: Instant, key: MessageKey) {
        let (rule, Place { marketing, domain }) = (key.decision.rule, place);
        let is_parked = self.domains.get(domain).is_parked;
        let class = self.class(marketing);
        let Some(found) = class.rules.get_mut(&rule) else { return };
        let Some(lane) = found.lanes.get_mut(&domain) else { return };
        if !lane.remove(&(at, key)) {
            return;
        }
        let next = lane.first().copied();
        if found.heads.remove(&(at, key, domain))
            && let (Some((at, key)), false) = (next, is_parked)
        {
            found.heads.insert((at, key, domain));
        }
        if next.is_none() {
            found.lanes.remove(&domain);
            if found.lanes.is_empty() {
                class.rules.remove(&rule);
            }
            self.domains.get_mut(domain).lanes.remove(&(marketing, rule));
        }
        self.len -= 1;
    }

    /// Takes up to `most` messages for a worker.
    pub(super) fn take(&mut self, worker: usize, now: Instant, most: usize) -> Next {
        self.unpark_due(now);
        self.domains.now = now;
        let mut taken = Vec::new();
        let mut company = None;
        while taken.len() < most {
            let first = self.offer(false, worker, now);
            let second = self.offer(true, worker, now);
            let marketing_turn = second.is_some() && self.row + 1 >= MARKETING_TURN;
            let (marketing, (at, key, domain)) = match (first, second) {
                (None, None) => break,
                (Some(offer), _) if !marketing_turn => (false, offer),
                (_, Some(offer)) => (true, offer),
                (Some(offer), None) => (false, offer),
            };
            // A message that takes long is waited for by those behind it in the claim.
            let begun = *company.get_or_insert(domain);
            let is_slow = self.domains.get(domain).is_slow || self.domains.get(begun).is_slow;
            if is_slow && (domain != begun || taken.len() == SLOW_BATCH) {
                break;
            }
            self.row = if marketing || second.is_none() { 0 } else { self.row + 1 };
            self.domains.get_mut(domain).take(worker, now);
            self.class(marketing).last = Some(key.decision.rule);
            self.remove(Place { marketing, domain }, at, key);
            taken.push(key);
        }
        if !taken.is_empty() {
            return Next::Messages(taken);
        }
        self.first_due().map_or(Next::Nothing, Next::Until)
    }

    /// When the first message or domain has its time, where nothing has it now.
    pub(super) fn first_due(&self) -> Option<Instant> {
        let rules = self.transactional.rules.values().chain(self.marketing.rules.values());
        let heads = rules.filter_map(|line| line.heads.first().map(|&(at, ..)| at));
        heads.chain(self.timed.first().map(|&(at, _)| at)).min()
    }

    /// The next message of a class, by turns of the rules. Domains without room are parked on the way.
    fn offer(&mut self, marketing: bool, worker: usize, now: Instant) -> Option<Offer> {
        let last = self.class(marketing).last;
        let mut rule = self.class(marketing).after(last);
        let first = rule?;
        while let Some(turn) = rule {
            while let Some(offer) = self.class(marketing).head(turn, now) {
                match self.domains.get(offer.2).room(worker, now) {
                    Room::Open => return Some(offer),
                    Room::At(at) => {
                        self.timed.insert((at, offer.2));
                        self.has_news = true;
                        self.domains.get_mut(offer.2).is_timed = true;
                        self.park(offer.2);
                    }
                    Room::Busy => self.park(offer.2),
                }
            }
            rule = self.class(marketing).after(Some(turn)).filter(|next| *next != first);
        }
        None
    }

    /// Takes the lanes of a domain out of sight.
    fn park(&mut self, domain: DomainId) {
        self.domains.get_mut(domain).is_parked = true;
        self.each_lane(domain, |heads, head| {
            heads.remove(&head);
        });
    }

    /// Puts the lanes of a domain into sight again.
    fn unpark(&mut self, domain: DomainId) {
        let found = self.domains.get_mut(domain);
        found.is_timed = false;
        if std::mem::take(&mut found.is_parked) {
            self.each_lane(domain, |heads, head| {
                heads.insert(head);
            });
        }
    }

    fn each_lane(&mut self, domain: DomainId, with: impl Fn(&mut BTreeSet<Offer>, Offer)) {
        let lanes: Vec<_> = self.domains.get(domain).lanes.iter().copied().collect();
        for (marketing, rule) in lanes {
            let Some(line) = self.class(marketing).rules.get_mut(&rule) else { continue };
            if let Some(&(at, key)) = line.lanes.get(&domain).and_then(BTreeSet::first) {
                with(&mut line.heads, (at, key, domain));
            }
        }
    }

    fn unpark_due(&mut self, now: Instant) {
        // A clock that went back: what was noted before is looked at anew.
        let until = if now < self.domains.now { Instant(i64::MAX) } else { now };
        while let Some(&(at, domain)) = self.timed.first().filter(|(at, _)| *at <= until) {
            self.timed.remove(&(at, domain));
            self.unpark(domain);
        }
    }

    /// A worker has one message less to a domain; whether others may find something now.
    pub(super) fn let_go(&mut self, domain: DomainId, worker: usize) -> bool {
        let was_parked = self.domains.let_go(domain, worker);
        // One that waits for its time goes on to.
        if was_parked && !self.domains.get(domain).is_timed {
            self.unpark(domain);
        }
        was_parked
    }

    /// A message to a domain went through; whether others may find something now, and whether something
    /// ended that a restart had to know.
    pub(super) fn reached(&mut self, domain: DomainId, now: Instant) -> (bool, bool) {
        let is_over = self.domains.reached(domain, now);
        let Domain { is_parked, is_timed, .. } = *self.domains.get(domain);
        if is_parked && !is_timed {
            self.unpark(domain);
        }
        (is_parked, is_over)
    }

    /// Which domains asked for less of us, and how many messages wait for each.
    pub(super) fn slowed(&self) -> Vec<Slowed> {
        let count = |domain: DomainId, &(marketing, rule): &(bool, RuleNumber)| {
            let class = if marketing { &self.marketing } else { &self.transactional };
            class.rules.get(&rule).and_then(|line| line.lanes.get(&domain)).map_or(0, BTreeSet::len)
        };
        let counted = |(domain, slowed): (DomainId, Slowed)| {
            let lanes = self.domains.get(domain).lanes.iter();
            Slowed { waiting: lanes.map(|lane| count(domain, lane)).sum(), ..slowed }
        };
        self.domains.slowed().map(counted).collect()
    }
}

impl Class {
    /// The rule whose turn follows another's.
    fn after(&self, last: Option<RuleNumber>) -> Option<RuleNumber> {
        let from = last.map_or(Bound::Unbounded, Bound::Excluded);
        let mut later = self.rules.range((from, Bound::Unbounded));
        later.next().or_else(|| self.rules.first_key_value()).map(|(rule, _)| *rule)
    }

    /// What a rule would send first now.
    fn head(&self, rule: RuleNumber, now: Instant) -> Option<Offer> {
        let line = self.rules.get(&rule)?;
        line.heads.first().copied().filter(|(at, ..)| *at <= now)
    }
}

#[cfg(test)]
mod tests;
