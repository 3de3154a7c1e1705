//! Comparing trees by what they say.

use super::File;

impl File {
    /// Whether another tree says the same, wherever it says it. No field is left out, also none that
    /// is added one day: this is what `Debug` writes of them.
    #[must_use]
    pub fn says_the_same(&self, other: &Self) -> bool {
        self.items.len() == other.items.len()
            && self
                .items
                .iter()
                .zip(&other.items)
                .all(|(one, other)| format!("{one:-?}") == format!("{other:-?}"))
    }
}
