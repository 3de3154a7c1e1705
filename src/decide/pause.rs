//! Pauses: of everything, of a channel, of a rule. Durable elsewhere; here only what they stop.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use crate::model::Channel;
use crate::record::WhileQueued;
use crate::ruleset::{Action, Rule, RuleSet};

use super::stage::{CALLS, SETS};

/// What a pause stops.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// Every decision and every delivery.
    All,
    /// One channel: `email`, `webhook`, `sms`.
    Channel(Channel),
    /// One rule, by its name.
    Rule(String),
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("all"),
            Self::Channel(channel) => write!(f, "channel {channel}"),
            Self::Rule(rule) => write!(f, "rule {rule}"),
        }
    }
}

impl FromStr for Scope {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once(' ') {
            None if text == "all" => Ok(Self::All),
            Some(("channel", name)) if !name.is_empty() => Ok(Self::Channel(Channel(name.into()))),
            Some(("rule", name)) if !name.is_empty() => Ok(Self::Rule(name.into())),
            _ => Err(format!("`{text}` is no scope: write `all`, `channel NAME` or `rule NAME`")),
        }
    }
}

/// The pauses in force, and what messages do that were queued before.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pauses(pub BTreeMap<Scope, WhileQueued>);

impl Pauses {
    /// The pause that stops this rule on this channel, the widest first.
    #[must_use]
    pub fn stops(&self, rule: &str, channel: &Channel) -> Option<&Scope> {
        self.all_that_stop(rule, channel).next().map(|(scope, _)| scope)
    }

    /// Whether one of the pauses that stop this rule on this channel takes queued messages back.
    #[must_use]
    pub fn drops(&self, rule: &str, channel: &Channel) -> bool {
        self.all_that_stop(rule, channel).any(|(_, queued)| *queued == WhileQueued::Drop)
    }

    /// The pause that stops a rule from deciding: its actions share one fate, so the pause of one
    /// action's channel stops them all.
    #[must_use]
    pub fn stops_rule(&self, rule: &Rule, rules: &RuleSet) -> Option<&Scope> {
        let (calls, sets) = (Channel(CALLS.into()), Channel(SETS.into()));
        rule.actions.iter().find_map(|action| {
            let channel = match action {
                Action::Send(message) => rules.messages.get(*message).map_or(&calls, |m| &m.channel),
                // No channel of its own: only the pause of the rule or of everything stops it.
                Action::Set { .. } => &sets,
                Action::Call { .. } => &calls,
            };
            self.stops(&rule.name, channel)
        })
    }

    fn all_that_stop(&self, rule: &str, channel: &Channel) -> impl Iterator<Item = (&Scope, &WhileQueued)> {
        self.0.iter().filter(move |(scope, _)| match scope {
            Scope::All => true,
            Scope::Channel(paused) => paused == channel,
            Scope::Rule(name) => name == rule,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_reads_back_what_it_wrote() {
        for scope in [Scope::All, Scope::Channel(Channel::email()), Scope::Rule("winback".into())] {
            assert_eq!(scope.to_string().parse(), Ok(scope));
        }
        assert!("rule".parse::<Scope>().is_err());
        assert!("everything".parse::<Scope>().is_err());
    }

    #[test]
    fn a_pause_stops_what_it_names_and_nothing_else() {
        let sms = Scope::Channel(Channel("sms".into()));
        let pauses = Pauses([(Scope::Rule("a".into()), WhileQueued::Hold), (sms, WhileQueued::Drop)].into());
        assert_eq!(pauses.stops("a", &Channel::email()), Some(&Scope::Rule("a".into())));
        assert_eq!(pauses.stops("b", &Channel::email()), None);
        assert_eq!(pauses.stops("b", &Channel("sms".into())), Some(&Scope::Channel(Channel("sms".into()))));
        assert!(Pauses([(Scope::All, WhileQueued::Hold)].into()).stops("b", &Channel::email()).is_some());
        assert!(pauses.drops("b", &Channel("sms".into())) && !pauses.drops("a", &Channel::email()));
    }
}
