//! What the index knows of the domains that recipients are at.

use super::{Entry, Index, Place, Route, Standing};
use crate::model::Instant;
use crate::outbox::domains::Slowed;
use crate::record::{Aside, MessageKey};

impl Index {
    /// Whether a message stands among those to this domain; else it does from now on, and has to be put
    /// back: the address changed since it was decided.
    pub(in crate::outbox) fn is_among(&mut self, key: MessageKey, domain: &str) -> bool {
        let Some(entry) = self.entries.get(&key).cloned() else { return true };
        let id = self.queues[entry.queue].line.domains.join(domain);
        let is_same = id == entry.place.domain;
        if !is_same {
            self.leave(key, &entry);
            let place = Place { domain: id, ..entry.place };
            self.entries.insert(key, Entry { place, standing: Standing::Taken(None), ..entry });
        }
        let left = if is_same { id } else { entry.place.domain };
        self.queues[entry.queue].line.domains.part(left);
        is_same
    }

    /// A message that was taken is not sent now: it used up nothing of its domain's rate.
    pub(in crate::outbox) fn refund(&mut self, key: MessageKey) {
        if let Some(Entry { queue, place, standing: Standing::Taken(Some(_)), .. }) = self.entries.get(&key) {
            self.queues[*queue].line.domains.get_mut(place.domain).refund();
        }
    }

    /// Leaves the domain of a message alone; until when, and whether that is news.
    pub(in crate::outbox) fn hold_domain(
        &mut self,
        key: MessageKey,
        now: Instant,
        why: &str,
    ) -> (Instant, bool) {
        let Some(entry) = self.entries.get(&key) else { return (now, false) };
        self.queues[entry.queue].line.domains.hold(entry.place.domain, now, why)
    }

    /// The domain of a message took one, or refused it for good; its name where that ended something.
    pub(in crate::outbox) fn reached_domain(&mut self, key: MessageKey, now: Instant) -> Option<String> {
        let entry = self.entries.get(&key)?;
        let queue = &mut self.queues[entry.queue];
        let (may_go, is_over) = queue.line.reached(entry.place.domain, now);
        if may_go {
            queue.changed.notify_waiters();
        }
        is_over.then(|| queue.line.domains.name(entry.place.domain).to_owned())
    }

    /// What a restart has to know of the domain of a message.
    pub(in crate::outbox) fn domain_aside(&self, key: MessageKey) -> Option<Aside> {
        let entry = self.entries.get(&key)?;
        self.queues[entry.queue].line.domains.aside(entry.place.domain)
    }

    /// Takes over what an earlier process knew of a domain.
    pub(in crate::outbox) fn restore_domain(&mut self, aside: Aside) {
        let (queue, _) = self.queue(&Route::Email);
        self.queues[queue].line.domains.restore(aside);
    }

    /// The domain that asked for less and that this message alone is for.
    pub(in crate::outbox) fn last_of_domain(&self, key: MessageKey) -> Option<String> {
        let entry = self.entries.get(&key)?;
        self.queues[entry.queue].line.domains.last_of(entry.place.domain).map(str::to_owned)
    }

    /// Forgets the domains that asked for less and for which there is nothing any more; their names.
    pub(in crate::outbox) fn forget_domains(&mut self) -> Vec<String> {
        self.queues.iter_mut().flat_map(|queue| queue.line.domains.forget_left()).collect()
    }

    /// Whether the domain of a message is left alone now.
    pub(in crate::outbox) fn is_domain_held(&self, key: MessageKey, now: Instant) -> bool {
        let held =
            |entry: &Entry| self.queues[entry.queue].line.domains.held(entry.place.domain, now).is_some();
        self.entries.get(&key).is_some_and(held)
    }

    /// Whether the domain of a message takes long over each.
    pub(in crate::outbox) fn note_speed(&mut self, key: MessageKey, is_slow: bool) {
        if let Some(entry) = self.entries.get(&key) {
            self.queues[entry.queue].line.domains.get_mut(entry.place.domain).is_slow = is_slow;
        }
    }

    /// Whether two messages go to one domain.
    pub(in crate::outbox) fn is_same_domain(&self, one: MessageKey, other: MessageKey) -> bool {
        let domain = |key| self.entries.get(&key).map(|entry| (entry.queue, entry.place.domain));
        domain(one) == domain(other)
    }

    /// The domains that asked for less of us.
    pub(in crate::outbox) fn slowed(&self) -> Vec<Slowed> {
        self.queues.iter().flat_map(|queue| queue.line.slowed()).collect()
    }
}
