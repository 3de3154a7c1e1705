//! The inner loops: a test over a column of numbers makes bits.

use crate::population::{Bits, WORDS};

/// With at most so many rows of 64 in scope they are looked at one by one.
const FEW: u32 = 16;

/// The rows of `scope` whose value passes.
#[inline]
pub(super) fn test(values: &[i64], scope: &Bits, passes: impl Fn(i64) -> bool) -> Bits {
    let mut result = Bits::EMPTY;
    let (words, _) = values.as_chunks::<64>();
    for ((word, values), &scope) in result.0.iter_mut().zip(words).zip(&scope.0) {
        *word = if scope.count_ones() > FEW {
            let mut mask = [false; 64];
            for (passed, &value) in mask.iter_mut().zip(values) {
                *passed = passes(value);
            }
            pack(&mask) & scope
        } else {
            few(scope, |row| passes(values[row]))
        };
    }
    result
}

/// The rows of a word that pass, one by one.
#[inline]
fn few(scope: u64, passes: impl Fn(usize) -> bool) -> u64 {
    let (mut rest, mut word) = (scope, 0);
    while rest != 0 {
        let row = rest.trailing_zeros();
        word |= u64::from(passes(row as usize & 63)) << row;
        rest &= rest - 1;
    }
    word
}

/// As [`test`], over two columns.
#[inline]
pub(super) fn test_both(
    left: &[i64],
    right: &[i64],
    scope: &Bits,
    passes: impl Fn(i64, i64) -> bool,
) -> Bits {
    let mut result = Bits::EMPTY;
    for index in 0..WORDS {
        if scope.0[index].count_ones() <= FEW {
            result.0[index] =
                few(scope.0[index], |row| passes(left[index * 64 + row], right[index * 64 + row]));
            continue;
        }
        let mut mask = [false; 64];
        let pairs = left[index * 64..][..64].iter().zip(&right[index * 64..][..64]);
        for (passed, (&left, &right)) in mask.iter_mut().zip(pairs) {
            *passed = passes(left, right);
        }
        result.0[index] = pack(&mask) & scope.0[index];
    }
    result
}

/// 64 flags as bits, lowest first: eight flags at a time are gathered by one multiplication, which
/// adds byte `i` (0 or 1) to bit `i` of the highest byte.
#[inline]
pub(super) fn pack(mask: &[bool; 64]) -> u64 {
    const GATHER: u64 = 0x0102_0408_1020_4080;
    let mut word = 0;
    let (eights, _) = mask.as_chunks::<8>();
    for (index, eight) in eights.iter().enumerate() {
        let bits = u64::from_le_bytes(eight.map(u8::from)).wrapping_mul(GATHER) >> 56;
        word |= bits << (index * 8);
    }
    word
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::population::ROWS;

    proptest::proptest! {
        #[test]
        fn packing_keeps_each_flag_in_its_place(word: u64) {
            let mask = std::array::from_fn(|bit| word >> bit & 1 == 1);
            proptest::prop_assert_eq!(pack(&mask), word);
        }

        #[test]
        fn a_test_marks_the_rows_that_pass(seed: i64, limit in -50_i64..50) {
            let values: Vec<i64> = (0..4_096_i64).map(|row| (row * 31).wrapping_add(seed) % 50).collect();
            let found: Vec<usize> = test(&values, &Bits::FULL, |v| v < limit).iter().collect();
            let expected: Vec<usize> = (0..ROWS).filter(|&row| values[row] < limit).collect();
            proptest::prop_assert_eq!(found, expected);
        }
    }
}
