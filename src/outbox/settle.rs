//! What an attempt's outcome makes of a message. Pure.

use super::Retries;
use crate::deliver::Outcome;
use crate::model::{Duration, Instant};
use crate::record::{Attempt, FinishedMessage, MessageState, OpenMessage, SuppressionReason};

/// When a message is tried again that was greylisted at its first attempt.
const GREYLISTED: Duration = Duration::seconds(300);

/// How a channel treats failure.
#[derive(Debug, Clone, Copy)]
pub(super) struct Terms<'a> {
    /// When to try again.
    pub(super) retries: &'a Retries,
    /// Whether marketing mail in doubt is held; false where a repeat does no harm or is wanted.
    pub(super) hold_doubt: bool,
    /// Where the whole queue stands still for the moment, until then.
    pub(super) unreachable_until: Instant,
}

/// A message after an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Settled {
    /// It stays open.
    Open(Box<OpenMessage>),
    /// It ended; the address may be bad.
    Finished(FinishedMessage, Option<SuppressionReason>),
}

/// What `outcome`, at `now`, makes of a claimed message.
pub(super) fn settle(mut message: OpenMessage, outcome: &Outcome, now: Instant, terms: Terms<'_>) -> Settled {
    message.last = Some(Attempt { at: now, result: outcome.reason().to_owned() });
    match outcome {
        Outcome::Sent { reply } => finished(&message, MessageState::Sent, now, reply.clone()),
        Outcome::Dead { reason, suppress, .. } => {
            Settled::Finished(finish(&message, MessageState::Dead, now, reason.clone()), *suppress)
        }
        Outcome::InDoubt { reason } if terms.hold_doubt => {
            Settled::Open(Box::new(in_doubt(message, now, reason)))
        }
        Outcome::Retry { reason, after } => again(message, reason, *after, now, terms),
        Outcome::InDoubt { reason } | Outcome::SlowDown { reason } => {
            again(message, reason, None, now, terms)
        }
        Outcome::Greylisted { reason } => greylisted(message, reason, now, terms),
        Outcome::Unreachable { reason } => unreachable(message, reason, now, terms),
    }
}

/// Holds a message for a person.
pub(super) fn in_doubt(mut message: OpenMessage, now: Instant, reason: &str) -> OpenMessage {
    message.state = MessageState::InDoubt;
    message.last = Some(Attempt { at: now, result: reason.to_owned() });
    message
}

/// Gives a claimed message back untouched: the claim was no attempt.
pub(super) fn give_back(mut message: OpenMessage) -> OpenMessage {
    message.attempts = message.attempts.saturating_sub(1);
    message.state = if message.attempts == 0 { MessageState::Pending } else { MessageState::Retry };
    message
}

/// Who greylists takes it after some minutes, whatever the schedule says; a server that says so again
/// and again is one that refuses for now.
fn greylisted(mut message: OpenMessage, reason: &str, now: Instant, terms: Terms<'_>) -> Settled {
    if message.attempts > 1 {
        return again(message, reason, None, now, terms);
    }
    message.state = MessageState::Retry;
    message.next_attempt = now.plus(Retries(vec![GREYLISTED]).wait(message.key, 1).unwrap_or(GREYLISTED));
    expired_or_open(message, reason, now)
}

fn expired_or_open(message: OpenMessage, reason: &str, now: Instant) -> Settled {
    if message.expires.is_some_and(|expires| message.next_attempt > expires) {
        let reason = format!("expired before the next attempt: {reason}");
        return finished(&message, MessageState::Dead, now, reason);
    }
    Settled::Open(Box::new(message))
}

fn again(
    mut message: OpenMessage,
    reason: &str,
    after: Option<Duration>,
    now: Instant,
    terms: Terms<'_>,
) -> Settled {
    let Some(wait) = terms.retries.wait(message.key, message.attempts) else {
        let reason = format!("gave up after {} attempts: {reason}", message.attempts);
        return finished(&message, MessageState::Dead, now, reason);
    };
    message.state = MessageState::Retry;
    message.next_attempt = now.plus(after.map_or(wait, |after| wait.max(after)));
    expired_or_open(message, reason, now)
}

/// No attempt is counted: nothing was said about this message. It is kept for as long as all its
/// retries together would take.
fn unreachable(mut message: OpenMessage, reason: &str, now: Instant, terms: Terms<'_>) -> Settled {
    let since = message.frozen.as_ref().map_or(message.decided, |frozen| frozen.at);
    let expired = message.expires.is_some_and(|expires| terms.unreachable_until > expires);
    if expired || now.since(since) > terms.retries.total() {
        let why = if expired { "expired" } else { "gave up" };
        return finished(&message, MessageState::Dead, now, format!("{why}: {reason}"));
    }
    message.attempts = message.attempts.saturating_sub(1);
    message.state = MessageState::Retry;
    message.next_attempt = terms.unreachable_until;
    Settled::Open(Box::new(message))
}

fn finished(message: &OpenMessage, state: MessageState, at: Instant, result: String) -> Settled {
    Settled::Finished(finish(message, state, at, result), None)
}

/// What is kept of a message that ended.
pub(super) fn finish(
    message: &OpenMessage,
    state: MessageState,
    at: Instant,
    result: String,
) -> FinishedMessage {
    FinishedMessage {
        key: message.key,
        rule: message.rule.clone(),
        target: message.target.clone(),
        channel: message.channel.clone(),
        state,
        at,
        attempts: message.attempts,
        result,
        cost: message.cost,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{CustomerNumber, DecisionKey, Occurrence, RuleNumber};
    use crate::outbox::sample;
    use crate::record::MessageKey;

    const NOW: Instant = Instant(1_790_000_000_000);

    /// A mail that is being sent for the time of that number.
    fn claimed(attempts: u32) -> OpenMessage {
        let decision =
            DecisionKey { rule: RuleNumber(1), occurrence: Occurrence(1), customer: CustomerNumber(1) };
        let message = sample::message(MessageKey { decision, action: 0 }, NOW);
        OpenMessage { state: MessageState::Claimed, attempts, ..message }
    }

    fn failures() -> [Outcome; 4] {
        let reason = || "no".to_owned();
        [
            Outcome::retry("no"),
            Outcome::SlowDown { reason: reason() },
            Outcome::Greylisted { reason: reason() },
            Outcome::Unreachable { reason: reason() },
        ]
    }

    fn settled(message: OpenMessage, outcome: &Outcome, retries: &[i64]) -> Settled {
        let retries = Retries(retries.iter().copied().map(Duration::seconds).collect());
        let until = NOW.plus(Duration::seconds(60));
        settle(message, outcome, NOW, Terms { retries: &retries, hold_doubt: true, unreachable_until: until })
    }

    #[test]
    fn what_would_be_tried_again_too_late_is_dead_whatever_failed() {
        for outcome in failures() {
            let message = OpenMessage { expires: Some(NOW.plus(Duration::seconds(30))), ..claimed(1) };
            let Settled::Finished(finished, None) = settled(message, &outcome, &[60, 60]) else {
                panic!("{outcome:?} goes on")
            };
            assert!(finished.result.starts_with("expired"), "{finished:?}");
            assert_eq!(finished.state, MessageState::Dead);
            let message = OpenMessage { expires: Some(NOW.plus(Duration::seconds(400))), ..claimed(1) };
            let Settled::Open(open) = settled(message, &outcome, &[60, 60]) else { panic!("{outcome:?}") };
            assert_eq!(open.state, MessageState::Retry);
        }
    }

    #[test]
    fn a_try_is_counted_unless_nobody_was_reached_and_greylisting_has_a_wait_of_its_own() {
        let wait =
            |attempts, outcome: &Outcome, retries: &[i64]| match settled(claimed(attempts), outcome, retries)
            {
                Settled::Open(open) => Some((open.attempts, open.next_attempt.since(NOW).0 / 1_000)),
                Settled::Finished(..) => None,
            };
        let [retry, slow, greylisted, unreachable] = failures();
        for outcome in [&retry, &slow] {
            let (attempts, seconds) = wait(1, outcome, &[60, 7_200]).unwrap();
            assert!(attempts == 1 && (54..=66).contains(&seconds), "{seconds}");
            assert_eq!(wait(3, outcome, &[60, 7_200]), None);
        }
        assert_eq!(wait(1, &unreachable, &[60]), Some((0, 60)));
        for retries in [&[60_i64][..], &[7_200], &[]] {
            let (attempts, seconds) = wait(1, &greylisted, retries).unwrap();
            assert!(attempts == 1 && (270..=330).contains(&seconds), "{seconds}");
        }
        let (_, second) = wait(2, &greylisted, &[60, 7_200]).unwrap();
        assert!((6_480..=7_920).contains(&second), "{second}");
        assert_eq!(wait(3, &greylisted, &[60, 7_200]), None);
    }
}
