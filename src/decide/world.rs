//! Everything a decision reads, gathered as one argument.

use jiff::tz::TimeZone;

use crate::model::{Channel, CustomerNumber, Instant, RuleNumber};
use crate::ruleset::{Action, Message, Purpose, Rule, RuleSet};

use super::{Ledger, Pauses};

/// What a decision asks about a customer besides whether they match.
pub trait People {
    /// Whether marketing on the channel was consented to; nothing said is no.
    fn consents(&self, customer: CustomerNumber, channel: &Channel) -> bool;
    /// Whether the customer's address must not be written to at all.
    fn suppressed(&self, customer: CustomerNumber) -> bool;
    /// Whether there is an address for the channel.
    fn reachable(&self, customer: CustomerNumber, channel: &Channel) -> bool;
    /// The customer's own time zone, where it is known.
    fn zone(&self, customer: CustomerNumber) -> Option<TimeZone>;
}

/// The state of the world at one instant, as decisions see it.
#[derive(Clone, Copy)]
pub struct World<'a> {
    /// The rules.
    pub rules: &'a RuleSet,
    /// The customers.
    pub people: &'a dyn People,
    /// Who was contacted when.
    pub ledger: &'a Ledger,
    /// What is paused.
    pub pauses: &'a Pauses,
    /// The channels that this store knows, in the order of their codes in the ledger.
    pub channels: &'a [Channel],
    /// The workspace's zone.
    pub zone: &'a TimeZone,
}

impl World<'_> {
    /// The customer's zone, the workspace's where none is known.
    #[must_use]
    pub fn zone_of(&self, customer: CustomerNumber) -> TimeZone {
        self.people.zone(customer).unwrap_or_else(|| self.zone.clone())
    }

    /// A channel's code in the ledger; 15 for one that the store does not know.
    #[must_use]
    pub fn channel_code(&self, channel: &Channel) -> u8 {
        let position = self.channels.iter().position(|known| known == channel);
        position.and_then(|p| u8::try_from(p).ok()).map_or(15, |code| code.min(15))
    }
}

/// One customer before one rule at one instant: what the stages judge.
#[derive(Clone, Copy)]
pub struct Subject<'a> {
    /// The rule.
    pub rule: &'a Rule,
    /// The rule's number in the store.
    pub number: RuleNumber,
    /// The customer.
    pub customer: CustomerNumber,
    /// The instant at which a send would count.
    pub at: Instant,
}

impl<'a> Subject<'a> {
    /// The messages that the rule sends; none for a rule that only calls.
    pub fn messages(&self, rules: &'a RuleSet) -> impl Iterator<Item = &'a Message> + use<'a> {
        self.rule.actions.iter().filter_map(|action| match action {
            Action::Send(message) => rules.messages.get(*message),
            Action::Call { .. } => None,
        })
    }

    /// The marketing messages among them.
    pub fn marketing(&self, rules: &'a RuleSet) -> impl Iterator<Item = &'a Message> + use<'a> {
        self.messages(rules).filter(|message| message.purpose == Purpose::Marketing)
    }
}
