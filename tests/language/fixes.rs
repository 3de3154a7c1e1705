//! Every fix leads somewhere: its text is read, and what it was for is gone.

use cvmd::diagnostic::{Applicability, Diagnostic, Severity, Sources, apply_fixes};
use cvmd::language::parse;

use super::golden::cases;

fn diagnostics(text: &str) -> (Sources, Vec<Diagnostic>) {
    let mut sources = Sources::default();
    let file = sources.add("case.rules", text);
    let (_, found) = parse(file, text);
    (sources, found)
}

/// The text with one fix applied, whatever its applicability.
fn with_fix(text: &str, diagnostic: &Diagnostic) -> Option<String> {
    let fix = diagnostic.fix.as_ref()?;
    let mut fixed = text.to_owned();
    fixed.replace_range(fix.span.start as usize..fix.span.end as usize, &fix.replacement);
    Some(fixed)
}

#[test]
fn each_fix_removes_its_mistake_and_makes_no_other() {
    for (path, text) in cases("bad") {
        let (_, before) = diagnostics(&text);
        for diagnostic in &before {
            let Some(fixed) = with_fix(&text, diagnostic) else { continue };
            let (_, after) = diagnostics(&fixed);
            let count =
                |found: &[Diagnostic]| found.iter().filter(|other| other.code == diagnostic.code).count();
            assert!(
                count(&after) < count(&before),
                "{}: {diagnostic:#?}\nits fix does not mend it:\n{fixed}",
                path.display()
            );
            let new: Vec<_> =
                after.iter().filter(|other| !before.iter().any(|known| known.code == other.code)).collect();
            assert!(new.is_empty(), "{}: the fix of\n{diagnostic:#?}\nmakes\n{new:#?}", path.display());
        }
    }
}

/// `check --fix` until nothing changes ends soon, in a text without safe fixes.
#[test]
fn safe_fixes_come_to_an_end() {
    for (path, text) in cases("bad") {
        let mut text = text;
        for round in 0.. {
            let (sources, found) = diagnostics(&text);
            let file = sources.iter().next().expect("the file").0;
            let (fixed, applied) = apply_fixes(&sources, file, &found);
            let safe =
                |d: &Diagnostic| d.fix.as_ref().is_some_and(|fix| fix.applicability == Applicability::Safe);
            assert_eq!(applied > 0, found.iter().any(safe), "{}", path.display());
            if applied == 0 {
                break;
            }
            assert!(round < 5, "{}: the fixes go on for ever\n{fixed}", path.display());
            text = fixed;
        }
    }
}

#[test]
fn spans_lie_inside_the_text_on_whole_characters() {
    for (path, text) in cases("bad") {
        let (_, found) = diagnostics(&text);
        for diagnostic in found {
            let spans = [Some(diagnostic.span), diagnostic.fix.as_ref().map(|fix| fix.span)];
            for span in spans.into_iter().flatten() {
                let range = span.start as usize..span.end as usize;
                assert!(text.get(range).is_some(), "{}: {diagnostic:#?}", path.display());
            }
            assert_eq!(diagnostic.code.severity(), Severity::Error, "{}", path.display());
            assert!(!diagnostic.why.is_empty() && !diagnostic.message.is_empty());
        }
    }
}
