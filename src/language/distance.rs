//! How far apart two words are, for did-you-mean.

/// The number of letters to insert, remove, replace or swap with their neighbour to get from one
/// word to the other (optimal string alignment).
#[must_use]
pub fn edit_distance(from: &str, to: &str) -> usize {
    let (from, to): (Vec<char>, Vec<char>) = (from.chars().collect(), to.chars().collect());
    let mut before_last = vec![0; to.len() + 1];
    let mut last: Vec<usize> = (0..=to.len()).collect();
    for i in 1..=from.len() {
        let mut current = vec![i; to.len() + 1];
        for j in 1..=to.len() {
            let replaced = last[j - 1] + usize::from(from[i - 1] != to[j - 1]);
            current[j] = replaced.min(last[j] + 1).min(current[j - 1] + 1);
            let swapped = i > 1 && j > 1 && from[i - 1] == to[j - 2] && from[i - 2] == to[j - 1];
            if swapped {
                current[j] = current[j].min(before_last[j - 2] + 1);
            }
        }
        before_last = last;
        last = current;
    }
    last[to.len()]
}

/// Words longer than this are nobody's misspelling.
const LONGEST_WORD: usize = 64;

/// The candidate nearest to `word`, where it is near enough to be meant: one mistake in a short
/// word, two in one of six letters or more.
#[must_use]
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let length = word.chars().take(LONGEST_WORD + 1).count();
    if length > LONGEST_WORD {
        return None;
    }
    let word = word.to_lowercase();
    let allowed = if length >= 6 { 2 } else { 1 };
    let candidates = candidates.into_iter().filter(|candidate| candidate.len() > 2);
    nearest_within(&word, candidates.map(|candidate| (candidate, candidate)), allowed)
}

/// What stands beside the candidate that is nearest to `word`, at most `allowed` letters away; the
/// first of equals.
#[must_use]
pub fn nearest_within<C: AsRef<str>, T>(
    word: &str,
    candidates: impl IntoIterator<Item = (C, T)>,
    allowed: usize,
) -> Option<T> {
    let length = word.chars().count();
    candidates
        .into_iter()
        // Of another length is further away than it may be, and costs nothing to see.
        .filter(|(candidate, _)| candidate.as_ref().chars().count().abs_diff(length) <= allowed)
        .map(|(candidate, beside)| (edit_distance(word, candidate.as_ref()), beside))
        .filter(|&(distance, _)| distance <= allowed)
        .min_by_key(|&(distance, _)| distance)
        .map(|(_, beside)| beside)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_count_swaps_once() {
        for (a, b, distance) in
            [("", "", 0), ("rule", "rule", 0), ("ruel", "rule", 1), ("", "abc", 3), ("kitten", "sitting", 3)]
        {
            assert_eq!(edit_distance(a, b), distance, "{a} {b}");
            assert_eq!(edit_distance(b, a), distance, "{b} {a}");
        }
    }

    #[test]
    fn only_near_words_are_meant() {
        let words = ["rule", "message", "segments"];
        assert_eq!(nearest("Ruel", words), Some("rule"));
        assert_eq!(nearest("mesage", words), Some("message"));
        assert_eq!(nearest("hello", words), None);
        assert_eq!(nearest(&"x".repeat(100_000), words), None);
    }
}
