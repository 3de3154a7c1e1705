//! Did you mean …?

use crate::language::nearest_within;

/// The name nearest to `written`, where one is near enough to be a slip; the first of equals.
pub(super) fn nearest<'a>(written: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let allowed = match written.chars().count() {
        0..=2 => 0,
        3..=4 => 1,
        5..=8 => 2,
        _ => 3,
    };
    let folded = |name: &str| name.to_lowercase().replace(['_', '-'], " ");
    let wanted = folded(written);
    nearest_within(&wanted, names.into_iter().map(|name| (folded(name), name)), allowed)
}

/// `; did you mean `x`?`, or nothing.
pub(super) fn did_you_mean(near: Option<&str>) -> String {
    near.map_or_else(String::new, |name| format!("did you mean `{name}`?"))
}

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
