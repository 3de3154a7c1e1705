//! Files as they are while somebody types: every prefix is answered, shortly, and what is right is
//! never said to be wrong.

use cvmd::diagnostic::FileId;
use cvmd::language::parse;

use super::laws;
use super::text::{files, items, rule_files};

/// Prefixes that are tried of all files together; all of them where `CVMD_FUZZ_SECONDS` gives a minute.
const SAMPLE: usize = 1_500;

/// Every prefix, or every so many letters one so that there are not too many; the steps differ from
/// file to file, so that cuts fall at different places.
fn prefixes(all: &[(String, String)]) -> impl Iterator<Item = (&str, &str)> {
    let long =
        std::env::var("CVMD_FUZZ_SECONDS").is_ok_and(|seconds| seconds.len() >= 2 && *seconds >= *"60");
    let letters: usize = all.iter().map(|(_, text)| text.chars().count()).sum();
    // Of every letter there are too many for CI by now.
    let step = letters.div_ceil(if long { 10 * SAMPLE } else { SAMPLE }).max(1);
    all.iter().enumerate().flat_map(move |(number, (path, text))| {
        let cuts = text.char_indices().map(|(at, _)| at).skip(number % step).step_by(step);
        cuts.map(move |at| (path.as_str(), &text[..at]))
    })
}

/// The item that is being typed, with what it stands in: earlier items were answered before.
fn last_item(text: &str) -> &str {
    items(text).last().copied().unwrap_or("")
}

#[test]
fn every_prefix_is_answered() {
    let all = rule_files();
    let mut count = 0;
    for (path, prefix) in prefixes(&all) {
        count += 1;
        laws::file(last_item(prefix)).unwrap_or_else(|broken| panic!("{path}, cut to {prefix:?}: {broken}"));
    }
    assert!(count >= SAMPLE / 2, "only {count} prefixes");
}

/// Of a good file only what is being typed is wrong: one thing, but where its last word begins
/// another clause (`count(order from 90`).
#[test]
fn a_prefix_of_what_is_right_has_one_mistake() {
    let mut all = files("tests/corpus/good", &["rules"]);
    all.extend(files("tests/language/good", &["rules"]));
    all.extend(files("rules", &["rules"]));
    let (mut wrong, mut count) = (Vec::new(), 0);
    for (path, prefix) in prefixes(&all) {
        count += 1;
        let typed = last_item(prefix);
        let (_, found) = parse(FileId(0), typed);
        assert!(found.len() <= 2, "{path}: {typed:?}: {found:#?}");
        if found.len() > 1 {
            let said: Vec<&str> = found.iter().map(|one| one.message.as_str()).collect();
            wrong.push(format!("{path}: {typed:?}: {said:?}"));
        }
    }
    assert!(wrong.len() * 500 <= count, "{} of {count} have more:\n{}", wrong.len(), wrong.join("\n"));
}
