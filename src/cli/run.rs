//! `cvmd run`.

use super::ask::block_on;
use super::common::Common;
use super::exit::{Exit, Failure};
use super::local;

const EXAMPLES: &str = "\
Runs until SIGTERM or Ctrl-C; SIGHUP reads the rules again, and so does changing a file.

Examples:
  cvmd run
  cvmd run --config /etc/cvmd/cvmd.toml --log-format json
  systemctl enable --now cvmd      see docs/operations.md";

/// The daemon
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {}

pub(super) fn run(_: &Arguments, common: &Common) -> Result<Exit, Failure> {
    let config = common.configuration()?;
    block_on(local::run(config))?;
    Ok(Exit::Fine)
}
