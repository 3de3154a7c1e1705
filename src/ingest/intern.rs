//! Texts by number: each distinct one is kept once, in one long string.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;

use super::ImportError;

/// A table of distinct texts, numbered in the order in which they came. Some 12 bytes a text besides
/// the text itself.
#[derive(Debug, Default)]
pub(super) struct Interner {
    text: String,
    /// Where each text ends.
    ends: Vec<u64>,
    /// Open addressing: a text's number plus one, 0 where free. Its length is a power of two.
    slots: Vec<u32>,
    hasher: RandomState,
}

impl Interner {
    /// How many texts there are.
    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    /// A text by its number.
    pub(super) fn get(&self, number: u32) -> &str {
        let number = number as usize;
        let start = if number == 0 { 0 } else { self.ends[number - 1] };
        let place = |at: u64| usize::try_from(at).unwrap_or(usize::MAX);
        &self.text[place(start)..place(self.ends[number])]
    }

    /// The number of a text, a new one where it was not seen before.
    pub(super) fn intern(&mut self, text: &str) -> Result<u32, ImportError> {
        if (self.ends.len() + 1) * 4 > self.slots.len() * 3 {
            self.grow();
        }
        let slot = self.slot(text);
        if let Some(number) = self.slots[slot].checked_sub(1) {
            return Ok(number);
        }
        let number = u32::try_from(self.ends.len())
            .ok()
            .filter(|number| *number < u32::MAX - 1)
            .ok_or(ImportError::TooMuch("different ids or texts"))?;
        self.text.push_str(text);
        self.ends.push(self.text.len() as u64);
        self.slots[slot] = number + 1;
        Ok(number)
    }

    /// Where the text is, or where it goes.
    fn slot(&self, text: &str) -> usize {
        let mask = self.slots.len() - 1;
        #[expect(clippy::cast_possible_truncation, reason = "the low bits of a hash are a hash")]
        let mut slot = self.hasher.hash_one(text) as usize & mask;
        while let Some(number) = self.slots[slot].checked_sub(1) {
            if self.get(number) == text {
                break;
            }
            slot = (slot + 1) & mask;
        }
        slot
    }

    fn grow(&mut self) {
        self.slots = vec![0; (self.slots.len() * 2).max(64)];
        for number in 0..u32::try_from(self.ends.len()).unwrap_or(u32::MAX) {
            let slot = self.slot(self.get(number));
            self.slots[slot] = number + 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn numbers_like_a_list_of_distinct_texts(texts in proptest::collection::vec("[ab]{0,4}", 0..200)) {
            let mut interner = Interner::default();
            let mut distinct: Vec<&str> = Vec::new();
            for text in &texts {
                let expected = distinct.iter().position(|seen| seen == text).unwrap_or_else(|| {
                    distinct.push(text);
                    distinct.len() - 1
                });
                proptest::prop_assert_eq!(interner.intern(text).unwrap() as usize, expected);
            }
            proptest::prop_assert_eq!(interner.len(), distinct.len());
            for (number, text) in (0..).zip(distinct) {
                proptest::prop_assert_eq!(interner.get(number), text);
            }
        }
    }
}
