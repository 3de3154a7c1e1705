//! `formerly`: names that key a history, what a store remembers of them, and renames that lost it.

use std::collections::BTreeMap;

use crate::diagnostic::Code;
use crate::language::tree::Name;
use crate::ruleset::{FirstNames, Named, Remembered, RuleSet};

use super::item::{self, Of};
use super::names::{check_name, shorten};
use super::report::{Problem, Report, after, problem};

const ONE_HISTORY: &str =
    "a name keys history: who was contacted, who is held out; two items cannot share one";

/// Looks at the names of one kind, present and former, and settles the first ones.
pub(super) fn names<T>(
    kind: Named,
    items: &[Of<'_, T>],
    memory: Option<&Remembered>,
    first_names: &mut FirstNames,
    report: &mut Report<'_>,
) {
    let present: BTreeMap<&str, &Name> =
        items.iter().map(|item| (item.name.text.as_str(), &item.name)).collect();
    let mut old: BTreeMap<&str, &Name> = BTreeMap::new();
    let mut firsts: BTreeMap<String, &Name> = BTreeMap::new();
    for item in items {
        let name = &item.name;
        let formerly = item.item.formerly.as_ref();
        if let Some(before) = formerly {
            // No item ever had such a name.
            if !check_name(report, before) {
                continue;
            }
            let there = present.get(before.text.as_str()).copied();
            let twice = old.insert(&before.text, name);
            if let Some(found) = clash(kind, name, before, there, twice, memory) {
                report.add(found);
                continue;
            }
        }
        let before = formerly.map(|name| name.text.as_str());
        let first = match memory {
            Some(memory) => memory.resolve(kind, &name.text, before),
            None => before.unwrap_or(&name.text),
        };
        if let Some(other) = firsts.insert(first.to_owned(), name) {
            report.add(taken(kind, name, other, first, memory));
        }
        first_names.set(kind, &name.text, first);
    }
}

/// What is wrong with a `formerly`, if anything is.
fn clash(
    kind: Named,
    name: &Name,
    before: &Name,
    there: Option<&Name>,
    twice: Option<&Name>,
    memory: Option<&Remembered>,
) -> Option<Problem> {
    let (what, old) = (kind.word(), shorten(&before.text));
    let found = |message: String, label: String| {
        problem(Code::FormerlyClash, before.span, message).label(label).why(ONE_HISTORY)
    };
    if before.text == name.text {
        return Some(found(
            format!("`{old}` is what this {what} is called now"),
            "write the name that it had before, or leave the line out".into(),
        ));
    }
    if there.is_some() {
        return Some(found(
            format!("the {what} `{old}` is still there"),
            "a rename leaves nothing under the old name".into(),
        ));
    }
    if let Some(other) = twice {
        return Some(found(
            format!("two {what}s say that they were `{old}`"),
            format!("`{}` says so too", shorten(&other.text)),
        ));
    }
    let memory = memory?;
    let (own, others) = (memory.first(kind, &name.text)?, memory.first(kind, &before.text)?);
    (own != others).then(|| {
        found(
            format!("`{}` and `{old}` each have a history", shorten(&name.text)),
            format!("`{}` ran here under its own name", shorten(&name.text)),
        )
    })
}

/// An item that took a name which the store remembers as another's.
fn taken(kind: Named, one: &Name, other: &Name, first: &str, memory: Option<&Remembered>) -> Problem {
    // The one to blame is the newcomer: what runs under its name has it already.
    let runs = |name: &Name| memory.is_some_and(|m| m.running().iter().any(|rule| rule.name == name.text));
    let newcomer = match (runs(one), runs(other)) {
        (false, true) => one,
        (true, false) => other,
        (true, true) | (false, false) => {
            if one.text == first {
                one
            } else {
                other
            }
        }
    };
    let keeper = if newcomer.text == one.text { other } else { one };
    let (name, what) = (shorten(&newcomer.text), kind.word());
    problem(Code::RememberedName, newcomer.span, format!("`{name}` was the name of another {what}"))
        .label(format!("`{}` was called so: choose another name", shorten(&keeper.text)))
        .why("this store remembers each name for ever: the new one would take over who had the other")
}

/// `formerly` where no name keys anything.
pub(super) fn of_workspace(name: &Name) -> Problem {
    problem(Code::FormerlyClash, name.span, "a workspace has no history of its own")
        .label("leave the line out: its name can be changed freely")
        .why("only names that key what is kept have to say what they were")
}

/// Objects to rules that appear where others with the same condition and actions vanish: without
/// `formerly` their history would be lost, and everybody would be sent once more.
pub(super) fn lost(
    rules: &RuleSet,
    items: &[Of<'_, item::Rule<'_>>],
    memory: &Remembered,
    report: &mut Report<'_>,
) {
    let firsts: Vec<&str> =
        rules.rules.iter().map(|rule| rules.first_names.of(Named::Rule, &rule.name)).collect();
    let mut vanished: Vec<_> =
        memory.running().iter().filter(|rule| !firsts.contains(&rule.first.as_str())).collect();
    for (rule, first) in rules.rules.iter().zip(firsts) {
        // Whoever has a history here did not come under a new name.
        if memory.first(Named::Rule, &rule.name).or(memory.first(Named::Rule, first)).is_some() {
            continue;
        }
        let does = rules.running(rule).does;
        let Some(position) = vanished.iter().position(|before| before.does == does) else { continue };
        let before = vanished.remove(position);
        let Some(item) = items.iter().find(|item| item.name.text == rule.name) else { continue };
        report.add(renamed(item, &before.name));
    }
}

fn renamed(item: &Of<'_, item::Rule<'_>>, before: &str) -> Problem {
    let found = problem(
        Code::LostHistory,
        item.item.head,
        format!("`{}` is `{}` under another name", shorten(&item.name.text), shorten(before)),
    )
    .why("under a new name the rule forgets whom it reached, and sends to them again");
    match &item.item.formerly {
        Some(wrong) => {
            found.label(format!("this store knows it as `{}`", shorten(before))).review(wrong.span, before)
        }
        None => found
            .label(format!("say what it was called: `formerly {}`", shorten(before)))
            .review(after(item.item.span), format!("\n  formerly {before}")),
    }
}
