//! Taking over a checked rule set.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::check::{self, Files};
use crate::failpoint;
use crate::model::{Date, Instant, RuleNumber, RuleSetHash};
use crate::record::StoredRuleSet;
use crate::ruleset::{Rule, RuleSet};
use crate::store::{Batch, StoreError, tables};

use super::Engine;
use super::active::Active;
use super::memory::put_state;
use super::start::Damage;

impl Engine {
    /// Makes a checked rule set the one that runs: its rules get their numbers, its text is kept,
    /// and everything that is made of it is complete before anything of it is used.
    ///
    /// # Errors
    /// When the store fails; the rule set before goes on then.
    pub fn activate(&mut self, rules: RuleSet, now: Instant) -> Result<Vec<Damage>, StoreError> {
        let mut batch = Batch::default();
        let mut names = self.names.clone();
        let mut numbers = Vec::with_capacity(rules.rules.len());
        for rule in &rules.rules {
            let number = names.get(&rule.name).copied().unwrap_or_else(|| {
                let number = tables::rules::next_number(&names);
                tables::rules::put_number(&mut batch, &rule.name, number);
                number
            });
            names.insert(rule.name.clone(), number);
            let memory = self.memories.entry(number).or_default();
            if memory.began.is_none() {
                memory.began = Some(now);
                put_state(&mut batch, number, memory);
            }
            numbers.push(number);
        }
        let active = Active::new(rules, numbers);
        let mut channels = self.channels.clone();
        channels.extend(active.channels().into_iter().filter(|channel| !self.channels.contains(channel)));
        tables::control::put_channels(&mut batch, &channels);
        failpoint::hit("reload_before_commit");
        self.commit_parts(batch)?;
        failpoint::hit("reload_before_text");
        self.keep_text(&active, now)?;
        failpoint::hit("reload_before_swap");
        self.names = names;
        self.channels = channels;
        let same_columns = self.population.schema() == &active.rules.schema
            && self.population.currency() == active.rules.workspace.currency;
        self.active = Some(active);
        let mut damages = Vec::new();
        if !same_columns || !self.customers_read {
            self.read_customers(&mut damages)?;
        }
        self.follow(now)?;
        self.publish();
        Ok(damages)
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
        tables::rules::set_active(&mut batch, hash);
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
        let numbers = provisional(&self.names, &rules);
        self.active = Some(Active::new(rules, numbers));
        let mut damages = Vec::new();
        self.read_customers(&mut damages)?;
        self.publish();
        Ok(damages)
    }

    /// A rule set that decided before, by its hash, from the text that was kept with its decisions.
    pub(super) fn kept_rules(&self, hash: RuleSetHash) -> Result<Option<Arc<Active>>, StoreError> {
        let Some(stored) = tables::rules::rule_set(&*self.store, hash)? else { return Ok(None) };
        let mut files = Files::new();
        for (path, text) in stored.sources {
            files.insert(path, text.into_bytes());
        }
        // What changes with the date alone is a warning: any day will do.
        let options = check::Options { commit: &stored.commit, today: Date(0) };
        let rules = check::check(&files, &options).rules;
        Ok(rules.map(|rules| {
            let numbers = provisional(&self.names, &rules);
            Active::new(rules, numbers)
        }))
    }

    /// The rule set that was active last, for a start that finds bad files.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn last_good(&self) -> Result<Option<RuleSet>, StoreError> {
        let Some(hash) = tables::rules::active(&*self.store)? else { return Ok(None) };
        Ok(self.kept_rules(hash)?.map(|active| active.rules.clone()))
    }
}

/// The numbers of known rules; those of new ones are what they would get.
fn provisional(names: &BTreeMap<String, RuleNumber>, rules: &RuleSet) -> Vec<RuleNumber> {
    let mut names = names.clone();
    let mut number = |rule: &Rule| {
        let next = tables::rules::next_number(&names);
        *names.entry(rule.name.clone()).or_insert(next)
    };
    rules.rules.iter().map(&mut number).collect()
}
