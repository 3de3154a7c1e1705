//! `cvmd status`.

use super::ask::{ask, block_on, desk, unexpected};
use super::common::Common;
use super::exit::{Exit, Failure};
use super::output::{Format, FormatArgument, Output};
use super::table::{self, Column, counted, or_dash, thousands, time};
use crate::serve::{EndpointState, EndpointStatus, ReloadFailure, Request, Response, Status};

const EXAMPLES: &str = "\
Examples:
  cvmd status
  cvmd status --format json | jq .problems

Exit 1 where something needs a person: rules that do not load, a failed disk, a hold.";

/// Diagnostics of a failed reload that are shown at most.
const MOST_DETAILS: usize = 20;

/// How the daemon and its rules are
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
    if let Some(failure) = &status.reload_error {
        reload_failure(failure, output)?;
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
    for endpoint in &status.endpoints {
        line(output, "ENDPOINT", &endpoint_line(endpoint))?;
    }
    if let Some(hold) = &status.hold {
        line(output, "HOLD", hold)?;
    }
    if !status.pauses.is_empty() {
        line(output, "PAUSED", &status.pauses.join(", "))?;
    }
    for problem in &status.problems {
        line(output, "PROBLEM", problem)?;
    }
    rules(status, output)
}

/// Which files do not run, since when, and why.
fn reload_failure(failure: &ReloadFailure, output: &mut Output) -> Result<(), Failure> {
    let ReloadFailure { since, commit, refusal } = failure;
    let since = time(Some(*since));
    let commit = commit.as_ref().map_or_else(String::new, |commit| format!(" (commit {commit})"));
    let what =
        format!("FAILED since {since}, the rules above go on: of the files{commit} {}", refusal.message);
    line(output, "RELOAD", &what)?;
    for detail in refusal.details.iter().take(MOST_DETAILS) {
        output.line(format!("         {detail}"))?;
    }
    match refusal.details.len().saturating_sub(MOST_DETAILS) {
        0 => Ok(()),
        more => output.line(format!("         and {}: `cvmd check` shows all", counted(more as u64, "line"))),
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

fn endpoint_line(endpoint: &EndpointStatus) -> String {
    let EndpointStatus { name, since, reason, waiting, .. } = endpoint;
    let since = time(Some(*since));
    let how = match (endpoint.state, endpoint.next_probe) {
        (EndpointState::Failing, Some(probe)) => {
            format!("open since {since}, next probe {}", time(Some(probe)))
        }
        (EndpointState::Failing, None) => format!("open since {since}"),
        (EndpointState::Gone, _) => {
            format!("switched off since {since}, `cvmd resume webhook {name}` or another address ends it")
        }
    };
    let calls = counted(*waiting, "call");
    let verb = if *waiting == 1 { "waits" } else { "wait" };
    format!("{name}: {how}: {reason}; {calls} {verb}")
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
