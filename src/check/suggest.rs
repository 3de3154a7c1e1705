//! Did you mean …?

use crate::language::nearest_within;

/// Names that are compared at most: beyond, a did-you-mean would cost more than it helps where
/// thousands of names are wrong.
const MAX_NAMES: usize = 2_000;

/// The name nearest to `written`, where one is near enough to be a slip; the first of equals.
pub(super) fn nearest<'a>(written: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let allowed = match written.chars().count() {
        0..=2 => 0,
        3..=4 => 1,
        5..=8 => 2,
        _ => 3,
    };
    if written.len() > LONGEST {
        return None;
    }
    let folded = |name: &str| name.to_lowercase().replace(['_', '-'], " ");
    let wanted = folded(written);
    let near = names
        .into_iter()
        .take(MAX_NAMES)
        // A letter folds into at most three bytes more.
        .filter(|name| name.len().abs_diff(written.len()) <= 4 * allowed.max(1) && name.len() <= LONGEST)
        .filter(|name| can_be_near(written, name, allowed));
    nearest_within(&wanted, near.map(|name| (folded(name), name)), allowed)
}

/// `; did you mean `x`?`, or nothing.
pub(super) fn did_you_mean(near: Option<&str>) -> String {
    near.map_or_else(String::new, |name| format!("did you mean `{name}`?"))
}

/// Whether the letters of two words differ so little that it is worth looking at their order: each
/// step brings in one letter and takes away another at most.
fn can_be_near(written: &str, name: &str, steps: usize) -> bool {
    // Letters in five bits each, whatever their case; `_`, `-` and a blank count as one.
    let letters = |word: &str| {
        word.bytes().fold(0_u32, |all, byte| {
            let byte = if matches!(byte, b'_' | b'-' | b' ') { 0 } else { byte };
            all | 1 << (byte & 31)
        })
    };
    let ascii = written.is_ascii() && name.is_ascii();
    !ascii || (letters(written) ^ letters(name)).count_ones() as usize <= 2 * steps
}

/// Bytes of a name that can have slips; a longer one is none.
const LONGEST: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_found_and_other_words_are_not() {
        let names = ["segment", "clv", "average order value", "offer", "country"];
        for (written, near) in [
            ("segmnt", Some("segment")),
            ("sgement", Some("segment")),
            ("Segment", Some("segment")),
            ("clvv", Some("clv")),
            ("average_order_value", Some("average order value")),
            ("ofer", Some("offer")),
            ("es", None),
            ("weather", None),
            ("", None),
        ] {
            assert_eq!(nearest(written, names), near, "{written}");
        }
    }
}
