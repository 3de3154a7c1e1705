//! Rules on events fire: for those whose event came, and those whose wait is over, slice by slice.

use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use crate::decide::{self, Particulars, Slice, World};
use crate::evaluate::{Fired, Moment};
use crate::failpoint;
use crate::model::{Bitmap, CustomerNumber, Instant};
use crate::record::{Audience, Event, Run, RunState, Timer};
use crate::schedule::in_season;
use crate::store::limits::BATCH_LIMIT;
use crate::store::tables::events::TimerPlace;
use crate::store::{Batch, StoreError, tables};

use super::Engine;
use super::active::Active;
use super::arrivals::EventReport;
use super::occurred::Occurred;
use super::rendered::gap;

/// Records of a slice that are nobody's in particular: the rule's state, blocks of reasons.
const RESERVE: usize = 20;

/// A timer whose time has come.
pub(super) struct Ready {
    /// The rule's place in the order in which rules meet the caps.
    pub(super) order: usize,
    position: usize,
    place: TimerPlace,
    timer: Timer,
}

impl Engine {
    /// What is due, in the order in which rules meet the caps.
    pub(super) fn ready(
        &mut self,
        active: &Active,
        now: Instant,
        report: &mut EventReport,
    ) -> Result<Vec<Ready>, StoreError> {
        let timers = self.timers.ready(now);
        if timers.is_empty() {
            return Ok(Vec::new());
        }
        let mut orders = BTreeMap::new();
        for (order, position) in active.order().into_iter().enumerate() {
            orders.insert(active.rule(position).1, (order, position));
        }
        let (mut ready, mut gone) = (Vec::new(), Vec::new());
        for (place, timer) in timers {
            let known = orders.get(&place.0).filter(|(_, position)| fires_on(active, *position, &timer));
            match known {
                None => gone.push(place),
                // It waits until a restart.
                Some(_) if self.amnesiac.contains_key(&place.0) => {}
                Some(&(order, position)) => ready.push(Ready { order, position, place, timer }),
            }
        }
        self.let_go(&gone, report)?;
        let key = |ready: &Ready| (ready.order, ready.timer.due, ready.place);
        ready.sort_by_key(key);
        Ok(ready)
    }

    /// Lets fire the first of what is due, as long as it is `wanted`; the rest.
    pub(super) fn fire_while<'r>(
        &mut self,
        (active, now): (&Active, Instant),
        mut rest: &'r [Ready],
        wanted: impl Fn(&Ready) -> bool,
        report: &mut EventReport,
    ) -> Result<&'r [Ready], StoreError> {
        while let Some(first) = rest.first().filter(|first| wanted(first)) {
            let limit = decide::slice_size(active.rule(first.position).0);
            let (group, later) = rest.split_at(together(rest, limit));
            self.fire_or_silence_group((active, now), group, report)?;
            rest = later;
        }
        Ok(rest)
    }

    /// Ends timers of rules that are gone, or fire on something else now.
    fn let_go(&mut self, gone: &[TimerPlace], report: &mut EventReport) -> Result<(), StoreError> {
        let mut batch = Batch::default();
        for place in gone {
            report.gone += 1;
            tables::events::remove_timer(&mut batch, *place);
            self.timers.remove(*place);
        }
        self.commit_parts(batch)
    }

    /// Lets a group fire; a rule that ends in an internal error is silenced, the others go on.
    fn fire_or_silence_group(
        &mut self,
        (active, now): (&Active, Instant),
        group: &[Ready],
        report: &mut EventReport,
    ) -> Result<(), StoreError> {
        let fired = catch_unwind(AssertUnwindSafe(|| self.fire_group((active, now), group, report)));
        fired.unwrap_or_else(|_| {
            if let Some(first) = group.first() {
                self.silence(active, first.position);
            }
            Ok(())
        })
    }

    /// Keeps a rule that met an internal error from deciding, until a restart.
    pub(super) fn silence(&mut self, active: &Active, position: usize) {
        let (rule, number) = active.rule(position);
        tracing::error!(
            rule = rule.name,
            "a rule ended with an internal error, a bug of cvmd: it is silenced"
        );
        let problem =
            format!("rule `{}` is silenced until a restart: an internal error, see the log", rule.name);
        self.amnesiac.insert(number, problem);
    }

    /// Decides some customers' events for one rule at one instant, each customer once: one commit,
    /// or several where what they leave behind is too large for one.
    fn fire_group(
        &mut self,
        (active, now): (&Active, Instant),
        group: &[Ready],
        report: &mut EventReport,
    ) -> Result<(), StoreError> {
        let Some(first) = group.first() else { return Ok(()) };
        if self.amnesiac.contains_key(&first.place.0) {
            return Ok(());
        }
        let matched = self.matching((active, now), group)?;
        let (run, slice) = self.decide_group(active, (first, now), &matched);
        let mut batch = Batch::default();
        let next_ledger = if slice.decisions.is_empty() {
            self.next_ledger
        } else {
            self.put_slice(&mut batch, &run, &slice)
        };
        for ready in group {
            tables::events::remove_timer(&mut batch, ready.place);
        }
        // Each of them may stand in a block of its own.
        let noted: u64 = slice.skipped.values().map(Bitmap::len).sum();
        let more = RESERVE.saturating_add(usize::try_from(noted).unwrap_or(usize::MAX));
        if group.len() > 1 && batch.changes.len().saturating_add(more) > BATCH_LIMIT {
            let (one, other) = group.split_at(group.len() / 2);
            self.fire_group((active, now), one, report)?;
            return self.fire_group((active, now), other, report);
        }
        report.matched += matched.len() as u64;
        report.decisions += slice.decisions.len() as u64;
        self.commit_group(active, group, &run, slice, (batch, next_ledger))
    }

    /// For whom the condition holds, each with the event.
    fn matching(
        &self,
        (active, now): (&Active, Instant),
        group: &[Ready],
    ) -> Result<BTreeMap<CustomerNumber, (Event, Fired)>, StoreError> {
        let store = Arc::clone(&self.store);
        let mut occurred = Occurred::new(&*store, active.rules.workspace.currency);
        let mut matched = BTreeMap::new();
        for Ready { position, place: (_, customer, _), timer, .. } in group {
            let Some(event) = occurred.find(*customer, &timer.event)? else {
                tracing::warn!(
                    customer = customer.0,
                    "an event that a rule waited after is not stored any more"
                );
                continue;
            };
            let Some(fired) = active.fired(&event) else { continue };
            let moment = Moment::new(&active.program, now, &active.zone).on(Some(fired.clone()));
            let root = active.program.rules()[*position];
            let season = active.rule(*position).0.season;
            let holds = || moment.truth(&self.population, *customer, root) == Some(true);
            if in_season(season, &active.zone, now) && holds() {
                matched.insert(*customer, (event, fired));
            }
        }
        Ok(matched)
    }

    /// Takes those who match through the stages.
    fn decide_group(
        &self,
        active: &Active,
        (first, now): (&Ready, Instant),
        matched: &BTreeMap<CustomerNumber, (Event, Fired)>,
    ) -> (Run, Slice) {
        let (rule, number) = active.rule(first.position);
        // A run is known by its rule and instant: several at one instant stand a moment apart.
        let last = self.memories.get(&number).and_then(|memory| memory.last_run);
        let at = last.map_or(now, |(last, _)| now.max(Instant(last.0.saturating_add(1))));
        let recipients: Bitmap = matched.keys().map(|customer| customer.0).collect();
        let mut run = Run {
            rule: number,
            at,
            now,
            continuous: true,
            rule_set: active.rules.hash,
            commit: active.rules.commit.clone(),
            place: rule.place.to_string(),
            matched: recipients.len(),
            recipients: recipients.len(),
            skipped: BTreeMap::new(),
            state: RunState::Closed,
            audience: Audience::default(),
            held_for: None,
        };
        let moment = Moment::new(&active.program, now, &active.zone);
        let particulars = |customer: CustomerNumber| {
            let Some((event, fired)) = matched.get(&customer) else { return Particulars::default() };
            let moment = moment.clone().on(Some(fired.clone()));
            let values = self.particulars(active, &moment, first.position, customer);
            Particulars { event: Some(event.clone()), ..values }
        };
        let all = (CustomerNumber(0), usize::MAX);
        let gap = |customer: CustomerNumber| {
            let fired = matched.get(&customer).map(|(_, fired)| fired.clone());
            gap(active, first.position, &moment.clone().on(fired), (&self.population, customer))
        };
        let world = World { gap: &gap, ..self.world(active, now) };
        let slice = decide::slice(&world, (rule, number), &run, &recipients, all, &particulars);
        run.skipped = slice.skipped.iter().map(|(skip, members)| (*skip, members.len())).collect();
        (run, slice)
    }

    /// Commits what a group decided with the end of its timers, waits until it is durable, and only
    /// then remembers it and hands its messages on.
    fn commit_group(
        &mut self,
        active: &Active,
        group: &[Ready],
        run: &Run,
        slice: Slice,
        (mut batch, next_ledger): (Batch, u64),
    ) -> Result<(), StoreError> {
        let Some(first) = group.first() else { return Ok(()) };
        failpoint::hit("event_before_commit");
        if failpoint::sabotage("timer_early") {
            let mut early = Batch::default();
            for ready in group {
                tables::events::remove_timer(&mut early, ready.place);
            }
            self.store.commit(early).wait()?;
            failpoint::hit("timer_early");
        }
        self.remember_group(&mut batch, active.rule(first.position), run, &slice)?;
        self.store.commit(batch).wait()?;
        failpoint::hit("event_after_commit");
        for ready in group {
            self.timers.remove(ready.place);
        }
        self.hand_on(slice, next_ledger);
        Ok(())
    }
}

/// How many of the first are decided together: of one rule, each customer once.
fn together(ready: &[Ready], limit: usize) -> usize {
    let mut customers = BTreeSet::new();
    let Some(first) = ready.first() else { return 0 };
    let same = |one: &&Ready| one.position == first.position;
    ready.iter().take(limit).take_while(same).take_while(|one| customers.insert(one.place.1)).count()
}

/// Whether the rule that runs now still fires on the event that this timer is about.
fn fires_on(active: &Active, position: usize, timer: &Timer) -> bool {
    let on = active.rule(position).0.on_event();
    on.is_some_and(|on| active.rules.schema.find_told(&timer.event.name) == Some(on.event))
}
