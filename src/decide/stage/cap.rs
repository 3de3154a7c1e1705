//! The policies' caps: over marketing messages, of every rule together; for each person, or for
//! everybody in total.

use crate::model::Instant;
use crate::record::Skip;
use crate::ruleset::{Cap, CapScope, CapSubject, Period, Policy};

use super::super::room::{self, Counted};
use super::{Subject, World, is_off};

/// Takes out, for now, who would get more than a policy allows.
pub(super) fn judge(subject: &Subject<'_>, world: &World<'_>) -> Option<Skip> {
    full(subject, world).map(|_| Skip::Cap)
}

/// The first cap, with its policy, that has no room for what the rule would send.
#[must_use]
pub fn full_cap<'a>(subject: &Subject<'_>, world: &World<'a>) -> Option<(&'a Policy, &'a Cap)> {
    full(subject, world).map(|full| (full.policy, full.cap))
}

/// A cap without room.
pub(in crate::decide) struct Full<'a> {
    policy: &'a Policy,
    pub(in crate::decide) cap: &'a Cap,
    /// Since when it has room again; none: never.
    pub(in crate::decide) room_at: Option<Instant>,
}

/// A cap that has no room at the subject's instant: before all others one that does not let wait.
pub(in crate::decide) fn full<'a>(subject: &Subject<'_>, world: &World<'a>) -> Option<Full<'a>> {
    let policies = world.rules.policies.iter();
    let caps = policies.flat_map(|policy| policy.caps.iter().map(move |cap| (policy, cap)));
    let mut found = None;
    for (policy, cap) in caps.filter(|(_, cap)| !is_off("cap") && !is_off(kind(cap))) {
        if let Some(room::Full(room_at)) = over(cap, subject, world) {
            let full = Full { policy, cap, room_at };
            if cap.wait.is_none() {
                return Some(full);
            }
            found.get_or_insert(full);
        }
    }
    found
}

/// The kinds of caps that a test switches off one by one.
fn kind(cap: &Cap) -> &'static str {
    match (cap.scope, cap.period) {
        (CapScope::Total, _) => "cap_in_total",
        (CapScope::Customer, Period::Day | Period::Week | Period::Month) => "cap_of_the_calendar",
        (CapScope::Customer, Period::Rolling(_) | Period::RollingDays(_) | Period::Ever) => "cap_rolling",
    }
}

/// Whether what the rule would send does not fit under the cap. What waits counts as sent.
fn over(cap: &Cap, subject: &Subject<'_>, world: &World<'_>) -> Option<room::Full> {
    let channel = match &cap.subject {
        CapSubject::Messages => None,
        CapSubject::Channel(channel) => Some(channel),
    };
    let marketing = subject.marketing(world.rules);
    let wanted =
        marketing.filter(|message| channel.is_none_or(|channel| message.channel == *channel)).count();
    if wanted == 0 {
        return None;
    }
    let code = channel.map(|channel| world.channel_code(channel));
    let limit = (cap.count, cap.period);
    match cap.scope {
        CapScope::Total => {
            let fresh = world.fresh.map(super::super::Ledger::totals);
            let counted = Counted::All { totals: world.ledger.totals(), fresh, channel: code };
            room::full(&counted, limit, wanted, subject.at, world.zone)
        }
        CapScope::Customer => {
            let contacts = world.of_person(subject.customer);
            let counts = contacts.filter(|contact| code.is_none_or(|code| contact.channel == code));
            let mut instants: Vec<Instant> = counts.map(|contact| contact.at).collect();
            if wanted + instants.len() <= cap.count as usize {
                return None;
            }
            instants.sort_unstable();
            let zone = world.zone_of(subject.customer);
            room::full(&Counted::Some(instants), limit, wanted, subject.at, &zone)
        }
    }
}
