//! The codes: stable for ever, one page of explanation each.

use super::Severity;

/// A stable code of a diagnostic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Code {
    /// A construct of the language that this version does not run yet.
    NotAvailableYet,
}

impl Code {
    /// All codes, in the order of their numbers.
    pub const ALL: &'static [Self] = &[Self::NotAvailableYet];

    /// `E001`, `W101`.
    #[must_use]
    pub const fn number(self) -> &'static str {
        match self {
            Self::NotAvailableYet => "E001",
        }
    }

    /// Error or warning.
    #[must_use]
    pub const fn severity(self) -> Severity {
        match self {
            Self::NotAvailableYet => Severity::Error,
        }
    }

    /// The lint's name, for those that can be allowed.
    #[must_use]
    pub const fn lint(self) -> Option<&'static str> {
        match self {
            Self::NotAvailableYet => None,
        }
    }
}
