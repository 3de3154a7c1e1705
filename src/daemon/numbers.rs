//! The numbers of rules: one for each first name, for ever, and one more for its rehearsals.

use std::collections::BTreeMap;

use crate::model::RuleNumber;
use crate::ruleset::{Named, Rule, RuleSet};
use crate::store::tables;

/// What keys a rule's rehearsals: no name of a rule has a blank in it.
const DRAFT: &str = "draft ";

/// The number under which each rule decides; `new` hears of names that get theirs now.
///
/// Each rule has the number of its first name. What a `draft` decides stands under a number of its
/// own, so that nobody is used up and no room taken when the word goes.
pub(super) fn number(
    names: &mut BTreeMap<String, RuleNumber>,
    rules: &RuleSet,
    mut new: impl FnMut(&str, RuleNumber),
) -> Vec<RuleNumber> {
    let mut take = |name: &str, number: Option<RuleNumber>| {
        if let Some(known) = names.get(name) {
            return *known;
        }
        let number = number.unwrap_or_else(|| tables::rules::next_number(names));
        names.insert(name.to_owned(), number);
        new(name, number);
        number
    };
    let mut number = |rule: &Rule| {
        let first = rules.first_names.of(Named::Rule, &rule.name);
        let own = take(first, None);
        take(&rule.name, Some(own));
        if rule.draft { take(&format!("{DRAFT}{first}"), None) } else { own }
    };
    rules.rules.iter().map(&mut number).collect()
}

/// The names that rules have or had, rehearsals left out.
pub(super) fn names(all: &BTreeMap<String, RuleNumber>) -> impl Iterator<Item = &str> {
    all.keys().map(String::as_str).filter(|name| !name.starts_with(DRAFT))
}

/// What a rule that was ever called `name` is called in this rule set; its old name where it is gone.
pub(super) fn present_name<'a>(
    all: &BTreeMap<String, RuleNumber>,
    rules: Option<&'a RuleSet>,
    name: &'a str,
) -> &'a str {
    let Some(number) = all.get(name) else { return name };
    let same = |rule: &&Rule| all.get(&rule.name) == Some(number);
    rules.and_then(|rules| rules.rules.iter().find(same)).map_or(name, |rule| &rule.name)
}
