//! The rules tree in memory.

use std::collections::BTreeMap;

use ring::digest::{Context, SHA256};

use crate::model::RuleSetHash;

/// All files of a rules tree: path relative to its root, with `/`, to contents.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Files(BTreeMap<String, Vec<u8>>);

impl Files {
    /// No files.
    #[must_use]
    pub const fn new() -> Self {
        Self(BTreeMap::new())
    }

    /// Adds or replaces a file.
    pub fn insert(&mut self, path: impl Into<String>, contents: impl Into<Vec<u8>>) {
        self.0.insert(path.into(), contents.into());
    }

    /// A file's contents.
    #[must_use]
    pub fn get(&self, path: &str) -> Option<&[u8]> {
        self.0.get(path).map(Vec::as_slice)
    }

    /// Paths and contents in the order of the paths.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.0.iter().map(|(path, contents)| (path.as_str(), contents.as_slice()))
    }

    /// Those whose paths begin so.
    pub(super) fn beginning<'f>(&'f self, start: &'f str) -> impl Iterator<Item = (&'f str, &'f [u8])> {
        let from = (std::ops::Bound::Included(start), std::ops::Bound::Unbounded);
        let files = self.0.range::<str, _>(from).take_while(move |(path, _)| path.starts_with(start));
        files.map(|(path, contents)| (path.as_str(), contents.as_slice()))
    }

    /// How many files.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is no file.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// SHA-256 over paths and contents in the order of the paths, each led by its length so that
    /// nothing can move from one to the other unseen.
    #[must_use]
    pub fn hash(&self) -> RuleSetHash {
        let mut context = Context::new(&SHA256);
        for (path, contents) in self.iter() {
            for bytes in [path.as_bytes(), contents] {
                context.update(&(bytes.len() as u64).to_le_bytes());
                context.update(bytes);
            }
        }
        let mut hash = [0; 32];
        hash.copy_from_slice(context.finish().as_ref());
        RuleSetHash(hash)
    }
}

impl From<BTreeMap<String, Vec<u8>>> for Files {
    fn from(tree: BTreeMap<String, Vec<u8>>) -> Self {
        Self(tree)
    }
}

impl<P: Into<String>, C: Into<Vec<u8>>> FromIterator<(P, C)> for Files {
    fn from_iter<I: IntoIterator<Item = (P, C)>>(files: I) -> Self {
        Self(files.into_iter().map(|(path, contents)| (path.into(), contents.into())).collect())
    }
}

/// Bytes as two digits each.
pub(super) fn hexadecimal(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |nibble: u8| char::from(DIGITS[usize::from(nibble)]);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_sees_every_path_and_byte_and_no_order() {
        let files = |list: &[(&str, &str)]| list.iter().map(|&(p, c)| (p, c)).collect::<Files>().hash();
        let base = files(&[("a", "bc"), ("d", "")]);
        assert_eq!(base, files(&[("d", ""), ("a", "bc")]));
        for other in [
            &[("a", "bc")][..],
            &[("ab", "c"), ("d", "")],
            &[("a", "b"), ("d", "c")],
            &[("a", "bc"), ("e", "")],
        ] {
            assert_ne!(base, files(other), "{other:?}");
        }
    }
}
