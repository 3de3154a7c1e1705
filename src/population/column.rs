//! Columns of one chunk: numbers with a set of the known rows, texts as codes into a dictionary.
//!
//! A patched column equals one that was built at once from the same rows: dictionaries hold what is
//! used and nothing else, unknown cells hold zero.

use std::sync::Arc;

use super::{Bits, ROWS};

/// The code of an unknown text.
pub(crate) const NO_TEXT: u16 = u16::MAX;

/// A field of the customers of a chunk.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Column {
    /// Everything that is one `i64`.
    Scalars(Scalars),
    /// Texts and lists of texts.
    Texts(Texts),
}

/// Numbers; zero where unknown.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Scalars {
    /// One a row.
    pub(crate) values: Vec<i64>,
    /// The rows that have a value.
    pub(crate) known: Box<Bits>,
}

/// Texts by their code.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Texts {
    /// Sorted, distinct.
    pub(crate) words: Vec<Arc<str>>,
    /// One a row, [`NO_TEXT`] where unknown.
    pub(crate) codes: Vec<u16>,
}

impl Scalars {
    /// A column in which nothing is known.
    pub(crate) fn empty() -> Self {
        Self { values: vec![0; ROWS], known: Box::new(Bits::EMPTY) }
    }

    /// The row's value.
    pub(crate) fn get(&self, row: usize) -> Option<i64> {
        self.known.get(row).then(|| self.values[row])
    }

    /// Replaces the row's value.
    pub(crate) fn set(&mut self, row: usize, value: Option<i64>) {
        self.values[row] = value.unwrap_or(0);
        self.known.set(row, value.is_some());
    }
}

impl Texts {
    /// A column in which nothing is known.
    pub(crate) fn empty() -> Self {
        Self { words: Vec::new(), codes: vec![NO_TEXT; ROWS] }
    }

    /// The row's text.
    pub(crate) fn get(&self, row: usize) -> Option<&str> {
        self.words.get(usize::from(self.codes[row])).map(|word| &**word)
    }

    /// The rows that have a text.
    pub(crate) fn known(&self) -> Bits {
        let mut known = Bits::EMPTY;
        for (row, &code) in self.codes.iter().enumerate() {
            known.set(row, code != NO_TEXT);
        }
        known
    }

    /// A copy with some rows replaced; `patches` names each row at most once.
    pub(crate) fn patched(&self, patches: &[(usize, Option<&str>)]) -> Self {
        let mut codes = self.codes.clone();
        for &(row, _) in patches {
            codes[row] = NO_TEXT;
        }
        let mut used = vec![false; self.words.len()];
        for &code in &codes {
            if let Some(used) = used.get_mut(usize::from(code)) {
                *used = true;
            }
        }
        let merged = merge(&self.words, &used, patches.iter().filter_map(|&(_, text)| text).collect());
        for code in &mut codes {
            if let Some(&moved) = merged.moved.get(usize::from(*code)) {
                *code = narrow(moved);
            }
        }
        for &(row, text) in patches {
            codes[row] = text.map_or(NO_TEXT, |text| narrow(code_of(&merged.words, text)));
        }
        Self { words: merged.words, codes }
    }
}

/// A chunk has at most 4,096 distinct texts a field, so a code fits.
fn narrow(code: u32) -> u16 {
    u16::try_from(code).unwrap_or(NO_TEXT)
}

/// A dictionary of the words that stay and the words that come.
pub(crate) struct Merged {
    /// Sorted, distinct.
    pub(crate) words: Vec<Arc<str>>,
    /// From the old code to the new; meaningless for a word that left.
    pub(crate) moved: Vec<u32>,
}

/// Merges the old words that are still used with new ones.
pub(crate) fn merge(old: &[Arc<str>], used: &[bool], mut new: Vec<&str>) -> Merged {
    new.sort_unstable();
    new.dedup();
    let mut new = new.into_iter().peekable();
    let mut words: Vec<Arc<str>> = Vec::with_capacity(new.len() + old.len());
    let mut moved = Vec::with_capacity(old.len());
    for (word, &used) in old.iter().zip(used) {
        while let Some(less) = new.next_if(|&n| n < &**word) {
            words.push(less.into());
        }
        let again = new.next_if(|&n| n == &**word).is_some();
        moved.push(u32::try_from(words.len()).unwrap_or(u32::MAX));
        if used || again {
            words.push(Arc::clone(word));
        }
    }
    words.extend(new.map(Arc::from));
    Merged { words, moved }
}

/// The code of a word that is in the dictionary.
pub(crate) fn code_of(words: &[Arc<str>], word: &str) -> u32 {
    let found = words.binary_search_by(|w| (**w).cmp(word));
    found.ok().and_then(|code| u32::try_from(code).ok()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn a_patched_column_equals_one_built_at_once(
            patches in proptest::collection::vec((0_usize..9, proptest::option::of("[a-d]{0,2}")), 0..30)
        ) {
            let mut column = Texts::empty();
            let mut expected: Vec<Option<&str>> = vec![None; 9];
            for (row, text) in &patches {
                column = column.patched(&[(*row, text.as_deref())]);
                expected[*row] = text.as_deref();
            }
            let all: Vec<(usize, Option<&str>)> = expected.iter().copied().enumerate().collect();
            proptest::prop_assert!(column == Texts::empty().patched(&all));
            for (row, text) in all {
                proptest::prop_assert_eq!(column.get(row), text);
            }
        }
    }
}
