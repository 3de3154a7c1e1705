//! `cvmd status`.

use super::ask::{ask, block_on, desk, unexpected};
use super::common::Common;
use super::exit::{Exit, Failure};
use super::output::{Format, FormatArgument, Output};
use super::table::{self, Column, counted, or_dash, thousands, time};
use crate::serve::{Attention, AttentionKind, EndpointState, Request, Response, Status};

const EXAMPLES: &str = "\
Examples:
  cvmd status
  cvmd status --format json | jq '.attention[] | .what, .command'

What is wrong stands first, each with the command that helps. Times are UTC.
Exit 1 where something needs a person: rules that do not load, a failed disk, a hold.";

/// What comes that is shown at most.
const MOST_COMING: usize = 8;

/// What runs, what waits, what is wrong, and what comes next
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    #[command(flatten)]
    format: FormatArgument,
}

pub(super) fn run(arguments: &Arguments, common: &Common, output: &mut Output) -> Result<Exit, Failure> {
    let response = block_on(async { ask(&*desk(common, None).await?, Request::Status {}).await })?;
    let Response::Status(status) = response else { return Err(unexpected(&response)) };
    match arguments.format.format {
        Format::Human => show(&status, output)?,
        Format::Json => output.json(&status)?,
    }
    // One that fails heals by itself.
    let gone = status.endpoints.iter().any(|endpoint| endpoint.state == EndpointState::Gone);
    let fine = status.reload_error.is_none() && status.problems.is_empty() && status.hold.is_none() && !gone;
    Ok(if fine { Exit::Fine } else { Exit::Errors })
}

fn show(status: &Status, output: &mut Output) -> Result<(), Failure> {
    let running = match (status.pid, status.started) {
        (Some(pid), Some(started)) => {
            let up = status.now.since(started);
            format!("running for {up} (process {pid})")
        }
        (Some(pid), None) => format!("running (process {pid})"),
        (None, _) => "no daemon runs; this is what the store says".into(),
    };
    line(output, "cvmd", &format!("{} {running}", status.version))?;
    attention(status, output)?;
    match &status.rule_set {
        Some(rule_set) => {
            let commit = or_dash(status.commit.as_deref());
            let since =
                status.rules_since.map_or_else(String::new, |since| format!(", since {}", time(Some(since))));
            let rules = counted(status.rules.len() as u64, "rule");
            line(output, "rules", &format!("{rules}, rule set {rule_set}, commit {commit}{since}"))?;
        }
        None => line(output, "rules", "none run")?,
    }
    line(output, "ticks", &format!("last {}, next {}", time(status.last_tick), time(status.next_tick)))?;
    let people = format!("{}, {}", counted(status.customers, "customer"), counted(status.orders, "order"));
    line(output, "store", &people)?;
    let outbox: Vec<String> =
        status.outbox.iter().map(|(state, count)| format!("{} {state}", thousands(*count))).collect();
    line(output, "outbox", &if outbox.is_empty() { "empty".into() } else { outbox.join(", ") })?;
    for waiting in &status.waiting {
        let until = match (time(Some(waiting.first)), time(Some(waiting.last))) {
            (first, last) if first == last => format!("until {first}"),
            (first, last) => format!("the first until {first}, the last until {last}"),
        };
        let count = counted(waiting.messages, "message");
        line(output, "waits", &format!("{count} for {}, {until}", waiting.waits_for))?;
    }
    relays(status, output)?;
    coming(status, output)?;
    rules(status, output)
}

/// What is wrong, first of all, with the command that helps.
fn attention(status: &Status, output: &mut Output) -> Result<(), Failure> {
    let below = |text: &str| format!("{:<8} {text}", "");
    for Attention { kind, what, command, details } in &status.attention {
        let head = output.loud(&format!("{:<8}", kind.label()), *kind < AttentionKind::Held);
        output.line(format!("{head} {what}"))?;
        for detail in details {
            output.line(below(&format!("  {detail}")))?;
        }
        if let Some(command) = command {
            output.line(below(&format!("help: {}", output.bold(command))))?;
        }
    }
    Ok(())
}

/// What happens by itself, aligned: when, in how long, what.
fn coming(status: &Status, output: &mut Output) -> Result<(), Failure> {
    let shown = status.coming.iter().take(MOST_COMING);
    let rows: Vec<[String; 3]> = shown
        .map(|coming| {
            let left = coming.at.since(status.now);
            let unless = coming.unless.as_ref().map_or_else(String::new, |why| format!(" ({why})"));
            [time(Some(coming.at)), format!("in {left}"), format!("{}{unless}", coming.what)]
        })
        .collect();
    let width = rows.iter().map(|[_, left, _]| left.chars().count()).max().unwrap_or(0);
    for (index, [at, left, what]) in rows.iter().enumerate() {
        line(output, if index == 0 { "next" } else { "" }, &format!("{at}  {left:<width$}  {what}"))?;
    }
    match status.coming.len().saturating_sub(MOST_COMING) {
        0 => Ok(()),
        more => line(output, "", &format!("and {more} more")),
    }
}

/// Which mail server takes the mail, where that is a question.
fn relays(status: &Status, output: &mut Output) -> Result<(), Failure> {
    for relay in status.relays.iter().filter(|_| status.relays.len() > 1) {
        let how = match (&relay.trouble, relay.in_use) {
            (Some(why), _) => format!("set aside until {}: {why}", time(relay.until)),
            (None, true) => "in use".into(),
            (None, false) => "ready".into(),
        };
        line(output, "relay", &format!("{} {how}", relay.name))?;
    }
    Ok(())
}

fn rules(status: &Status, output: &mut Output) -> Result<(), Failure> {
    if status.rules.is_empty() {
        return Ok(());
    }
    output.line("")?;
    let columns = [
        Column::Text("rule"),
        Column::Text("state"),
        Column::Text("schedule"),
        Column::Text("next"),
        Column::Text("last run"),
        Column::Number("recipients"),
        Column::Text("note"),
    ];
    let rows = status.rules.iter().map(|rule| {
        vec![
            rule.name.clone(),
            rule.state.label().into(),
            rule.schedule.clone().unwrap_or_else(|| "continuous".into()),
            time(rule.next),
            time(rule.last_run),
            rule.last_recipients.map_or_else(|| "-".into(), thousands),
            rule.note.clone().unwrap_or_default(),
        ]
    });
    table::write(output, &columns, rows.collect())
}

fn line(output: &mut Output, head: &str, text: &str) -> Result<(), Failure> {
    let head = output.bold(&format!("{head:<8}"));
    output.line(format!("{head} {text}"))
}
