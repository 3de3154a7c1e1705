//! `from … until` of a continuous rule, and what begins anew with it.

use jiff::tz::TimeZone;

use crate::model::{Bitmap, Instant, RuleNumber};
use crate::ruleset::Rule;
use crate::schedule::season_span;
use crate::store::{Batch, StoreError, tables};

use super::Engine;

impl Engine {
    /// Notes in which season a continuous rule looks at everybody. One that begins after the last
    /// one had ended starts afresh: whoever matches is met again, as far as `at most` allows it. A
    /// last day that is moved later, even when it had passed, is the same season.
    pub(super) fn begin_season(
        &mut self,
        rule: &Rule,
        number: RuleNumber,
        zone: &TimeZone,
        now: Instant,
    ) -> Result<(), StoreError> {
        let (start, end) = season_span(rule.season, zone);
        let end = rule.season.until.map(|_| end);
        let memory = self.memories.entry(number).or_default();
        if memory.season_end == end {
            return Ok(());
        }
        let before = memory.clone();
        if memory.season_end.is_some_and(|ended| start >= ended) {
            memory.spent = Bitmap::new();
            memory.trying.clear();
            // Nor is whoever matches then a new match.
            memory.settled = false;
            memory.began = Some(now);
        }
        memory.season_end = end;
        let mut batch = Batch::default();
        // The state comes last: a crash between the parts of a long batch begins anew.
        tables::memories::put_changes(&mut batch, number, &before, memory);
        self.commit_parts(batch)
    }
}
