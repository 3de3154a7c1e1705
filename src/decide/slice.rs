//! The next hundred customers of a run, decided for good.

use std::collections::BTreeMap;

use super::stage::{CALLS, SETS};
use crate::model::{
    Bitmap, Channel, CustomerNumber, Duration, Instant, MINUTE_MS, Money, Occurrence, RuleNumber,
};
use crate::record::{
    Contact, ContactKind, Cost, Decision, Event, Fate, MessageKey, MessageState, OpenMessage, Run, Skip, Wait,
};
use crate::ruleset::{Action, Message, Purpose, Rule};

use super::{Due, Subject, World, is_off, settle};

/// Over how long the messages that waited for one end of quiet hours leave, so that they are no burst.
const RELEASE: Duration = Duration(30 * MINUTE_MS);

/// Customers in a slice at most.
pub const SLICE: usize = 100;

/// Records that a slice may write for its customers: the store takes 300 a commit, and the run, the
/// rule's state, decisions, contacts and reasons need some of them.
const RECORDS: usize = 240;

/// How many customers of a rule fit in one commit: each may touch a message an action and two
/// records of what the rule remembers.
#[must_use]
pub fn slice_size(rule: &Rule) -> usize {
    (RECORDS / (rule.actions.len() + 2)).clamp(1, SLICE)
}

/// What a slice decided. It is committed as one, with the run's cursor.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Slice {
    /// Decisions, in the order of the customers.
    pub decisions: Vec<Decision>,
    /// Ledger entries.
    pub contacts: Vec<Contact>,
    /// What goes to the outbox.
    pub messages: Vec<OpenMessage>,
    /// Who was passed over after all, since the run began.
    pub skipped: BTreeMap<Skip, Bitmap>,
    /// The first customer of the next slice; none when this was the last.
    pub next: Option<CustomerNumber>,
}

/// What only the evaluation knows of a customer: the values that mattered, and what a call sends
/// (per action, name and JSON), what a `set` sets (the attribute's key and the canonical text; nothing
/// where the value is unknown).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Particulars {
    /// Clause and value.
    pub values: Vec<(String, String)>,
    /// By the action's position.
    pub call_fields: BTreeMap<u8, Vec<(String, String)>>,
    /// The event that it is decided on, where it is on one.
    pub event: Option<Event>,
}

/// Decides the recipients from `cursor` on, `limit` at most ([`slice_size`], or fewer where what
/// they leave behind is too large for one commit).
#[must_use]
pub fn slice(
    world: &World<'_>,
    (rule, number): (&Rule, RuleNumber),
    run: &Run,
    recipients: &Bitmap,
    (cursor, limit): (CustomerNumber, usize),
    particulars: &dyn Fn(CustomerNumber) -> Particulars,
) -> Slice {
    let mut slice = Slice::default();
    let mut rest = recipients.iter_from(cursor.0).map(CustomerNumber);
    // What the slice decided so far: a limit in total, or a second record of one person, must see it.
    let mut fresh = world.ledger.beside();
    for customer in rest.by_ref().take(limit) {
        let world = World { fresh: Some(&fresh), ..*world };
        let subject = Subject { rule, number, customer, at: run.at };
        match settle(&subject, &world) {
            Err(skip) => {
                slice.skipped.entry(skip).or_default().insert(customer.0);
            }
            Ok(due) => {
                let decided = slice.contacts.len();
                decide_one(&mut slice, &world, (&subject, due), run, particulars(customer));
                slice.contacts[decided..].iter().for_each(|contact| fresh.add(*contact));
            }
        }
    }
    slice.next = rest.next();
    slice
}

fn decide_one(
    slice: &mut Slice,
    world: &World<'_>,
    (subject, due): (&Subject<'_>, Due),
    run: &Run,
    mut particulars: Particulars,
) {
    let Subject { rule, number, customer, .. } = *subject;
    let occurrence =
        if run.continuous { next_ordinal(world, customer, number) } else { Occurrence(run.at.0) };
    let rehearsed = rule.draft && !is_off("draft");
    let fate = if rehearsed { Fate::Draft } else { Fate::Send };
    let decision = Decision {
        customer,
        occurrence,
        fate,
        due: due.at,
        values: particulars.values,
        cost: together(world, subject),
    };
    // A rehearsal leaves nothing in the outbox.
    let actions = if rehearsed { &[] } else { rule.actions.as_slice() };
    let mut calls = 0;
    for (position, action) in (0_u8..).zip(actions) {
        let call_fields = particulars.call_fields.remove(&position).unwrap_or_default();
        let action_number = match action {
            Action::Send(_) => MessageKey::SENT | position,
            Action::Call { .. } => {
                calls += 1;
                calls - 1
            }
            // An unknown value leaves the attribute as it is.
            Action::Set { .. } if call_fields.is_empty() => continue,
            Action::Set { .. } => MessageKey::SET | position,
        };
        let key = MessageKey { decision: decision.key(number), action: action_number };
        let event = particulars.event.clone();
        let message = message(world, rule, (run, due), key, action, call_fields);
        slice.messages.push(OpenMessage { event, ..message });
    }
    slice.contacts.extend(contacts(world, subject, due.at));
    slice.decisions.push(decision);
}

/// One more than the matches that this rule has decided for the customer.
fn next_ordinal(world: &World<'_>, customer: CustomerNumber, rule: RuleNumber) -> Occurrence {
    let decided = world.ledger.of_rule(customer, rule);
    Occurrence(i64::try_from(decided).unwrap_or(i64::MAX - 1) + 1)
}

/// A ledger entry per message; one for a rule without any, or of which nothing goes out.
pub(super) fn contacts(world: &World<'_>, subject: &Subject<'_>, at: Instant) -> Vec<Contact> {
    let entry = |kind, channel: &Channel, further| Contact {
        customer: subject.customer,
        rule: subject.number,
        kind,
        at,
        channel: world.channel_code(channel),
        further,
    };
    let mut entries: Vec<Contact> = Vec::new();
    if subject.rule.draft {
        return vec![entry(ContactKind::Draft, &Channel::email(), false)];
    }
    for message in subject.messages(world.rules) {
        let kind = match message.purpose {
            Purpose::Marketing => ContactKind::Marketing,
            Purpose::Transactional => ContactKind::Transactional,
        };
        entries.push(entry(kind, &message.channel, !entries.is_empty()));
    }
    if entries.is_empty() {
        entries.push(entry(ContactKind::Call, &Channel::email(), false));
    }
    entries
}

/// When a message may leave: when it is due; after quiet hours, spread by its decision, so that all
/// messages of one decision leave together.
fn released(due: Due, key: MessageKey, expires: Option<Instant>) -> Instant {
    match due.waits {
        Some(Wait::QuietHours) => spread(due.at, key.decision.customer, expires),
        Some(Wait::Cap) | None => due.at,
    }
}

/// When what waited for one end of quiet hours leaves. One that would expire while the others are
/// spread goes first.
pub(super) fn spread(end: Instant, customer: CustomerNumber, expires: Option<Instant>) -> Instant {
    let mixed = u64::from(customer.0).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32;
    let share = i64::try_from(mixed).unwrap_or(0);
    let spread = end.plus(Duration((share * RELEASE.0) >> 32));
    expires.map_or(spread, |expires| spread.min(expires.max(end)))
}

/// What an action leaves in the outbox.
fn message(
    world: &World<'_>,
    rule: &Rule,
    (run, due): (&Run, Due),
    key: MessageKey,
    action: &Action,
    call_fields: Vec<(String, String)>,
) -> OpenMessage {
    let (target, is_call, marketing, channel, expires_after) = match action {
        Action::Send(position) => {
            let message = &world.rules.messages[*position];
            let marketing = message.purpose == Purpose::Marketing;
            (message.name.clone(), false, marketing, message.channel.clone(), message.expires_after)
        }
        Action::Call { webhook, .. } => {
            (world.rules.webhooks[*webhook].name.clone(), true, false, Channel(CALLS.into()), None)
        }
        Action::Set { field, .. } => {
            (world.rules.schema.field(*field).name.clone(), true, false, Channel(SETS.into()), None)
        }
    };
    let expires = expires_after.map(|after| run.now.plus(after));
    OpenMessage {
        key,
        rule: rule.name.clone(),
        target,
        is_call,
        is_set: matches!(action, Action::Set { .. }),
        marketing,
        channel,
        customer: key.decision.customer,
        decided: run.now,
        due: due.at,
        waits: due.waits,
        state: MessageState::Pending,
        next_attempt: released(due, key, expires),
        expires,
        attempts: 0,
        last: None,
        frozen: None,
        provenance: (run.commit.clone(), rule.place.to_string()),
        call_fields,
        event: None,
        cost: match action {
            Action::Send(position) => cost(world, &world.rules.messages[*position]),
            Action::Call { .. } | Action::Set { .. } => None,
        },
    }
}

/// What a message costs, in the workspace's currency.
fn cost(world: &World<'_>, message: &Message) -> Option<Cost> {
    message.cost.map(|amount| Cost { amount, currency: world.rules.workspace.currency })
}

/// What the messages of a decision cost together.
fn together(world: &World<'_>, subject: &Subject<'_>) -> Option<Cost> {
    let costs = subject.messages(world.rules).filter_map(|message| cost(world, message));
    costs.reduce(|one, other| {
        // The checker keeps each far from the end.
        Cost { amount: Money(one.amount.0.saturating_add(other.amount.0)), ..one }
    })
}
