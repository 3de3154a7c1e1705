//! Rules, messages, webhooks and policies as the engine sees them.

use std::sync::Arc;

use crate::model::{Channel, Currency, Date, Duration, Money, Timetable};

use super::{EventId, Expr, FieldId};

/// A file and a line in it, for people.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Place {
    /// The path relative to the rules' root, `built in` for defaults.
    pub file: Arc<str>,
    /// From 1.
    pub line: u32,
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}

/// What `workspace` says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Workspace {
    /// Its name.
    pub name: String,
    /// The currency; none means one unnamed currency.
    pub currency: Option<Currency>,
    /// An IANA zone, `UTC` unless written.
    pub zone: String,
    /// A rule's first run above so many customers is held.
    pub first_run: u64,
}

impl Default for Workspace {
    fn default() -> Self {
        Self { name: "workspace".into(), currency: None, zone: "UTC".into(), first_run: 1_000 }
    }
}

/// A rule: for whom, when, how often, and what.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// Unique and stable: it keys history.
    pub name: String,
    /// The sentence beside the name.
    pub title: Option<String>,
    /// Who answers for it.
    pub owner: Option<String>,
    /// Where it begins.
    pub place: Place,
    /// What lets it fire.
    pub trigger: Trigger,
    /// On which days it may.
    pub season: Season,
    /// For whom.
    pub when: Expr,
    /// How often for one customer; a continuous rule that writes none has once per 30 days.
    pub at_most: Option<AtMost>,
    /// How many customers it may send to, all together.
    pub in_all: Option<InAll>,
    /// How long a continuous rule tries again; 7 days unless written.
    pub give_up_after: Option<Duration>,
    /// 0–100, 50 unless written; arbitration and caps go by it, higher first.
    pub priority: u8,
    /// One or more; they share one fate.
    pub actions: Vec<Action>,
    /// `draft`: decided and recorded, nothing goes out.
    pub draft: bool,
    /// `new matches only`: who matches when the rule is new is passed over (continuous rules).
    pub new_matches_only: bool,
}

/// What lets a rule fire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trigger {
    /// Nothing is written: it fires once when a customer comes to match.
    Continuous,
    /// `every …`, `on cron …`: it fires at each occurrence for whoever matches.
    Scheduled(Timetable),
    /// `on EVENT`: it fires for the customer to whom it happens.
    Event(OnEvent),
}

/// `on cart_abandoned, after 2 hours`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OnEvent {
    /// On which kind of event.
    pub event: EventId,
    /// How long it waits, from the event's time; then it asks its condition again. None: it fires at once.
    pub after: Option<Duration>,
    /// `for each event`: each is waited after on its own. Else another one during the wait begins it
    /// anew.
    pub each: bool,
}

/// `from … until …`: both days included, in the rule's zone.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Season {
    /// The first day; none: it began long ago.
    pub from: Option<Date>,
    /// The last day; none: it never ends.
    pub until: Option<Date>,
}

impl Rule {
    /// Whether nothing but the match lets it fire.
    #[must_use]
    pub const fn is_continuous(&self) -> bool {
        match self.trigger {
            Trigger::Continuous => true,
            Trigger::Scheduled(_) | Trigger::Event(_) => false,
        }
    }

    /// When it fires, where it is scheduled.
    #[must_use]
    pub const fn timetable(&self) -> Option<&Timetable> {
        match &self.trigger {
            Trigger::Continuous | Trigger::Event(_) => None,
            Trigger::Scheduled(timetable) => Some(timetable),
        }
    }

    /// On which event it fires, if it does on one.
    #[must_use]
    pub const fn on_event(&self) -> Option<&OnEvent> {
        match &self.trigger {
            Trigger::Continuous | Trigger::Scheduled(_) => None,
            Trigger::Event(on) => Some(on),
        }
    }
}

/// `at most N per PERIOD`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AtMost {
    /// How many; 0 means never.
    pub count: u32,
    /// In what.
    pub period: Period,
}

/// `at most 2000 per day`: of a rule as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InAll {
    /// How many; 0 means never.
    pub count: u32,
    /// In what, counted on the workspace's calendar.
    pub period: Period,
    /// Where it is written.
    pub place: Place,
}

/// A span over which sends are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Period {
    /// (now − D, now], D in whole minutes.
    Rolling(Duration),
    /// (now − N days, now], counted at the same wall time of the customer's calendar.
    RollingDays(u32),
    /// The calendar day, in the customer's zone.
    Day,
    /// The calendar week from Monday.
    Week,
    /// The calendar month.
    Month,
    /// Since records began.
    Ever,
}

/// What a rule does.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// Sends the message at this position in [`super::RuleSet::messages`].
    Send(usize),
    /// Calls a webhook.
    Call {
        /// Position in [`super::RuleSet::webhooks`].
        webhook: usize,
        /// Name in the payload, and the value.
        fields: Vec<(String, Expr)>,
    },
    /// Sets an attribute that rules write.
    Set {
        /// Which.
        field: FieldId,
        /// To what; an unknown value leaves the attribute as it is.
        value: Expr,
    },
}

/// Why a message is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Needs a consent that was given.
    Marketing,
    /// A receipt or a reset: needs none.
    Transactional,
}

/// Something that can be sent.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    /// Its name.
    pub name: String,
    /// Where it is declared, or its body's file when it was found.
    pub place: Place,
    /// Why.
    pub purpose: Purpose,
    /// How.
    pub channel: Channel,
    /// For a channel other than e-mail: the webhook that carries it.
    pub webhook: Option<usize>,
    /// Template of the subject (e-mail).
    pub subject: String,
    /// Template of the HTML part.
    pub html: Option<String>,
    /// Template of the text part; made from the HTML where none is written.
    pub text: Option<String>,
    /// Template of the preview: what mail programs show beside the subject. Hidden in the HTML.
    pub preview: Option<String>,
    /// Other words for readers of some languages, by their tags in order.
    pub variants: Vec<Variant>,
    /// Another sender than the configuration's: `Name <address>`.
    pub from: Option<String>,
    /// Where answers go.
    pub reply_to: Option<String>,
    /// Never sent later than this after its decision.
    pub expires_after: Option<Duration>,
    /// What a send of it costs, in the workspace's currency.
    pub cost: Option<Money>,
    /// What its templates read: placeholder (`average_order_value`, `cart_abandoned.value`) and value.
    pub fields: Vec<(String, Expr)>,
    /// The events of which it shows a field without saying what stands there otherwise, each with the
    /// first such placeholder: only rules on that event can send it.
    pub needs: Vec<(EventId, String)>,
    /// SHA-256 over purpose, channel and the templates of all languages, hexadecimal.
    pub content_hash: String,
}

/// The words of a message for readers of one language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variant {
    /// The language's tag in lower case: `es`, `es-mx`.
    pub language: String,
    /// Template of the subject (e-mail).
    pub subject: String,
    /// Template of the HTML part.
    pub html: Option<String>,
    /// Template of the text part; made from the HTML where none is written.
    pub text: Option<String>,
    /// Template of the preview.
    pub preview: Option<String>,
}

/// Where can be called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Webhook {
    /// Its name.
    pub name: String,
    /// Where it is declared.
    pub place: Place,
    /// The address, `http://` or `https://`.
    pub url: String,
    /// The names of the secrets that sign, the first with the newest; none: unsigned. Two at most.
    pub secrets: Vec<String>,
    /// What is sent along.
    pub headers: Vec<Header>,
    /// How much it bears.
    pub limits: CallLimits,
}

/// A header that is sent along with each call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// Its name, in lower case.
    pub name: String,
    /// The name of the secret that is its value.
    pub secret: String,
}

/// How much an endpoint bears; what is none is the configuration's to say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CallLimits {
    /// Calls under way at once, at least one.
    pub at_once: Option<u32>,
    /// So many calls, at least one, in any span of this length.
    pub rate: Option<(u32, Duration)>,
    /// How long a whole call may take.
    pub answer_within: Option<Duration>,
}
