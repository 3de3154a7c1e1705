//! Movement as ticks see it: who was last seen where, and who moved.
//!
//! Only what some rule asks for is followed. A tick compares everybody's places with those last
//! seen; what differs is a move, unless the data say that the change is old. A place and its move
//! are one commit, durable before any decision that they cause: a crash neither loses nor repeats a
//! move.

mod ask;
mod definition;
mod follow;
mod late;
mod learn;
mod track;

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{Bitmap, CustomerNumber, Duration, Instant, RuleNumber};
use crate::record::{Contact, Decision, Move, OpenMessage, TrackRecord};
use crate::store::{Store, StoreError, tables};

pub(super) use track::Tracks;

/// How old a change may be, by the times in the data, to count as movement; and how long a
/// continuous rule sees it.
pub(super) const RECENT: Duration = Duration::hours(24);

/// How long moves stay in memory: a rule that runs once a month, and missed a run, reads no further.
const IN_MEMORY: Duration = Duration::days(62);

/// How long a decision's messages wait at most for the end of quiet hours.
const LONGEST_WAIT: Duration = Duration::days(14);

/// Whether a decision whose messages became due then may be behind a move that rules still see.
fn concerns(due: Instant, now: Instant) -> bool {
    due.plus(RECENT) > now
}

/// A move with the tick that learnt it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Learnt {
    pub(super) learnt: Instant,
    pub(super) moved: Move,
}

/// What some rule follows.
#[derive(Debug, Default)]
pub(super) struct Followed {
    pub(super) record: TrackRecord,
    /// Who was last seen where, by the place's code; a customer is in one at most.
    places: Vec<Bitmap>,
    /// In the order in which they were learnt.
    log: Vec<Learnt>,
}

impl Followed {
    /// The code of a place's name.
    fn code(&self, place: &str) -> Option<u16> {
        let position = self.record.places.iter().position(|known| known == place)?;
        u16::try_from(position).ok()
    }

    /// The code of the place in which a customer was last seen.
    fn place_of(&self, customer: u32) -> Option<u16> {
        let position = self.places.iter().position(|members| members.contains(customer))?;
        u16::try_from(position).ok()
    }

    /// The moves learnt at or after `since`.
    fn since(&self, since: Instant) -> &[Learnt] {
        &self.log[self.log.partition_point(|entry| entry.learnt < since)..]
    }

    /// Reads places and moves from the store.
    fn read(&mut self, store: &dyn Store, number: u16, since: Instant) -> Result<(), StoreError> {
        self.places = places(store, number, self.record.places.len())?;
        for item in tables::movement::moves_since(store, number, since) {
            let (learnt, moved) = item?;
            self.log.push(Learnt { learnt, moved });
        }
        Ok(())
    }

    fn forget_before(&mut self, instant: Instant) {
        let old = self.log.partition_point(|entry| entry.learnt < instant);
        self.log.drain(..old);
    }
}

/// All that is followed in this store.
#[derive(Debug, Default)]
pub(super) struct Moves {
    tracks: BTreeMap<u16, Followed>,
    /// The tick at which a scheduled rule looked last.
    looked: BTreeMap<RuleNumber, Instant>,
    /// When decisions were made whose messages wait: by rule, customer, and when they become due, at
    /// which their entries in the ledger stand.
    ahead: BTreeMap<(RuleNumber, CustomerNumber, Instant), Instant>,
}

impl Moves {
    /// Reads what a store has; `last_tick` says how far back moves may still matter.
    ///
    /// A track of which a record is damaged is followed anew: everybody is placed in silence, which
    /// may lose a move, but sends nothing that should not be.
    ///
    /// # Errors
    /// When the store does not read, or does not say what is followed.
    pub(super) fn open(store: &dyn Store, last_tick: Option<Instant>) -> Result<Self, StoreError> {
        let looked = tables::movement::looked(store)?;
        let mut moves = Self { tracks: BTreeMap::new(), looked, ahead: BTreeMap::new() };
        let since = last_tick.map_or(Instant(i64::MIN), |tick| tick.minus(IN_MEMORY));
        for (number, record) in tables::movement::tracks(store)? {
            let mut followed = Followed { record, ..Followed::default() };
            if !followed.record.followers.is_empty() {
                match followed.read(store, number, since) {
                    Err(StoreError::Corrupt(damage)) => {
                        tracing::error!(damage, "a damaged record was left out: moves may be missing");
                        followed = Followed { record: followed.record, ..Followed::default() };
                        followed.record.followers.clear();
                    }
                    other => other?,
                }
            }
            moves.tracks.insert(number, followed);
        }
        if let Some(tick) = last_tick {
            moves.read_ahead(store, tick)?;
        }
        Ok(moves)
    }

    /// Reads when the decisions were made whose messages waited, and may have gone out since: a move
    /// that was learnt meanwhile is behind the decision, and ahead of the instant in the ledger.
    fn read_ahead(&mut self, store: &dyn Store, last_tick: Instant) -> Result<(), StoreError> {
        let followers: BTreeSet<RuleNumber> =
            self.tracks.values().flat_map(|track| track.record.followers.keys().copied()).collect();
        let since = last_tick.minus(RECENT).minus(LONGEST_WAIT);
        for rule in followers {
            for item in tables::runs::decisions_since(store, rule, since) {
                match item {
                    Ok((made, Decision { customer, due, .. })) if due > made && concerns(due, last_tick) => {
                        self.ahead.insert((rule, customer, due), made);
                    }
                    Ok(_) => {}
                    Err(StoreError::Corrupt(damage)) => {
                        tracing::error!(
                            damage,
                            "a damaged record was left out: a move may be taken for decided"
                        );
                    }
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(())
    }

    /// The tick that learnt the last move: no later tick may be before it.
    pub(super) fn last_learnt(&self) -> Option<Instant> {
        self.tracks.values().filter_map(|followed| followed.log.last()).map(|entry| entry.learnt).max()
    }

    /// Forgets a customer.
    pub(super) fn forget(&mut self, customer: CustomerNumber) {
        for followed in self.tracks.values_mut() {
            followed.log.retain(|entry| entry.moved.customer != customer);
            for members in &mut followed.places {
                members.remove(customer.0);
            }
        }
        self.ahead.retain(|(_, of, _), _| *of != customer);
    }

    /// Whether a rule asks for movement.
    pub(super) fn follows(&self, rule: RuleNumber) -> bool {
        self.tracks.values().any(|track| track.record.followers.contains_key(&rule))
    }

    /// Notes when the decision of a message was made, where it waits and movement led to it.
    pub(super) fn waits(&mut self, message: &OpenMessage) {
        let decision = message.key.decision;
        if message.due > message.decided && self.follows(decision.rule) {
            self.ahead.insert((decision.rule, decision.customer, message.due), message.decided);
        }
    }

    /// When the decision of a contact was made; for one that did not wait that is when it was due.
    fn decided_at(&self, contact: &Contact) -> Instant {
        self.ahead.get(&(contact.rule, contact.customer, contact.at)).copied().unwrap_or(contact.at)
    }

    /// What is kept under a track's name.
    fn find(&self, name: &str) -> Option<(u16, &Followed)> {
        let (number, followed) = self.tracks.iter().find(|(_, followed)| followed.record.name == name)?;
        Some((*number, followed))
    }

    /// The last move of a customer in a track that is in memory, learnt at `at` at the latest.
    fn last_move(&self, name: &str, customer: CustomerNumber, at: Instant) -> Option<Learnt> {
        let (_, followed) = self.find(name)?;
        let of_theirs = |entry: &&Learnt| entry.moved.customer == customer && entry.learnt <= at;
        followed.log.iter().rev().find(of_theirs).copied()
    }
}

/// Who was last seen where, as many places as there are names.
fn places(store: &dyn Store, track: u16, count: usize) -> Result<Vec<Bitmap>, StoreError> {
    let mut stored = tables::movement::places(store, track)?;
    let codes = 0..u16::try_from(count).unwrap_or(u16::MAX);
    Ok(codes.map(|code| stored.remove(&code).unwrap_or_default()).collect())
}
