//! A message whose time has come, or that is tried again: what it must meet then.
//!
//! It was decided, so limits are behind it: its room is held. What can have changed since is met
//! again: expiry, its rule, consent, suppression, quiet hours, and whether the customer matches.

use jiff::tz::TimeZone;

use crate::model::{CustomerNumber, Duration, Instant};
use crate::record::OpenMessage;
use crate::ruleset::{Action, Purpose, Rule, RuleSet};

use super::slice::spread;
use super::stage::quiet_hours::ends;
use super::{People, is_off};

/// A message that goes within this of its decision was judged a moment ago: its rule's `when` is not
/// asked again.
const FRESH: Duration = Duration::seconds(60);

/// Why a message ends before it went out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Withdrawal {
    /// Its `expires after` has passed.
    Expired,
    /// Its rule is gone.
    RuleGone,
    /// Its message is gone.
    MessageGone,
    /// Consent is missing on a channel of the decision.
    Consent,
    /// The address is suppressed.
    Suppression,
    /// It is quiet, and a policy says `or skip`.
    QuietHours,
    /// The customer no longer matches its rule.
    NoMatch,
}

impl Withdrawal {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Expired,
        Self::RuleGone,
        Self::MessageGone,
        Self::Consent,
        Self::Suppression,
        Self::QuietHours,
        Self::NoMatch,
    ];

    /// The fixed word of tests, metrics and JSON.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Expired => "expired",
            Self::RuleGone | Self::MessageGone => "withdrawn",
            Self::Consent => "consent",
            Self::Suppression => "suppression",
            Self::QuietHours => "quiet hours",
            Self::NoMatch => "no match",
        }
    }

    /// Why, in words for people.
    #[must_use]
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::Expired => "expired before it could go",
            Self::RuleGone => "its rule is gone",
            Self::MessageGone => "its message is gone",
            Self::Consent => "consent is missing or was withdrawn",
            Self::Suppression => "the address is suppressed",
            Self::QuietHours => "it is quiet hours, in which it is skipped",
            Self::NoMatch => "the customer no longer matches its rule",
        }
    }
}

/// What becomes of a message that wants to go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Again {
    /// It goes.
    Go,
    /// Quiet hours: not before this, somewhat after their end, so that they do not leave in one burst.
    Wait(Instant),
    /// Never.
    Withdraw(Withdrawal),
}

/// Meets a message at `now`; `matches` says whether its customer certainly matches the rule at a
/// position, and is asked only where that can have changed.
///
/// A message of which something went out already keeps its rule's fate: it goes, unless the person or
/// the law forbids it now.
#[must_use]
pub fn meet_again(
    message: &OpenMessage,
    (rules, people, zone): (&RuleSet, &dyn People, &TimeZone),
    now: Instant,
    matches: impl FnOnce(usize) -> bool,
) -> Again {
    if has_expired(message, now) {
        return Again::Withdraw(Withdrawal::Expired);
    }
    let Some(position) = rules.rules.iter().position(|rule| rule.name == message.rule) else {
        return Again::Withdraw(Withdrawal::RuleGone);
    };
    let rule = &rules.rules[position];
    let first = message.attempts == 0;
    let waited = has_waited(message, rule, now);
    if !message.is_call {
        if !rules.messages.iter().any(|one| one.name == message.target) {
            return Again::Withdraw(Withdrawal::MessageGone);
        }
        if !is_off("consent_again") && message.marketing && !consents(message, first, (rule, rules), people) {
            return Again::Withdraw(Withdrawal::Consent);
        }
        if !is_off("suppression_again") && people.suppressed(message.customer, &message.channel) {
            return Again::Withdraw(Withdrawal::Suppression);
        }
    }
    if waited && !is_off("match_again") && !matches(position) {
        return Again::Withdraw(Withdrawal::NoMatch);
    }
    if message.marketing { quiet(message, (rules, people, zone), now) } else { Again::Go }
}

/// Whether a message may not be sent any more.
#[must_use]
pub fn has_expired(message: &OpenMessage, now: Instant) -> bool {
    !is_off("expired_again") && message.expires.is_some_and(|expires| now > expires)
}

/// Whether a message was decided so long ago, and nothing of it went out, that its rule is asked again.
/// What follows a message is asked for only when that one was handed over: they share one fate.
#[must_use]
pub fn has_waited(message: &OpenMessage, rule: &Rule, now: Instant) -> bool {
    let follows = || message.is_call && rule.actions.iter().any(|action| matches!(action, Action::Send(_)));
    message.attempts == 0 && now.since(message.decided) > FRESH && !follows()
}

/// Whether the person consents: before the first of a decision's messages goes, to all of them, for
/// they share one fate.
fn consents(
    message: &OpenMessage,
    first: bool,
    (rule, rules): (&Rule, &RuleSet),
    people: &dyn People,
) -> bool {
    let own = people.consents(message.customer, &message.channel);
    let also = |action: &Action| match action {
        Action::Send(other) => rules.messages.get(*other).is_none_or(|other| {
            other.purpose != Purpose::Marketing || people.consents(message.customer, &other.channel)
        }),
        Action::Call { .. } | Action::Set { .. } => true,
    };
    own && (!first || rule.actions.iter().all(also))
}

/// Quiet hours at the moment at which it would go: after an outage, or under a policy that is new.
fn quiet(
    message: &OpenMessage,
    (rules, people, zone): (&RuleSet, &dyn People, &TimeZone),
    now: Instant,
) -> Again {
    if is_off("quiet_hours_again") {
        return Again::Go;
    }
    let customer: CustomerNumber = message.customer;
    let own = || people.zone(customer).unwrap_or_else(|| zone.clone());
    let mut until: Option<Instant> = None;
    for (end, hours) in ends(rules, now, zone, &own) {
        if hours.or_skip && message.channel != crate::model::Channel::email() {
            return Again::Withdraw(Withdrawal::QuietHours);
        }
        until = until.max(Some(end));
    }
    until.map_or(Again::Go, |end| Again::Wait(spread(end, customer, message.expires)))
}
