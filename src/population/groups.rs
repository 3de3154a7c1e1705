//! Everybody by what one field says: who lives in which zone.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::Bitmap;
use crate::ruleset::FieldId;

use super::{Bits, Column, Population, ROWS};

impl Population {
    /// The different texts of a field, and whether somebody has none.
    #[must_use]
    pub fn texts_of(&self, field: FieldId) -> (BTreeSet<&str>, bool) {
        let mut texts = BTreeSet::new();
        let mut missing = false;
        for chunk in self.chunks.iter() {
            match chunk.columns.get(usize::from(field.0)).map(|column| &**column) {
                Some(Column::Texts(column)) => {
                    texts.extend(column.words.iter().map(|word| &**word));
                    missing |= !chunk.exists.without(&column.known()).is_empty();
                }
                Some(Column::Scalars(_)) | None => missing |= !chunk.exists.is_empty(),
            }
        }
        (texts, missing)
    }

    /// Everybody by the text of a field; `None` for those who have none.
    #[must_use]
    pub fn by_text(&self, field: FieldId) -> BTreeMap<Option<&str>, Bitmap> {
        let mut groups: BTreeMap<Option<&str>, Vec<u64>> = BTreeMap::new();
        let mut add = |text, index: usize, bits: &Bits| {
            if !bits.is_empty() {
                let words: &mut Vec<u64> = groups.entry(text).or_default();
                words.resize(index * ROWS / 64, 0);
                words.extend(bits.0);
            }
        };
        for (index, chunk) in self.chunks.iter().enumerate() {
            let Some(Column::Texts(texts)) = chunk.columns.get(usize::from(field.0)).map(|column| &**column)
            else {
                add(None, index, &chunk.exists);
                continue;
            };
            let mut members = vec![Bits::EMPTY; texts.words.len()];
            let mut missing = Bits::EMPTY;
            for (row, code) in texts.codes.iter().enumerate() {
                let group = members.get_mut(usize::from(*code)).unwrap_or(&mut missing);
                group.set(row, true);
            }
            for (word, bits) in texts.words.iter().zip(&members) {
                add(Some(&**word), index, &bits.and(&chunk.exists));
            }
            add(None, index, &missing.and(&chunk.exists));
        }
        groups.into_iter().map(|(text, words)| (text, Bitmap::from_words(words))).collect()
    }
}
