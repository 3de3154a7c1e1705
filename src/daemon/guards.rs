//! The guards of policies: what became of a rule's last messages, and the pause where it is too much.
//!
//! What was sent and what bounced is gathered here as the outbox tells it, and read from the store by a
//! start; complaints and unsubscribes stand among the events of their customers. So the figures follow from
//! what is durable, and a crash between a bounce and the pause only lets the next look find it.

use std::collections::{BTreeMap, BTreeSet};

use crate::decide::{Scope, is_off};
use crate::failpoint;
use crate::model::{CustomerNumber, Duration, Instant, RuleNumber, Sign};
use crate::observe::RuleTripped;
use crate::population::Population;
use crate::record::{Deed, DeedKind, MessageKey, Pause, PauseScope, Tripped, WhileQueued};
use crate::ruleset::{EventFieldId, EventId, Guard};
use crate::store::{Batch, StoreError, tables};

use super::Engine;
use super::active::Active;

/// So many of a rule's last sends are looked at.
const LAST: usize = 1_000;

/// As long as they are not older.
const WITHIN: Duration = Duration::days(7);

/// Fewer say nothing.
const AT_LEAST: usize = 200;

/// Between two looks that something other than a tick asks for.
const EVERY: Duration = Duration::seconds(1);

/// A marketing message that was handed over, or that was refused because the address does not exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Sent {
    customer: CustomerNumber,
    /// When it became due: by this instant it stands among what the customer was sent.
    due: Instant,
    bounced: bool,
}

/// The last messages of every rule, by when they were handed over.
#[derive(Debug, Default)]
pub(super) struct Guards {
    sent: BTreeMap<RuleNumber, BTreeMap<(Instant, MessageKey), Sent>>,
    looked: Option<Instant>,
    /// Who is looked at again, since something was told of what people did.
    told: bool,
}

impl Guards {
    /// Hears what the outbox did; what was heard before changes nothing.
    pub(super) fn hear(&mut self, deeds: &[Deed]) {
        for deed in deeds.iter().filter(|deed| deed.marketing) {
            let sent = self.sent.entry(deed.key.decision.rule).or_default();
            let bounced = match deed.kind {
                DeedKind::Sent => false,
                DeedKind::Bounced => true,
            };
            // Taken first and sent back: that is one message.
            // Looked for only where it came back: each message that is sent passes here.
            if bounced {
                let own =
                    |((_, key), one): &(&(Instant, MessageKey), &mut Sent)| *key == deed.key && !one.bounced;
                if let Some((_, taken)) = sent.iter_mut().rev().find(own) {
                    taken.bounced = true;
                    continue;
                }
            }
            sent.insert((deed.learnt, deed.key), Sent { customer: deed.customer, due: deed.at, bounced });
            if sent.len() > LAST {
                sent.pop_first();
            }
        }
    }

    /// Forgets all of it, before it is read anew.
    pub(super) fn forget(&mut self) {
        self.sent.clear();
    }

    /// Hears that an event was told; some are what guards count.
    pub(super) fn hear_event(&mut self, name: &str) {
        self.told |= SIGNS.iter().any(|(_, _, event)| *event == name);
    }

    /// The sends of a rule that count at an instant.
    fn counted(&self, rule: RuleNumber, since: Option<Instant>, now: Instant) -> Vec<Sent> {
        let from = now.minus(WITHIN).max(since.unwrap_or(Instant(i64::MIN)));
        let sent = self.sent.get(&rule).into_iter().flatten();
        // Open at the old end, as rolling periods are.
        sent.filter(|((at, _), _)| *at > from && *at <= now).map(|(_, sent)| *sent).collect()
    }
}

/// What is counted, and the events that say it.
const SIGNS: [(Sign, EventId, &str); 3] = [
    (Sign::Bounces, EventId::BOUNCED, "bounced"),
    (Sign::Complaints, EventId::COMPLAINED, "complained"),
    (Sign::Unsubscribes, EventId::UNSUBSCRIBED, "unsubscribed"),
];

impl Engine {
    /// Looks at what became of each rule's last messages, and pauses those that do harm.
    ///
    /// # Errors
    /// When the store fails; nothing is paused then that is not durable.
    pub(super) fn look_at_guards(&mut self, now: Instant) -> Result<(), StoreError> {
        self.guards.told = false;
        self.guards.looked = Some(now);
        let Some(active) = self.active.clone() else { return Ok(()) };
        if active.rules.policies.iter().all(|policy| policy.guards.is_empty()) || is_off("guard") {
            return Ok(());
        }
        for position in 0..active.rules.rules.len() {
            let (rule, number) = active.rule(position);
            // Who paused it already lets it go on, and then it is looked at.
            if self.pauses.0.contains_key(&Scope::Rule(rule.name.clone())) {
                continue;
            }
            if let Some(tripped) = self.tripped(&active, (&rule.name, number), now) {
                self.trip(&rule.name, number, tripped, now)?;
            }
        }
        Ok(())
    }

    /// The same as soon as something was told that they count, but not again and again.
    pub(super) fn look_at_guards_soon(&mut self, now: Instant) -> Result<(), StoreError> {
        let just_looked = self.guards.looked.is_some_and(|looked| now.since(looked) < EVERY);
        if self.guards.told && !just_looked { self.look_at_guards(now) } else { Ok(()) }
    }

    /// The same after a pack of what the outbox did.
    pub(super) fn hear_deeds(&mut self, deeds: &[Deed]) -> Result<(), StoreError> {
        self.guards.hear(deeds);
        self.guards.told |= deeds.iter().any(|deed| deed.kind == DeedKind::Bounced);
        let now = deeds.iter().map(|deed| deed.learnt).max();
        now.map_or(Ok(()), |now| self.look_at_guards_soon(now))
    }

    /// The first guard, by policy and line, that a rule's last messages exceed.
    fn tripped(&self, active: &Active, (rule, number): (&str, RuleNumber), now: Instant) -> Option<Tripped> {
        let since = self.memories.get(&number).and_then(|memory| memory.counted_since);
        let sent = self.guards.counted(number, since, now);
        if sent.len() < AT_LEAST {
            return None;
        }
        let mut counts: BTreeMap<Sign, u64> = BTreeMap::new();
        let mut guards = active.rules.policies.iter().flat_map(|policy| &policy.guards);
        let exceeded = |guard: &&Guard| {
            let count = || count(&self.population, (rule, &sent), guard.sign, now);
            let did = *counts.entry(guard.sign).or_insert_with(count);
            guard.above.is_exceeded(did, sent.len() as u64)
        };
        let guard = guards.find(exceeded)?;
        let figure = |count: u64| u32::try_from(count).unwrap_or(u32::MAX);
        Some(Tripped {
            sign: guard.sign,
            did: figure(counts.get(&guard.sign).copied().unwrap_or_default()),
            sends: figure(sent.len() as u64),
            above: guard.above,
            place: guard.place.to_string(),
        })
    }

    /// Pauses a rule; what waits in the outbox waits on.
    fn trip(
        &mut self,
        rule: &str,
        number: RuleNumber,
        tripped: Tripped,
        now: Instant,
    ) -> Result<(), StoreError> {
        failpoint::hit("guard_before_pause");
        let pause = Pause {
            scope: PauseScope::Rule(number),
            since: now,
            queued: WhileQueued::Hold,
            tripped: Some(tripped),
        };
        let mut batch = Batch::default();
        tables::control::put_pause(&mut batch, &pause);
        self.store.commit(batch).wait()?;
        failpoint::hit("guard_after_pause");
        self.pauses.0.insert(Scope::Rule(rule.to_owned()), pause.queued);
        if let Some(Tripped { sign, did, sends, above, place }) = &pause.tripped {
            let (sign, above) = (sign.word(), above.to_string());
            let (did, sends, above) = (u64::from(*did), u64::from(*sends), &*above);
            RuleTripped { rule, sign, did, sends, above, place }.happened(&self.shared.metrics);
        }
        self.tripped.insert(number, pause);
        self.publish();
        Ok(())
    }

    /// Why a policy paused a rule, if one did: a sentence without what to do.
    pub(super) fn why_tripped(&self, number: RuleNumber) -> Option<String> {
        let pause = self.tripped.get(&number)?;
        let Tripped { sign, did, sends, above, place } = pause.tripped.as_ref()?;
        Some(format!(
            "paused since {} by {place}: {did} of its last {sends} messages {}, more than {above}",
            pause.since,
            sign.verb()
        ))
    }
}

/// How many of a rule's messages did that. A message that is complained about twice is one.
fn count(population: &Population, (rule, sent): (&str, &[Sent]), sign: Sign, now: Instant) -> u64 {
    let own = |sent: &&Sent| sign == Sign::Bounces && sent.bounced;
    let mut did = sent.iter().filter(own).count() as u64;
    let Some((_, kind, _)) = SIGNS.iter().find(|(one, _, _)| *one == sign) else { return did };
    let open: BTreeSet<(CustomerNumber, Instant)> =
        sent.iter().filter(|sent| !sent.bounced).map(|sent| (sent.customer, sent.due)).collect();
    let customers: BTreeSet<CustomerNumber> = open.iter().map(|(customer, _)| *customer).collect();
    for customer in customers {
        let told = population.told(customer, *kind, now);
        let about = told.iter().filter_map(|(at, words)| about(population, customer, (*at, words), rule));
        let about: BTreeSet<Instant> = about.collect();
        did += about.into_iter().filter(|due| open.contains(&(customer, *due))).count() as u64;
    }
    did
}

/// When the message became due that an event is about, where it was this rule's: the last one before it that
/// fits all that the event says of it.
fn about(
    population: &Population,
    customer: CustomerNumber,
    (at, words): (Instant, &[Option<String>]),
    rule: &str,
) -> Option<Instant> {
    let says = |words: &[Option<String>], field: EventFieldId| words.get(field.index()).cloned().flatten();
    let fits = |sent: &[Option<String>]| {
        let fields = [EventFieldId::MESSAGE, EventFieldId::RULE, EventFieldId::SENT_BY];
        fields.into_iter().all(|field| says(words, field).is_none_or(|said| says(sent, field) == Some(said)))
    };
    let sent = population.recorded(customer, EventId::SENT, at);
    let (due, sent) = sent.into_iter().find(|(_, sent)| fits(sent))?;
    (says(&sent, EventFieldId::RULE).as_deref() == Some(rule)).then_some(due)
}
