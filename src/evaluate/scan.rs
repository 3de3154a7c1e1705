//! Scans over the columns of a chunk, for the rows that are asked for.

use crate::compile::{Node, Order, TextTest};
use crate::population::{Bits, Chunk, Column, Texts};

use super::kernel::{pack, test, test_both};
use super::row::text_holds;

/// Below so many rows a scan looks at no others, though they might be asked for later.
const SPARSE: u32 = 512;

/// Where the numbers of an operand are.
#[derive(Clone, Copy)]
pub(super) enum Source<'s> {
    /// In the chunk, for all rows.
    Field(&'s [i64], &'s Bits),
    /// Computed, for the rows that were asked for.
    Computed(&'s [i64], &'s Bits),
    Constant(i64),
    Unknown,
}

impl Source<'_> {
    pub(super) fn at(&self, row: usize) -> Option<i64> {
        match self {
            Self::Field(values, known) | Self::Computed(values, known) => known.get(row).then(|| values[row]),
            Self::Constant(value) => Some(*value),
            Self::Unknown => None,
        }
    }
}

pub(super) const fn constant(scope: &Bits, truth: bool) -> (Bits, Bits, Bits) {
    if truth { (*scope, *scope, Bits::EMPTY) } else { (*scope, Bits::EMPTY, *scope) }
}

/// Compares two operands; a scan over fields takes in all rows while it is there.
pub(super) fn compare(
    order: Order,
    left: Source<'_>,
    right: Source<'_>,
    missing: &Bits,
) -> (Bits, Bits, Bits) {
    use Source::{Computed, Constant, Field, Unknown};
    let computed = matches!(left, Computed(..)) || matches!(right, Computed(..));
    let scope = if computed || missing.count() < SPARSE { *missing } else { Bits::FULL };
    let (yes, known) = match (left, right) {
        (Unknown, _) | (_, Unknown) => return (scope, Bits::EMPTY, Bits::EMPTY),
        (Constant(a), Constant(b)) => {
            return constant(
                &scope,
                match order {
                    Order::Equal => a == b,
                    Order::Less => a < b,
                },
            );
        }
        (Field(values, known) | Computed(values, known), Constant(c)) => match order {
            Order::Equal => (test(values, &scope, |v| v == c), *known),
            Order::Less => (test(values, &scope, |v| v < c), *known),
        },
        (Constant(c), Field(values, known) | Computed(values, known)) => match order {
            Order::Equal => (test(values, &scope, |v| c == v), *known),
            Order::Less => (test(values, &scope, |v| c < v), *known),
        },
        (Field(a, a_known) | Computed(a, a_known), Field(b, b_known) | Computed(b, b_known)) => {
            let known = a_known.and(b_known);
            match order {
                Order::Equal => (test_both(a, b, &scope, |a, b| a == b), known),
                Order::Less => (test_both(a, b, &scope, |a, b| a < b), known),
            }
        }
    };
    (scope, yes.and(&known), known.without(&yes))
}

/// The texts of a field, where the node is one.
pub(super) fn field_texts<'c>(chunk: &'c Chunk, node: &Node) -> Option<&'c Texts> {
    let Node::Field(field) = node else { return None };
    match &**chunk.columns.get(usize::from(field.0))? {
        Column::Texts(texts) => Some(texts),
        Column::Scalars(_) => None,
    }
}

/// Asks each distinct text once, where that is less than asking each row.
pub(super) fn dictionary_test(
    texts: &Texts,
    test: &TextTest,
    list: bool,
    missing: &Bits,
) -> (Bits, Bits, Bits) {
    let known = texts.known();
    let mut yes = Bits::EMPTY;
    if (missing.count() as usize) < texts.words.len() {
        for row in missing.iter() {
            yes.set(row, texts.get(row).is_some_and(|text| text_holds(test, list, text)));
        }
        return (*missing, yes, known.without(&yes));
    }
    let passes: Vec<bool> = texts.words.iter().map(|word| text_holds(test, list, word)).collect();
    let (words, _) = texts.codes.as_chunks::<64>();
    for (word, codes) in yes.0.iter_mut().zip(words) {
        *word = pack(&codes.map(|code| passes.get(usize::from(code)).copied().unwrap_or(false)));
    }
    (Bits::FULL, yes, known.without(&yes))
}
