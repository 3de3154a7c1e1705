//! What a send costs.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::model::{Currency, Money};

/// An amount that is spent, as it was when it was decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cost {
    /// How much.
    pub amount: Money,
    /// Of the workspace's currency; none: it had not named one.
    pub currency: Option<Currency>,
}

impl fmt::Display for Cost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.currency {
            Some(currency) => write!(f, "{} {currency}", self.amount),
            None => write!(f, "{}", self.amount),
        }
    }
}
