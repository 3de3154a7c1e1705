//! What a store remembers of names: every name that an item ever had, and the rules that run.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Action, FirstNames, Named, OUR_EVENTS, Rule, RuleSet};

/// First names by kind and by every name that an item ever had, and what runs now. A name that was
/// taken over once is never forgotten.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Remembered {
    first: BTreeMap<Named, BTreeMap<String, String>>,
    running: Vec<Running>,
}

/// A rule that runs, as far as a renamed one is known by it again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Running {
    /// What it is called.
    pub name: String,
    /// What it was called first.
    pub first: String,
    /// Its condition and actions, on one line.
    pub does: String,
}

impl Remembered {
    /// The first name of whatever was ever called `name`.
    #[must_use]
    pub fn first(&self, kind: Named, name: &str) -> Option<&str> {
        self.first.get(&kind)?.get(name).map(String::as_str)
    }

    /// Every name that an item of that kind ever had, by name.
    pub fn names(&self, kind: Named) -> impl Iterator<Item = &str> {
        self.first.get(&kind).into_iter().flatten().map(|(name, _)| name.as_str())
    }

    /// All that an item was ever called, its first name first, then by name; `present` among them.
    #[must_use]
    pub fn names_of(&self, kind: Named, first: &str, present: &str) -> Vec<String> {
        let known = self.first.get(&kind).into_iter().flatten();
        let same = known.filter(|(_, of)| *of == first).map(|(name, _)| name.as_str());
        let others: BTreeSet<&str> = same.chain([present]).filter(|name| *name != first).collect();
        std::iter::once(first).chain(others).map(str::to_owned).collect()
    }

    /// Notes a name as the store keeps it.
    pub fn insert(&mut self, kind: Named, name: String, first: String) {
        self.first.entry(kind).or_default().insert(name, first);
    }

    /// The first name of an item: that of its name where the store knows it, else that of what it
    /// was called `formerly`, else the earlier of the two names.
    #[must_use]
    pub fn resolve<'a>(&'a self, kind: Named, name: &'a str, formerly: Option<&'a str>) -> &'a str {
        let known = || self.first(kind, name);
        known().or_else(|| self.first(kind, formerly?)).or(formerly).unwrap_or(name)
    }

    /// The rules that run, by name.
    #[must_use]
    pub fn running(&self) -> &[Running] {
        &self.running
    }

    /// What is new in a rule set whose first names are settled: kind, name and first name. An item
    /// whose first name this store never met brings that one too: no other may take it.
    #[must_use]
    pub fn news(&self, rules: &RuleSet) -> BTreeSet<(Named, String, String)> {
        let mut news = BTreeSet::new();
        for (kind, name) in rules.named() {
            let first = rules.first_names.of(kind, name);
            for name in [name, first] {
                if self.first(kind, name).is_none() {
                    news.insert((kind, name.to_owned(), first.to_owned()));
                }
            }
        }
        news
    }

    /// Notes the names of a rule set whose first names are settled, and that it runs now.
    pub fn take_over(&mut self, rules: &RuleSet) {
        for (kind, name, first) in self.news(rules) {
            self.insert(kind, name, first);
        }
        self.running = rules.rules.iter().map(|rule| rules.running(rule)).collect();
    }
}

impl RuleSet {
    /// All items that have a name, by kind.
    #[must_use]
    pub fn named(&self) -> Vec<(Named, &str)> {
        let rules = self.rules.iter().map(|rule| (Named::Rule, rule.name.as_str()));
        let messages = self.messages.iter().map(|message| (Named::Message, message.name.as_str()));
        let segments = self.segments.iter().map(|segments| (Named::Segments, segments.name.as_str()));
        let attributes = self
            .schema
            .attributes
            .iter()
            .map(|attribute| (Named::Attribute, self.schema.field(attribute.field).name.as_str()));
        let audiences = self.audiences.iter().map(|audience| (Named::Audience, audience.name.as_str()));
        let built_in = 1 + OUR_EVENTS.len();
        let events = self.schema.events.iter().skip(built_in).map(|kind| (Named::Event, kind.name.as_str()));
        let webhooks = self.webhooks.iter().map(|webhook| (Named::Webhook, webhook.name.as_str()));
        let policies = self.policies.iter().map(|policy| (Named::Policy, policy.name.as_str()));
        let most = rules.chain(messages).chain(segments).chain(attributes);
        most.chain(audiences).chain(events).chain(webhooks).chain(policies).collect()
    }

    /// Settles the first names by what a store remembers; those of the set itself hold for what the
    /// store never met.
    pub fn settle_names(&mut self, remembered: &Remembered) {
        let mut settled = FirstNames::default();
        for (kind, name) in self.named() {
            let formerly = self.first_names.of(kind, name);
            settled.set(kind, name, remembered.resolve(kind, name, Some(formerly)));
        }
        let mut schema = (*self.schema).clone();
        for attribute in &mut schema.attributes {
            let name = &schema.fields[attribute.field.0 as usize].name;
            settled.of(Named::Attribute, name).clone_into(&mut attribute.first_name);
        }
        for kind in schema.events.iter_mut().skip(1 + OUR_EVENTS.len()) {
            kind.names = remembered.names_of(Named::Event, settled.of(Named::Event, &kind.name), &kind.name);
        }
        if schema != *self.schema {
            self.schema = Arc::new(schema);
        }
        self.first_names = settled;
    }

    /// A rule as far as it is known again under another name. Items it names count by their first
    /// names, so that renaming them with it hides nothing.
    #[must_use]
    pub fn running(&self, rule: &Rule) -> Running {
        let mut does: Vec<String> = vec![rule.when.text.split_whitespace().collect::<Vec<_>>().join(" ")];
        does.extend(rule.actions.iter().map(|action| match action {
            Action::Send(message) => {
                let name = self.messages.get(*message).map_or("", |message| &message.name);
                format!("send {}", self.first_names.of(Named::Message, name))
            }
            Action::Call { webhook, fields } => {
                let name = self.webhooks.get(*webhook).map_or("", |webhook| &webhook.name);
                let fields: Vec<String> =
                    fields.iter().map(|(name, value)| format!("{name}: {}", value.text)).collect();
                format!("call {} with {}", self.first_names.of(Named::Webhook, name), fields.join(", "))
            }
            Action::Set { field, value } => format!("set {} to {}", self.schema.key(*field), value.text),
        }));
        Running {
            name: rule.name.clone(),
            first: self.first_names.of(Named::Rule, &rule.name).to_owned(),
            does: does.join("; "),
        }
    }
}
