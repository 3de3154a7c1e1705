//! Taking over a checked rule set.

use std::sync::Arc;

use crate::decide::Scope;
use crate::failpoint;
use crate::model::{Instant, RuleNumber, RuleSetHash};
use crate::record::{LastGood, StoredRuleSet};
use crate::ruleset::RuleSet;
use crate::store::{Batch, StoreError, tables};

use super::Engine;
use super::active::Active;
use super::memory::put_state;
use super::start::Damage;
use super::{numbers, remembered};

impl Engine {
    /// Makes a checked rule set the one that runs: its rules get their numbers, its text is kept,
    /// and everything that is made of it is complete before anything of it is used.
    ///
    /// # Errors
    /// When the store fails; the rule set before goes on then.
    pub fn activate(&mut self, mut rules: RuleSet, now: Instant) -> Result<Vec<Damage>, StoreError> {
        rules.settle_names(&self.remembered);
        let mut batch = Batch::default();
        for (kind, name, first) in self.remembered.news(&rules) {
            tables::rules::put_first_name(&mut batch, kind.code(), &name, &first);
        }
        let mut remembered = (*self.remembered).clone();
        remembered.take_over(&rules);
        let remembered = Arc::new(remembered);
        let mut names = (*self.names).clone();
        let numbers = numbers::number(&mut names, &rules, |name, number| {
            tables::rules::put_number(&mut batch, name, number);
        });
        for number in &numbers {
            let memory = self.memories.entry(*number).or_default();
            if memory.began.is_none() {
                memory.began = Some(now);
                put_state(&mut batch, *number, memory);
            }
        }
        self.silence_doubles(&rules, &numbers);
        let active = Active::new(rules, numbers, Arc::clone(&remembered));
        let mut channels = self.channels.clone();
        channels.extend(active.channels().into_iter().filter(|channel| !self.channels.contains(channel)));
        tables::control::put_channels(&mut batch, &channels);
        failpoint::hit("reload_before_commit");
        self.commit_parts(batch)?;
        failpoint::hit("reload_before_text");
        self.keep_text(&active, now)?;
        failpoint::hit("reload_before_swap");
        self.names = Arc::new(names);
        self.remembered = remembered;
        self.channels = channels;
        self.rename_pauses(&active.rules);
        let same_names = self.active.as_ref().map_or_else(Default::default, |before| before.renamed.clone())
            == active.renamed;
        let same_columns = same_names
            && self.population.schema() == &active.rules.schema
            && self.population.currency() == active.rules.workspace.currency;
        self.count_for_limits(&active);
        self.active = Some(active);
        let mut damages = Vec::new();
        if !same_columns || !self.customers_read {
            self.read_customers(&mut damages)?;
        }
        self.read_marks(&mut damages)?;
        self.follow(now)?;
        self.publish();
        Ok(damages)
    }

    /// Counts the decisions of rules that limit them over everybody together.
    fn count_for_limits(&mut self, active: &Active) {
        for position in 0..active.rules.rules.len() {
            let (rule, number) = active.rule(position);
            if rule.in_all.is_some() {
                self.ledger.count_decisions(number);
            }
        }
    }

    /// Two rules of one history must not both decide. The check beside this store refuses them
    /// before; this is for whoever comes without it.
    fn silence_doubles(&mut self, rules: &RuleSet, numbers: &[RuleNumber]) {
        for (position, number) in numbers.iter().enumerate() {
            if numbers[..position].contains(number) {
                let name = &rules.rules[position].name;
                let problem = format!("rule `{name}` is silenced: another rule has the same history");
                self.amnesiac.insert(*number, problem);
            }
        }
    }

    /// A pause holds under whatever name its rule goes.
    fn rename_pauses(&mut self, rules: &RuleSet) {
        let pauses = std::mem::take(&mut self.pauses.0);
        let renamed = pauses.into_iter().map(|(scope, queued)| match scope {
            Scope::Rule(name) => {
                let name = numbers::present_name(&self.names, Some(rules), &name).to_owned();
                (Scope::Rule(name), queued)
            }
            Scope::All | Scope::Channel(_) => (scope, queued),
        });
        self.pauses.0 = renamed.collect();
    }

    /// Keeps the text of a rule set: what decided can be read for ever, and the last good set runs
    /// again after a start that finds bad files.
    fn keep_text(&self, active: &Active, now: Instant) -> Result<(), StoreError> {
        let hash = active.rules.hash;
        let mut batch = Batch::default();
        if tables::rules::rule_set(&*self.store, hash)?.is_none() {
            let stored = StoredRuleSet {
                hash,
                commit: active.rules.commit.clone(),
                since: now,
                sources: active.rules.sources.clone(),
            };
            for part in tables::rules::rule_set_batches(&stored) {
                drop(self.store.commit(part));
            }
        }
        let commit = active.rules.commit.clone();
        let before = tables::rules::active(&*self.store)?.filter(|before| before.hash == hash);
        let since = before.map_or(now, |before| before.since);
        tables::rules::set_active(&mut batch, &LastGood { hash, commit, since });
        self.store.commit(batch).wait().map(drop)
    }

    /// Commits a batch of any length in parts and waits for the last.
    pub(super) fn commit_parts(&self, batch: Batch) -> Result<(), StoreError> {
        let mut last = None;
        let mut changes = batch.changes;
        while !changes.is_empty() {
            let rest = changes.split_off(changes.len().min(crate::store::limits::BATCH_LIMIT));
            last = Some(self.store.commit(Batch { changes }));
            changes = rest;
        }
        last.map_or(Ok(()), |receipt| receipt.wait().map(drop))
    }
}

impl Engine {
    /// Looks through checked rules without taking them over: nothing is written. For commands that
    /// only ask while no daemon runs.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn preview(&mut self, rules: RuleSet) -> Result<Vec<Damage>, StoreError> {
        let active = self.provisional(rules);
        self.count_for_limits(&active);
        self.active = Some(active);
        let mut damages = Vec::new();
        self.read_customers(&mut damages)?;
        self.publish();
        Ok(damages)
    }

    /// A rule set that decided before, by its hash, from the text that was kept with its decisions.
    pub(super) fn kept_rules(&self, hash: RuleSetHash) -> Result<Option<Arc<Active>>, StoreError> {
        let rules = remembered::kept(&*self.store, hash)?;
        Ok(rules.map(|rules| self.provisional(rules)))
    }

    /// The rule set that was active last, for a start that finds bad files; none inside where what was
    /// kept is no rule set for this version any more.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn last_good(&self) -> Result<Option<Option<RuleSet>>, StoreError> {
        let Some(last) = tables::rules::active(&*self.store)? else { return Ok(None) };
        let kept = self.kept_rules(last.hash)?;
        Ok(Some(kept.map(|active| RuleSet { commit: last.commit, ..active.rules.clone() })))
    }

    /// Since when the rule set that runs is the one that the store calls good.
    pub(super) fn rules_since(&self) -> Option<Instant> {
        let last = tables::rules::active(&*self.store).ok().flatten()?;
        self.active.as_ref().filter(|active| active.rules.hash == last.hash).map(|_| last.since)
    }

    /// Rules that do not run: known ones have their numbers, new ones those that they would get.
    fn provisional(&self, mut rules: RuleSet) -> Arc<Active> {
        rules.settle_names(&self.remembered);
        let numbers = numbers::number(&mut (*self.names).clone(), &rules, |_, _| {});
        Active::new(rules, numbers, Arc::clone(&self.remembered))
    }
}
