//! Which tracks are followed: what a new rule set asks for, placed in silence where it is new or
//! was edited.

use std::collections::BTreeMap;

use crate::evaluate::{Match, Moment};
use crate::model::{Bitmap, Instant, RuleNumber};
use crate::record::TrackRecord;
use crate::store::{Batch, StoreError, tables};

use super::super::Engine;
use super::super::active::Active;
use super::Followed;
use super::track::Tracked;

impl Engine {
    /// Follows what the rules ask for from `now` on, and nothing else. What was not followed before,
    /// or is defined otherwise now, has everybody placed anew: that moves nobody.
    ///
    /// # Errors
    /// When the store fails.
    pub(in super::super) fn follow(&mut self, now: Instant) -> Result<(), StoreError> {
        let Some(active) = self.active.clone() else { return Ok(()) };
        let mut batch = Batch::default();
        self.forget_others(&active, &mut batch)?;
        let nodes: Vec<_> = active.tracks.all.iter().flat_map(|tracked| tracked.nodes.clone()).collect();
        let mut seen: Option<Vec<Match>> = None;
        let mut first = 0;
        for tracked in &active.tracks.all {
            let range = first..first + tracked.nodes.len();
            first = range.end;
            let places = self.is_new(tracked).then(|| {
                let evaluate = || {
                    Moment::new(&active.tracks.program, now, &active.zone).evaluate(&self.population, &nodes)
                };
                let all = seen.get_or_insert_with(evaluate);
                all[range].iter().map(|place| place.truth.clone()).collect::<Vec<_>>()
            });
            self.follow_one(&active, tracked, places, now, &mut batch)?;
        }
        self.commit_parts(batch)
    }

    /// Whether everybody has to be placed anew.
    fn is_new(&self, tracked: &Tracked) -> bool {
        self.moves.find(&tracked.name).is_none_or(|(_, followed)| {
            followed.record.followers.is_empty() || followed.record.definition != tracked.definition
        })
    }

    fn follow_one(
        &mut self,
        active: &Active,
        tracked: &Tracked,
        placed: Option<Vec<Bitmap>>,
        now: Instant,
        batch: &mut Batch,
    ) -> Result<(), StoreError> {
        let next = self.moves.tracks.keys().next_back().map_or(0, |last| last.saturating_add(1));
        let number = self.moves.find(&tracked.name).map_or(next, |(number, _)| number);
        let followed = self.moves.tracks.entry(number).or_default();
        let mut record = followed.record.clone();
        record.name.clone_from(&tracked.name);
        record.definition = tracked.definition;
        for place in &tracked.places {
            if !record.places.contains(place) {
                record.places.push(place.clone());
            }
        }
        record.followers = followers(active, tracked, &followed.record.followers, now);
        if record != followed.record || placed.is_some() {
            followed.record = record;
            followed.places.resize(followed.record.places.len(), Bitmap::new());
            if let Some(placed) = placed {
                // Until all are placed it counts as not followed, so that a crash between these
                // commits has everybody placed once more, whichever rules the next start finds.
                let unplaced = TrackRecord { followers: BTreeMap::new(), ..followed.record.clone() };
                tables::movement::put_track(batch, number, &unplaced);
                tables::movement::remove_places(&*self.store, batch, number)?;
                place_anew(followed, tracked, placed, number, batch);
            }
            tables::movement::put_track(batch, number, &followed.record);
        }
        Ok(())
    }

    /// Lets go of what no rule asks for any more; its moves stay on record.
    fn forget_others(&mut self, active: &Active, batch: &mut Batch) -> Result<(), StoreError> {
        for (number, followed) in &mut self.moves.tracks {
            let wanted = active.tracks.all.iter().any(|tracked| tracked.name == followed.record.name);
            if !wanted && !followed.record.followers.is_empty() {
                followed.record.followers.clear();
                followed.places.clear();
                followed.log.clear();
                // The record first: places without it are of no track that is followed.
                tables::movement::put_track(batch, *number, &followed.record);
                tables::movement::remove_places(&*self.store, batch, *number)?;
            }
        }
        Ok(())
    }
}

/// The rules that follow a track: known ones since when they did, others from now on.
fn followers(
    active: &Active,
    tracked: &Tracked,
    before: &BTreeMap<RuleNumber, Instant>,
    now: Instant,
) -> BTreeMap<RuleNumber, Instant> {
    let number = |position: &usize| active.numbers[*position];
    tracked.rules.iter().map(number).map(|rule| (rule, before.get(&rule).copied().unwrap_or(now))).collect()
}

/// Replaces who is seen where.
fn place_anew(
    followed: &mut Followed,
    tracked: &Tracked,
    placed: Vec<Bitmap>,
    number: u16,
    batch: &mut Batch,
) {
    followed.places = vec![Bitmap::new(); followed.record.places.len()];
    for (name, members) in tracked.places.iter().zip(placed) {
        let Some(code) = followed.code(name) else { continue };
        for block in members.blocks() {
            tables::movement::put_places(batch, number, code, block, &members);
        }
        followed.places[usize::from(code)] = members;
    }
}
