//! Rule files, read alone.

use std::time::Duration;

use cvmd::diagnostic::{Code, Diagnostic, FileId};
use cvmd::language::parse;

use super::driver::{Target, finds, run};
use super::laws::{self, law, said};
use super::text::{items, rule_files, words};

fn hold(input: &[u8]) -> Result<u64, String> {
    laws::file(&String::from_utf8_lossy(input))
}

/// Item by item: what is short is read, and so varied, more often.
fn seeds() -> Vec<Vec<u8>> {
    rule_files().iter().flat_map(|(_, text)| items(text)).map(|item| item.as_bytes().to_vec()).collect()
}

#[test]
fn any_rule_file_is_answered() {
    run(&Target { name: "rules", seeds: seeds(), words: words(), share: 100, hold });
}

/// A mistake in the reading of a date from elsewhere, where its month is none.
fn planted(input: &[u8]) -> Result<u64, String> {
    let text = String::from_utf8_lossy(input);
    let (_, found) = parse(FileId(0), &text);
    let no_month = |one: &Diagnostic| {
        let span = text.get(one.span.start as usize..one.span.end as usize).unwrap_or_default();
        let parts: Vec<&str> = span.split('/').collect();
        matches!(parts[..], [day, "0" | "00", year] if day.len() <= 2 && year.len() == 4)
    };
    let foreign = |one: &&Diagnostic| one.code == Code::ForeignSpelling;
    law!(!found.iter().filter(foreign).any(no_month), "planted");
    Ok(said(&found, 0))
}

#[test]
#[ignore = "takes up to a minute; CI runs it"]
fn a_mistake_at_the_edge_of_one_number_is_found_in_a_minute() {
    let target = Target { name: "planted", seeds: seeds(), words: words(), share: 0, hold: planted };
    assert!(finds(&target, 20_261_122, Duration::from_mins(1)));
}
