//! The rule set that runs, with everything that is made from it once.

use std::sync::Arc;

use jiff::tz::TimeZone;

use super::moves::Tracks;
use super::occurred::fired;
use super::renamed::Renamed;
use crate::compile::{NodeId, Program};
use crate::evaluate::Fired;
use crate::message::{Needs, Templates};
use crate::model::{Channel, RuleNumber};
use crate::population::kind_of;
use crate::record::{DeedKind, Event};
use crate::ruleset::{Action, Expr, ExprKind, Message, Named, Remembered, Rule, RuleSet};

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
    /// By rule, the values that its condition reads: as written, and their nodes.
    pub that_matter: Vec<Vec<(String, NodeId)>>,
    /// By message, what it cannot do without: in the words that serve everybody, then in those of each
    /// variant.
    pub needs: Vec<(Needs, Vec<Needs>)>,
    /// What movements are of.
    pub tracks: Tracks,
    /// Every name that the store knows.
    pub remembered: Arc<Remembered>,
    /// What messages and rules were called in what was recorded of them.
    pub renamed: Renamed,
}

/// Values of a decision that are kept at most, so that a record stays small.
const MOST_VALUES: usize = 12;

impl Active {
    /// Compiles a rule set. An unknown zone is UTC: the checker refuses it before.
    #[must_use]
    pub fn new(rules: RuleSet, numbers: Vec<RuleNumber>, remembered: Arc<Remembered>) -> Arc<Self> {
        let read: Vec<Vec<&Expr>> = rules.rules.iter().map(|rule| values_of(rule, &rules)).collect();
        let (program, nodes) = Program::with(&rules, &read.concat());
        let mut nodes = nodes.into_iter();
        let pair = |expr: &&Expr| Some((expr.text.to_string(), nodes.next()?));
        let that_matter = {
            let mut pair = pair;
            read.iter().map(|values| values.iter().filter_map(&mut pair).collect()).collect()
        };
        let zone = TimeZone::get(&rules.workspace.zone).unwrap_or(TimeZone::UTC);
        let tracks = Tracks::new(&rules, program.leaves());
        let renamed = Renamed::new(&rules, &remembered);
        let needs = rules.messages.iter().map(needs_of).collect();
        Arc::new(Self { rules, program, zone, numbers, that_matter, needs, tracks, remembered, renamed })
    }

    /// What an item that was ever called `name` is called in this rule set; none where it is gone.
    #[must_use]
    pub fn present_name(&self, kind: Named, name: &str) -> Option<&str> {
        let first = self.remembered.first(kind, name).unwrap_or(name);
        let names = self.rules.named();
        let same =
            |(other, name): &(Named, &str)| *other == kind && self.rules.first_names.of(kind, name) == first;
        names.into_iter().find(same).map(|(_, name)| name)
    }

    /// Whether some rule fires on what the outbox did.
    #[must_use]
    pub fn fires_on(&self, kind: DeedKind) -> bool {
        let event = kind_of(kind);
        self.rules.rules.iter().filter_map(Rule::on_event).any(|on| on.event == event)
    }

    /// What conditions and templates read of an event, under the names that things have now.
    #[must_use]
    pub(super) fn fired(&self, event: &Event) -> Option<Fired> {
        let mut event = event.clone();
        self.renamed.event(&mut event);
        fired(&event, &self.rules.schema)
    }

    /// A rule by its position, with its number.
    #[must_use]
    pub fn rule(&self, position: usize) -> (&Rule, RuleNumber) {
        (&self.rules.rules[position], self.numbers[position])
    }

    /// The positions of rules by their names, of all rules where none is named.
    ///
    /// # Errors
    /// With a sentence that names the rules there are.
    pub fn positions(&self, names: &[impl AsRef<str>]) -> Result<Vec<usize>, String> {
        if names.is_empty() {
            return Ok((0..self.rules.rules.len()).collect());
        }
        let find = |name: &str| {
            let position = self.rules.rules.iter().position(|rule| rule.name == name);
            position.ok_or_else(|| {
                let known: Vec<&str> = self.rules.rules.iter().map(|rule| rule.name.as_str()).collect();
                format!("no rule is called `{name}`; there are: {}", known.join(", "))
            })
        };
        names.iter().map(|name| find(name.as_ref())).collect()
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

fn needs_of(message: &Message) -> (Needs, Vec<Needs>) {
    let variants = message.variants.iter().map(|variant| Needs::of(&Templates::of_variant(variant)));
    (Needs::of(&Templates::of(message)), variants.collect())
}

/// The values that a rule's condition reads, in the order written, then what its messages show of the
/// event, each once; constants are none.
fn values_of<'a>(rule: &'a Rule, rules: &'a RuleSet) -> Vec<&'a Expr> {
    let mut values: Vec<&Expr> = Vec::new();
    collect(&rule.when, &mut values);
    for action in &rule.actions {
        let Action::Send(message) = action else { continue };
        let fields = rules.messages.get(*message).map_or(&[][..], |message| &message.fields);
        let of_the_event = |expr: &&Expr| match expr.kind {
            ExprKind::Fired(event, _) => rule.on_event().is_some_and(|on| on.event == event),
            _ => false,
        };
        values.extend(fields.iter().map(|(_, expr)| expr).filter(of_the_event));
    }
    let mut seen = std::collections::BTreeSet::new();
    values.retain(|value| seen.insert(value.text.clone()));
    values.truncate(MOST_VALUES);
    values
}

fn collect<'a>(expr: &'a Expr, values: &mut Vec<&'a Expr>) {
    match &expr.kind {
        ExprKind::And(parts) | ExprKind::Or(parts) => parts.iter().for_each(|part| collect(part, values)),
        ExprKind::Not(inner)
        | ExprKind::Contains(inner, _)
        | ExprKind::StartsWith(inner, _)
        | ExprKind::OneOf(inner, _)
        | ExprKind::During(inner, _)
        | ExprKind::Falls(inner, _)
        | ExprKind::IsKnown(inner)
        | ExprKind::Truth(inner) => collect(inner, values),
        ExprKind::Compare(_, left, right) => {
            collect(left, values);
            collect(right, values);
        }
        ExprKind::Between(value, low, high) => {
            collect(value, values);
            collect(low, values);
            collect(high, values);
        }
        // A movement is no value: what is kept of it is said by the moves themselves.
        ExprKind::Constant(_) | ExprKind::Moved(_) => {}
        ExprKind::Field(_)
        | ExprKind::EventField(..)
        | ExprKind::Fired(..)
        | ExprKind::Aggregate { .. }
        | ExprKind::TimeSince { .. }
        | ExprKind::Frequency
        | ExprKind::Segment(_)
        | ExprKind::OrElse(..)
        | ExprKind::ShareOf(..)
        | ExprKind::InAudience(_) => values.push(expr),
    }
}
