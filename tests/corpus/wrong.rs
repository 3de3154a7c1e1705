//! Each mistake gets one diagnostic: apt, at the words that are wrong, with a fix that mends it.

use std::fs;

use cvmd::check::{Checked, Files};

use super::{compare, files, place};
use crate::check::human::human;
use crate::check::tree::checked;

struct Case {
    code: String,
    words: String,
    text: String,
}

fn cases(file: &str) -> Vec<Case> {
    let case = |part: &str| {
        let (head, text) = part.split_once('\n').unwrap();
        let (code, words) = head.split_once(' ').unwrap();
        Case { code: code.into(), words: words.into(), text: format!("{}\n", text.trim_end()) }
    };
    file.split("\n=== ").skip(1).map(case).collect()
}

/// The case beside the shop; `mended` stands in the place of one of the two.
fn check(text: &str, mended: Option<(&str, String)>) -> Checked {
    let mut tree = Files::new();
    tree.insert("case.rules", text.as_bytes().to_vec());
    tree.insert("shop.rules", fs::read(place("shop.rules")).unwrap());
    if let Some((path, text)) = mended {
        tree.insert(path, text.into_bytes());
    }
    checked(&tree)
}

/// What is wrong with the answer to a case, if anything.
fn objection(case: &Case, checked: &Checked) -> Option<String> {
    let [found] = checked.diagnostics.as_slice() else {
        return Some(format!("{} diagnostics", checked.diagnostics.len()));
    };
    if found.code.number() != case.code {
        return Some(format!("{} instead of {}", found.code.number(), case.code));
    }
    let text = checked.sources.text(found.span.file);
    let marked = &text[found.span.start as usize..found.span.end as usize];
    if marked.is_empty() || !(marked.contains(&case.words) || case.words.contains(marked)) {
        return Some(format!("points at `{marked}` instead of `{}`", case.words));
    }
    let fix = found.fix.as_ref()?;
    let mut mended = checked.sources.text(fix.span.file).to_string();
    mended.replace_range(fix.span.start as usize..fix.span.end as usize, &fix.replacement);
    let again = check(&case.text, Some((&**checked.sources.path(fix.span.file), mended)));
    again.rules.is_none().then(|| format!("its fix leaves a mistake:\n{}", human(&again)))
}

#[test]
fn each_mistake_gets_one_apt_diagnostic() {
    let mut wrong = Vec::new();
    let mut count = 0;
    for (theme, text) in files("wrong", "txt") {
        let mut said = String::new();
        for case in cases(&text) {
            count += 1;
            let checked = check(&case.text, None);
            let answer = human(&checked);
            said += &format!("=== {} {}\n{}{answer}\n", case.code, case.words, case.text);
            if let Some(objection) = objection(&case, &checked) {
                wrong.push(format!("{theme}: {objection}\n{}{answer}", case.text));
            }
        }
        wrong.extend(compare(&format!("wrong/{theme}.said"), &said));
    }
    assert!(wrong.is_empty(), "{} wrong\n{}", wrong.len(), wrong.join("\n"));
    assert!(count >= 150, "only {count} mistakes");
}
