//! `cvmd store stats`.

use super::ask::{ask, block_on, desk, unexpected};
use super::common::Common;
use super::exit::{Exit, Failure};
use super::output::{Format, FormatArgument, Output};
use super::table::{self, Column, thousands};
use crate::serve::{Request, Response};

const EXAMPLES: &str = "\
Examples:
  cvmd store stats
  cvmd store stats --format json";

/// The store
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    Stats(Stats),
}

/// How large it is
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
struct Stats {
    #[command(flatten)]
    format: FormatArgument,
}

pub(super) fn run(arguments: &Arguments, common: &Common, output: &mut Output) -> Result<Exit, Failure> {
    let Command::Stats(stats) = &arguments.command;
    let response = block_on(async { ask(&*desk(common, None).await?, Request::StoreStats {}).await })?;
    let Response::StoreStats(figures) = response else { return Err(unexpected(&response)) };
    if stats.format.format == Format::Json {
        output.json(&figures)?;
        return Ok(Exit::Fine);
    }
    let rows = figures.figures.iter().map(|(name, figure)| vec![name.replace('_', " "), thousands(*figure)]);
    let rows = rows.collect();
    table::write(output, &[Column::Text("what"), Column::Number("figure")], rows)?;
    Ok(Exit::Fine)
}
