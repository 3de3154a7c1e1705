//! Events that came: the rules on them are asked, and what follows stands in timers.
//!
//! An event and the note that it came are one commit; the end of the note and the timers that follow
//! from it are another; a timer's end and what it decides are a third. So a crash between any two
//! loses no event and lets none decide twice.

use std::sync::Arc;

use crate::decide;
use crate::evaluate::Moment;
use crate::failpoint;
use crate::model::{Duration, Instant};
use crate::record::{Arrival, EventRef, Timer};
use crate::ruleset::{EventFieldId, EventId, OnEvent};
use crate::store::{Batch, StoreError, tables};

use super::Engine;
use super::active::Active;
use super::fire::Ready;
use super::occurred::Occurred;

/// Waits that an event meets, by their ordinals, and when the next such event was.
type Such<'t> = (Vec<(u32, &'t Timer)>, Option<Instant>);

/// Changes that are gathered before they are committed.
const GATHERED: usize = 200;

/// What events let happen, for logs and tests.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct EventReport {
    /// Events that rules were asked about.
    pub asked: u64,
    /// Waits that began.
    pub began: u64,
    /// Waits that ended because another such event came.
    pub restarted: u64,
    /// For how many the condition held when the rule fired.
    pub matched: u64,
    /// How many decisions were made.
    pub decisions: u64,
    /// Waits that ended for nothing: the rule is gone, or fires on this event no more.
    pub gone: u64,
}

impl EventReport {
    /// Whether nothing happened.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl Engine {
    /// Asks the rules on events about those that came, and lets fire whatever is due: of an event at
    /// once, of a wait when it is over.
    ///
    /// # Errors
    /// When the store fails: nothing is handed on then that is not durable.
    pub fn fire_events(&mut self, now: Instant) -> Result<EventReport, StoreError> {
        if self.hold.is_some() || !self.loads.is_empty() || self.shared.room.is_short() {
            return Ok(EventReport::default());
        }
        self.take_up_deeds();
        self.take_back()?;
        let mut report = EventReport::default();
        if let Some(active) = self.active.clone() {
            let ready = self.asked(&active, now, &mut report)?;
            self.fire_while((&active, now), &ready, |_| true, &mut report)?;
            if !report.is_empty() || !ready.is_empty() {
                self.publish();
            }
        }
        // Whom it took stays taken for the tick that comes, as after a restart.
        Ok(report)
    }

    /// Asks the rules on events about those that came; what is due then, of these and of waits.
    pub(super) fn asked(
        &mut self,
        active: &Active,
        now: Instant,
        report: &mut EventReport,
    ) -> Result<Vec<Ready>, StoreError> {
        if self.arrivals.first_key_value().is_some_and(|(arrival, _)| arrival.event.time <= now) {
            failpoint::hit("events_before_rules");
            self.ask_rules(active, now, report)?;
            failpoint::hit("events_after_rules");
        }
        self.ready(active, now, report)
    }

    /// From notes of events to timers of rules.
    fn ask_rules(
        &mut self,
        active: &Active,
        now: Instant,
        report: &mut EventReport,
    ) -> Result<(), StoreError> {
        let store = Arc::clone(&self.store);
        let mut occurred = Occurred::new(&*store, active.rules.workspace.currency);
        let on_events: Vec<usize> = active
            .order()
            .into_iter()
            .filter(|position| active.rule(*position).0.on_event().is_some())
            .collect();
        let mut batch = Batch::default();
        // One that is ahead of the clock comes at its own time.
        while let Some(next) = self.arrivals.first_entry().filter(|next| next.key().event.time <= now) {
            let (arrival, sequence) = next.remove_entry();
            report.asked += 1;
            for position in &on_events {
                self.ask(active, *position, (&arrival, now), &mut occurred, &mut batch, report)?;
            }
            // Last: should a crash come between parts of a commit, the rules are asked again, and
            // know those timers that stand already.
            if !failpoint::is_off("event_key") {
                tables::events::remove_arrival(&mut batch, sequence);
            }
            if batch.changes.len() >= GATHERED {
                self.commit_parts(std::mem::take(&mut batch))?;
            }
        }
        self.commit_parts(batch)
    }

    /// Asks one rule about one event.
    fn ask(
        &mut self,
        active: &Active,
        position: usize,
        (arrival, now): (&Arrival, Instant),
        occurred: &mut Occurred<'_>,
        batch: &mut Batch,
        report: &mut EventReport,
    ) -> Result<(), StoreError> {
        let Arrival { event, customer } = arrival;
        let (rule, number) = active.rule(position);
        // It may have been told under another name than the event has now.
        let told = active.rules.schema.find_told(&event.name);
        let Some(on) = rule.on_event().filter(|on| Some(on.event) == told) else { return Ok(()) };
        let waiting = self.timers.of(number, *customer);
        if waiting.iter().any(|(_, timer)| timer.event == *event) {
            return Ok(());
        }
        let free = waiting.last().map_or(0, |(n, _)| n.saturating_add(1));
        let OnEvent { after, each, .. } = *on;
        let Some(after) = after else {
            let timer = Timer { due: event.time, waits: false, event: event.clone() };
            tables::events::put_timer(batch, (number, *customer, free), &timer);
            self.timers.put((number, *customer, free), timer);
            return Ok(());
        };
        let (such, later) = self.such((active, on.event), arrival, &waiting, occurred)?;
        let followed = |until| !each && later.is_some_and(|later| later < until);
        let waits = decide::wait(&such, event, after, each, followed);
        for n in waits.ended {
            report.restarted += 1;
            tables::events::remove_timer(batch, (number, *customer, n));
            self.timers.remove((number, *customer, n));
        }
        if !waits.begins || self.is_hopeless(active, position, (arrival, now), occurred)? {
            return Ok(());
        }
        report.began += 1;
        let due = if failpoint::is_off("timers") { event.time } else { wait_end(event.time, after) };
        let timer = Timer { due, waits: true, event: event.clone() };
        tables::events::put_timer(batch, (number, *customer, free), &timer);
        self.timers.put((number, *customer, free), timer);
        Ok(())
    }

    /// Those that wait after another such event, and when the next such one that is known was. Of what
    /// we did, and what people did with it, *such* is what concerns the same message: a newsletter
    /// ends no wait after the welcome.
    fn such<'t>(
        &self,
        (active, kind): (&Active, EventId),
        Arrival { event, customer }: &Arrival,
        waiting: &[(u32, &'t Timer)],
        occurred: &mut Occurred<'_>,
    ) -> Result<Such<'t>, StoreError> {
        let schema = &active.rules.schema;
        let same_kind = |other: &EventRef| schema.find_told(&other.name) == Some(kind);
        let alike = waiting.iter().filter(|(_, timer)| same_kind(&timer.event)).copied();
        if !kind.is_ours() {
            return Ok((alike.collect(), occurred.later(*customer, event, same_kind)?));
        }
        // By the name that it has now: it may have been renamed since the wait began.
        let Some(message) = occurred.message(*customer, event)? else { return Ok((Vec::new(), None)) };
        let message = active.renamed.message(&message);
        let mut such = Vec::new();
        for (n, timer) in alike {
            let other = occurred.message(*customer, &timer.event)?;
            if other.is_some_and(|other| active.renamed.message(&other) == message) {
                such.push((n, timer));
            }
        }
        let of_message = (EventFieldId::MESSAGE, message);
        Ok((such, self.population.next_like(*customer, kind, of_message, event.time)))
    }

    /// Whether the rule's condition is certainly false for an event when it comes: then it waits for
    /// nothing. What is unknown may still become known; it must be true when the wait is over.
    fn is_hopeless(
        &self,
        active: &Active,
        position: usize,
        (Arrival { event, customer }, now): (&Arrival, Instant),
        occurred: &mut Occurred<'_>,
    ) -> Result<bool, StoreError> {
        let Some(found) = occurred.find(*customer, event)? else { return Ok(true) };
        let moment = Moment::new(&active.program, now, &active.zone);
        let moment = moment.on(active.fired(&found));
        let root = active.program.rules()[position];
        Ok(moment.truth(&self.population, *customer, root) == Some(false))
    }
}

/// When a wait is over.
fn wait_end(time: Instant, after: Duration) -> Instant {
    time.plus(after)
}
