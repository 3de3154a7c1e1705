//! A file or a body that was read to its end, and is not yet merged with what is stored.

use crate::model::Instant;

use super::{
    Customers, Events, ImportError, Kind, Options, Orders, Report, Rows, Suppressions, read_customers,
    read_events, read_orders, read_suppressions,
};

/// What a file or a body says.
#[derive(Debug)]
pub enum Parsed {
    /// Of customers.
    Customers(Customers),
    /// Of orders.
    Orders(Orders),
    /// Of events.
    Events(Events),
    /// Of whom nothing goes to.
    Suppressions(Suppressions),
}

impl Parsed {
    /// Reads a file or a body to its end; what is wrong with rows and cells goes to `report`.
    ///
    /// # Errors
    /// When nothing of it can be read.
    pub fn read(
        kind: Kind,
        rows: &mut dyn Rows,
        options: &Options<'_>,
        report: &mut Report<'_>,
    ) -> Result<Self, ImportError> {
        Ok(match kind {
            Kind::Customers => Self::Customers(read_customers(rows, options, report)?),
            Kind::Orders => Self::Orders(read_orders(rows, options, report)?),
            Kind::Events => Self::Events(read_events(rows, options, report)?),
            Kind::Suppressions => Self::Suppressions(read_suppressions(rows, options, report)?),
        })
    }

    /// The same, taken at another instant than it was read.
    #[must_use]
    pub fn taken_at(self, now: Instant) -> Self {
        match self {
            Self::Customers(customers) => Self::Customers(customers),
            Self::Orders(orders) => Self::Orders(orders.taken_at(now)),
            Self::Events(events) => Self::Events(events.taken_at(now)),
            Self::Suppressions(list) => Self::Suppressions(list),
        }
    }
}
