//! When a message is tried again.

use crate::model::Duration;
use crate::record::MessageKey;

/// Waits between attempts; after the last one a message is dead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retries(pub Vec<Duration>);

impl Retries {
    /// Mail: minutes first, for greylisting, over two days in all.
    #[must_use]
    pub fn mail() -> Self {
        Self([60, 300, 900, 3_600, 14_400, 43_200, 43_200, 72_000].map(Duration::seconds).to_vec())
    }

    /// Calls: the schedule of the Standard Webhooks specification.
    #[must_use]
    pub fn calls() -> Self {
        Self([5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400].map(Duration::seconds).to_vec())
    }

    /// The wait after attempt number `attempt` (from 1) failed; none: no more attempts. A tenth more
    /// or less, by the message and the attempt, so that what failed together does not come back
    /// together; the same at each asking.
    #[must_use]
    pub fn wait(&self, key: MessageKey, attempt: u32) -> Option<Duration> {
        let wait = self.0.get(usize::try_from(attempt.checked_sub(1)?).ok()?)?;
        let dice = crc32fast::hash(format!("{key}/{attempt}").as_bytes());
        let permille = 900 + i64::from(dice % 201);
        Some(Duration(wait.0.saturating_mul(permille) / 1_000))
    }

    /// All waits together: how long a message may be kept from an other side that cannot be reached.
    #[must_use]
    pub fn total(&self) -> Duration {
        Duration(self.0.iter().fold(0, |sum: i64, wait| sum.saturating_add(wait.0)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{CustomerNumber, DecisionKey, Occurrence, RuleNumber};

    fn key(customer: u32) -> MessageKey {
        let decision = DecisionKey {
            rule: RuleNumber(1),
            occurrence: Occurrence(1),
            customer: CustomerNumber(customer),
        };
        MessageKey { decision, action: 0 }
    }

    #[test]
    fn waits_follow_the_schedule_within_a_tenth_and_then_end() {
        for retries in [Retries::mail(), Retries::calls()] {
            for (attempt, base) in (1..).zip(&retries.0) {
                let waits: Vec<i64> =
                    (0..200).filter_map(|n| retries.wait(key(n), attempt)).map(|wait| wait.0).collect();
                assert_eq!(waits.len(), 200);
                assert!(waits.iter().all(|wait| wait * 10 >= base.0 * 9 && wait * 10 <= base.0 * 11));
                assert!(waits.iter().max() > waits.iter().min(), "no jitter");
            }
            let last = u32::try_from(retries.0.len()).unwrap();
            assert_eq!(retries.wait(key(1), last + 1), None);
            assert_eq!(retries.wait(key(1), 0), None);
            assert_eq!(retries.wait(key(1), 2), retries.wait(key(1), 2));
        }
        assert!(Retries::mail().total() >= Duration::days(2));
    }
}
