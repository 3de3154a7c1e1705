//! `cvmd check`.

use std::fs;
use std::path::{Path, PathBuf};

use clap::ValueEnum;

use super::common::Common;
use super::exit::{Exit, Failure};
use super::output::Output;
use super::table::counted;
use crate::check::{self, Checked, Files};
use crate::clock::{Clock, SystemClock};
use crate::config::{Config, Environment};
use crate::diagnostic::{self, Diagnostic, FileId, Severity, Sources, apply_fixes};
use crate::model::{DAY_MS, Date};
use crate::reload;

const EXAMPLES: &str = "\
Examples:
  cvmd check                       the rules of this workspace
  cvmd check rules                 those of a folder
  cvmd check rules/winback.rules   only what concerns this file
  cvmd check --fix                 take the fixes that are beyond doubt
  cvmd check --format github       in a pull request; sarif for code scanning
  cvmd explain E312                what a code means

Exit: 0 fine, 1 errors (warnings too with `--deny warnings`), 2 the rules cannot be read.";

/// Fixes can uncover others; so often at most.
const MAX_ROUNDS: usize = 10;

/// Are the rules right?
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// Folders of rules, or single files; else the configuration's rules, else this folder
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// How to write what was found
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: CheckFormat,
    /// Apply the fixes that are safe
    #[arg(long)]
    fix: bool,
    /// Exit 1 on warnings too
    #[arg(long, value_enum, value_name = "WHAT")]
    deny: Option<Deny>,
    /// Advice too, where there is any
    #[arg(long)]
    advice: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
enum CheckFormat {
    /// With the line and a mark under it
    #[default]
    Human,
    /// One line each, led by file, line and column
    Short,
    /// One object a line
    Json,
    /// SARIF 2.1.0
    Sarif,
    /// Annotations of GitHub Actions
    Github,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Deny {
    /// Warnings
    Warnings,
}

/// A tree to check.
struct Target {
    /// Its root.
    root: PathBuf,
    /// Only what concerns these files of it is shown; all where empty.
    only: Vec<String>,
}

/// What was found in a tree.
struct Found {
    sources: Sources,
    diagnostics: Vec<Diagnostic>,
    rules: usize,
    /// Errors in files that were not asked for.
    elsewhere: u64,
}

pub(super) fn run(arguments: &Arguments, common: &Common, output: &mut Output) -> Result<Exit, Failure> {
    let mut found = Vec::new();
    for target in targets(arguments, common)? {
        if arguments.fix {
            fix(&target, output)?;
        }
        found.push(look(&target)?);
    }
    let found = join(found);
    let format = match arguments.format {
        CheckFormat::Human => diagnostic::Format::Human,
        CheckFormat::Short => diagnostic::Format::Short,
        CheckFormat::Json => diagnostic::Format::Json,
        CheckFormat::Sarif => diagnostic::Format::Sarif,
        CheckFormat::Github => diagnostic::Format::Github,
    };
    let Found { sources, diagnostics, rules, elsewhere } = found;
    output.text(&format.render(&sources, &diagnostics, output.colour()))?;
    let count = |severity| diagnostics.iter().filter(|one| one.code.severity() == severity).count() as u64;
    let (errors, warnings) = (count(Severity::Error), count(Severity::Warning));
    if arguments.format == CheckFormat::Human {
        let summary = if errors + warnings > 0 {
            format!("\n{}, {}", counted(errors, "error"), counted(warnings, "warning"))
        } else if elsewhere > 0 {
            "no problem here".into()
        } else {
            let files = counted(sources.iter().count() as u64, "file");
            format!("{files}, {}: no problem", counted(rules as u64, "rule"))
        };
        let more = match elsewhere {
            0 => String::new(),
            count => format!("; {} in other files", counted(count, "error")),
        };
        output.line(format!("{summary}{more}"))?;
    }
    let denied = arguments.deny == Some(Deny::Warnings) && warnings > 0;
    Ok(if errors > 0 || denied { Exit::Errors } else { Exit::Fine })
}

/// What the paths stand for.
fn targets(arguments: &Arguments, common: &Common) -> Result<Vec<Target>, Failure> {
    let configured = || match common.configuration() {
        Ok(config) => Ok(config.rules),
        // Nobody asked for a configuration: a folder of rules is a workspace on its own.
        Err(_) if common.config.is_none() && !Path::new("cvmd.toml").exists() => Ok(PathBuf::from(".")),
        Err(failure) => Err(failure),
    };
    if arguments.paths.is_empty() {
        return Ok(vec![Target { root: configured()?, only: Vec::new() }]);
    }
    let mut targets: Vec<Target> = Vec::new();
    for path in &arguments.paths {
        let (root, only) = if path.is_dir() {
            (root_of(path)?, None)
        } else if path.is_file() {
            let (root, file) = file_in(path, configured().ok().as_deref());
            (root, Some(file))
        } else {
            let shown = path.display();
            return Err(Failure::trouble(format!(
                "`{shown}` does not exist: write a folder of rules, or a file in it"
            )));
        };
        // Several files of one tree are one check.
        match targets.iter_mut().find(|target| target.root == root && !target.only.is_empty()) {
            Some(target) if only.is_some() => target.only.extend(only),
            Some(_) | None => targets.push(Target { root, only: only.into_iter().collect() }),
        }
    }
    Ok(targets)
}

/// A folder of rules: itself, or what the `cvmd.toml` in it names.
fn root_of(folder: &Path) -> Result<PathBuf, Failure> {
    let file = folder.join("cvmd.toml");
    if !file.is_file() {
        return Ok(folder.to_owned());
    }
    let config = Config::load(&file, &Environment::of_process());
    config.map(|config| config.rules).map_err(|error| Failure::trouble(error.to_string()))
}

/// The tree that a file belongs to and its path there: the configured rules, or its own folder.
fn file_in(path: &Path, rules: Option<&Path>) -> (PathBuf, String) {
    let text = |path: &Path| path.to_string_lossy().into_owned();
    let inside = rules.and_then(|rules| {
        let (real, root) = (path.canonicalize().ok()?, rules.canonicalize().ok()?);
        Some((rules.to_owned(), text(real.strip_prefix(root).ok()?)))
    });
    inside.unwrap_or_else(|| {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        (folder.unwrap_or(Path::new(".")).to_owned(), name)
    })
}

fn check_tree(root: &Path) -> Result<Checked, Failure> {
    let loaded = reload::load(root).map_err(|error| Failure::trouble(error.to_string()))?;
    let files: Files = loaded.files.into_iter().collect();
    let today = Date(i32::try_from(SystemClock.now().0.div_euclid(DAY_MS)).unwrap_or(0));
    let checked = check::check(&files, &check::Options { commit: &loaded.commit, today });
    if !checked.sources.iter().any(|(_, path, _)| path.ends_with(".rules")) {
        let shown = root.display();
        return Err(Failure::trouble(format!(
            "`{shown}` has no file that ends in `.rules`: is it the right folder?"
        )));
    }
    Ok(checked)
}

/// Checks a tree and names its files as the user would.
fn look(target: &Target) -> Result<Found, Failure> {
    let checked = check_tree(&target.root)?;
    let mut sources = Sources::default();
    for (_, path, text) in checked.sources.iter() {
        sources.add(&named(&target.root, path), text);
    }
    let paths = &checked.sources;
    let concerns = |one: &Diagnostic| {
        target.only.is_empty() || target.only.iter().any(|path| **path == **paths.path(one.span.file))
    };
    let (diagnostics, others): (Vec<_>, Vec<_>) = checked.diagnostics.into_iter().partition(concerns);
    let rules = checked.rules.map_or(0, |rules| rules.rules.len());
    let elsewhere = others.iter().filter(|one| one.code.severity() == Severity::Error).count() as u64;
    Ok(Found { sources, diagnostics, rules, elsewhere })
}

/// One list of several trees.
fn join(all: Vec<Found>) -> Found {
    let mut joined = Found { sources: Sources::default(), diagnostics: Vec::new(), rules: 0, elsewhere: 0 };
    for found in all {
        let offset = u32::try_from(joined.sources.iter().count()).unwrap_or(u32::MAX);
        for (_, path, text) in found.sources.iter() {
            joined.sources.add(path, text);
        }
        let moved = |mut one: Diagnostic| {
            one.span.file = FileId(one.span.file.0 + offset);
            if let Some(fix) = &mut one.fix {
                fix.span.file = FileId(fix.span.file.0 + offset);
            }
            one
        };
        joined.diagnostics.extend(found.diagnostics.into_iter().map(moved));
        joined.rules += found.rules;
        joined.elsewhere += found.elsewhere;
    }
    joined
}

/// Writes safe fixes into the files until there is none left.
fn fix(target: &Target, output: &mut Output) -> Result<(), Failure> {
    for _ in 0..MAX_ROUNDS {
        let Checked { sources, diagnostics, .. } = check_tree(&target.root)?;
        let mut changed = false;
        for (id, path, text) in sources.iter() {
            let wanted = target.only.is_empty() || target.only.iter().any(|only| **only == **path);
            let (fixed, count) = apply_fixes(&sources, id, &diagnostics);
            if !wanted || count == 0 || fixed == **text {
                continue;
            }
            let place = PathBuf::from(named(&target.root, path));
            fs::write(&place, fixed).map_err(|error| {
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

/// A file of a tree as the user would name it.
fn named(root: &Path, path: &str) -> String {
    // A root that is a single file is its own folder's only file.
    if root == Path::new(".") { path.to_owned() } else { root.join(path).to_string_lossy().into_owned() }
}
