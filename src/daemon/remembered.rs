//! What a store remembers of names: each that an item ever had, and the rules that ran last.

use crate::check::{self, Files};
use crate::model::{Date, RuleSetHash};
use crate::ruleset::{Named, Remembered, RuleSet};
use crate::store::{Store, StoreError, tables};

/// Reads what a reload is checked beside.
pub(super) fn of(store: &dyn Store) -> Result<Remembered, StoreError> {
    let mut remembered = Remembered::default();
    for (kind, name, first) in tables::rules::first_names(store)? {
        let kind = Named::of_code(kind)
            .ok_or_else(|| StoreError::Corrupt(format!("a name of the unknown kind {kind}")))?;
        remembered.insert(kind, name, first);
    }
    // Which rules ran last, so that a renamed one is known again after a restart too.
    if let Some(last) = tables::rules::active(store)?
        && let Some(mut rules) = kept(store, last.hash)?
    {
        rules.settle_names(&remembered);
        remembered.take_over(&rules);
    }
    Ok(remembered)
}

/// A rule set that decided before, by its hash, from the text that was kept with its decisions; its
/// first names are those that its own lines say.
pub(super) fn kept(store: &dyn Store, hash: RuleSetHash) -> Result<Option<RuleSet>, StoreError> {
    let Some(stored) = tables::rules::rule_set(store, hash)? else { return Ok(None) };
    let mut files = Files::new();
    for (path, text) in stored.sources {
        files.insert(path, text.into_bytes());
    }
    // What changes with the date alone is a warning: any day will do.
    let options = check::Options { commit: &stored.commit, today: Date(0) };
    Ok(check::check(&files, &options).rules)
}
