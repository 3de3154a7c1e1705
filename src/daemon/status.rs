//! How the engine is, as `cvmd status` shows it. The daemon adds what it knows of itself.

use std::collections::BTreeMap;

use crate::decide::Scope;
use crate::model::{Instant, RuleNumber};
use crate::record::{Run, Wait};
use crate::ruleset::Rule;
use crate::serve::{Attention, AttentionKind, CatchUp, RuleCatchUp, RuleState, RuleStatus, Status, Waiting};
use crate::store::{Store, tables};

use super::Engine;
use super::active::Active;
use super::attention::{complete, problem};
use super::called::goes_by;
use super::catch_up::{Whom, missed, why};
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
        complete(&mut status);
        status
    }

    /// The same without the messages that wait: to count them all are read. It is to be completed then.
    pub(super) fn status_but_messages(&self, now: Instant) -> Status {
        let active = self.active.as_deref();
        let mut status = Status {
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
            hold: None,
            pauses: self.pauses.0.keys().map(ToString::to_string).collect(),
            problems: Vec::new(),
            customers: self.population.len(),
            orders: self.population.orders(),
            outbox: BTreeMap::new(),
            waiting: Vec::new(),
            relays: Vec::new(),
            endpoints: self.endpoints(),
            rules: Vec::new(),
            attention: Vec::new(),
            catch_up: None,
            coming: Vec::new(),
        };
        for error in self.amnesiac.values() {
            problem(&mut status, error.clone(), None);
        }
        if let Some(error) = self.store.failure() {
            problem(&mut status, error.to_string(), Some("cvmd store stats"));
        }
        if let Some(why) = self.shared.room.sentence() {
            problem(&mut status, why, Some("cvmd store stats"));
        }
        for (rule, why) in active.map_or_else(Vec::new, |active| self.tripped_rules(active)) {
            problem(&mut status, why, Some(&format!("cvmd resume rule {rule}")));
        }
        let mut catch_up = BTreeMap::new();
        if let (Some(_), Some(active)) = (self.hold, active) {
            catch_up = self.catch_up(active, now, Whom::All);
            status.catch_up = Some(self.to_tell(active, now, catch_up.clone()));
        }
        self.tell_hold(&mut status);
        status.rules = active.map_or_else(Vec::new, |active| self.rule_statuses(active, now, &catch_up));
        status
    }

    /// Why nothing is decided or sent, if so.
    fn tell_hold(&self, status: &mut Status) {
        let (what, command, details) = match (self.hold, self.waiting_for_load()) {
            (Some(hold), _) => {
                let last =
                    hold.last_tick.map_or_else(String::new, |last| format!(", the last tick was {last}"));
                let what =
                    format!("since {}: {}{last}; nothing is decided or sent", hold.since, why(hold.reason));
                let says = "The notes below say what each rule would do at once, `cvmd resume all` goes on";
                status.hold = Some(format!("{what}. {says}"));
                (what, true, status.catch_up.as_ref().map(details).unwrap_or_default())
            }
            (None, Some((what, cut_off))) => {
                status.hold = Some(what.clone());
                (what, cut_off, Vec::new())
            }
            (None, None) => return,
        };
        let command = command.then(|| "cvmd resume all".to_owned());
        status.attention.push(Attention { kind: AttentionKind::Hold, what, command, details });
    }

    /// For which import rules wait, and whether it was cut off.
    fn waiting_for_load(&self) -> Option<(String, bool)> {
        let cut_off = self.loads.iter().find(|(number, _)| !self.loads_under_way.contains(number));
        let Some((_, load)) = cut_off else {
            let load = self.loads.values().next()?;
            let what = format!("the import of {} (begun {}) is under way", load.what, load.started);
            return Some((what, false));
        };
        let what = format!(
            "the import of {} (begun {}) is not complete: run it again, or `cvmd resume all` goes on without",
            load.what, load.started
        );
        Some((what, true))
    }

    fn rule_statuses(
        &self,
        active: &Active,
        now: Instant,
        catch_up: &BTreeMap<usize, RuleCatchUp>,
    ) -> Vec<RuleStatus> {
        let unfinished: Vec<Run> = tables::runs::unfinished(&*self.store).filter_map(Result::ok).collect();
        (0..active.rules.rules.len())
            .map(|position| {
                let (rule, number) = active.rule(position);
                let last = self.memories.get(&number).and_then(|memory| memory.last_run);
                let (state, mut note) = self.rule_state(rule, number, &unfinished);
                if let (None, Some(missed)) = (&note, catch_up.get(&position)) {
                    note = Some(format!("on hold: {}", missed.sentence(true)));
                }
                let passed = self.passed.get(&number).copied().map(missed);
                if let (None, Some(passed)) = (&note, passed) {
                    note = Some(format!("{passed} and passed over"));
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
                    missed: passed,
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

    /// The rules that a policy's guard has paused, and why: a person has to look.
    fn tripped_rules(&self, active: &Active) -> Vec<(String, String)> {
        let rules = (0..active.rules.rules.len()).map(|position| active.rule(position));
        let paused = rules.filter_map(|(rule, number)| Some((rule, self.why_tripped(number)?)));
        paused.map(|(rule, why)| (rule.name.clone(), format!("rule `{}` is {why}", rule.name))).collect()
    }
}

/// What a catch-up says, line by line.
pub(super) fn details(catch_up: &CatchUp) -> Vec<String> {
    let rule = |rule: &RuleCatchUp| format!("rule {}: {}", rule.rule, rule.sentence(true));
    let mut lines: Vec<String> = catch_up.rules.iter().map(rule).collect();
    if catch_up.events > 0 {
        lines.push(format!("rules would be asked about {} event(s) that came meanwhile", catch_up.events));
    }
    if lines.is_empty() {
        lines.push("no rule would act at once".into());
    }
    lines
}

/// When a rule fires, as it is written; none for a continuous one.
fn schedule_words(active: &Active, rule: &Rule) -> Option<String> {
    let Some(on) = rule.on_event() else { return rule.timetable().map(ToString::to_string) };
    let event = &active.rules.schema.event(on.event).name;
    let after = on.after.map(|after| format!(", after {after}")).unwrap_or_default();
    let each = if on.each { ", for each event" } else { "" };
    Some(format!("on {event}{after}{each}"))
}
