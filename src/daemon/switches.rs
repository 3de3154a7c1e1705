//! Pauses and releases: what an operator says, durable before it is answered.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::decide::{CALLS, Scope};
use crate::model::{Channel, CustomerNumber, Instant, RuleNumber};
use crate::observe::HoldOver;
use crate::record::{Hold, HoldReason, Load, Pause, PauseScope, RunState, WhileQueued};
use crate::store::{Batch, StoreError, tables};

use super::memory::put_state;
use super::numbers;
use super::{Engine, TickReport};

/// What a resume let go.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Resumed {
    /// Pauses that ended.
    pub pauses: Vec<Scope>,
    /// Held runs that went on, with their decisions.
    pub runs: u64,
    /// Rules whose first run may now be above the limit.
    pub released: Vec<String>,
    /// Whether the daemon was on hold.
    pub hold: bool,
    /// Loads that were cut off and are given up.
    pub loads: Vec<String>,
    /// Decisions made by the runs that went on.
    pub decisions: u64,
    /// Whether a policy's guard had paused it, and counts its messages anew.
    pub counts_anew: bool,
}

impl Engine {
    /// Pauses everything, a channel or a rule; `queued` says what messages do that wait already.
    ///
    /// # Errors
    /// With a sentence for the user where the rule is unknown or the store fails.
    pub fn pause(&mut self, scope: &Scope, queued: WhileQueued, now: Instant) -> Result<(), String> {
        let scope = &self.present_scope(scope);
        let stored = self.stored_scope(scope)?;
        self.known_channel(scope)?;
        let mut batch = Batch::default();
        // What a guard had to say is not forgotten for a person's word.
        let known = rule_of(&stored).and_then(|number| self.tripped.get(&number));
        let since = known.map_or(now, |pause| pause.since);
        let tripped = known.and_then(|pause| pause.tripped.clone());
        let pause = Pause { scope: stored, since, queued, tripped };
        tables::control::put_pause(&mut batch, &pause);
        self.store.commit(batch).wait().map_err(|error| error.to_string())?;
        self.pauses.0.insert(scope.clone(), queued);
        self.publish();
        Ok(())
    }

    /// Holds everything until a person says `cvmd resume all`.
    ///
    /// # Errors
    /// When the store fails.
    pub fn hold(&mut self, reason: HoldReason, now: Instant) -> Result<(), StoreError> {
        // The first reason is the one to be seen to: nothing has happened since.
        if self.hold.is_some() {
            return Ok(());
        }
        let hold = Hold { reason, since: now, last_tick: self.last_tick };
        let mut batch = Batch::default();
        tables::control::put_hold(&mut batch, &hold);
        self.store.commit(batch).wait()?;
        self.hold = Some(hold);
        self.publish();
        Ok(())
    }

    /// When everybody was looked at last.
    #[must_use]
    pub const fn last_tick(&self) -> Option<Instant> {
        self.last_tick
    }

    /// As [`Engine::resume_at`], at the last tick.
    ///
    /// # Errors
    /// As there.
    pub fn resume(&mut self, scope: &Scope) -> Result<Resumed, String> {
        self.resume_at(scope, self.last_tick.unwrap_or(Instant(i64::MIN)))
    }

    /// Ends a pause; for a rule also releases its held run, for everything also ends a hold and gives
    /// up loads that were cut off. What a held run sends becomes due now: its occurrence is long past.
    ///
    /// # Errors
    /// With a sentence for the user where the rule is unknown or the store fails.
    pub fn resume_at(&mut self, scope: &Scope, now: Instant) -> Result<Resumed, String> {
        let scope = &self.present_scope(scope);
        let stored = self.stored_scope(scope)?;
        let said = |error: StoreError| error.to_string();
        let mut resumed = Resumed::default();
        let mut batch = Batch::default();
        tables::control::remove_pause(&mut batch, &stored);
        if let Some(number) = rule_of(&stored).filter(|number| self.tripped.contains_key(number)) {
            // Else the same messages would pause it again at once.
            let memory = self.memories.entry(number).or_default();
            memory.counted_since = Some(now);
            put_state(&mut batch, number, memory);
        }
        if *scope == Scope::All {
            tables::control::remove_hold(&mut batch);
            for number in self.loads.keys().filter(|number| !self.loads_under_way.contains(number)) {
                tables::control::remove_load(&mut batch, *number);
            }
        }
        self.store.commit(batch).wait().map_err(said)?;
        if *scope == Scope::All {
            if let Some(Hold { reason, since, .. }) = self.hold.take() {
                resumed.hold = true;
                HoldOver { reason: reason.label(), since }.happened(&self.shared.metrics);
            }
            let (under_way, cut_off) = std::mem::take(&mut self.loads)
                .into_iter()
                .partition(|(number, _)| self.loads_under_way.contains(number));
            let cut_off: BTreeMap<u64, Load> = cut_off;
            self.loads = under_way;
            resumed.loads = cut_off.into_values().map(|load| load.what).collect();
        }
        let tripped = rule_of(&stored).and_then(|number| self.tripped.remove(&number));
        resumed.counts_anew = tripped.is_some();
        let was_paused = self.pauses.0.remove(scope).is_some();
        if was_paused {
            resumed.pauses.push(scope.clone());
        }
        self.publish();
        if let (Scope::Rule(name), PauseScope::Rule(number)) = (scope, stored) {
            // Who ends a pause has not said yes to a large first run that nobody has seen yet.
            if !was_paused || self.waits_for_a_person(number).map_err(said)? {
                self.release((name, number), now, &mut resumed).map_err(said)?;
            }
        }
        Ok(resumed)
    }

    /// Whether a rule's first run waits for a person.
    fn waits_for_a_person(&self, number: RuleNumber) -> Result<bool, StoreError> {
        if self.held.contains_key(&number) {
            return Ok(true);
        }
        let unfinished = tables::runs::unfinished(&*self.store).collect::<Result<Vec<_>, _>>()?;
        Ok(unfinished.iter().any(|run| run.rule == number && run.state == RunState::Held))
    }

    /// Lets a held run go on, or a continuous rule's first run be above the limit.
    fn release(
        &mut self,
        (name, number): (&str, RuleNumber),
        now: Instant,
        resumed: &mut Resumed,
    ) -> Result<(), StoreError> {
        // The end of a later pause is no second yes.
        self.held.remove(&number);
        let memory = self.memories.entry(number).or_default();
        if !memory.released {
            memory.released = true;
            let mut batch = Batch::default();
            put_state(&mut batch, number, memory);
            self.store.commit(batch).wait()?;
            resumed.released.push(name.into());
        }
        let store = Arc::clone(&self.store);
        let held = tables::runs::unfinished(&*store).collect::<Result<Vec<_>, _>>()?;
        let held = held.into_iter().filter(|run| run.rule == number && run.state == RunState::Held);
        for mut run in self.without_outdated(held.collect())? {
            let Some((active, position)) = self.active_of(&run)? else { continue };
            let recipients = tables::runs::recipients(&*store, number, run.at)?;
            run.state = RunState::Open(CustomerNumber(0));
            run.now = run.now.max(now);
            let mut report = TickReport::default();
            self.run_slices(&active, position, run, &recipients, &mut report)?;
            resumed.runs += 1;
            resumed.decisions += report.decisions;
        }
        Ok(())
    }

    /// A mistyped channel would look paused and stop nothing.
    fn known_channel(&self, scope: &Scope) -> Result<(), String> {
        let Scope::Channel(wanted) = scope else { return Ok(()) };
        let email = Channel::email();
        let mut known: BTreeSet<&str> = [email.0.as_str(), CALLS].into();
        if let Some(active) = &self.active {
            known.extend(active.rules.messages.iter().map(|message| message.channel.0.as_str()));
        }
        if known.contains(wanted.0.as_str()) {
            return Ok(());
        }
        let known: Vec<&str> = known.into_iter().collect();
        Err(format!("nothing is sent by a channel `{wanted}`; there are: {}", known.join(", ")))
    }

    /// The scope under the name that its rule has now; an old name means the same rule.
    fn present_scope(&self, scope: &Scope) -> Scope {
        match scope {
            Scope::Rule(name) => {
                let rules = self.active.as_ref().map(|active| &active.rules);
                Scope::Rule(numbers::present_name(&self.names, rules, name).to_owned())
            }
            Scope::All | Scope::Channel(_) => scope.clone(),
        }
    }

    /// The scope as the store keeps it.
    fn stored_scope(&self, scope: &Scope) -> Result<PauseScope, String> {
        Ok(match scope {
            Scope::All => PauseScope::Everything,
            Scope::Channel(channel) => PauseScope::Channel(channel.clone()),
            Scope::Rule(name) => PauseScope::Rule(*self.names.get(name).ok_or_else(|| {
                let known: Vec<&str> = numbers::names(&self.names).collect();
                if known.is_empty() {
                    format!("no rule is called `{name}`: none was ever active on this store")
                } else {
                    format!("no rule is called `{name}`; there are: {}", known.join(", "))
                }
            })?),
        })
    }
}

/// The rule that a pause is of, if it is of one.
const fn rule_of(scope: &PauseScope) -> Option<RuleNumber> {
    match scope {
        PauseScope::Rule(number) => Some(*number),
        PauseScope::Everything | PauseScope::Channel(_) => None,
    }
}
