//! How the engine is, as `cvmd status` shows it. The daemon adds what it knows of itself.

use std::collections::BTreeMap;

use crate::decide::Scope;
use crate::model::{Instant, RuleNumber};
use crate::record::{HoldReason, Run, Wait};
use crate::ruleset::Rule;
use crate::serve::{RuleState, RuleStatus, Status, Waiting};
use crate::store::{Store, tables};

use super::Engine;
use super::active::Active;
use super::called::goes_by;
use super::clocks::next_firing;
use super::handle::waits_at;

/// The messages that are not over, counted.
#[derive(Debug, Default)]
pub(super) struct OpenMessages {
    by_state: BTreeMap<String, u64>,
    waiting: BTreeMap<Wait, Waiting>,
    /// Calls, by webhook.
    calls: BTreeMap<String, u64>,
}

impl OpenMessages {
    /// Reads all of them.
    pub(super) fn count(store: &dyn Store, active: Option<&Active>, now: Instant) -> Self {
        let mut counted = Self::default();
        // By whether it is a call, and its name: the webhook that it goes by.
        let mut webhooks: BTreeMap<(bool, String), Option<String>> = BTreeMap::new();
        for message in tables::messages::open_messages(store).filter_map(Result::ok) {
            if !message.is_set {
                let target = (message.is_call, message.target.clone());
                let look = || active.and_then(|active| goes_by(&message, active)).map(str::to_owned);
                if let Some(webhook) = webhooks.entry(target).or_insert_with(look) {
                    *counted.calls.entry(webhook.clone()).or_default() += 1;
                }
            }
            *counted.by_state.entry(message.state.label().to_owned()).or_default() += 1;
            let Some(wait) = waits_at(&message, now) else { continue };
            let (due, waits_for) = (message.due, wait.label().to_owned());
            let new = Waiting { waits_for, messages: 0, first: due, last: due };
            let all = counted.waiting.entry(wait).or_insert(new);
            all.messages += 1;
            (all.first, all.last) = (all.first.min(due), all.last.max(due));
        }
        counted
    }

    /// Says so in a status.
    pub(super) fn tell(self, status: &mut Status) {
        status.outbox = self.by_state;
        status.waiting.splice(0..0, self.waiting.into_values());
        for endpoint in &mut status.endpoints {
            endpoint.waiting = self.calls.get(&endpoint.name).copied().unwrap_or_default();
        }
    }
}

impl Engine {
    /// How it goes.
    #[must_use]
    pub fn status(&self, now: Instant) -> Status {
        let mut status = self.status_but_messages(now);
        OpenMessages::count(&*self.store, self.active.as_deref(), now).tell(&mut status);
        status
    }

    /// The same without the messages that wait: to count them all are read.
    pub(super) fn status_but_messages(&self, now: Instant) -> Status {
        let mut problems: Vec<String> = self.amnesiac.values().cloned().collect();
        problems.extend(self.store.failure().map(|error| error.to_string()));
        problems.extend(self.shared.room.sentence());
        let active = self.active.as_ref();
        problems.extend(active.map_or_else(Vec::new, |active| self.tripped_rules(active)));
        Status {
            version: env!("CARGO_PKG_VERSION").into(),
            pid: None,
            started: None,
            now,
            zone: active.map(|active| active.rules.workspace.zone.clone()),
            rule_set: active.map(|active| active.rules.hash.to_string()),
            commit: active.map(|active| active.rules.commit.clone()),
            rules_since: self.rules_since(),
            reload_error: None,
            last_tick: self.last_tick,
            next_tick: None,
            hold: self.on_hold().or_else(|| self.waiting_for_load()),
            pauses: self.pauses.0.keys().map(ToString::to_string).collect(),
            problems,
            customers: self.population.len(),
            orders: self.population.orders(),
            outbox: BTreeMap::new(),
            waiting: Vec::new(),
            relays: Vec::new(),
            endpoints: self.endpoints(),
            rules: active.map_or_else(Vec::new, |active| self.rule_statuses(active, now)),
        }
    }

    fn on_hold(&self) -> Option<String> {
        let hold = self.hold?;
        let why = match hold.reason {
            HoldReason::Gap => "the daemon started long after its last tick",
            HoldReason::Restore => "the store was restored",
            HoldReason::ClockStep => "the clock stepped forward",
            HoldReason::Asked => "an operator asked for it",
        };
        let last = hold.last_tick.map_or_else(String::new, |last| format!(", the last tick was {last}"));
        Some(format!(
            "since {}: {why}{last}; nothing is decided or sent. The notes below say what each rule would do at \
             once, `cvmd resume all` goes on",
            hold.since
        ))
    }

    fn waiting_for_load(&self) -> Option<String> {
        let cut_off = self.loads.iter().find(|(number, _)| !self.loads_under_way.contains(number));
        let Some((_, load)) = cut_off else {
            let load = self.loads.values().next()?;
            return Some(format!("the import of {} (begun {}) is under way", load.what, load.started));
        };
        Some(format!(
            "the import of {} (begun {}) is not complete: run it again, or `cvmd resume all` goes on without",
            load.what, load.started
        ))
    }

    fn rule_statuses(&self, active: &Active, now: Instant) -> Vec<RuleStatus> {
        let catch_up = if self.hold.is_some() { self.catch_up(active, now) } else { BTreeMap::new() };
        let unfinished: Vec<Run> = tables::runs::unfinished(&*self.store).filter_map(Result::ok).collect();
        (0..active.rules.rules.len())
            .map(|position| {
                let (rule, number) = active.rule(position);
                let last = self.memories.get(&number).and_then(|memory| memory.last_run);
                let (state, mut note) = self.rule_state(rule, number, &unfinished);
                if let (None, Some(customers)) = (&note, catch_up.get(&position)) {
                    note = Some(format!("on hold: would act for {customers} customer(s) at once"));
                }
                let waiting = self.timers.count(Some(number));
                if note.is_none() && waiting > 0 {
                    let firings = if waiting == 1 { "firing waits" } else { "firings wait" };
                    note = Some(format!("{waiting} {firings}"));
                }
                if let (None, Some(gaps)) = (&note, self.gaps.get(&number)) {
                    let (customers, get) =
                        if *gaps == 1 { ("customer", "gets") } else { ("customers", "get") };
                    note = Some(format!(
                        "{gaps} {customers} who match {get} nothing: a placeholder of the message is unknown \
                         (`cvmd explain CUSTOMER {}` says which)",
                        rule.name
                    ));
                }
                RuleStatus {
                    name: rule.name.clone(),
                    place: rule.place.to_string(),
                    schedule: schedule_words(active, rule),
                    next: next_firing(active, &self.population, rule, now)
                        .or_else(|| self.timers.next_due(Some(number))),
                    last_run: last.map(|(at, _)| at),
                    last_recipients: last.map(|(_, recipients)| recipients),
                    state,
                    note,
                }
            })
            .collect()
    }

    fn rule_state(&self, rule: &Rule, number: RuleNumber, unfinished: &[Run]) -> (RuleState, Option<String>) {
        if let Some(error) = self.amnesiac.get(&number) {
            return (RuleState::Silenced, Some(error.clone()));
        }
        let rules = self.active.as_ref().map(|active| &active.rules);
        if let Some(pause) = rules.and_then(|rules| self.pauses.stops_rule(rule, rules)) {
            let why = matches!(pause, Scope::Rule(_)).then(|| self.why_tripped(number)).flatten();
            let why = why.map_or_else(String::new, |why| format!("{why}; "));
            return (RuleState::Paused, Some(format!("{why}`cvmd resume {pause}` ends the pause")));
        }
        match self.held_run(number, unfinished) {
            Some(held) => {
                let (since, why) = (held.since, held.sentence());
                let note = format!("held since {since}: {why}: `cvmd resume rule {}`", rule.name);
                (RuleState::Held, Some(note))
            }
            None => (RuleState::Active, None),
        }
    }

    /// The rules that a policy's guard has paused: a person has to look.
    fn tripped_rules(&self, active: &Active) -> Vec<String> {
        let rules = (0..active.rules.rules.len()).map(|position| active.rule(position));
        let paused = rules.filter_map(|(rule, number)| Some((rule, self.why_tripped(number)?)));
        paused.map(|(rule, why)| format!("rule `{}` is {why}", rule.name)).collect()
    }
}

/// When a rule fires, as it is written; none for a continuous one.
fn schedule_words(active: &Active, rule: &Rule) -> Option<String> {
    let Some(on) = rule.on_event() else { return rule.timetable().map(ToString::to_string) };
    let event = &active.rules.schema.event(on.event).name;
    let after = on.after.map(|after| format!(", after {after}")).unwrap_or_default();
    let each = if on.each { ", for each event" } else { "" };
    Some(format!("on {event}{after}{each}"))
}
