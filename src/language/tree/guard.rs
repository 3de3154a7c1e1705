//! The words by which a policy pauses a rule or holds a run.

use super::Name;
use crate::diagnostic::Span;
use crate::model::Share;
use crate::ruleset::Comparison;

/// `pause a rule when bounces > 5% or complaints > 0.3%`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GuardClause {
    /// Its signs in the order written, one or more.
    pub signs: Vec<GuardWords>,
}

/// `bounces > 5%`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GuardWords {
    /// What is counted; the checker knows the words.
    pub sign: Name,
    /// How it is compared, and where that stands; only `>` makes sense.
    pub comparison: (Comparison, Span),
    /// With what.
    pub threshold: ThresholdWords,
    /// All of it.
    pub span: Span,
}

/// `50%`, or a number that lacks its `%`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ThresholdWords {
    /// The share; none: a bare number.
    pub share: Option<Share>,
    /// Where it stands.
    pub span: Span,
}
