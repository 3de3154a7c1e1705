//! Did you mean …?

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
    names
        .into_iter()
        .filter_map(|name| Some((distance(&wanted, &folded(name), allowed)?, name)))
        .min_by_key(|&(steps, _)| steps)
        .map(|(_, name)| name)
}

/// `; did you mean `x`?`, or nothing.
pub(super) fn did_you_mean(near: Option<&str>) -> String {
    near.map_or_else(String::new, |name| format!("did you mean `{name}`?"))
}

/// Letters inserted, deleted, replaced or swapped with their neighbour; `None` beyond `most`.
fn distance(a: &str, b: &str, most: usize) -> Option<usize> {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    if a.len().abs_diff(b.len()) > most {
        return None;
    }
    let mut rows = [vec![0; b.len() + 1], (0..=b.len()).collect::<Vec<_>>(), vec![0; b.len() + 1]];
    for i in 1..=a.len() {
        let [before, last, row] = &mut rows;
        row[0] = i;
        for j in 1..=b.len() {
            let replaced = last[j - 1] + usize::from(a[i - 1] != b[j - 1]);
            row[j] = replaced.min(last[j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                row[j] = row[j].min(before[j - 2] + 1);
            }
        }
        rows.rotate_left(1);
    }
    Some(rows[1][b.len()]).filter(|&steps| steps <= most)
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
