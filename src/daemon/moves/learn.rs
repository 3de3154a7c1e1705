//! A tick's look at everybody's places: what differs from the last look is a move, or placed in
//! silence.

use std::collections::BTreeMap;

use crate::evaluate::{Match, Moment};
use crate::failpoint;
use crate::model::{BLOCK, CustomerNumber, Instant};
use crate::record::Move;
use crate::ruleset::Value;
use crate::store::limits::BATCH_LIMIT;
use crate::store::{Batch, Receipt, StoreError, tables};

use super::super::Engine;
use super::super::active::Active;
use super::track::Tracked;
use super::{Followed, IN_MEMORY, Learnt, RECENT, concerns};

/// The built-in field that says since when a customer is one.
const CREATED: &str = "created";

/// Somebody whose place is another than when they were last seen.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moving {
    pub(super) customer: CustomerNumber,
    /// The code of the place in which they were last seen.
    pub(super) from: Option<u16>,
    /// The code of the place in which they are.
    pub(super) to: u16,
    /// The position of that place in the rule set.
    pub(super) place: usize,
}

impl Engine {
    /// Learns who moved since the last tick. What is learnt is durable when this returns, before any
    /// decision that it causes.
    ///
    /// A place that is unknown for a while is no place: who comes back to the last one has not moved.
    ///
    /// # Errors
    /// When the store fails.
    pub(in super::super) fn learn(&mut self, active: &Active, now: Instant) -> Result<(), StoreError> {
        let tracks = &active.tracks;
        self.moves.ahead.retain(|(_, _, due), _| concerns(*due, now));
        if tracks.all.is_empty() {
            return Ok(());
        }
        let nodes: Vec<_> = tracks.all.iter().flat_map(|tracked| tracked.nodes.clone()).collect();
        let mut matches =
            Moment::new(&tracks.program, now, &active.zone).evaluate(&self.population, &nodes).into_iter();
        let mut receipts: Vec<Receipt> = Vec::new();
        for tracked in &tracks.all {
            let seen: Vec<Match> = matches.by_ref().take(tracked.nodes.len()).collect();
            let Some((number, followed)) = self.moves.find(&tracked.name) else { continue };
            let moving = moving(followed, tracked, &seen);
            if !moving.is_empty() {
                let moves = self.judge(active, tracked, &moving, now)?;
                self.put_moves(number, &moving, &moves, now, &mut receipts);
            }
        }
        if receipts.is_empty() {
            return Ok(());
        }
        failpoint::hit("moves_before_commit");
        for receipt in receipts {
            receipt.wait()?;
        }
        failpoint::hit("moves_after_commit");
        Ok(())
    }

    /// Which of those who are elsewhere have moved, and when: a change that the data date back more
    /// than 24 hours is none, nor is a first place but that of a new customer.
    fn judge(
        &self,
        active: &Active,
        tracked: &Tracked,
        moving: &[Moving],
        now: Instant,
    ) -> Result<BTreeMap<CustomerNumber, Move>, StoreError> {
        let (placed, first): (Vec<Moving>, Vec<Moving>) =
            moving.iter().copied().partition(|moving| moving.from.is_some());
        let moved = |moving: &Moving, happened| Move {
            customer: moving.customer,
            from: moving.from,
            to: moving.to,
            happened,
        };
        let mut found = BTreeMap::new();
        for moving in &first {
            let forgets = failpoint::is_off("movement_memory");
            let created = self.created(moving.customer).filter(|at| now.since(*at) < RECENT);
            if let Some(created) = created.or(forgets.then_some(now)) {
                found.insert(moving.customer, moved(moving, created.min(now)));
            }
        }
        let happened = self.when_happened(active, tracked, &placed, now)?;
        for moving in &placed {
            if let Some(at) = happened.get(&moving.customer) {
                found.insert(moving.customer, moved(moving, *at));
            }
        }
        Ok(found)
    }

    /// When a customer became one: as the data say, else with their first order or event.
    fn created(&self, customer: CustomerNumber) -> Option<Instant> {
        let field = self.population.schema().find(CREATED)?;
        match self.population.value(customer, field) {
            Some(Value::Time(at)) => Some(at),
            _ => self.population.first_told(customer),
        }
    }

    /// Remembers and commits new places and moves, a block of customers a commit; nothing is awaited.
    fn put_moves(
        &mut self,
        number: u16,
        moving: &[Moving],
        moves: &BTreeMap<CustomerNumber, Move>,
        now: Instant,
        receipts: &mut Vec<Receipt>,
    ) {
        let Some(followed) = self.moves.tracks.get_mut(&number) else { return };
        let mut blocks: BTreeMap<u32, Vec<Moving>> = BTreeMap::new();
        for one in moving {
            blocks.entry(one.customer.0 / BLOCK).or_default().push(*one);
        }
        let mut batch = Batch::default();
        for (block, moving) in blocks {
            let mut own = Batch::default();
            put_block(followed, number, block, &moving, &mut own);
            if failpoint::sabotage("place_early") {
                // A commit that fails here fails the next one, too.
                let _ = self.store.commit(own.clone()).wait();
                failpoint::hit("place_early");
            }
            let learnt: Vec<Move> =
                moving.iter().filter_map(|one| moves.get(&one.customer)).copied().collect();
            tables::movement::put_moves(&mut own, number, (now, block), &learnt);
            followed.log.extend(learnt.into_iter().map(|moved| Learnt { learnt: now, moved }));
            // A block is never torn: its places and its moves are one commit.
            if batch.changes.len() + own.changes.len() > BATCH_LIMIT {
                receipts.push(self.store.commit(std::mem::take(&mut batch)));
            }
            batch.changes.append(&mut own.changes);
        }
        if !batch.is_empty() {
            receipts.push(self.store.commit(batch));
        }
        followed.forget_before(now.minus(IN_MEMORY));
    }
}

/// Everybody whose place is known and another than when they were last seen.
fn moving(followed: &Followed, tracked: &Tracked, seen: &[Match]) -> Vec<Moving> {
    let mut moving = Vec::new();
    for (place, (name, members)) in tracked.places.iter().zip(seen).enumerate() {
        let Some(to) = followed.code(name) else { continue };
        let mut arrived = members.truth.clone();
        arrived.subtract(&followed.places[usize::from(to)]);
        moving.extend(arrived.iter().map(|customer| Moving {
            customer: CustomerNumber(customer),
            from: followed.place_of(customer),
            to,
            place,
        }));
    }
    moving.sort_unstable_by_key(|moving| moving.customer);
    moving
}

/// Puts the customers of a block into their new places, and writes the places that changed.
fn put_block(followed: &mut Followed, number: u16, block: u32, moving: &[Moving], batch: &mut Batch) {
    let mut changed: Vec<u16> = Vec::new();
    for one in moving {
        if let Some(from) = one.from {
            followed.places[usize::from(from)].remove(one.customer.0);
            changed.push(from);
        }
        followed.places[usize::from(one.to)].insert(one.customer.0);
        changed.push(one.to);
    }
    changed.sort_unstable();
    changed.dedup();
    for code in changed {
        let members = &followed.places[usize::from(code)];
        tables::movement::put_places(batch, number, code, block, members);
    }
}
