//! The rule set that runs, with everything that is made from it once.

use std::sync::Arc;

use jiff::tz::TimeZone;

use crate::compile::Program;
use crate::model::{Channel, RuleNumber};
use crate::ruleset::{Action, Rule, RuleSet};

/// A checked rule set, compiled, with its rules' numbers in this store.
#[derive(Debug)]
pub struct Active {
    /// What the rules mean.
    pub rules: RuleSet,
    /// What runs.
    pub program: Program,
    /// The workspace's zone.
    pub zone: TimeZone,
    /// The number of each rule, by its position.
    pub numbers: Vec<RuleNumber>,
}

impl Active {
    /// Compiles a rule set. An unknown zone is UTC: the checker refuses it before.
    #[must_use]
    pub fn new(rules: RuleSet, numbers: Vec<RuleNumber>) -> Arc<Self> {
        let program = Program::new(&rules);
        let zone = TimeZone::get(&rules.workspace.zone).unwrap_or(TimeZone::UTC);
        Arc::new(Self { rules, program, zone, numbers })
    }

    /// A rule by its position, with its number.
    #[must_use]
    pub fn rule(&self, position: usize) -> (&Rule, RuleNumber) {
        (&self.rules.rules[position], self.numbers[position])
    }

    /// The position of a rule by its number.
    #[must_use]
    pub fn position(&self, number: RuleNumber) -> Option<usize> {
        self.numbers.iter().position(|known| *known == number)
    }

    /// The positions in the order in which rules meet the caps: by priority, then name.
    #[must_use]
    pub fn order(&self) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.rules.rules.len()).collect();
        let key = |&position: &usize| {
            let rule = &self.rules.rules[position];
            (std::cmp::Reverse(rule.priority), rule.name.clone())
        };
        order.sort_by_key(key);
        order
    }

    /// The channels that the rules' messages use, e-mail first.
    #[must_use]
    pub fn channels(&self) -> Vec<Channel> {
        let mut channels = vec![Channel::email()];
        for rule in &self.rules.rules {
            for action in &rule.actions {
                if let Action::Send(message) = action {
                    let channel = &self.rules.messages[*message].channel;
                    if !channels.contains(channel) {
                        channels.push(channel.clone());
                    }
                }
            }
        }
        channels
    }
}
