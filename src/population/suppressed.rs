//! On which addresses nobody may write to a customer.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::model::{Channel, CustomerNumber};

use super::{Chunk, Population, ROWS, chunk_of};

/// Which of a customer's addresses are suppressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Suppressed {
    /// That of e-mail.
    pub email: bool,
    /// The phone: that of every other channel.
    pub phone: bool,
}

impl Suppressed {
    /// None.
    pub const NONE: Self = Self { email: false, phone: false };
    /// All.
    pub const ALL: Self = Self { email: true, phone: true };

    /// Whether nothing may go by that channel.
    #[must_use]
    pub fn on(self, channel: &Channel) -> bool {
        if *channel == Channel::email() { self.email } else { self.phone }
    }

    /// Whether any is.
    #[must_use]
    pub const fn any(self) -> bool {
        self.email || self.phone
    }
}

impl From<bool> for Suppressed {
    /// All or none.
    fn from(all: bool) -> Self {
        if all { Self::ALL } else { Self::NONE }
    }
}

impl Chunk {
    /// Which addresses of a row are suppressed.
    pub(super) const fn suppressed_of(&self, row: usize) -> Suppressed {
        Suppressed { email: self.suppressed_emails.get(row), phone: self.suppressed_phones.get(row) }
    }

    pub(super) const fn suppress(&mut self, row: usize, suppressed: Suppressed) {
        self.suppressed_emails.set(row, suppressed.email);
        self.suppressed_phones.set(row, suppressed.phone);
    }
}

impl Population {
    /// Which of a customer's addresses are suppressed; none of one who is not here.
    #[must_use]
    pub fn suppressed(&self, number: CustomerNumber) -> Suppressed {
        self.row(number).map_or(Suppressed::NONE, |(chunk, row)| chunk.suppressed_of(row))
    }

    /// Whether any of a customer's addresses is suppressed.
    #[must_use]
    pub fn is_suppressed(&self, number: CustomerNumber) -> bool {
        self.suppressed(number).any()
    }

    /// Notes which addresses of some customers are suppressed now; those who are not here are passed
    /// over.
    pub fn suppress(&mut self, changes: &[(CustomerNumber, Suppressed)]) {
        let mut groups: BTreeMap<usize, Vec<(usize, Suppressed)>> = BTreeMap::new();
        for (number, suppressed) in changes.iter().filter(|(number, _)| self.contains(*number)) {
            groups.entry(chunk_of(*number)).or_default().push((number.0 as usize % ROWS, *suppressed));
        }
        if groups.is_empty() {
            return;
        }
        let chunks = Arc::make_mut(&mut self.chunks);
        for (index, rows) in groups {
            let chunk = Arc::make_mut(&mut chunks[index]);
            for (row, suppressed) in rows {
                chunk.suppress(row, suppressed);
            }
        }
    }
}
