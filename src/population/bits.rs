//! A set of rows of one chunk: 512 bytes, on the stack, combined a word at a time.

use crate::model::Bitmap;

use super::ROWS;

/// Words in a chunk's set.
pub const WORDS: usize = ROWS / 64;

/// Rows of one chunk, 64 a word, lowest bit first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bits(pub [u64; WORDS]);

impl Bits {
    /// No row.
    pub const EMPTY: Self = Self([0; WORDS]);
    /// Every row.
    pub const FULL: Self = Self([u64::MAX; WORDS]);

    /// The rows of the chunk whose first customer is `first`.
    #[must_use]
    pub fn of(members: &Bitmap, first: u32) -> Self {
        let start = (first as usize / 64).min(members.words().len());
        let mut rows = Self::EMPTY;
        for (word, from) in rows.0.iter_mut().zip(&members.words()[start..]) {
            *word = *from;
        }
        rows
    }

    /// Whether the row is in.
    #[must_use]
    pub const fn get(&self, row: usize) -> bool {
        self.0[row / 64] >> (row % 64) & 1 == 1
    }

    /// Puts the row in, or takes it out.
    pub const fn set(&mut self, row: usize, member: bool) {
        let bit = 1 << (row % 64);
        if member {
            self.0[row / 64] |= bit;
        } else {
            self.0[row / 64] &= !bit;
        }
    }

    fn zip(&self, other: &Self, combine: impl Fn(u64, u64) -> u64) -> Self {
        let mut result = *self;
        for (word, &more) in result.0.iter_mut().zip(&other.0) {
            *word = combine(*word, more);
        }
        result
    }

    /// Those in both.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        self.zip(other, |a, b| a & b)
    }

    /// Those in either.
    #[must_use]
    pub fn or(&self, other: &Self) -> Self {
        self.zip(other, |a, b| a | b)
    }

    /// Those in `self` but not in `other`.
    #[must_use]
    pub fn without(&self, other: &Self) -> Self {
        self.zip(other, |a, b| a & !b)
    }

    /// Whether no row is in.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.iter().all(|&word| word == 0)
    }

    /// How many rows.
    #[must_use]
    pub fn count(&self) -> u32 {
        self.0.iter().map(|word| word.count_ones()).sum()
    }

    /// The rows in rising order.
    pub fn iter(&self) -> impl Iterator<Item = usize> + '_ {
        self.0.iter().enumerate().flat_map(|(index, &word)| {
            let mut rest = word;
            std::iter::from_fn(move || {
                (rest != 0).then(|| {
                    let bit = rest.trailing_zeros() as usize;
                    rest &= rest - 1;
                    index * 64 + bit
                })
            })
        })
    }
}
