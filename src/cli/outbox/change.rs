//! `cvmd outbox retry`, `cvmd outbox drop`.

use std::io::{BufRead, IsTerminal, stdin};

use super::Filters;
use crate::cli::ask::{ask, block_on, desk, instant, unexpected};
use crate::cli::common::Common;
use crate::cli::exit::{Exit, Failure};
use crate::cli::output::{Format, FormatArgument, Output};
use crate::cli::table::counted;
use crate::serve::{Control, OutboxChanged, OutboxFilter, OutboxWish, Request, Response};

const RETRY_EXAMPLES: &str = "\
What failed for now goes again at once. What died goes again under the same id, with all its tries
anew: for 30 days, then nothing of it is kept. What is in doubt may arrive twice: it goes only with
`--state 'in doubt'` or by its id. Consent, suppression and expiry are met as ever.

Examples:
  cvmd outbox retry --state dead --webhook crm     what died while an endpoint was down
  cvmd outbox retry --state 'in doubt' --rule receipts
  cvmd outbox retry d7-19b2c-4f-80                 one message
  cvmd outbox retry --all --yes";

const DROP_EXAMPLES: &str = "\
What waits, is to be tried again, is in doubt or died is given up for good; `cvmd explain` says so.

Examples:
  cvmd outbox drop --rule winback
  cvmd outbox drop --state dead --since 2026-12-01
  cvmd outbox drop --customer c79 --yes";

/// Send messages again now
#[derive(Debug, clap::Args)]
#[command(after_help = RETRY_EXAMPLES)]
pub(super) struct Retry {
    #[command(flatten)]
    which: Which,
}

/// Give messages up
#[derive(Debug, clap::Args)]
#[command(after_help = DROP_EXAMPLES)]
pub(super) struct Drop {
    #[command(flatten)]
    which: Which,
}

#[derive(Debug, clap::Args)]
struct Which {
    #[command(flatten)]
    filters: Filters,
    /// These only: ids of messages, or of decisions
    #[arg(value_name = "ID")]
    ids: Vec<String>,
    /// All that there are
    #[arg(long)]
    all: bool,
    /// Do not ask
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    format: FormatArgument,
}

pub(super) fn retry(arguments: &Retry, common: &Common, output: &mut Output) -> Result<Exit, Failure> {
    run(OutboxWish::Retry, &arguments.which, common, output)
}

pub(super) fn drop(arguments: &Drop, common: &Common, output: &mut Output) -> Result<Exit, Failure> {
    run(OutboxWish::Drop, &arguments.which, common, output)
}

fn run(wish: OutboxWish, which: &Which, common: &Common, output: &mut Output) -> Result<Exit, Failure> {
    let any = !which.filters.is_empty() || !which.ids.is_empty();
    if any == which.all {
        let text = if any {
            "`--all` means all messages: leave it out, or what narrows them down"
        } else {
            "say which messages: by `--state`, `--rule`, `--message`, `--webhook`, `--customer`, `--since` or \
             their ids, or `--all`"
        };
        return Err(Failure::trouble(text));
    }
    if !which.yes && !stdin().is_terminal() {
        return Err(Failure::trouble("nobody can be asked here: say `--yes`"));
    }
    let done = block_on(async {
        let desk = desk(common, None).await?;
        let since = instant(&*desk, which.filters.since).await?;
        let filter = which.filters.filter(&which.ids, since, 0);
        if !which.yes {
            let meant = all_parts(&*desk, wish, &filter, true).await?;
            if meant.changed > 0 && !agreed(wish, meant.changed, output)? {
                return Ok(None);
            }
        }
        all_parts(&*desk, wish, &filter, false).await.map(Some)
    })?;
    let Some(OutboxChanged { changed, busy, .. }) = done else {
        output.line("nothing was changed")?;
        return Ok(Exit::Fine);
    };
    match which.format.format {
        Format::Json => output.json(&serde_json::json!({ "changed": changed, "busy": busy }))?,
        Format::Human => output.line(said(wish, changed, busy))?,
    }
    Ok(Exit::Fine)
}

/// Asks part by part.
async fn all_parts(
    desk: &dyn Control,
    wish: OutboxWish,
    filter: &OutboxFilter,
    only_count: bool,
) -> Result<OutboxChanged, Failure> {
    let mut sum = OutboxChanged::default();
    let mut after = None;
    loop {
        let request = Request::OutboxChange { wish, filter: filter.clone(), only_count, after };
        let response = ask(desk, request).await?;
        let Response::OutboxChanged(part) = response else { return Err(unexpected(&response)) };
        sum.changed += part.changed;
        sum.busy += part.busy;
        after = part.after;
        if after.is_none() {
            return Ok(sum);
        }
    }
}

fn agreed(wish: OutboxWish, count: u64, output: &mut Output) -> Result<bool, Failure> {
    let messages = counted(count, "message");
    output.line(match wish {
        OutboxWish::Retry => format!("send {messages} again? [y/N]"),
        OutboxWish::Drop => format!("give {messages} up for good? [y/N]"),
    })?;
    let mut answer = String::new();
    let read = stdin().lock().read_line(&mut answer);
    read.map_err(|error| Failure::trouble(format!("no answer can be read: {error}")))?;
    Ok(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes"))
}

fn said(wish: OutboxWish, changed: u64, busy: u64) -> String {
    let messages = counted(changed, "message");
    let (one, verb) = (changed == 1, if busy == 1 { "is" } else { "are" });
    let done = match (wish, changed) {
        (_, 0) => "no such messages".to_owned(),
        (OutboxWish::Retry, _) => format!("{messages} {} again", if one { "goes" } else { "go" }),
        (OutboxWish::Drop, _) => format!("{messages} {} dropped", if one { "was" } else { "were" }),
    };
    if busy == 0 { done } else { format!("{done}; {} {verb} just being sent", counted(busy, "message")) }
}
