//! Every code has a file that shows it, and says what it should.

use cvmd::diagnostic::{Code, Severity};

use super::human::human;
use super::tree::{cases, checked, checked_beside, expect, read, remembered};

#[test]
fn bad_files_are_answered_as_expected() {
    for case in cases("bad") {
        let mut checked = checked_beside(&read(&case), remembered(&case).as_ref());
        let name = case.file_name().unwrap().to_str().unwrap();
        let number = name.split('_').next().unwrap();
        if Code::find(number).is_some_and(|code| code.severity() == Severity::Advice) {
            checked.diagnostics.append(&mut checked.advice);
        }
        assert!(
            checked.diagnostics.iter().any(|found| found.code.number() == number),
            "{name} does not show {number}:\n{}",
            human(&checked)
        );
        let errors = checked.diagnostics.iter().any(|found| found.code.severity() == Severity::Error);
        assert_eq!(checked.rules.is_none(), errors, "{name}");
        for found in &checked.diagnostics {
            assert!(!found.message.is_empty() && !found.why.is_empty(), "{name}: {found:?}");
            assert!(!found.message.starts_with(char::is_uppercase), "{name}: {}", found.message);
        }
        expect(&case, &human(&checked));
    }
}

#[test]
fn every_code_of_the_checker_has_a_case() {
    let names: Vec<String> =
        cases("bad").iter().map(|case| case.file_name().unwrap().to_str().unwrap().to_owned()).collect();
    for code in Code::ALL.iter().filter(|code| code.number() > "E089") {
        let prefix = format!("{}_", code.number());
        assert!(names.iter().any(|name| name.starts_with(&prefix)), "{} has no case", code.number());
    }
}

/// A fix that was applied answers its diagnostic: it is not found again.
#[test]
fn fixes_fix() {
    for case in cases("bad") {
        let files = read(&case);
        let memory = remembered(&case);
        let before = checked_beside(&files, memory.as_ref());
        for found in before.diagnostics.iter().filter(|found| found.fix.is_some()) {
            let fix = found.fix.as_ref().unwrap();
            let path = before.sources.path(fix.span.file);
            let mut text = before.sources.text(fix.span.file).to_string();
            text.replace_range(fix.span.start as usize..fix.span.end as usize, &fix.replacement);
            let mut mended = files.clone();
            mended.insert(path.to_string(), text);
            let after = checked_beside(&mended, memory.as_ref());
            let count =
                |list: &[cvmd::diagnostic::Diagnostic]| list.iter().filter(|d| d.code == found.code).count();
            assert!(
                count(&after.diagnostics) < count(&before.diagnostics),
                "{}: {} is found again\n{}",
                case.display(),
                found.code.number(),
                human(&after)
            );
        }
    }
}

/// The example of the language's own description, to the letter.
#[test]
fn two_currencies_are_answered_as_the_language_says() {
    let case = cases("bad").into_iter().find(|case| case.ends_with("E312_two_currencies")).unwrap();
    let expected = "\
error[E312]: two currencies compared
  --> rules/winback.rules:9:14
   |
 9 |   when clv > 500 USD
   |              ^^^^^^^ this workspace counts in EUR
   = why: 500 USD is another amount every day; who gets the offer would depend on it
   = fix (needs review): 500 EUR
";
    assert_eq!(human(&checked(&read(&case))).trim_end(), expected.trim_end());
}
