//! The words that the engine computes.

/// The words of several words, and those that are computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Term {
    /// `orders`
    Orders,
    /// `revenue`
    Revenue,
    /// `average order value`
    AverageOrderValue,
    /// `recency`
    Recency,
    /// `tenure`
    Tenure,
    /// `frequency`
    Frequency,
}

impl Term {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Orders, Self::Revenue, Self::AverageOrderValue, Self::Recency, Self::Tenure, Self::Frequency];

    /// As it is written: also the value of a choice that is spelt like a term.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Orders => "orders",
            Self::Revenue => "revenue",
            Self::AverageOrderValue => "average order value",
            Self::Recency => "recency",
            Self::Tenure => "tenure",
            Self::Frequency => "frequency",
        }
    }
}
