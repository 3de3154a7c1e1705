//! Laws of each single send: consent, suppression, address, pause, expiry, and that its rule meant it.

use super::reader::Rule;
use super::timetable::{clock, in_season};
use super::world::World;
use super::{Findings, Seen, about, moves};
use crate::year::log::Sent;
use crate::year::script::{MINUTE, Ms};

pub fn check(world: &World<'_>, seen: &Seen<'_>, findings: &mut Findings) {
    for sent in &seen.set {
        decided_rightly(world, sent, findings);
        let paused = world.paused(&sent.rule, &sent.channel, sent.decided);
        findings.hold("decided while not paused", !paused, || about(sent));
    }
    for sent in &seen.sent {
        meant(world, sent, findings);
        if sent.call {
            let paused = world.paused(&sent.rule, "webhook", sent.handed);
            findings.hold("pause", !paused, || about(sent));
        } else {
            allowed(world, sent, findings);
        }
    }
    for (sent, why) in &seen.withdrawn {
        taken_back_rightly(world, sent, why, findings);
    }
    for sent in seen.decided().filter(|sent| !sent.call) {
        rightly_decided(world, sent, findings);
    }
}

/// A message is taken back only for what is so.
fn taken_back_rightly(world: &World<'_>, sent: &Sent, why: &str, findings: &mut Findings) {
    let Sent { rule: name, customer, message, channel, decided, handed, .. } = sent;
    let rule = world.rule(name, *handed);
    let book = world.book(*handed);
    let right = match why {
        "its rule is gone" => rule.is_none(),
        "its message is gone" => !book.messages.contains_key(message),
        "consent is missing or was withdrawn" => !world.consents(customer, channel, *handed),
        "the address is suppressed" => world.suppressed(customer, *handed),
        // Whoever moved on no longer is where the rule wants them.
        "the customer no longer matches its rule" => {
            rule.is_some_and(|rule| rule.moves() || holds(world, rule, sent, *handed) != Some(true))
        }
        "expired before it could go" => book
            .messages
            .get(message)
            .and_then(|one| one.expires)
            .is_some_and(|after| *handed > decided + after),
        "a pause took it back" => world.paused(name, channel, *handed),
        // The rest shares the fate of a message that this is said of.
        _ => true,
    };
    findings.hold("taken back for what is so", right, || format!("{}: {why}", about(sent)));
}

/// What stands in the way when it is decided is no matter for the outbox.
fn rightly_decided(world: &World<'_>, sent: &Sent, findings: &mut Findings) {
    let Sent { rule, customer, message, channel, decided, .. } = sent;
    if world.book(*decided).messages.get(message).is_some_and(|one| one.marketing) {
        let consents = world.consents(customer, channel, *decided);
        findings.hold("decided with consent", consents, || about(sent));
    }
    if channel == "email" {
        let suppressed = world.suppressed(customer, *decided);
        findings.hold("decided while not suppressed", !suppressed, || about(sent));
    }
    if let Some(expires) = world.book(*decided).messages.get(message).and_then(|one| one.expires) {
        findings.hold("decided only if it can go", sent.due <= decided + expires, || about(sent));
    }
    let paused = world.paused(rule, channel, *decided);
    findings.hold("decided while not paused", !paused, || about(sent));
}

/// The rule, as it was when it decided, says so.
fn meant(world: &World<'_>, sent: &Sent, findings: &mut Findings) {
    let Some(rule) = world.book(sent.decided).rules.get(&sent.rule) else {
        findings.hold("its rule is there", false, || about(sent));
        return;
    };
    findings.hold("a draft sends nothing", !rule.draft, || about(sent));
    let among = if sent.call { &rule.calls } else { &rule.sends };
    findings.hold("its rule says so", among.contains(&sent.message), || about(sent));
    decided_rightly(world, sent, findings);
    let later = world.rule(&sent.rule, sent.handed);
    findings.hold("its rule is there still", later.is_some(), || about(sent));
    // What follows a message shares its fate.
    let follows = sent.call && !rule.sends.is_empty();
    if let Some(later) = later.filter(|_| !follows && sent.handed - sent.decided > MINUTE) {
        let clock = clock(world, later, &sent.customer, sent.handed);
        findings.hold("its last day has not passed", in_season(later, sent.handed, &clock), || about(sent));
    }
    if let Some(later) = later
        && sent.handed - sent.decided > MINUTE
        && !later.moves()
    {
        let held = holds(world, later, sent, sent.handed);
        findings
            .hold("its condition holds still", held == Some(true), || format!("{}: {held:?}", about(sent)));
    }
}

/// Its rule's condition held when it was decided.
fn decided_rightly(world: &World<'_>, sent: &Sent, findings: &mut Findings) {
    let Some(rule) = world.rule(&sent.rule, sent.decided) else { return };
    let held = holds(world, rule, sent, world.found_at(&sent.rule, sent.decided));
    findings.hold("its condition held", held == Some(true), || format!("{}: {held:?}", about(sent)));
}

/// Whether a rule's condition held for what was decided: of its event, by the moves that it saw.
fn holds(world: &World<'_>, rule: &Rule, sent: &Sent, at: Ms) -> Option<bool> {
    if let Some(id) = &sent.event {
        return world.holds_on(rule, &sent.customer, at, *world.told.get(id.as_str())?);
    }
    let root = world.root(&sent.rule);
    let moves = if rule.is_continuous() {
        moves::seen(world, rule, (root, &sent.customer), sent.decided)
    } else {
        moves::lately(world, rule, &sent.customer, sent.decided)
    };
    world.holds_moved(rule, &sent.customer, at, moves)
}

/// Nothing forbids a message at the instant at which it is handed over.
fn allowed(world: &World<'_>, sent: &Sent, findings: &mut Findings) {
    let Sent { customer, channel, handed, .. } = sent;
    let declared = world.book(*handed).messages.get(&sent.message).cloned().unwrap_or_default();
    findings.hold("its channel", declared.channel == *channel, || about(sent));
    if declared.marketing {
        findings.hold("consent", world.consents(customer, channel, *handed), || about(sent));
    }
    if channel == "email" {
        findings.hold("suppression", !world.suppressed(customer, *handed), || about(sent));
    }
    findings.hold("pause", !world.paused(&sent.rule, channel, *handed), || about(sent));
    let field = if channel == "email" { "email" } else { "phone" };
    let address = world.person(customer, *handed).and_then(|person| person.fields.get(field));
    let same = address.is_some_and(|address| address.to_lowercase() == sent.address.to_lowercase());
    findings.hold("address", same, || format!("{} at {}", about(sent), sent.address));
    if let Some(expires) = declared.expires {
        findings.hold("expiry", *handed <= sent.decided + expires, || about(sent));
    }
    findings.hold("time runs forward", sent.decided <= *handed && sent.due <= *handed, || about(sent));
}
