//! `cvmd outbox`.

mod change;
mod list;

use super::at::At;
use super::common::Common;
use super::exit::{Exit, Failure};
use super::output::Output;
use crate::model::Instant;
use crate::serve::OutboxFilter;

/// Messages on their way
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    List(list::List),
    Retry(change::Retry),
    Drop(change::Drop),
}

/// Which messages are meant: those that meet all of it.
#[derive(Debug, clap::Args)]
struct Filters {
    /// pending, claimed, retry, in doubt, sent, dead or withdrawn
    #[arg(long, value_name = "STATE", value_parser = STATES)]
    state: Option<String>,
    /// Of this rule only
    #[arg(long, value_name = "NAME")]
    rule: Option<String>,
    /// This message only
    #[arg(long, value_name = "NAME")]
    message: Option<String>,
    /// Calls of this webhook only, and what it carries
    #[arg(long, value_name = "NAME")]
    webhook: Option<String>,
    /// To this customer only, by the shop's id
    #[arg(long, value_name = "ID")]
    customer: Option<String>,
    /// Decided, or ended, since then: a date, a local time, or an instant
    #[arg(long, value_name = "TIME")]
    since: Option<At>,
}

const STATES: [&str; 7] = ["pending", "claimed", "retry", "in doubt", "sent", "dead", "withdrawn"];

impl Filters {
    /// Whether nothing is left out.
    const fn is_empty(&self) -> bool {
        self.state.is_none()
            && self.rule.is_none()
            && self.message.is_none()
            && self.webhook.is_none()
            && self.customer.is_none()
            && self.since.is_none()
    }

    fn filter(&self, ids: &[String], since: Option<Instant>, limit: u64) -> OutboxFilter {
        OutboxFilter {
            state: self.state.clone(),
            rule: self.rule.clone(),
            message: self.message.clone(),
            webhook: self.webhook.clone(),
            customer: self.customer.clone(),
            ids: ids.to_vec(),
            since,
            limit,
        }
    }
}

pub(super) fn run(arguments: &Arguments, common: &Common, output: &mut Output) -> Result<Exit, Failure> {
    match &arguments.command {
        Command::List(list) => list::run(list, common, output),
        Command::Retry(retry) => change::retry(retry, common, output),
        Command::Drop(drop) => change::drop(drop, common, output),
    }
}
