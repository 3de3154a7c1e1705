//! `cvmd outbox list`.

use super::Filters;
use crate::cli::ask::{ask, block_on, desk, instant, unexpected};
use crate::cli::common::Common;
use crate::cli::exit::{Exit, Failure};
use crate::cli::output::{Format, FormatArgument, Output};
use crate::cli::table::{self, Column, or_dash, time};
use crate::serve::{Request, Response};

const EXAMPLES: &str = "\
Examples:
  cvmd outbox list                        what is on its way, the next first
  cvmd outbox list --state dead           what was given up, the newest last
  cvmd outbox list --state 'in doubt'     what a crash left open
  cvmd outbox list --webhook crm          calls that wait for an endpoint
  cvmd outbox list --rule winback --format json";

/// List messages, without addresses; without --state all that are not finished
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct List {
    #[command(flatten)]
    filters: Filters,
    /// These only: ids of messages, or of decisions
    #[arg(value_name = "ID")]
    ids: Vec<String>,
    /// At most so many
    #[arg(long, value_name = "COUNT", default_value_t = 100)]
    limit: u64,
    #[command(flatten)]
    format: FormatArgument,
}

pub(super) fn run(list: &List, common: &Common, output: &mut Output) -> Result<Exit, Failure> {
    let response = block_on(async {
        let desk = desk(common, None).await?;
        let since = instant(&*desk, list.filters.since).await?;
        ask(&*desk, Request::OutboxList(list.filters.filter(&list.ids, since, list.limit))).await
    })?;
    let Response::Outbox { messages, more, unread } = response else { return Err(unexpected(&response)) };
    if list.format.format == Format::Json {
        output.json(&serde_json::json!({ "messages": messages, "more": more, "unread": unread }))?;
        return Ok(Exit::Fine);
    }
    if messages.is_empty() {
        output.line("no such messages")?;
    } else {
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
    }
    if more > 0 {
        output.line(format!("and {} more: `--limit` shows them", table::thousands(more)))?;
    }
    if unread {
        output.line("there are older ones, too many to be looked at: `--since` says how far back")?;
    }
    Ok(Exit::Fine)
}
