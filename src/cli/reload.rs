//! `cvmd reload`.

use super::ask::{ask, block_on, daemon_only, unexpected};
use super::common::Common;
use super::exit::{Exit, Failure};
use super::output::{Format, FormatArgument, Output};
use super::table::counted;
use crate::serve::{Request, Response};

const EXAMPLES: &str = "\
The daemon sees changed files by itself; this says at once whether it took them. On errors the
running rules stay.

Examples:
  cvmd reload                      exit 1 and the diagnostics where the rules have errors
  systemctl reload cvmd            the same, without an answer";

/// Have the daemon read the rules now
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    #[command(flatten)]
    format: FormatArgument,
}

pub(super) fn run(arguments: &Arguments, common: &Common, output: &mut Output) -> Result<Exit, Failure> {
    let response = block_on(async { ask(&*daemon_only(common).await?, Request::Reload {}).await })?;
    let Response::Reloaded(reloaded) = response else { return Err(unexpected(&response)) };
    if arguments.format.format == Format::Json {
        output.json(&reloaded)?;
        return Ok(Exit::Fine);
    }
    for warning in &reloaded.warnings {
        output.line(warning)?;
    }
    let what = if reloaded.changed { "now running" } else { "nothing changed: still running" };
    let rules = counted(reloaded.rules, "rule");
    output.line(format!("{what} {rules}, rule set {}, commit {}", reloaded.rule_set, reloaded.commit))?;
    Ok(Exit::Fine)
}
