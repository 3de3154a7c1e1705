//! Customers who change their zone: what they met of rules in customer time, so that they meet
//! nothing twice and miss nothing that can be met.

use jiff::tz::TimeZone;

use crate::model::{CustomerNumber, RuleNumber};
use crate::record::{Met, Profile, RunState};
use crate::ruleset::{Frame, Schedule};
use crate::schedule::last_met;
use crate::store::tables::memories::MET_BLOCK;

use super::Engine;

impl Engine {
    /// Notes what a customer has met where they were, for each rule in customer time; the blocks of
    /// the rules' memories that changed. They must be committed with the profile.
    pub(super) fn changes_zone(
        &mut self,
        customer: CustomerNumber,
        before: &Profile,
        after: &Profile,
    ) -> Vec<(RuleNumber, u32)> {
        let (old, new) = (zone_in(before), zone_in(after));
        if old == new {
            return Vec::new();
        }
        // What a crash interrupted goes on for those it was meant for, wherever they are then.
        let open = self.interrupted.iter().filter(|run| matches!(run.state, RunState::Open(_)));
        let open: Vec<_> = open.map(|run| (run.rule, run.at)).collect();
        let mut blocks = Vec::new();
        for (number, memory) in &mut self.memories {
            let (Some(served), Some(by)) = (memory.served, &memory.served_by) else { continue };
            let by_the_clock = match by.timetable.schedule {
                // The same instants for everybody.
                Schedule::Every(_) => false,
                Schedule::Days { .. } | Schedule::Cron(_) => true,
            };
            if by.timetable.frame != Frame::Customer || !by_the_clock {
                continue;
            }
            let as_of =
                open.iter().filter(|(rule, _)| rule == number).map(|(_, at)| *at).fold(served, Ord::max);
            let workspace = TimeZone::get(&by.workspace).unwrap_or(TimeZone::UTC);
            let met_in =
                |zone: &Option<TimeZone>| last_met(&by.timetable, zone.as_ref().unwrap_or(&workspace), as_of);
            let known = memory.met.get(&customer).copied();
            let civil = match known {
                // They moved on before the rule ran where they were.
                Some(met) if met.as_of == as_of => Some(met.civil),
                Some(met) => met_in(&old).max(Some(met.civil)),
                None => met_in(&old),
            };
            let Some(civil) = civil else { continue };
            if known.is_some() || met_in(&new) != Some(civil) {
                memory.met.insert(customer, Met { civil, as_of });
                blocks.push((*number, customer.0 / MET_BLOCK));
            }
        }
        blocks
    }
}

/// The zone that a profile names, where there is such a zone.
fn zone_in(profile: &Profile) -> Option<TimeZone> {
    let (_, name) = profile.values.iter().find(|(field, _)| field == "time_zone")?;
    TimeZone::get(name).ok()
}
