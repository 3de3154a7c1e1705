//! The pages that `explain` prints: their examples do what they say.

use std::collections::BTreeSet;

use cvmd::diagnostic::{Code, FileId, Severity};
use cvmd::language::parse;

use super::golden::cases;

/// The indented example below a heading.
fn example(page: &str, heading: &str) -> String {
    let after = page.split_once(heading).expect("the heading").1;
    let lines = after.lines().skip(1).take_while(|line| !line.starts_with("## "));
    let body: Vec<&str> = lines.map(|line| line.strip_prefix("    ").unwrap_or(line)).collect();
    body.join("\n").trim_matches('\n').to_owned() + "\n"
}

/// The codes that reading alone can say: a file that is no text is refused before.
fn of_the_language() -> impl Iterator<Item = Code> {
    Code::ALL.iter().copied().filter(|code| code.number().starts_with("E0") && *code != Code::NotText)
}

#[test]
fn a_wrong_example_has_its_mistake_and_the_right_one_reads() {
    for code in of_the_language() {
        let said = |text: &str| -> Vec<Code> {
            parse(FileId(0), text).1.iter().map(|diagnostic| diagnostic.code).collect()
        };
        let right = example(code.page(), "## Right");
        assert_eq!(said(&right), [], "{}: {right}", code.number());
        // A list of ten thousand does not fit on a page.
        if code != Code::TooLarge {
            let wrong = example(code.page(), "## Wrong");
            assert!(said(&wrong).contains(&code), "{}: {wrong}", code.number());
        }
    }
}

#[test]
fn every_code_of_the_language_has_a_golden_pair() {
    let pairs: BTreeSet<String> = cases("bad")
        .iter()
        .filter_map(|(path, _)| Some(path.file_stem()?.to_str()?.split('_').next()?.to_owned()))
        .collect();
    for code in of_the_language() {
        assert!(pairs.contains(code.number()), "no tests/language/bad/{}_….rules", code.number());
        assert_eq!(code.severity(), Severity::Error);
    }
}
