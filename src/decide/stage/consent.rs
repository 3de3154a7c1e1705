//! Marketing needs a consent that was given; missing is no. Transactional needs none.

use crate::record::Skip;

use super::{Subject, World};

/// Takes out who did not consent to a marketing message's channel.
pub(super) fn judge(subject: &Subject<'_>, world: &World<'_>) -> Option<Skip> {
    let missing = subject
        .marketing(world.rules)
        .any(|message| !world.people.consents(subject.customer, &message.channel));
    missing.then_some(Skip::Consent)
}
