//! Whose messages they are.

use super::{Index, Standing};
use crate::model::{CustomerNumber, DecisionKey, Instant, Occurrence, RuleNumber};
use crate::record::MessageKey;

/// A message's key with the customer before the rest.
pub(super) type Key = (CustomerNumber, RuleNumber, Occurrence, u8);

pub(super) const fn key(message: MessageKey) -> Key {
    let MessageKey { decision: DecisionKey { rule, occurrence, customer }, action } = message;
    (customer, rule, occurrence, action)
}

const fn message((customer, rule, occurrence, action): Key) -> MessageKey {
    MessageKey { decision: DecisionKey { rule, occurrence, customer }, action }
}

impl Index {
    /// The messages to a customer that stand in their queues, with the instants they were decided.
    pub(in crate::outbox) fn waiting_for(&self, customer: CustomerNumber) -> Vec<(Instant, MessageKey)> {
        let first = (customer, RuleNumber(0), Occurrence(i64::MIN), 0);
        let last = (customer, RuleNumber(u32::MAX), Occurrence(i64::MAX), u8::MAX);
        let waits = |key: MessageKey| {
            let entry = self.entries.get(&key)?;
            matches!(entry.standing, Standing::Due(_)).then_some((entry.decided, key))
        };
        self.customers.range(first..=last).filter_map(|&key| waits(message(key))).collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::config::DomainLimits;
    use crate::outbox::{Route, sample};
    use crate::record::OpenMessage;

    fn open((customer, rule, action): (u32, u32, u8)) -> OpenMessage {
        let customer = CustomerNumber(customer);
        let decision = DecisionKey { rule: RuleNumber(rule), occurrence: Occurrence(-1), customer };
        let message = sample::message(MessageKey { decision, action }, Instant(0));
        OpenMessage { is_call: action > 1, decided: Instant(i64::from(rule)), ..message }
    }

    proptest! {
        /// What a look at every message would find, whatever was added, taken and ended before.
        #[test]
        fn a_customers_messages_are_those_that_a_look_at_all_finds(
            steps in prop::collection::vec((0_u8..4, (0_u32..4, 0_u32..3, 0_u8..4)), 1..60),
        ) {
            let mut index = Index::new(DomainLimits::none());
            let (mail, _) = index.queue(&Route::Email);
            let (crm, _) = index.queue(&Route::Endpoint("crm".into()));
            for (step, which) in steps {
                let message = open(which);
                match step {
                    0 | 1 => index.put(&[(mail, "a.example".into(), &message)]),
                    2 => index.remove(message.key),
                    _ if which.2 == 0 => index.rehome(mail, crm),
                    _ => drop(index.take_one(message.key)),
                }
                for customer in (0..4).map(CustomerNumber) {
                    let mut found = index.waiting_for(customer);
                    let waits = |(key, entry): (&MessageKey, &super::super::Entry)| {
                        let is_due = matches!(entry.standing, Standing::Due(_));
                        (key.decision.customer == customer && is_due).then_some((entry.decided, *key))
                    };
                    let mut all: Vec<_> = index.entries.iter().filter_map(waits).collect();
                    found.sort_unstable();
                    all.sort_unstable();
                    prop_assert_eq!(found, all);
                }
                prop_assert_eq!(index.customers.len(), index.entries.len());
                let due = index.entries.values().filter(|entry| matches!(entry.standing, Standing::Due(_)));
                let lines: usize = index.queues.iter().map(|queue| queue.line.len()).sum();
                prop_assert_eq!(due.count(), lines, "each stands in one line");
            }
        }
    }
}
