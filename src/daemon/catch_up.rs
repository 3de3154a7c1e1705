//! What a hold keeps back: whom each rule would decide for at once if it ended now.

use std::collections::BTreeMap;

use crate::compile::NodeId;
use crate::decide;
use crate::evaluate;
use crate::model::{Instant, RuleNumber};
use crate::record::RuleMemory;
use crate::ruleset::Rule;
use crate::schedule::{self, Due, Since};

use super::Engine;
use super::active::Active;

impl Engine {
    /// Customers by the rule's position, rules without any left out. Each rule is asked alone: where
    /// several share a cap, fewer are sent.
    pub(super) fn catch_up(&self, active: &Active, now: Instant) -> BTreeMap<usize, u64> {
        let due: Vec<(usize, Instant)> = (0..active.rules.rules.len())
            .filter_map(|position| {
                let (rule, number) = active.rule(position);
                if self.amnesiac.contains_key(&number) || rule.on_event().is_some() {
                    return None;
                }
                match self.due(active, rule, number, now) {
                    Some(due) => due.run.map(|at| (position, at)),
                    None => Some((position, now)),
                }
            })
            .collect();
        let roots: Vec<NodeId> = due.iter().map(|(position, _)| active.program.rules()[*position]).collect();
        let matches = evaluate::evaluate(&active.program, &self.population, now, &active.zone, &roots);
        let nothing = RuleMemory::default();
        let count = |((position, at), matches): (&(usize, Instant), &evaluate::Match)| {
            let (rule, number) = active.rule(*position);
            let memory = self.memories.get(&number).unwrap_or(&nothing);
            let seen = (&matches.truth, &matches.falsity);
            let selection = decide::select(&self.world(active), (rule, number), memory, seen, *at);
            (*position, selection.recipients.len())
        };
        due.iter().zip(&matches).map(count).filter(|(_, customers)| *customers > 0).collect()
    }

    /// What a scheduled rule owes at `now`; none for a continuous one.
    pub(super) fn due(&self, active: &Active, rule: &Rule, number: RuleNumber, now: Instant) -> Option<Due> {
        let timetable = rule.timetable()?;
        let memory = self.memories.get(&number);
        let began = memory.and_then(|memory| memory.began).unwrap_or(now);
        let since = memory.and_then(|m| m.served).map_or(Since::Began(began), Since::Served);
        Some(schedule::due(&timetable.schedule, &active.zone, since, now))
    }
}
