//! Who and what: customers, rules, occurrences, decisions.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The shop's own id of a customer. Personal data: it stands in profiles, never in logs.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct CustomerId(pub String);

impl fmt::Display for CustomerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for CustomerId {
    /// Hidden, so that no debug print carries it into a log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CustomerId(…)")
    }
}

/// The number a customer got at first sight; stored, never reused. Also the row in the population.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct CustomerNumber(pub u32);

impl fmt::Display for CustomerNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}", self.0)
    }
}

/// The number a rule's name got when it was first active in a store; never reused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct RuleNumber(pub u32);

/// Which firing of a rule: a scheduled instant in milliseconds, or, for a continuous rule, the
/// ordinal of the match (1, 2, …).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Occurrence(pub i64);

/// The key under which a decision is made once and never again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct DecisionKey {
    /// The rule.
    pub rule: RuleNumber,
    /// Its firing.
    pub occurrence: Occurrence,
    /// For whom.
    pub customer: CustomerNumber,
}

impl fmt::Display for DecisionKey {
    /// `d1-19b2c-4f`: rule, occurrence and customer in hexadecimal.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "d{:x}-{:x}-{:x}", self.rule.0, self.occurrence.0, self.customer.0)
    }
}

impl std::str::FromStr for DecisionKey {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let mut parts = text.strip_prefix('d').ok_or(())?.split('-');
        let mut next = || parts.next().and_then(|part| u64::from_str_radix(part, 16).ok()).ok_or(());
        let (rule, occurrence, customer) = (next()?, next()?, next()?);
        if parts.next().is_some() {
            return Err(());
        }
        Ok(Self {
            rule: RuleNumber(u32::try_from(rule).map_err(|_| ())?),
            occurrence: Occurrence(occurrence.cast_signed()),
            customer: CustomerNumber(u32::try_from(customer).map_err(|_| ())?),
        })
    }
}

/// SHA-256 over the texts of a whole rule set.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub struct RuleSetHash(pub [u8; 32]);

impl fmt::Display for RuleSetHash {
    /// The first twelve hexadecimal digits, enough to tell rule sets apart.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0[..6].iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for RuleSetHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// A way to reach a customer: `email`, or one that a webhook carries (`sms`, `push`).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Channel(pub String);

impl Channel {
    /// The channel that every workspace has.
    #[must_use]
    pub fn email() -> Self {
        Self("email".into())
    }
}

impl fmt::Display for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decision_key_reads_back_what_it_wrote() {
        let key = DecisionKey {
            rule: RuleNumber(7),
            occurrence: Occurrence(1_790_000_000_000),
            customer: CustomerNumber(4_999),
        };
        assert_eq!(key.to_string().parse(), Ok(key));
        for bad in ["", "d", "d1-2", "d1-2-3-4", "x1-2-3", "d1-2-100000000"] {
            assert_eq!(bad.parse::<DecisionKey>(), Err(()), "{bad}");
        }
    }

    #[test]
    fn a_customers_id_does_not_show_in_debug_prints() {
        assert!(!format!("{:?}", CustomerId("ana@shop.example".into())).contains("ana"));
    }
}
