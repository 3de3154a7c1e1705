//! `cvmd check`.

mod configuration;
mod data;
mod found;
mod memory;
mod occurrences;

use std::path::PathBuf;

use clap::ValueEnum;

use super::common::Common;
use super::exit::{Exit, Failure};
use super::output::Output;
use super::table::counted;
use super::target::targets;
use crate::clock::{Clock, SystemClock};
use crate::diagnostic::{self, Severity};

use data::Data;
use found::{Found, Look};
use occurrences::Shown;

const EXAMPLES: &str = "\
Examples:
  cvmd check                       the rules of this workspace
  cvmd check rules                 those of a folder
  cvmd check rules/winback.rules   only what concerns this file
  cvmd check --fix                 take the fixes that are beyond doubt
  cvmd check --advice              and what could be better
  cvmd check --occurrences         when each scheduled rule fires next
  cvmd check --config-only         only cvmd.toml and its secrets, as before a start
  cvmd check --from data           what these customers, orders and events lack of what the rules need
  cvmd check --format github       in a pull request; sarif for code scanning
  cvmd explain E312                what a code means

Beside a daemon, or a store that no daemon holds, renames are checked too, as a reload would: the
configuration says where. A folder named by `--rules` alone is checked by itself.

Exit: 0 fine, advice included, 1 errors (warnings too with `--deny warnings`), 2 the rules cannot be read.";

/// Are the rules right?
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
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
    /// Advice too: what is right and could be better
    #[arg(long)]
    advice: bool,
    /// The next occurrences of every scheduled rule, not only of those that fire soonest
    #[arg(long)]
    occurrences: bool,
    /// Only the configuration and its secrets; not a rule is read
    #[arg(long, conflicts_with_all = ["paths", "format", "fix", "deny", "advice", "occurrences", "from"])]
    config_only: bool,
    #[command(flatten)]
    data: Data,
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

pub(super) fn run(arguments: &Arguments, common: &Common, output: &mut Output) -> Result<Exit, Failure> {
    if arguments.config_only {
        return configuration::check(common, output);
    }
    let format = match arguments.format {
        CheckFormat::Human => diagnostic::Format::Human,
        CheckFormat::Short => diagnostic::Format::Short,
        CheckFormat::Json => diagnostic::Format::Json,
        CheckFormat::Sarif => diagnostic::Format::Sarif,
        CheckFormat::Github => diagnostic::Format::Github,
    };
    let shown = match (arguments.format, arguments.occurrences) {
        (CheckFormat::Human, all) => Some(Shown::Human { all }),
        (CheckFormat::Json, true) => Some(Shown::Json),
        (CheckFormat::Json | CheckFormat::Short | CheckFormat::Sarif | CheckFormat::Github, false) => None,
        (CheckFormat::Short | CheckFormat::Sarif | CheckFormat::Github, true) => {
            return Err(Failure::trouble("occurrences are written as `human` or `json` only"));
        }
    };
    let folder = arguments.data.folder();
    if folder.is_some() && !matches!(arguments.format, CheckFormat::Human | CheckFormat::Json) {
        return Err(Failure::trouble("what the data lack is written as `human` or `json` only"));
    }
    let how = Look { fixed: arguments.fix, advice: arguments.advice, data: folder };
    let mut found = Found::default();
    for target in targets(&arguments.paths, common)? {
        found.join(found::look(target, &how, output)?);
    }
    output.text(&format.render(&found.sources, &found.diagnostics, output.colour()))?;
    if let Some(shown) = shown {
        if arguments.format == CheckFormat::Human && !found.diagnostics.is_empty() {
            output.line("")?;
        }
        occurrences::show(&found.trees, &shown, SystemClock.now(), output)?;
    }
    if let Some(folder) = &how.data {
        match arguments.format {
            CheckFormat::Human => data::human(&found, folder, output)?,
            CheckFormat::Json => data::json(&found, folder, output)?,
            CheckFormat::Short | CheckFormat::Sarif | CheckFormat::Github => {}
        }
    }
    if arguments.format == CheckFormat::Human {
        output.line(summary(&found))?;
    }
    let denied = arguments.deny == Some(Deny::Warnings) && found.count(Severity::Warning) > 0;
    Ok(if found.count(Severity::Error) > 0 || denied { Exit::Errors } else { Exit::Fine })
}

/// The last line for people.
fn summary(found: &Found) -> String {
    let (errors, warnings) = (found.count(Severity::Error), found.count(Severity::Warning));
    let mut parts = vec![if errors + warnings > 0 {
        format!("{}, {}", counted(errors, "error"), counted(warnings, "warning"))
    } else if found.elsewhere > 0 {
        "no problem here".into()
    } else {
        let files = counted(found.sources.iter().count() as u64, "file");
        format!("{files}, {}: no problem", counted(found.rules(), "rule"))
    }];
    match found.count(Severity::Advice) {
        0 => {}
        1 => parts.push("1 piece of advice".into()),
        count => parts.push(format!("{count} pieces of advice")),
    }
    if found.elsewhere > 0 {
        parts.push(format!("{} in other files", counted(found.elsewhere, "error")));
    }
    parts.join("; ")
}
