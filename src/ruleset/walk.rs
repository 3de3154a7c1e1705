//! What an expression is made of, for whoever walks through it.

use super::{Expr, ExprKind, FieldId, Track};

/// What an expression asks of a customer by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Read {
    /// A field.
    Field(FieldId),
    /// A segmentation, by its position in the rule set.
    Segments(usize),
    /// An audience, by its position in the rule set.
    Audience(usize),
}

impl Expr {
    /// The expressions it is made of, in the order written; a `where` is one of them.
    #[must_use]
    pub fn children(&self) -> Vec<&Self> {
        match &self.kind {
            ExprKind::Constant(_)
            | ExprKind::Field(_)
            | ExprKind::EventField(..)
            | ExprKind::Fired(..)
            | ExprKind::TimeSince { .. }
            | ExprKind::Frequency
            | ExprKind::Segment(_)
            | ExprKind::Moved(_)
            | ExprKind::InAudience(_) => Vec::new(),
            ExprKind::Aggregate { filter, .. } => filter.iter().map(|filter| &**filter).collect(),
            ExprKind::OrElse(a, b) | ExprKind::Compare(_, a, b) => vec![a, b],
            ExprKind::ShareOf(_, a)
            | ExprKind::Contains(a, _)
            | ExprKind::StartsWith(a, _)
            | ExprKind::OneOf(a, _)
            | ExprKind::During(a, _)
            | ExprKind::Falls(a, _)
            | ExprKind::IsKnown(a)
            | ExprKind::Truth(a)
            | ExprKind::Not(a) => vec![a],
            ExprKind::Between(a, b, c) => vec![a, b, c],
            ExprKind::And(parts) | ExprKind::Or(parts) => parts.iter().collect(),
        }
    }

    /// What it names itself, its children left out.
    #[must_use]
    pub fn reads(&self) -> Option<Read> {
        match &self.kind {
            ExprKind::Field(field) => Some(Read::Field(*field)),
            ExprKind::Segment(position) => Some(Read::Segments(*position)),
            ExprKind::InAudience(position) => Some(Read::Audience(*position)),
            ExprKind::Moved(movement) => Some(match movement.track {
                Track::Field(field) => Read::Field(field),
                Track::Segments(position) => Read::Segments(position),
                Track::Audience(position) => Read::Audience(position),
            }),
            ExprKind::Constant(_)
            | ExprKind::EventField(..)
            | ExprKind::Fired(..)
            | ExprKind::TimeSince { .. }
            | ExprKind::Frequency
            | ExprKind::Aggregate { .. }
            | ExprKind::OrElse(..)
            | ExprKind::Compare(..)
            | ExprKind::ShareOf(..)
            | ExprKind::Contains(..)
            | ExprKind::StartsWith(..)
            | ExprKind::OneOf(..)
            | ExprKind::During(..)
            | ExprKind::Falls(..)
            | ExprKind::IsKnown(_)
            | ExprKind::Truth(_)
            | ExprKind::Not(_)
            | ExprKind::Between(..)
            | ExprKind::And(_)
            | ExprKind::Or(_) => None,
        }
    }
}
