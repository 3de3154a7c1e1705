//! Sets of customers as bits, by customer number.

use serde::{Deserialize, Serialize};

/// Customers in one stored block of a bitmap: 2 KiB of bits, well under the store's 4 KiB a value.
pub const BLOCK: u32 = 16_384;

const WORDS_PER_BLOCK: usize = BLOCK as usize / 64;

/// A growing set of small integers; reading past its end finds nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Bitmap {
    words: Vec<u64>,
}

impl Bitmap {
    /// The empty set.
    #[must_use]
    pub const fn new() -> Self {
        Self { words: Vec::new() }
    }

    /// A set from its words, 64 members a word, lowest bit first.
    #[must_use]
    pub const fn from_words(words: Vec<u64>) -> Self {
        Self { words }
    }

    /// The words, lowest members first.
    #[must_use]
    pub fn words(&self) -> &[u64] {
        &self.words
    }

    /// Whether `member` is in the set.
    #[must_use]
    pub fn contains(&self, member: u32) -> bool {
        self.words.get(member as usize / 64).is_some_and(|word| word >> (member % 64) & 1 == 1)
    }

    /// Puts `member` in; says whether it was not there before.
    pub fn insert(&mut self, member: u32) -> bool {
        let index = member as usize / 64;
        if index >= self.words.len() {
            self.words.resize(index + 1, 0);
        }
        let bit = 1 << (member % 64);
        let new = self.words[index] & bit == 0;
        self.words[index] |= bit;
        new
    }

    /// Takes `member` out; says whether it was there.
    pub fn remove(&mut self, member: u32) -> bool {
        let bit = 1 << (member % 64);
        let Some(word) = self.words.get_mut(member as usize / 64) else { return false };
        let there = *word & bit != 0;
        *word &= !bit;
        there
    }

    /// How many members.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.words.iter().map(|word| u64::from(word.count_ones())).sum()
    }

    /// Whether there is no member.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.words.iter().all(|&word| word == 0)
    }

    /// The members in rising order.
    pub fn iter(&self) -> impl Iterator<Item = u32> + '_ {
        self.iter_from(0)
    }

    /// The members from `start` on, in rising order.
    pub fn iter_from(&self, start: u32) -> impl Iterator<Item = u32> + '_ {
        let first = start as usize / 64;
        self.words.iter().enumerate().skip(first).flat_map(move |(index, &word)| {
            let mut rest = if index == first { word & (u64::MAX << (start % 64)) } else { word };
            std::iter::from_fn(move || {
                (rest != 0).then(|| {
                    let bit = rest.trailing_zeros();
                    rest &= rest - 1;
                    u32::try_from(index * 64).unwrap_or(u32::MAX) + bit
                })
            })
        })
    }

    /// Adds every member of `other`.
    pub fn union(&mut self, other: &Self) {
        if other.words.len() > self.words.len() {
            self.words.resize(other.words.len(), 0);
        }
        for (word, more) in self.words.iter_mut().zip(&other.words) {
            *word |= more;
        }
    }

    /// Keeps only the members of `other`.
    pub fn intersect(&mut self, other: &Self) {
        for (index, word) in self.words.iter_mut().enumerate() {
            *word &= other.words.get(index).copied().unwrap_or(0);
        }
    }

    /// Takes every member of `other` out.
    pub fn subtract(&mut self, other: &Self) {
        for (word, less) in self.words.iter_mut().zip(&other.words) {
            *word &= !less;
        }
    }

    /// The numbers of the stored blocks that hold members.
    pub fn blocks(&self) -> impl Iterator<Item = u32> + '_ {
        (0_u32..)
            .zip(self.words.chunks(WORDS_PER_BLOCK))
            .filter(|(_, words)| words.iter().any(|&w| w != 0))
            .map(|(n, _)| n)
    }

    /// One block's bits as bytes, little end first, trailing zeros left out (empty: no members).
    #[must_use]
    pub fn block_bytes(&self, block: u32) -> Vec<u8> {
        let start = (block as usize * WORDS_PER_BLOCK).min(self.words.len());
        let end = (start + WORDS_PER_BLOCK).min(self.words.len());
        let mut bytes: Vec<u8> = self.words[start..end].iter().flat_map(|word| word.to_le_bytes()).collect();
        bytes.truncate(bytes.iter().rposition(|&b| b != 0).map_or(0, |last| last + 1));
        bytes
    }

    /// Replaces one block by bytes that [`Bitmap::block_bytes`] wrote; what lies beyond a block is ignored.
    pub fn set_block_bytes(&mut self, block: u32, bytes: &[u8]) {
        let start = block as usize * WORDS_PER_BLOCK;
        if self.words.len() < start + WORDS_PER_BLOCK {
            self.words.resize(start + WORDS_PER_BLOCK, 0);
        }
        for (index, word) in self.words[start..start + WORDS_PER_BLOCK].iter_mut().enumerate() {
            let mut eight = [0; 8];
            for (offset, byte) in eight.iter_mut().enumerate() {
                *byte = bytes.get(index * 8 + offset).copied().unwrap_or(0);
            }
            *word = u64::from_le_bytes(eight);
        }
    }
}

impl FromIterator<u32> for Bitmap {
    fn from_iter<I: IntoIterator<Item = u32>>(members: I) -> Self {
        let mut set = Self::new();
        for member in members {
            set.insert(member);
        }
        set
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    proptest::proptest! {
        #[test]
        fn behaves_like_a_set(a: BTreeSet<u16>, b: BTreeSet<u16>, start: u16) {
            let of = |set: &BTreeSet<u16>| set.iter().map(|&m| u32::from(m)).collect::<Bitmap>();
            let back = |map: &Bitmap| map.iter().map(|m| u16::try_from(m).unwrap()).collect::<BTreeSet<u16>>();
            proptest::prop_assert_eq!(back(&of(&a)), a.clone());
            let (mut union, mut both, mut less) = (of(&a), of(&a), of(&a));
            union.union(&of(&b));
            both.intersect(&of(&b));
            less.subtract(&of(&b));
            proptest::prop_assert_eq!(back(&union), &a | &b);
            proptest::prop_assert_eq!(back(&both), &a & &b);
            proptest::prop_assert_eq!(back(&less), &a - &b);
            let from: Vec<u32> = of(&a).iter_from(u32::from(start)).collect();
            let expected: Vec<u32> = a.range(start..).map(|&m| u32::from(m)).collect();
            proptest::prop_assert_eq!(from, expected);
            let mut copy = Bitmap::new();
            for block in of(&a).blocks().collect::<Vec<_>>() {
                copy.set_block_bytes(block, &of(&a).block_bytes(block));
            }
            proptest::prop_assert_eq!(back(&copy), a);
        }
    }
}
