//! Checking a tree, and applying what is beyond doubt.

use std::fs;
use std::path::{Path, PathBuf};

use super::{data, memory};
use crate::check::{self, Checked, Files};
use crate::cli::exit::Failure;
use crate::cli::output::Output;
use crate::cli::target::{Target, named};
use crate::clock::{Clock, SystemClock};
use crate::daemon::{Folder, Survey};
use crate::diagnostic::{Diagnostic, FileId, Severity, Sources, apply_safe};
use crate::model::{DAY_MS, Date};
use crate::reload;
use crate::ruleset::{Remembered, RuleSet};

/// Fixes can uncover others; so often at most.
const MAX_ROUNDS: usize = 10;

/// What was found in one tree or in several.
#[derive(Default)]
pub(super) struct Found {
    /// The files, as the user would name them.
    pub(super) sources: Sources,
    /// What concerns the files that were asked for.
    pub(super) diagnostics: Vec<Diagnostic>,
    /// The trees without an error.
    pub(super) trees: Vec<Tree>,
    /// Errors in files that were not asked for.
    pub(super) elsewhere: u64,
}

/// A tree without an error.
pub(super) struct Tree {
    /// Where it is.
    pub(super) target: Target,
    /// What it means.
    pub(super) rules: RuleSet,
    /// What the data have of what it needs, where data are named.
    pub(super) survey: Option<Survey>,
}

impl Found {
    /// How many of what was found are that bad.
    pub(super) fn count(&self, severity: Severity) -> u64 {
        self.diagnostics.iter().filter(|one| one.code.severity() == severity).count() as u64
    }

    /// How many rules there are.
    pub(super) fn rules(&self) -> u64 {
        self.trees.iter().map(|tree| tree.rules.rules.len() as u64).sum()
    }

    /// Adds what was found in another tree.
    pub(super) fn join(&mut self, found: Self) {
        let offset = u32::try_from(self.sources.iter().count()).unwrap_or(u32::MAX);
        for (_, path, text) in found.sources.iter() {
            self.sources.add(path, text);
        }
        let moved = |mut one: Diagnostic| {
            one.span.file = FileId(one.span.file.0 + offset);
            if let Some(fix) = &mut one.fix {
                fix.span.file = FileId(fix.span.file.0 + offset);
            }
            one
        };
        self.diagnostics.extend(found.diagnostics.into_iter().map(moved));
        self.trees.extend(found.trees);
        self.elsewhere += found.elsewhere;
    }
}

/// How to look.
pub(super) struct Look {
    /// After safe fixes.
    pub(super) fixed: bool,
    /// For advice, too.
    pub(super) advice: bool,
    /// Beside these data.
    pub(super) data: Option<Folder>,
}

/// Checks a tree.
pub(super) fn look(target: Target, how: &Look, output: &mut Output) -> Result<Found, Failure> {
    let remembered = target.config.as_ref().and_then(memory::of);
    if how.fixed {
        fix(&target, remembered.as_ref(), output)?;
    }
    let Checked { rules, sources: paths, mut diagnostics, advice: advised, .. } =
        check_tree(&target.root, remembered.as_ref())?;
    if how.advice {
        diagnostics.extend(advised);
    }
    let survey = match (&rules, &how.data) {
        (Some(rules), Some(folder)) => Some(data::survey(rules, folder)?),
        (Some(_) | None, _) => None,
    };
    if let (Some(rules), Some(survey)) = (&rules, &survey) {
        diagnostics.extend(data::without_currency(rules, survey, &paths));
    }
    diagnostics.sort_by_key(|one| (one.span, one.code));
    let mut sources = Sources::default();
    for (_, path, text) in paths.iter() {
        sources.add(&named(&target.root, path), text);
    }
    let concerns = |one: &Diagnostic| target.shows(paths.path(one.span.file));
    let (diagnostics, others): (Vec<_>, Vec<_>) = diagnostics.into_iter().partition(concerns);
    let elsewhere = others.iter().filter(|one| one.code.severity() == Severity::Error).count() as u64;
    let trees = rules.map(|rules| Tree { target, rules, survey }).into_iter().collect();
    Ok(Found { sources, diagnostics, trees, elsewhere })
}

fn check_tree(root: &Path, remembered: Option<&Remembered>) -> Result<Checked, Failure> {
    let loaded = reload::load(root).map_err(|error| Failure::trouble(error.to_string()))?;
    let files: Files = loaded.files.into_iter().collect();
    let today = Date(i32::try_from(SystemClock.now().0.div_euclid(DAY_MS)).unwrap_or(0));
    let options = check::Options { commit: &loaded.commit, today };
    let checked = check::check_beside(&files, &options, remembered);
    if !checked.sources.iter().any(|(_, path, _)| path.ends_with(".rules")) {
        let shown = root.display();
        return Err(Failure::trouble(format!(
            "`{shown}` has no file that ends in `.rules`: is it the right folder?"
        )));
    }
    Ok(checked)
}

/// Writes safe fixes into the files until there is none left, and what can be said in full.
fn fix(target: &Target, remembered: Option<&Remembered>, output: &mut Output) -> Result<(), Failure> {
    for _ in 0..MAX_ROUNDS {
        let Checked { sources, diagnostics, written_out, .. } = check_tree(&target.root, remembered)?;
        let fixes = diagnostics.iter().filter_map(|found| found.fix.as_ref()).chain(&written_out);
        let mut changed = false;
        for (id, path, text) in sources.iter() {
            let (mended, count) = apply_safe(&sources, id, fixes.clone());
            if !target.shows(path) || count == 0 || mended == **text {
                continue;
            }
            let place = PathBuf::from(named(&target.root, path));
            fs::write(&place, mended).map_err(|error| {
                Failure::trouble(format!("`{}` cannot be written: {error}", place.display()))
            })?;
            tracing::debug!(file = %place.display(), count, "fixed");
            changed = true;
        }
        if !changed {
            break;
        }
    }
    output.flush()
}
