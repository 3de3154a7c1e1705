//! `cvmd demo`.

use std::path::PathBuf;

use super::ask::block_on;
use super::common::Common;
use super::exit::{Exit, Failure};
use super::local;
use super::output::Output;
use crate::config;
use crate::model::Duration;

const EXAMPLES: &str = "\
A shop with generated customers and orders, the rules of `cvmd init`, mail into .eml files, and a
webhook receiver that shows what it verified. Nothing else is needed and nobody is reached.

Examples:
  cvmd demo                        in ./cvmd-demo, until Ctrl-C
  cvmd demo /tmp/shop --for 20s";

/// A self-contained shop to look at
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// Where to make it; it must not exist yet or be a demo's
    #[arg(value_name = "DIR", default_value = "cvmd-demo")]
    pub(super) folder: PathBuf,
    /// End by itself after so long, such as `20s`
    #[arg(long = "for", value_name = "TIME", value_parser = config::parse_duration)]
    pub(super) run_for: Option<Duration>,
    /// How many customers
    #[arg(long, value_name = "COUNT", default_value_t = 5_000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub(super) customers: u32,
    /// Another seed is another shop
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    pub(super) seed: u64,
}

pub(super) fn run(arguments: &Arguments, _: &Common, output: &mut Output) -> Result<Exit, Failure> {
    block_on(local::demo(arguments, output))?;
    Ok(Exit::Fine)
}
