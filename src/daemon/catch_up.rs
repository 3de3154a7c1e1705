//! What a hold keeps back: whom each rule would decide for at once if it ended now.

use std::collections::BTreeMap;

use crate::decide;
use crate::model::Instant;
use crate::record::RuleMemory;

use super::Engine;
use super::active::Active;
use super::clocks::Question;

impl Engine {
    /// Customers by the rule's position, rules without any left out. Each rule is asked alone: where
    /// several share a cap, fewer are sent.
    pub(super) fn catch_up(&self, active: &Active, now: Instant) -> BTreeMap<usize, u64> {
        let firings = self.would_fire(active, now);
        let questions: Vec<Question> = firings.iter().map(|firing| firing.question.clone()).collect();
        let matches = self.answers(active, &self.population, now, &questions);
        let nothing = RuleMemory::default();
        let mut counts = BTreeMap::new();
        for (firing, matches) in firings.iter().zip(&matches) {
            let (rule, number) = active.rule(firing.position);
            let memory = self.memories.get(&number).unwrap_or(&nothing);
            let seen = (&matches.truth, &matches.falsity);
            let selection = decide::select(&self.world(active, now), (rule, number), memory, seen, firing.at);
            *counts.entry(firing.position).or_default() += selection.recipients.len();
        }
        counts.retain(|_, customers| *customers > 0);
        counts
    }
}
