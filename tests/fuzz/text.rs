//! What texts are mutated with, and the rule files to begin with.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// What word processors, other systems and villains leave in a text.
pub(super) const ODD: [&str; 34] = [
    "\0",
    "\r",
    "\r\n",
    "\t",
    "\u{b}",
    "\u{1b}[31m",
    "\u{7f}",
    "\u{85}",
    "\u{a0}",
    "\u{ad}",
    "\u{200b}",
    "\u{200d}",
    "\u{200f}",
    "\u{202e}",
    "\u{2066}",
    "\u{2069}",
    "\u{2028}",
    "\u{3000}",
    "\u{feff}",
    "\u{fffd}",
    "\u{10ffff}",
    "“",
    "”",
    "‘",
    "’",
    "„",
    "«",
    "–",
    "—",
    "…",
    "＝",
    "а",
    "مرحبا",
    "👩‍👩‍👧",
];

/// Numbers at the ends of what is kept, and quantities right and foreign.
pub(super) const NUMBERS: [&str; 42] = [
    "0",
    "1",
    "-1",
    "00",
    "32",
    "33",
    "100",
    "101",
    "255",
    "256",
    "65535",
    "65536",
    "4294967295",
    "4294967296",
    "9223372036854775807",
    "9223372036854775808",
    "-9223372036854775808",
    "99999999999999999999999",
    "0.0001",
    "0.00000001",
    "1e9",
    "1,000",
    "99,95",
    "922337203685477.5807 EUR",
    "500 USD",
    "$500",
    "0%",
    "100.0001%",
    "90 days",
    "106751991167 days",
    "0 minutes",
    "90d",
    "2026-02-29",
    "9999-12-31",
    "26/11/2026",
    "0/0/0",
    "31.02.99",
    "9pm",
    "13am",
    "25:61",
    "24:00",
    "00:00",
];

/// Pieces of several words, and values of the workspaces that are mutated.
const PHRASES: [&str; 40] = [
    "when clv > 500 EUR",
    "then send offer",
    ", then",
    "at most once per 30 days",
    "in last 90 days",
    "order.total",
    "count(order in last 90 days where total > 10 EUR)",
    "(clv or else 0 EUR)",
    "50% of",
    "not (",
    ")",
    "(",
    "((((",
    "is known",
    "is unknown",
    "in audience regulars",
    "segment becomes lapsing",
    "segment = lost",
    "# comment",
    "\"",
    "\"text\"",
    "every day at 09:00",
    "customer time",
    "in Europe/Madrid",
    "on cron \"0 9 * * mon-fri\"",
    "from 2026-11-26 until 2026-12-31",
    "on cart_abandoned, after 2 hours",
    "for each event",
    "draft",
    "quiet hours 21:00 to 08:30 customer time",
    "or wait up to 2 days",
    "formerly old",
    "set won_back to yes",
    "call crm with segment, clv as worth",
    "{{ first_name | default('friend') }}",
    "{% if clv %}",
    "<<<<<<< HEAD",
    "# allow never_matches until 2027-01-31",
    "rule a",
    "falls in next 7 days",
];

pub(super) fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Every keyword of the grammar, and phrases.
pub(super) fn words() -> Vec<String> {
    let mut words: BTreeSet<String> = PHRASES.iter().map(|&word| word.to_owned()).collect();
    for (_, grammar) in files("grammar", &["pest"]) {
        for quoted in grammar.split('"').skip(1).step_by(2) {
            if !quoted.is_empty() && !quoted.contains('\\') {
                words.insert(quoted.to_owned());
            }
        }
    }
    assert!(words.len() > 200, "the grammar's keywords were not found");
    words.into_iter().collect()
}

/// The files under a folder of the repository with one of these endings, sorted: path and text.
pub(super) fn files(folder: &str, endings: &[&str]) -> Vec<(String, String)> {
    let mut found = Vec::new();
    walk(&root().join(folder), endings, &mut found);
    found.sort();
    assert!(!found.is_empty(), "nothing in {folder}");
    found
}

fn walk(folder: &Path, endings: &[&str], found: &mut Vec<(String, String)>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            walk(&path, endings, found);
        } else if path.extension().is_some_and(|ending| endings.iter().any(|known| ending == *known)) {
            // Some cases are no UTF-8 on purpose.
            let Ok(text) = fs::read_to_string(&path) else { continue };
            found.push((path.strip_prefix(root()).unwrap().to_string_lossy().into_owned(), text));
        }
    }
}

/// Every rule file of the repository, the wrong ones too.
pub(super) fn rule_files() -> Vec<(String, String)> {
    let folders = [
        "rules",
        "examples",
        "tests/corpus/good",
        "tests/language/good",
        "tests/language/bad",
        "tests/check",
    ];
    let mut all: Vec<(String, String)> =
        folders.iter().flat_map(|folder| files(folder, &["rules"])).collect();
    all.extend(files("tests/corpus/wrong", &["txt"]));
    all
}

/// A file's items, roughly: from each line that begins with a letter to the next.
pub(super) fn items(text: &str) -> Vec<&str> {
    let starts = text.match_indices('\n').map(|(at, _)| at + 1).filter(|&at| {
        text[at..].starts_with(|c: char| c.is_ascii_lowercase())
            && !["and", "or", "then"].iter().any(|word| text[at..].starts_with(word))
    });
    let starts: Vec<usize> = std::iter::once(0).chain(starts).chain([text.len()]).collect();
    starts.windows(2).map(|two| &text[two[0]..two[1]]).collect()
}
