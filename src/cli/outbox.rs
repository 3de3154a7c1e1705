//! `cvmd outbox list`.

use super::ask::{ask, block_on, desk, unexpected};
use super::common::Common;
use super::exit::{Exit, Failure};
use super::output::{Format, FormatArgument, Output};
use super::table::{self, Column, or_dash, time};
use crate::serve::{OutboxFilter, Request, Response};

const EXAMPLES: &str = "\
Examples:
  cvmd outbox list                        what is on its way, the next first
  cvmd outbox list --state dead           what was given up
  cvmd outbox list --state 'in doubt'     what a crash left open
  cvmd outbox list --rule winback --format json";

/// Messages on their way
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    List(List),
}

/// List messages, without addresses
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
struct List {
    /// pending, claimed, retry, in doubt, sent, dead or withdrawn; else all that are not finished
    #[arg(long, value_name = "STATE", value_parser = STATES)]
    state: Option<String>,
    /// Of this rule only
    #[arg(long, value_name = "NAME")]
    rule: Option<String>,
    /// At most so many
    #[arg(long, value_name = "COUNT", default_value_t = 100)]
    limit: u64,
    #[command(flatten)]
    format: FormatArgument,
}

const STATES: [&str; 7] = ["pending", "claimed", "retry", "in doubt", "sent", "dead", "withdrawn"];

pub(super) fn run(arguments: &Arguments, common: &Common, output: &mut Output) -> Result<Exit, Failure> {
    let Command::List(list) = &arguments.command;
    let filter = OutboxFilter { state: list.state.clone(), rule: list.rule.clone(), limit: list.limit };
    let request = Request::OutboxList(filter);
    let response = block_on(async { ask(&*desk(common, None).await?, request).await })?;
    let Response::Outbox { messages, more } = response else { return Err(unexpected(&response)) };
    if list.format.format == Format::Json {
        output.json(&serde_json::json!({ "messages": messages, "more": more }))?;
        return Ok(Exit::Fine);
    }
    if messages.is_empty() {
        output.line("no such messages")?;
        return Ok(Exit::Fine);
    }
    let columns = [
        Column::Text("id"),
        Column::Text("state"),
        Column::Text("rule"),
        Column::Text("message"),
        Column::Text("customer"),
        Column::Text("waits for"),
        Column::Text("next attempt"),
        Column::Number("attempts"),
        Column::Text("last result"),
    ];
    let rows = messages.into_iter().map(|one| {
        let result = or_dash(one.last_result.as_deref());
        let waits = match (one.waits_for, one.waits_until) {
            (Some(what), Some(until)) => format!("{what} until {}", time(Some(until))),
            (what, _) => or_dash(what.as_deref()),
        };
        let next = time(Some(one.next_attempt));
        let attempts = one.attempts.to_string();
        vec![one.id, one.state, one.rule, one.target, one.customer_id, waits, next, attempts, result]
    });
    table::write(output, &columns, rows.collect())?;
    if more > 0 {
        output.line(format!("and {} more: `--limit` shows them", table::thousands(more)))?;
    }
    Ok(Exit::Fine)
}
