//! Everything a decision reads, gathered as one argument.

use jiff::tz::TimeZone;

use crate::model::{Bitmap, Channel, CustomerNumber, Instant, RuleNumber};
use crate::record::{Contact, ContactKind};
use crate::ruleset::{Action, Message, Purpose, Rule, RuleSet};

use super::{Addresses, Ledger, Pauses, is_off};

/// E-mail's code in the ledger: it is the first channel of every store.
const EMAIL: u8 = 0;

/// What a decision asks about a customer besides whether they match.
pub trait People {
    /// Whether marketing on the channel was consented to; nothing said is no.
    fn consents(&self, customer: CustomerNumber, channel: &Channel) -> bool;
    /// Whether the customer's address on the channel must not be written to, whatever the purpose.
    fn suppressed(&self, customer: CustomerNumber, channel: &Channel) -> bool;
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
    /// Which records share an address.
    pub addresses: &'a Addresses,
    /// The clock at which it is decided.
    pub now: Instant,
    /// Nothing becomes due before this: a run that was held until then. Else the beginning of time.
    pub not_before: Instant,
    /// The tick before: what became due since then belongs to the same tick.
    pub since: Option<Instant>,
    /// Who had a marketing decision in this tick, whenever it becomes due.
    pub taken: &'a Bitmap,
    /// Whom the run under way decided already: they have this occurrence.
    pub served: &'a Bitmap,
    /// What was decided and is not in the ledger yet: the beginning of the slice under way.
    pub fresh: Option<&'a Ledger>,
    /// The gap that the messages of the rule under way would have for a customer. Asked only of those
    /// whom no earlier stage takes out.
    pub gap: &'a dyn Fn(CustomerNumber) -> Option<Gap>,
}

/// A placeholder that is unknown, where a message does not say what stands there instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gap {
    /// The message.
    pub message: String,
    /// The placeholder.
    pub placeholder: String,
}

impl<'a> World<'a> {
    /// A customer's contacts, those of the slice under way last.
    pub fn contacts(&self, customer: CustomerNumber) -> impl Iterator<Item = &'a Contact> + use<'a> {
        self.ledger.of(customer).iter().chain(self.fresh.map_or(&[][..], |fresh| fresh.of(customer)))
    }

    /// When a customer's decisions of a rule became due; not those taken back.
    pub fn decisions(
        &self,
        customer: CustomerNumber,
        rule: RuleNumber,
    ) -> impl Iterator<Item = Instant> + use<'a> {
        let fresh = self.fresh.into_iter().flat_map(move |fresh| fresh.decisions(customer, rule));
        self.ledger.decisions(customer, rule).chain(fresh)
    }

    /// The marketing contacts of a person: the customer's own, and what went to the same addresses
    /// under other records.
    pub fn of_person(&self, customer: CustomerNumber) -> impl Iterator<Item = &'a Contact> + use<'a> {
        let world = *self;
        let shared = [(Channel::email(), true), (Channel("phone".into()), false)];
        let others = shared.into_iter().flat_map(move |(channel, email)| {
            let others = world.addresses.others(customer, &channel);
            let contacts = others.flat_map(move |other| world.contacts(other));
            contacts.filter(move |contact| (contact.channel == EMAIL) == email)
        });
        self.contacts(customer).chain(others).filter(|contact| contact.kind == ContactKind::Marketing)
    }

    /// The customer's zone, the workspace's where none is known.
    #[must_use]
    pub fn zone_of(&self, customer: CustomerNumber) -> TimeZone {
        let own = self.people.zone(customer).filter(|_| !is_off("zone"));
        own.unwrap_or_else(|| self.zone.clone())
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

/// Whether a rule sends a message of that purpose.
#[must_use]
pub fn sends(rule: &Rule, rules: &RuleSet, purpose: Purpose) -> bool {
    rule.actions.iter().any(|action| match action {
        Action::Send(message) => rules.messages.get(*message).is_some_and(|one| one.purpose == purpose),
        Action::Call { .. } | Action::Set { .. } => false,
    })
}

impl<'a> Subject<'a> {
    /// The messages that the rule sends; none for a rule that only calls or sets.
    pub fn messages(&self, rules: &'a RuleSet) -> impl Iterator<Item = &'a Message> + use<'a> {
        self.rule.actions.iter().filter_map(|action| match action {
            Action::Send(message) => rules.messages.get(*message),
            Action::Call { .. } | Action::Set { .. } => None,
        })
    }

    /// The marketing messages among them.
    pub fn marketing(&self, rules: &'a RuleSet) -> impl Iterator<Item = &'a Message> + use<'a> {
        self.messages(rules).filter(|message| message.purpose == Purpose::Marketing)
    }
}
