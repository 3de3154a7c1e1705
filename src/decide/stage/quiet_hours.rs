//! Quiet hours: marketing waits for their end, or is skipped where a policy says so.

use std::borrow::Cow;

use jiff::tz::TimeZone;

use crate::model::{Channel, Instant};
use crate::ruleset::{Frame, QuietHours, RuleSet};
use crate::schedule::quiet_until;

use super::{Subject, World, is_off};

/// How it is at an instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::decide) enum Quiet {
    /// Not quiet.
    Open,
    /// Quiet until then, by one of the spans.
    Until(Instant),
    /// Quiet, and what the rule sends does not wait.
    Skip,
}

/// How it is for a subject's marketing messages at its instant.
pub(in crate::decide) fn at(subject: &Subject<'_>, world: &World<'_>) -> Quiet {
    if is_off("quiet_hours") {
        return Quiet::Open;
    }
    let mut quiet = Quiet::Open;
    let own = || world.zone_of(subject.customer);
    for (end, hours) in ends(world.rules, subject.at, world.zone, &own) {
        // Only e-mail can wait in a customer's inbox until they look.
        let other = |channel: &Channel| *channel != Channel::email();
        if hours.or_skip
            && !is_off("or_skip")
            && subject.marketing(world.rules).any(|message| other(&message.channel))
        {
            return Quiet::Skip;
        }
        quiet = Quiet::Until(end);
    }
    quiet
}

/// The spans that an instant lies in, with their ends.
pub(in crate::decide) fn ends<'a>(
    rules: &'a RuleSet,
    at: Instant,
    workspace: &'a TimeZone,
    own: &'a dyn Fn() -> TimeZone,
) -> impl Iterator<Item = (Instant, &'a QuietHours)> {
    // Whoever reads them looks at all: several policies may be quiet at once.
    let all = rules.policies.iter().flat_map(|policy| &policy.quiet);
    all.filter_map(move |hours| {
        let zone = match &hours.clock {
            Frame::Workspace => Cow::Borrowed(workspace),
            Frame::Customer => Cow::Owned(own()),
            // The checker knows that it exists.
            Frame::Zone(name) => TimeZone::get(name).map_or(Cow::Borrowed(workspace), Cow::Owned),
        };
        quiet_until(hours.span, at, &zone).map(|end| (end, hours))
    })
}
