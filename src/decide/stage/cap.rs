//! The policies' caps per customer: over marketing messages, of every rule together.

use crate::record::{ContactKind, Skip};
use crate::ruleset::{Cap, CapSubject, Policy};
use crate::schedule::window_start;

use super::{Subject, World};

/// Takes out, for now, who would get more than a policy allows.
pub(super) fn judge(subject: &Subject<'_>, world: &World<'_>) -> Option<Skip> {
    full_cap(subject, world).map(|_| Skip::Cap)
}

/// The first cap, with its policy, that has no room for what the rule would send.
#[must_use]
pub fn full_cap<'a>(subject: &Subject<'_>, world: &World<'a>) -> Option<(&'a Policy, &'a Cap)> {
    let policies = &world.rules.policies;
    let mut caps = policies.iter().flat_map(|policy| policy.caps.iter().map(move |cap| (policy, cap)));
    caps.find(|(_, cap)| over(cap, subject, world))
}

/// Whether what the rule would send does not fit under the cap any more. What waits counts as sent.
fn over(cap: &Cap, subject: &Subject<'_>, world: &World<'_>) -> bool {
    let wanted = subject
        .marketing(world.rules)
        .filter(|message| match &cap.subject {
            CapSubject::Messages => true,
            CapSubject::Channel(channel) => message.channel == *channel,
        })
        .count();
    if wanted == 0 {
        return false;
    }
    let start = window_start(cap.period, subject.at, &world.zone_of(subject.customer));
    let used = world.ledger.count_since(subject.customer, start, |contact| {
        contact.kind == ContactKind::Marketing
            && match &cap.subject {
                CapSubject::Messages => true,
                CapSubject::Channel(channel) => contact.channel == world.channel_code(channel),
            }
    });
    used + wanted > cap.count as usize
}
